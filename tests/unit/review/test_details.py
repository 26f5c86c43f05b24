"""What a page shows of a whole picture, and the rows of the page of predictions."""

import base64
import json
import re

import numpy as np

from spml.artifacts.predictions import Prediction
from spml.reporting.html import TEMPLATES
from spml.review import details, gallery, prediction_page
from spml.review.thumbnails import BLOCK


def read(path):
    """The number of a block and its content."""
    number, content = re.fullmatch(r"details\((\d+), (.*)\);\n", path.read_text()).groups()
    return int(number), json.loads(content)


def test_all_probabilities_are_in_blocks_of_pictures_however_they_come(tmp_path):
    probability = np.random.RandomState(0).rand(2 * BLOCK + 7, 3)
    paths = [f"pictures/{number}.jpg" for number in range(len(probability))]
    parts = np.split(probability, [13, BLOCK + 40])
    sizes = list(details.write_blocks(tmp_path, "results/a/gallery/page.html", paths, iter(parts)))
    assert len(sizes) == 3 and not (tmp_path / "00003.js").exists()
    found = []
    for block in range(3):
        number, content = read(tmp_path / f"{block:05}.js")
        assert number == block
        assert content["picture"][0] == f"../../../pictures/{block * BLOCK}.jpg"
        found += [np.frombuffer(base64.b64decode(text), "<u2") / details.SCALE for text in content["probability"]]
    assert np.abs(np.array(found) - probability).max() <= 0.5 / details.SCALE


def test_the_address_of_a_picture_leads_there_whatever_its_name():
    assert details.address("data/a b/#1%.jpg", "results/x/page.html") == "../../data/a%20b/%231%25.jpg"


def test_the_page_reads_probabilities_in_the_unit_that_is_written():
    assert f"/ {details.SCALE})" in (TEMPLATES / "gallery.js").read_text(encoding="utf-8")


def test_predictions_are_a_gallery_of_one_set_of_labels():
    rows = [Prediction("a", ["dog"], "", np.array([0.1, 0.8])), Prediction("b", [], "", np.array([0.2, 0.3]))]
    (block,) = prediction_page.blocks(rows, ["cat", "dog"])
    contents = gallery.Contents(2, 1)
    contents.add(*block)
    labels = contents.data["labels"]
    assert labels["category"] == [1, 0, 1, 0] and labels["pseudo"] == [1, 0, 0, 0]
    assert set(labels["observed"]) == {0} and set(labels["true"]) == {gallery.UNKNOWN}
    assert contents.data["counts"][0]["pseudo"] == [0, 1] and contents.data["known"] == [0, 0]


def test_files_without_a_prediction_are_listed_with_their_reason():
    rows = [Prediction("a", [], "", np.zeros(1)), Prediction("b", [], "broken", np.empty(0))]
    assert prediction_page.unread(rows, [("c.txt", "text")]) == [("b", "broken"), ("c.txt", "text")]
