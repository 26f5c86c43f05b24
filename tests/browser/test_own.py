"""The walk-through of docs/own_data.md in a real browser: a table, one command, a page, ten answers, one command, better labels."""

import csv
from pathlib import Path

import h5py
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import layouts
import tiny
import walk
from plan import answers, own
from spml.artifacts.spreadsheet import restored
from spml.review import own_answers

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("own pages")]
PICTURES = "return [...document.images].filter((i) => i.complete && i.naturalWidth).length"
LABELS = "results/own/pseudo_labels/recommended/seed_1200/all.h5"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The tiny pictures under odd names with one tag each, after the first command; and what is in each picture."""
    made = tiny.make(tmp_path_factory.mktemp("own") / "data")
    names = walk.named_to_break_pages(made / "data/train", made / "data/my pictures")
    weights = {"backbones/random/weights": str(made / "data/random.pth")}
    config = tiny.changed(tiny.CONFIG, walk.SMALLEST | walk.RECOMMENDED | weights)
    folder = walk.clone(
        made / "clone",
        tiny.changed(config, {"datasets": {"demo": {"source": "demo", "backbone": "random"}}, "dataset": "demo"}),
    )
    (_, category, images), *_ = layouts.tiny_parts(made / "data")
    true = {names[file]: {category[entry["category_id"]] for entry in entries} for file, entries in images.values()}
    walk.write_table(made / "tags.csv", [(name, sorted(present)[0]) for name, present in true.items() if present])
    output = walk.make_own(
        folder,
        CSV=made / "tags.csv",
        IMAGES=made / "data/my pictures",
        PREDICT=made / "data/test",
        BACKBONE="random",
    )
    return folder, true, output


def answer(browser, folder, true, count, where):
    """Answer questions of the page by its keys, truthfully; return the saved file, the label of each question, and the rows."""
    browser.get((folder / "results/own/review/review.html").as_uri())
    browser.find_element(By.ID, "who").send_keys("Ann")
    browser.find_element(By.ID, "asked").click()
    ready = "const i = document.querySelector('#frame img'); return i && i.complete && i.naturalWidth && document.getElementById('hint').textContent.endsWith(i.alt) && i.alt"
    for _ in range(count):
        name = WebDriverWait(browser, 60).until(lambda b: b.execute_script(ready))
        category = browser.find_element(By.CSS_SELECTOR, "#categories [aria-current] span").text
        browser.find_element(By.TAG_NAME, "body").send_keys("y" if category in true[name] else "n")
    where.mkdir()
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(where)})
    browser.find_element(By.ID, "download").click()
    path = where / "answers.csv"
    WebDriverWait(browser, 60).until(lambda b: path.exists() and path.stat().st_size)
    said = browser.find_element(By.ID, "saved").text
    assert said.startswith(f"{count} answers saved as answers.csv.") and "make own ANSWERS=" in said
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return path, {(restored(row["image_id"]), row["category"]): float(row["answer"] == "yes") for row in rows}, rows


def labels(folder):
    with h5py.File(folder / LABELS, locking=False) as file:
        names, category = list(file["image_id"].asstr()), list(file["category"].asstr())
        (values,) = (file[name][:] for name in file if file[name].ndim == 2)
    return {(name, other): values[i, j] for i, name in enumerate(names) for j, other in enumerate(category)}


def test_a_table_one_command_a_page_ten_answers_one_command_better_labels(browser, made, tmp_path):
    folder, true, output = made
    assert "review/review.html" in output and "gallery/recommended_seed_1200.html" in output
    features = folder / "results/own/features/random/train/00000.h5"
    before, extracted = labels(folder), features.stat().st_mtime_ns
    predicted = (folder / "results/own/predictions/predictions.csv").read_text(encoding="utf-8-sig")

    path, wanted, rows = answer(browser, folder, true, 10, tmp_path / "first")
    assert len(wanted) == 10 and {row["who"] for row in rows} == {"Ann"}
    output = walk.make_own(folder, ANSWERS=path)  # neither table nor pictures are named again
    assert "10 answers, kept as own_answers/answers.csv" in output
    after = labels(folder)
    assert {entry: after[entry] for entry in wanted} == wanted
    assert wanted == {(name, category): float(category in true[name]) for name, category in wanted}
    assert sum(abs(before[entry] - wanted[entry]) for entry in wanted) > 0.5  # better labels
    assert features.stat().st_mtime_ns == extracted
    assert "10 observed labels are answers of people" in (folder / "results/own/report.html").read_text(
        encoding="utf-8"
    )
    assert (folder / "results/own/predictions/predictions.csv").read_text(encoding="utf-8-sig") != predicted

    path, more, _ = answer(browser, folder, true, 3, tmp_path / "second")  # a page with other questions
    assert not more.keys() & wanted.keys()
    kept = str(folder / own.ANSWERS)
    said = own_answers.take(str(path), kept, answers.files([kept]), str(made[0].parent / "tags.csv"))
    assert said.endswith("own_answers/answers_2.csv")
    again = own_answers.take(str(path), kept, answers.files([kept]), str(made[0].parent / "tags.csv"))
    assert "which" in again and len(list((folder / own.ANSWERS).iterdir())) == 2
    tiny.snakemake(folder, LABELS, root=folder, configfile=folder / "own.yaml")
    after = labels(folder)
    assert {entry: after[entry] for entry in wanted | more} == wanted | more  # the first ten, too


def test_pages_show_pictures_whatever_their_names(browser, made):
    folder, true, _ = made
    for page in ("gallery/recommended_seed_1200.html", "review/review.html"):
        browser.get((folder / "results/own" / page).as_uri())
        WebDriverWait(browser, 60).until(lambda b: b.execute_script(PICTURES))
    browser.get((folder / "results/own/gallery/recommended_seed_1200.html").as_uri())
    text = browser.find_element(By.TAG_NAME, "body").text
    odd = {name.rpartition(" ")[0] for name in true if true[name]}
    assert {name for name in odd if name not in text} == set() and len(odd) == len(walk.ODD)
    browser.find_element(By.CSS_SELECTOR, "article button, article a").click()  # the whole picture
    whole = "const i = document.querySelector('dialog img'); return i && i.complete && i.naturalWidth"
    WebDriverWait(browser, 60).until(lambda b: b.execute_script(whole))


def test_an_answer_that_cannot_be_used_is_told_at_once_and_not_kept(made, tmp_path):
    folder, true, _ = made
    kept = set(Path(folder, own.ANSWERS).iterdir())
    name = next(name for name in true if true[name])
    path = tmp_path / "answers.csv"
    path.write_text(
        f'\ufeffimage_id;category;answer\r\n"{name.replace(chr(34), chr(34) * 2)}";crimson;yes\r\ngone.png;red;no\r\n',
        encoding="utf-8",
    )
    status, output = walk.make_own(folder, check=False, ANSWERS=path)
    assert status == 1 and "line 2: found category 'crimson'" in output and "line 3: found image 'gone.png'" in output
    assert "unknown_answers: leave_out" in output and "Traceback" not in output
    assert set(Path(folder, own.ANSWERS).iterdir()) == kept
