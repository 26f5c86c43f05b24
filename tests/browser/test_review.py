"""The review page in a real browser: ten answers by keys, downloaded, fed back, and the labels that change by them."""

import csv
import itertools
import time

import h5py
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import tiny

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("finished")]


@pytest.fixture(scope="module")
def reviewed(finished, tmp_path_factory):
    """A copy of the tiny run with the page of its questions."""
    folder = tiny.copy_run(finished, tmp_path_factory.mktemp("reviewed") / "work")
    tiny.snakemake(folder, "review", root=folder / "repository")
    return folder


@pytest.fixture
def page(browser, reviewed):
    """The page as it is opened for the first time."""
    address = (reviewed / "results/tiny/review/review.html").as_uri()
    browser.get(address)
    browser.execute_script("localStorage.clear()")
    browser.get(address)
    return browser


def queue(folder):
    with open(folder / "results/tiny/review/queue.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def press(browser, keys):
    for key in keys:
        browser.find_element(By.TAG_NAME, "body").send_keys(key)


def asked(browser):
    return browser.find_element(By.ID, "asked").text


def shown(browser):
    """The file name under the picture, once the picture of the question is there."""
    ready = "const i = document.querySelector('#frame img'); return i && i.complete && i.naturalWidth && document.getElementById('hint').textContent.endsWith(i.alt) && i.alt"
    return WebDriverWait(browser, 60).until(lambda b: b.execute_script(ready))


def downloaded(browser, folder):
    """The rows of answers.csv as the page gives it to the browser."""
    folder.mkdir()
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    browser.find_element(By.ID, "download").click()
    path = folder / "answers.csv"
    WebDriverWait(browser, 60).until(lambda b: path.exists() and path.stat().st_size)
    with open(path, newline="", encoding="utf-8") as file:
        return path, list(csv.DictReader(file))


def test_questions_come_by_category_with_their_pictures(page, reviewed):
    rows = queue(reviewed)
    categories = [row["category"] for row in rows]
    assert sum(one != other for one, other in itertools.pairwise(categories)) == len(set(categories)) - 1
    for row in rows[:4]:
        assert asked(page) == f"Is there a {row['category']} in this picture?"
        assert shown(page) == row["file_name"]
        assert f"Suggested: {row['suggestion']}" in page.find_element(By.ID, "hint").text
        press(page, "n")


def test_skip_and_undo_lead_back_and_progress_outlives_the_page(page, reviewed):
    first, second, third = queue(reviewed)[:3]
    press(page, "ys")
    assert shown(page) == third["file_name"]
    assert page.find_element(By.ID, "about").text.startswith("1 of ")
    page.get(page.current_url)  # closed and opened again
    assert shown(page) == third["file_name"]
    press(page, "u")
    assert shown(page) == second["file_name"]
    press(page, "u")
    assert shown(page) == first["file_name"]
    assert page.find_element(By.ID, "about").text.startswith("0 of ")
    assert not page.find_element(By.ID, "undo").is_enabled()
    press(page, "s" * 3)
    page.find_element(By.ID, "again").click()
    assert shown(page) == first["file_name"]


def test_keys_type_a_name_in_its_field_and_answer_elsewhere(page, reviewed):
    page.find_element(By.ID, "who").send_keys("Anny")
    assert page.find_element(By.ID, "about").text.startswith("0 of ")
    page.find_element(By.ID, "yes").click()
    assert page.find_element(By.ID, "about").text.startswith("1 of ")


def test_when_all_is_answered_the_page_says_so(page, reviewed):
    rows = queue(reviewed)
    page.execute_script("for (let i = 0; i < arguments[0]; i++) document.getElementById('no').click()", len(rows))
    assert asked(page) == "Every question is answered. Download the answers."
    assert not page.find_element(By.ID, "yes").is_enabled()
    page.execute_script("document.getElementById('undo').click()")
    assert shown(page) == rows[-1]["file_name"]


def test_a_category_is_chosen_by_its_button(page, reviewed):
    last = queue(reviewed)[-1]["category"]
    page.find_element(By.XPATH, f"//nav//button[span='{last}']").click()
    assert asked(page) == f"Is there a {last} in this picture?"


def test_controls_have_names_and_the_question_is_announced(page):
    for control in page.find_elements(By.CSS_SELECTOR, "input, button"):
        if control.is_displayed():
            assert control.accessible_name, control.get_attribute("outerHTML")
    assert page.find_element(By.ID, "asked").get_attribute("aria-live") == "polite"


def test_ten_answers_by_keys_are_fed_back_and_change_the_labels(page, reviewed, tmp_path):
    page.find_element(By.ID, "who").send_keys("Ann, =A")
    page.find_element(By.ID, "asked").click()
    rows, keys = queue(reviewed)[:11], "ynynnsyynyn"
    start = time.time()
    press(page, keys)
    path, answers = downloaded(page, tmp_path / "down")
    given = [(row["image_id"], row["category"]) for row, key in zip(rows, keys, strict=True) if key != "s"]
    assert [(row["image_id"], row["category"]) for row in answers] == given and len(given) == 10
    words = {"y": "yes", "n": "no"}
    assert [row["answer"] for row in answers] == [words[key] for key in keys if key != "s"]
    assert {row["who"] for row in answers} == {"Ann, =A"} and all(row["when"][:2] == "20" for row in answers)
    assert time.time() - start < 600

    config = tiny.changed(tiny.CONFIG, {"review": {"answers": [str(path)]}})
    planned = tiny.planned(reviewed, root=reviewed / "repository", config=config)
    assert {"merge_answers", "make_observed_labels", "train_teacher", "train_student"} <= set(planned)
    assert not {"extract_features", "list_images", "make_labels", "draw_demo", "index_features"} & set(planned)
    tiny.configure(reviewed, config)
    tiny.snakemake(reviewed, "results/tiny/observed/seed_1201.h5", "review", root=reviewed / "repository")
    for seed in (1200, 1201):
        with h5py.File(reviewed / f"results/tiny/observed/seed_{seed}.h5") as file:
            image, category = list(file["image_id"].asstr()), list(file["category"].asstr())
            observed = file["observed"][:]
        for row in answers:
            code = 1 if row["answer"] == "yes" else -1
            assert observed[image.index(row["image_id"]), category.index(row["category"])] == code
    left = {(row["image_id"], row["category"]) for row in queue(reviewed)}
    assert not left & set(given)  # what is answered is not asked again
