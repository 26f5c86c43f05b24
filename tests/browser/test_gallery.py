"""The gallery in a real browser: opened from disk, clicked, filtered, paged, read by keyboard and screen reader."""

import csv
import json
import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

import tiny
from spml.features import images
from spml.reporting import html
from spml.review import details, gallery, thumbnails

CONTRAST = """
const shade = (text) => {
  const [r, g, b] = text.match(/[\\d.]+/g).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (node) => {
  for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (!colour.endsWith(", 0)")) return colour;
  }
};
return [...document.querySelectorAll("body *")].filter((node) => {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  if (!own || !node.checkVisibility() || node.disabled || node.closest("option, script, svg")) return false;
  const [one, other] = [shade(getComputedStyle(node).color), shade(behind(node))].sort((a, b) => b - a);
  return (one + 0.05) / (other + 0.05) < 4.5;
}).map((node) => node.outerHTML);
"""
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("finished")]


@pytest.fixture(scope="module")
def page(finished):
    """The page of the tiny data set, made by its target."""
    tiny.snakemake(finished, "gallery", root=finished / "repository")
    return finished / "results/tiny/gallery/paper_seed_1200.html"


def opened(browser, page, state="variant=0"):
    browser.get("about:blank")
    browser.get(page.as_uri() + (f"#{state}" if state else ""))
    return browser


def cards(browser):
    return browser.find_elements(By.CSS_SELECTOR, ".picture")


def count(browser):
    return int(browser.find_element(By.ID, "count").text.split()[0].replace(",", ""))


def choose(browser, control, text):
    Select(browser.find_element(By.ID, control)).select_by_visible_text(text)


def table(page, tau):
    """Rows of the pseudo-label table that lies beside it."""
    with open(page.parent.parent / f"pseudo_labels/paper/seed_1200/tau_{tau}.csv", newline="") as file:
        return list(csv.DictReader(file))


def with_error(rows, category=None, kinds=("wrong", "missing")):
    kind_of = {("1", "0"): "wrong", ("0", "1"): "missing"}
    return {
        row["image_id"]
        for row in rows
        if kind_of.get((row["pseudo"], row["true"])) in kinds and category in (None, row["category"])
    }


def ids(browser):
    return {re.search(r"\((\w+)\)( · val)?$", card.find_element(By.TAG_NAME, "h3").text)[1] for card in cards(browser)}


def test_every_training_picture_is_there_with_its_thumbnail(browser, page):
    opened(browser, page)
    assert count(browser) == len(cards(browser)) == 39
    drawn = "return [...document.images].filter((i) => i.complete && i.naturalWidth === 32).length"
    WebDriverWait(browser, 600).until(lambda b: b.execute_script(drawn) == 39)
    assert all(
        "true: " in image.get_attribute("alt") for image in browser.find_elements(By.CSS_SELECTOR, ".picture img")
    )


@pytest.mark.parametrize("tau", ["0.50", "0.70"])
def test_filters_show_what_the_table_says(browser, page, tau):
    opened(browser, page)
    browser.find_element(By.XPATH, f"//fieldset//label[contains(., 'τ {tau}')]").click()
    rows = table(page, tau)
    choose(browser, "kind", "with a wrong label")
    assert ids(browser) == with_error(rows, kinds=["wrong"])
    choose(browser, "kind", "with a missing label")
    assert ids(browser) == with_error(rows, kinds=["missing"])
    choose(browser, "category", "green")
    assert ids(browser) == with_error(rows, "green", ["missing"])
    choose(browser, "kind", "with a lost observed label")
    lost = {r["image_id"] for r in rows if (r["pseudo"], r["observed"], r["category"]) == ("0", "1", "green")}
    assert ids(browser) == lost
    choose(browser, "category", "all")
    choose(browser, "kind", "without an error")
    lost = {row["image_id"] for row in rows if (row["pseudo"], row["observed"]) == ("0", "1")}
    assert ids(browser) == {row["image_id"] for row in rows} - with_error(rows) - lost


