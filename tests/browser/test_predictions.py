"""The page of predictions in a real browser: at twenty thousand pictures, and as the pipeline makes it."""

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

import tiny
from spml.artifacts.predictions import Prediction
from spml.reporting import html
from spml.review import details, gallery, prediction_page, thumbnails

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("finished")]
MANY, CATEGORIES = 20_000, 80


@pytest.fixture(scope="module")
def page(finished, tmp_path_factory):
    """The page that the target predict makes of a folder with two pictures, one that breaks off, and notes."""
    folder = tiny.copy_run(finished, tmp_path_factory.mktemp("predictions") / "work")
    (folder / "new").mkdir()
    for name, colour in (("red one.png", "red"), ("#2.png", "white")):
        Image.new("RGB", (40, 30), colour).save(folder / "new" / name)
    (folder / "new/broken.png").write_bytes((folder / "new/#2.png").read_bytes()[:60])
    (folder / "new/notes.txt").write_text("notes")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"predict/images": "new"}))
    tiny.snakemake(folder, "predict", root=folder / "repository")
    return folder / "results/tiny/predictions/predictions.html"


def texts(browser, selector):
    return [found.text for found in browser.find_elements(By.CSS_SELECTOR, selector)]


def test_each_picture_is_there_with_its_labels_and_what_could_not_be_read_with_the_reason(browser, page):
    browser.get(page.as_uri())
    assert sorted(texts(browser, ".picture h3")) == ["#2.png", "red one.png"]
    drawn = "return [...document.querySelectorAll('.picture img')].filter((i) => i.naturalWidth === 40).length"
    WebDriverWait(browser, 60).until(lambda b: b.execute_script(drawn) == 2)
    (broken, reason), notes = (row.split(" ", 1) for row in texts(browser, "#unread tbody tr"))
    assert broken == "broken.png" and "not a readable picture" in reason
    assert notes == ["notes.txt", "no picture: text"]
    assert [text.split()[0] for text in texts(browser, "#categories th")] == ["category", "predicted", "threshold"]
    words = browser.find_element(By.TAG_NAME, "body").text
    assert "observed" not in words and "pseudo" not in words.lower() and "true" not in words


def test_a_click_opens_the_picture_itself(browser, page):
    browser.get(page.as_uri())
    for button in browser.find_elements(By.CSS_SELECTOR, ".frame"):
        button.click()
        script = "const i = document.getElementById('whole-picture'); return i.src.startsWith('file:') && i.naturalWidth === 40"
        WebDriverWait(browser, 60).until(lambda b, script=script: b.execute_script(script))
        assert len(texts(browser, "dialog li")) == len(tiny.COLOURS)
        browser.find_element(By.ID, "whole-close").click()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A page of MANY pictures, of which all share one thumbnail."""
    folder = tmp_path_factory.mktemp("many")
    random = np.random.RandomState(0)
    category = [f"category {number}" for number in range(CATEGORIES)]
    rows = []
    for number in range(MANY):
        probability = random.rand(CATEGORIES) ** 8
        labels = [category[column] for column in np.argsort(-probability) if probability[column] > 0.5]
        rows.append(Prediction(f"folder/{number:06}.jpg", labels, "", probability))
    Image.new("RGB", (64, 48), "red").save(folder / "one.jpg")
    contents = gallery.Contents(CATEGORIES, 1)
    for block in prediction_page.blocks(rows, category):
        contents.add(*block)
    paths = [str(folder / "one.jpg")] * MANY
    list(details.write_blocks(folder / "details", folder / "page.html", paths, ([row.probability] for row in rows)))
    small = thumbnails.thumbnail(paths[0])
    list(thumbnails.write_blocks(folder / "thumbnails", paths, lambda function, part: [small] * len(part)))
    names = [row.image for row in rows]
    data = {
        **{"model": "paper", "variants": ["predicted"], "chosen": None, "thresholds": [500] * CATEGORIES},
        **{"categories": category, "images": names, "files": names, **contents.data},
        **{"thumbnails": "thumbnails", "details": "details", "block": thumbnails.BLOCK},
    }
    unread = [(f"broken {number}.jpg", "not a readable picture") for number in range(300)]
    (folder / "page.html").write_text(html.render("predictions.html", title="many", data=data, unread=unread))
    return folder / "page.html"


def test_twenty_thousand_pictures_stay_usable(browser, many):
    """The page holds a screenful of them, whatever is asked for; how fast it is, docs/performance.md says."""
    browser.get("about:blank")
    browser.get(many.as_uri())

    def count():
        return int(browser.find_element(By.ID, "count").text.split()[0].replace(",", ""))

    def on_page():
        return browser.execute_script("return document.querySelectorAll('.picture').length")

    assert (count(), on_page()) == (MANY, 48)
    Select(browser.find_element(By.ID, "sort")).select_by_visible_text(
        "predicted labels, those nearest to their threshold first"
    )
    first = texts(browser, ".picture h3")[0]
    browser.find_element(By.ID, "next").click()
    assert on_page() == 48 and first not in texts(browser, ".picture h3")
    browser.find_element(By.XPATH, "//table//td/button[text()='category 7']").click()
    own = count()
    assert on_page() == 48 and own == int(
        browser.find_element(By.ID, "category-numbers").text.split()[2].replace(",", "")
    )
    browser.find_element(By.ID, "find").send_keys("folder/01")
    assert 0 < count() < own
    assert not browser.find_element(By.ID, "unread").is_displayed()  # 300 rows, folded
    assert many.stat().st_size < 10e6
    assert browser.execute_script("return document.querySelectorAll('*').length") < 5000
