"""The report in a real browser, and on paper."""

import base64
import json
import re

import pandas as pd
import pytest
from selenium.webdriver.common.by import By

from spml.evaluation import results

LABELS = {"teachers/full": "full (true labels)"}
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("finished")]


@pytest.fixture
def page(finished):
    return finished / "results/tiny/report.html"


def cells(browser, heading, number=1):
    """The rows of a table of a section, as lists of text."""
    table = browser.find_element(By.XPATH, f"(//section[h2='{heading}']//table)[{number}]")
    rows = table.find_elements(By.XPATH, ".//tbody/tr")
    return [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in rows]


def test_it_shows_all_figures_and_what_they_show_in_words(browser, page):
    browser.get(page.as_uri())
    pictures = browser.find_elements(By.CSS_SELECTOR, "figure img")
    assert len(pictures) == 6 and all(picture.get_attribute("naturalWidth") != "0" for picture in pictures)
    assert all(picture.get_attribute("alt") for picture in pictures)
    assert all(caption.text for caption in browser.find_elements(By.TAG_NAME, "figcaption"))


def test_its_numbers_are_those_of_the_tables(browser, page):
    browser.get(page.as_uri())
    comparison = pd.read_csv(page.parent / "tables/comparison.csv", keep_default_na=False)
    rows = cells(browser, "Results", 2)
    assert len(rows) == len(comparison)
    for row, wanted in zip(rows, comparison.itertuples(), strict=True):
        label = results.method_label(wanted.kind, wanted.name, wanted.variant, LABELS)
        assert row[0] == label and row[1] == ("yes" if wanted.chosen and wanted.variant else "")
        assert row[3] == f"{wanted.test_map:.2f} ± {wanted.test_map_std:.2f}"
        own = (wanted.kind, wanted.name) == ("teachers", "em")  # the reference has no difference to itself
        assert row[5] == ("–" if own else f"{wanted.difference:+.2f}".replace("-", "−"))
    against = {row[0]: row[1] for row in cells(browser, "Results")}
    baselines = comparison[comparison["kind"] == "teachers"]
    assert against == {
        results.method_label("teachers", row.name, "", LABELS): f"{row.students_difference:+.2f}".replace("-", "−")
        for row in baselines.itertuples()
    }
    counts = pd.read_csv(page.parent / "tables/label_counts.csv").groupby("tau")["positives_per_image"].mean()
    assert [row[2] for row in cells(browser, "Pseudo-labels")] == [f"{value:.3f}" for value in counts]
    assert len(cells(browser, "Categories")) == 4


def test_it_opens_with_a_verdict_and_six_pictures(browser, page):
    browser.get(page.as_uri())
    comparison = pd.read_csv(page.parent / "tables/comparison.csv", keep_default_na=False)
    chosen = comparison[(comparison["kind"] == "students") & comparison["chosen"]].iloc[0]
    text = browser.find_element(By.CSS_SELECTOR, "h1 + p").text
    tau = chosen["variant"].removeprefix("tau_")
    assert text.startswith(f"The students at τ {tau} reach {chosen['test_map']:.1f} % test mAP: ")
    assert "their teacher em" in text and "full (true labels)" in text
    samples = browser.find_elements(By.CSS_SELECTOR, ".samples article")
    assert len(samples) == 6
    drawn = "return [...document.querySelectorAll('.samples img')].filter((i) => i.naturalWidth === 32).length"
    assert browser.execute_script(drawn) == 6
    rows = pd.read_csv(page.parent / f"pseudo_labels/paper/seed_1200/tau_{tau}.csv", dtype=str)
    for sample in samples:
        own = rows[rows["file_name"] == sample.find_element(By.TAG_NAME, "h3").text]
        said = {
            label.find_element(By.CSS_SELECTOR, ".name").text: label.get_attribute("class")
            for label in sample.find_elements(By.TAG_NAME, "li")
        }
        kinds = {("1", "1"): "right", ("1", "0"): "wrong", ("0", "1"): "missing"}
        assert said == {
            row.category: kinds[row.pseudo, row.true] for row in own.itertuples() if (row.pseudo, row.true) in kinds
        }


def test_figure_and_tables_show_the_same_threshold_and_confusions(browser, page):
    browser.get(page.as_uri())
    figure = (page.parent / "figures/label_quality.svg").read_text()
    (tau,) = (row[0].removeprefix("paper τ ") for row in cells(browser, "Pseudo-labels") if row[1] == "yes")
    assert f"missing at τ {tau}:" in figure
    assert f"τ {tau}" in browser.find_element(By.XPATH, "//section[h2='Categories']//caption").text
    confusions = [row[-1] for row in cells(browser, "Categories") if row[-1]]
    assert confusions and all(f">{text}<" in figure for text in confusions)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 400)])
def test_it_is_dark_where_the_system_is_and_fits_a_phone(browser, page, scheme, width):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(page.as_uri())
        shade = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", shade))) < 150) == (scheme == "dark")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_runtime_counts_every_job(browser, page):
    browser.get(page.as_uri())
    jobs = {row[0]: int(row[1].replace(",", "")) for row in cells(browser, "Runtime and memory")}
    assert jobs["train_teacher"] == 6 and jobs["train_student"] == 4 and jobs["extract_features"] == 2
    assert jobs["all"] == sum(count for rule, count in jobs.items() if rule != "all")
    assert cells(browser, "Runtime and memory")[-1][0] == "all"


def test_its_links_lead_to_what_a_run_makes_or_name_the_command(browser, page):
    browser.get(page.as_uri())
    links = [link.get_attribute("href") for link in browser.find_elements(By.CSS_SELECTOR, "nav a")]
    own = [link.split("#")[1] for link in links if "#" in link]
    assert own and all(browser.find_elements(By.ID, name) for name in own)
    beside = {link.rpartition("results/tiny/")[2] for link in links if "#" not in link}
    made = {"provenance.html", "tables", "figures"}
    assert beside == made | {"gallery/paper_seed_1200.html", "model/README.md"}
    assert all((page.parent / path).exists() for path in made)
    commands = [code.text for code in browser.find_elements(By.CSS_SELECTOR, "nav code")]
    assert commands == ["target gallery", "target model"]


def test_on_paper_nothing_is_cut_off(browser, page):
    """Printed to A4: several pages, and no table wider than its page."""
    browser.get(page.as_uri())
    printed = base64.b64decode(browser.print_page())
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 3
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_cdp_cmd(  # 210 mm less its margins, at 96 dots an inch
        "Emulation.setDeviceMetricsOverride", {"width": 687, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        wide = "return [...document.querySelectorAll('table, img')].filter((e) => e.getBoundingClientRect().right > 688).length"
        assert browser.execute_script(wide) == 0
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_stands_alone(page):
    text = page.read_text()
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
    assert json.loads((page.parent / "provenance.json").read_text())["versions"]["torch"] in text