def test_the_labels_of_a_picture_are_marked_by_sign_and_word_not_by_colour_alone(browser, page):
    opened(browser, page)
    rows = {(row["image_id"], row["category"]): row for row in table(page, "0.50")}
    said = {("1", "1"): "✓right", ("1", "0"): "✗wrong", ("0", "1"): "○missing", ("0", "0"): "·not"}
    seen = 0
    for card in cards(browser):
        image = re.search(r"\((\w+)\)( · val)?$", card.find_element(By.TAG_NAME, "h3").text)[1]
        for label in card.find_elements(By.TAG_NAME, "li"):
            name = label.find_element(By.CSS_SELECTOR, ".name").text
            row = rows.get((image, name), {"pseudo": "0", "true": "0", "observed": "0", "probability": None})
            sign = label.find_element(By.CSS_SELECTOR, ".sign").text
            word = (
                label.find_element(By.CSS_SELECTOR, ".hidden-text").get_attribute("textContent").strip(", ").split()[0]
            )
            assert sign + word.strip(",") == said[row["pseudo"], row["true"]], (image, name)
            assert bool(label.find_elements(By.CSS_SELECTOR, ".seen")) == (row["observed"] == "1")
            if row["probability"]:
                shown = int(label.find_element(By.CSS_SELECTOR, ".number").text.split()[0])
                assert shown == pytest.approx(100 * float(row["probability"]), abs=0.6)
                seen += 1
    assert seen == len(rows)


def test_sorted_by_disagreement_the_hardest_pictures_of_a_category_come_first(browser, page):
    opened(browser, page)
    choose(browser, "category", "red")
    found = []
    for card in cards(browser):
        label = card.find_element(By.CSS_SELECTOR, "li.focus")
        true = any(word in label.get_attribute("class") for word in ("right", "missing"))
        found.append(abs(int(label.find_element(By.CSS_SELECTOR, ".number").text.split()[0]) - 100 * true))
    assert found == sorted(found, reverse=True) and len(set(found)) > 3


def test_a_category_has_its_precision_and_recall_over_tau(browser, page):
    opened(browser, page)
    browser.find_element(By.XPATH, "//table//td/button[text()='blue']").click()
    assert browser.find_element(By.ID, "category-name").text == "blue"
    numbers = browser.find_element(By.ID, "category-numbers").text
    said = browser.find_element(By.CSS_SELECTOR, "#chart title").get_attribute("textContent")
    for tau in ("0.50", "0.70"):
        rows = [row for row in table(page, tau) if row["category"] == "blue"]
        pseudo = [row for row in rows if row["pseudo"] == "1"]
        right, true = (sum(row["true"] == "1" for row in some) for some in (pseudo, rows))
        precision = f"{100 * right / len(pseudo):.1f} %" if pseudo else "–"
        wanted = f"precision {precision}, recall {100 * right / true:.1f} %"
        assert f"τ {tau}: {wanted}" in said
        if tau == "0.50":
            assert wanted in numbers
    assert len(browser.find_elements(By.CSS_SELECTOR, "#chart circle")) >= 2


def test_the_table_of_categories_is_sorted_by_its_headings(browser, page):
    opened(browser, page)
    for heading, column in (("recall", 6), ("category", 0)):
        browser.find_element(By.XPATH, f"//table//th/button[starts-with(., '{heading}')]").click()
        cells = [
            row.find_elements(By.TAG_NAME, "td")[column].text
            for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr")
        ]
        wanted = sorted(cells) if column == 0 else sorted(cells, key=lambda cell: float(cell.split()[0]), reverse=True)
        assert cells == wanted
        assert browser.find_element(By.CSS_SELECTOR, "th[aria-sort]").text.startswith(heading)


def test_a_view_is_in_its_address(browser, page):
    opened(browser, page)
    choose(browser, "category", "white")
    choose(browser, "kind", "with an error")
    address, found = browser.current_url, ids(browser)
    assert "category=3" in address and "kind=error" in address
    browser.get("about:blank")
    browser.get(address)
    assert ids(browser) == found
    opened(browser, page, "variant=99&category=-7&kind=__proto__&page=nothing&sort=x")  # nonsense shows all
    assert count(browser) == 39


def test_a_picture_is_found_by_id_or_file_name(browser, page):
    opened(browser, page)
    field = browser.find_element(By.ID, "find")
    for text in ("7.png", "7"):
        field.clear()
        field.send_keys(text)
        assert "7" in ids(browser) or "7" not in {row["image_id"] for row in table(page, "0.50")}
        assert all("7" in one for one in ids(browser))


def test_all_is_done_by_keyboard_alone(browser, page):
    opened(browser, page)
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the pictures"
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)  # from the first τ to the second
    assert browser.find_element(By.CSS_SELECTOR, "#variants input:checked").get_attribute("value") == "1"
    for wanted in ("category", "kind", "sort", "find"):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        assert browser.switch_to.active_element.get_attribute("id") == wanted


def test_what_a_screen_reader_reads_has_names(browser, page):
    opened(browser, page)
    for control in browser.find_elements(By.CSS_SELECTOR, "input, select, main button"):
        assert control.accessible_name, control.get_attribute("outerHTML")
    for picture in cards(browser):
        assert picture.accessible_name.startswith("Image ")
    assert browser.find_element(By.ID, "count").get_attribute("aria-live") == "polite"
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_only_what_it_shows_makes_it_again(finished, page):
    def planned(changes=None):
        tiny.configure(finished, tiny.changed(tiny.CONFIG, changes or {}))
        return set(tiny.planned(finished, "gallery", root=finished / "repository"))

    try:
        assert planned() == set()
        assert planned({"pseudo_labels/paper/taus": [0.5]}) == {"make_gallery", "gallery"}
        assert planned({"pseudo_labels/paper/taus": [0.5, 0.6, 0.7]}) == {
            *("make_pseudo_labels", "train_student", "evaluate", "collect_metrics"),
            *("make_gallery", "gallery"),
        }
        assert "make_thumbnails" in planned({"validation/fraction": 0.3})
    finally:
        planned()
    with tiny.edited(finished / "repository/workflow_scripts/spml/reporting/templates/gallery.js", "\n// a line\n"):
        assert planned() == {"make_gallery", "gallery"}


# -- a page of many pictures, made by the library alone


def filled(folder, names=("cat", "dog"), count=450, truth=True, chosen=None, part="train"):
    """A page of that many pictures of two categories, with thumbnails and details; the first category is observed in all.

    Of a pool nothing is observed.
    """
    random = np.random.RandomState(0)
    probability = random.rand(count, len(names))
    true = (random.rand(count, len(names)) > 0.5).astype(np.int8)
    true[0 if truth else slice(None)] = -1
    observed = np.zeros_like(true)
    observed[:, 0] = 0 if truth or part == "pool" else 1
    pseudo = [(probability > tau).astype(np.int8) for tau in (0.5, 0.8)]
    pseudo[1][1] = -1
    path = folder / "one.png"
    folder.mkdir()
    shutil.copy(next((folder.parent).glob("*.png")), path)
    list(thumbnails.write_blocks(folder / "thumbnails", [str(path)] * count))
    list(details.write_blocks(folder / "details", folder / "page.html", [str(path)] * count, [probability]))
    data = {
        "part": part,
        "teacher": "em",
        "variants": ["τ 0.50", "τ 0.80"],
        "chosen": chosen,
        "thresholds": None,
        "categories": list(names),
        "images": [str(number) for number in range(count)],
        "files": [f"folder/{number:06}.png" for number in range(count)],
        "disagreement": np.rint(1000 * gallery.disagreement(probability, observed, true)).astype(int).tolist(),
        "labels": gallery.entries(probability, pseudo, observed, true),
        "known": (true >= 0).sum(0).tolist(),
        "present": (true == 1).sum(0).tolist(),
        "observed": (observed == 1).sum(0).tolist(),
        "counts": [gallery.counts(labels, observed, true) for labels in pseudo],
        "thumbnails": "thumbnails",
        "details": "details",
        "block": thumbnails.BLOCK,
    }
    (folder / "page.html").write_text(html.render("gallery.html", title="many", data=data))
    return folder / "page.html"


@pytest.fixture
def picture(tmp_path):
    from PIL import Image

    Image.new("RGB", (300, 200), "red").save(tmp_path / "red.png")
    return tmp_path


def test_pages_keep_many_pictures_usable(browser, picture):
    page = opened(browser, filled(picture / "many"))
    assert count(page) == 450 and len(cards(page)) == 48
    assert page.find_element(By.ID, "pages").text == "of 10"
    first = ids(page)
    page.find_element(By.ID, "next").click()
    assert len(cards(page)) == 48 and not first & ids(page)
    field = page.find_element(By.ID, "page")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("10", Keys.ENTER)
    assert len(cards(page)) == 450 - 9 * 48 and not page.find_element(By.ID, "next").is_enabled()
    assert "Some true labels are unknown" in page.find_element(By.ID, "about").text


@pytest.mark.parametrize("part", ["train", "pool"])
def test_the_page_of_a_pool_says_so_and_nothing_of_what_nobody_observed(browser, picture, part):
    page = opened(browser, filled(picture / part, count=30, truth=False, part=part))
    words, is_seen = page.find_element(By.TAG_NAME, "body").text, part == "train"
    assert cards(page) and ("30 training pictures" in words) == is_seen != ("30 pictures of the pool" in words)
    assert ("Numbers of pictures of the pool" in words) != is_seen
    assert ("lost: observed, not pseudo-labelled" in words) == is_seen
    assert ("with a lost observed label" in page.page_source) == is_seen


def test_names_are_text_and_never_tags(browser, picture):
    names = ('</script><script>document.title="made"</script>', "<img src=x onerror=\"document.title='made'\">")
    page = opened(browser, filled(picture / "odd", names, 20))
    assert page.title == "many"
    assert names[0] in page.find_element(By.ID, "categories").text
    choose(page, "category", names[1])
    assert page.find_element(By.ID, "category-name").text == names[1] and page.title == "many"


def test_a_thumbnail_is_upright_and_bounded(tmp_path):
    from PIL import Image

    noise = np.random.RandomState(0).randint(0, 255, (600, 900, 3), np.uint8)
    turned = Image.fromarray(noise)
    exif = turned.getexif()
    exif[0x0112] = 6  # a quarter turn
    turned.save(tmp_path / "noise.jpg", exif=exif)
    data = thumbnails.thumbnail(str(tmp_path / "noise.jpg"))
    assert len(data) <= thumbnails.MOST
    (tmp_path / "noise.webp").write_bytes(data)
    with images.opened(str(tmp_path / "noise.webp")) as small:
        assert small.height == thumbnails.SIDE and small.width < small.height


def test_it_opens_at_the_threshold_that_validation_chose(browser, page):
    opened(browser, page, "")
    table = pd.read_csv(page.parent.parent / "tables/map.csv", keep_default_na=False)
    best = table[table["kind"] == "students"].groupby("variant")["val_map"].mean().idxmax()
    text = browser.find_element(By.CSS_SELECTOR, "#variants label:has(input:checked)").text
    assert text == f"{best.replace('tau_', 'τ ')} (chosen)"
    at_variant = browser.find_element(By.ID, "at-variant").text
    assert at_variant.startswith(f"{best.replace('tau_', 'τ ')}, which validation")
    assert " of 39 pictures (10 validation pictures among them)" in at_variant


# -- no true label is known


def values(browser, key, images):
    """What the data of the page hold of the labels of these pictures, a list for each."""
    return [
        browser.execute_script(
            f"const own = []; for (let e = labels.start[{image}]; e < labels.start[{int(image) + 1}]; e++) own.push({key}); "
            "return own;"
        )
        for image in images
    ]


def numbered(browser):
    return [int(re.search(r"\((\d+)\)$", card.find_element(By.TAG_NAME, "h3").text)[1]) for card in cards(browser)]


def test_without_truth_labels_that_the_teacher_added_come_first(browser, picture):
    page = opened(browser, filled(picture / "own", truth=False, chosen=1), "")
    added = "isAdded(e, 1) ? labels.probability[e] : null"
    for order, best in (("most", max), ("least", min)):
        choose(page, "sort", f"added labels, the {order} certain first")
        found = [[p for p in own if p is not None] for own in values(page, added, numbered(page))]
        assert len(found) == 48 and all(found)
        keys = [best(own) for own in found]
        assert keys == sorted(keys, reverse=best is max)
    label = cards(page)[0].find_element(By.CSS_SELECTOR, "li.added")
    assert label.find_element(By.CSS_SELECTOR, ".sign").text == "+" and "dog" in label.text
    assert "truth unknown" in label.find_element(By.CSS_SELECTOR, ".hidden-text").get_attribute("textContent")


def test_without_truth_observed_labels_are_shown_as_confirmed(browser, picture):
    page = opened(browser, filled(picture / "own", truth=False))
    choose(page, "kind", "all")
    seen = page.find_elements(By.CSS_SELECTOR, ".picture li:has(.seen)")
    assert {label.get_attribute("class") for label in seen} == {"confirmed", "missing"}
    for label in seen:
        words = {"confirmed": "confirmed, observed", "missing": "lost, observed"}[label.get_attribute("class")]
        assert "cat" in label.text
        assert words in label.find_element(By.CSS_SELECTOR, ".hidden-text").get_attribute("textContent")
    choose(page, "kind", "with a lost observed label")
    assert 0 < count(page) == len([own for own in values(page, "lost(e, 0)", range(450)) if any(own)])


def test_without_truth_nothing_is_said_of_it(browser, picture):
    page = opened(browser, filled(picture / "own", truth=False))
    headings = [cell.text.split()[0] for cell in page.find_elements(By.CSS_SELECTOR, "#categories th")]
    assert headings == ["category", "observed", "added", "lost", "pseudo"]
    page.find_element(By.XPATH, "//table//td/button[text()='dog']").click()
    assert page.find_element(By.ID, "category-name").text == "dog"
    assert page.find_elements(By.CSS_SELECTOR, "#chart svg") == []
    text = page.find_element(By.TAG_NAME, "body").text
    assert not re.search(r"precision|recall|\b0 true|wrong", text)
    assert page.find_element(By.ID, "at-variant").text.startswith("τ 0.50 adds ")


# -- one picture as a whole


def test_a_click_opens_the_whole_picture_with_all_probabilities(browser, page):
    opened(browser, page)
    first = cards(browser)[0].find_element(By.TAG_NAME, "button")
    assert first.accessible_name.startswith("Open ")
    first.click()
    dialog = browser.find_element(By.TAG_NAME, "dialog")
    WebDriverWait(browser, 60).until(lambda b: len(dialog.find_elements(By.TAG_NAME, "li")) == len(tiny.COLOURS))
    image = re.search(r"\((\w+)\)", browser.find_element(By.ID, "whole-name").text)[1]
    source = (
        "return [document.getElementById('whole-picture').src, document.getElementById('whole-picture').naturalWidth]"
    )
    address, width = browser.execute_script(source)
    assert address == (page.parents[3] / f"data/train/{image}.png").as_uri() and width == 32
    found = {
        label.find_element(By.CSS_SELECTOR, ".name").text: int(label.find_element(By.CSS_SELECTOR, ".number").text[:-2])
        for label in dialog.find_elements(By.TAG_NAME, "li")
    }
    with h5py.File(page.parents[1] / "teachers/em/seed_1200/logits_train.h5") as file:
        row = list(file["image_id"].asstr()).index(image)
        probability = 1 / (1 + np.exp(-file["logit"][row].astype(float)))
        wanted = dict(zip(file["category"].asstr(), probability, strict=True))
    assert set(found) == set(wanted) == set(tiny.COLOURS)
    assert all(found[name] == pytest.approx(100 * wanted[name], abs=0.51) for name in found)


def test_the_whole_picture_is_left_by_escape_and_turned_by_arrows(browser, page):
    opened(browser, page)
    button = cards(browser)[1].find_element(By.TAG_NAME, "button")
    button.send_keys(Keys.ENTER)
    dialog = browser.find_element(By.TAG_NAME, "dialog")
    names = [card.find_element(By.TAG_NAME, "h3").text for card in cards(browser)]
    name = browser.find_element(By.ID, "whole-name")
    assert dialog.is_displayed() and dialog.accessible_name == name.text == names[1]
    assert all(control.accessible_name for control in dialog.find_elements(By.TAG_NAME, "button"))
    for key, wanted in ((Keys.ARROW_RIGHT, 2), (Keys.ARROW_LEFT, 1), (Keys.ARROW_LEFT, 0), (Keys.ARROW_LEFT, 0)):
        browser.switch_to.active_element.send_keys(key)
        assert name.text == names[wanted]
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed() and browser.switch_to.active_element == button


def test_a_picture_that_is_gone_is_shown_by_its_thumbnail(chromium, picture):
    path = filled(picture / "moved", count=20)
    (path.parent / "one.png").unlink()
    page = opened(chromium, path)
    cards(page)[0].find_element(By.TAG_NAME, "button").click()
    note = page.find_element(By.ID, "whole-note")
    WebDriverWait(page, 60).until(lambda _: "The picture is not at one.png" in note.text)
    drawn = "return document.getElementById('whole-picture').src.startsWith('data:image/webp')"
    WebDriverWait(page, 60).until(lambda b: b.execute_script(drawn))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read_in_light_and_dark(browser, picture, scheme):
    """Every text has a contrast of at least 4.5 to the page (WCAG AA), and the page is dark where the system is."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        page = opened(browser, filled(picture / "shades", truth=False))
        assert page.execute_script(CONTRAST) == []
        shade = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", shade))) < 150) == (scheme == "dark")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_pictures_fill_their_boxes_and_nothing_is_wider_than_a_phone(browser, picture):
    path = filled(picture / "narrow")
    for width in (1280, 400):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        try:
            page = opened(browser, path)
            drawn = "return [...document.images].filter((i) => i.complete && i.naturalWidth).length > 40"
            WebDriverWait(page, 60).until(lambda b, drawn=drawn: b.execute_script(drawn))
            script = "const b = document.querySelector('.frame'), i = b.querySelector('img'); return [b.clientWidth, b.clientHeight, i.width, i.height]"
            assert len(set(page.execute_script(script))) == 1
            assert page.execute_script("return document.documentElement.scrollWidth") <= width
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_data_of_the_page_are_json_without_tags(page):
    text = page.read_text()
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])
    assert data["variants"] == ["τ 0.50", "τ 0.70"] and len(data["images"]) == 39 and sum(data["splits"]) == 10
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
