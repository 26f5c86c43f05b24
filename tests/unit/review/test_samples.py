"""Sample pictures of the report: drawn at random among those with an added label."""

import base64

import numpy as np
from PIL import Image

from spml.reporting import report
from spml.review import samples

PSEUDO = np.array([1, 1, 0, 0, -1], np.int8)
OBSERVED = np.array([1, 0, 1, 0, 0], np.int8)


def test_pictures_with_an_added_label_come_first_in_an_order_that_the_seed_gives():
    has_addition = np.zeros(50, bool)
    has_addition[[7, 11, 40]] = True
    rows = samples.choose(has_addition, 6, 1200)
    assert set(rows[:3]) == {7, 11, 40} and len(set(rows)) == 6 and rows == samples.choose(has_addition, 6, 1200)
    assert {tuple(samples.choose(np.ones(50, bool), 6, seed)) for seed in range(5)} != {tuple(rows)}
    assert samples.choose(np.array([False, True]), 6, 1) == [1, 0]


def test_an_addition_is_a_label_that_was_not_observed():
    assert samples.additions(PSEUDO, OBSERVED).tolist() == [False, True, False, False, False]


def test_what_is_said_of_a_label_needs_no_truth():
    unknown = np.full(5, -1, np.int8)
    assert samples.kinds(PSEUDO, OBSERVED, unknown) == ["confirmed", "added", "missing", "", ""]
    assert samples.kinds(PSEUDO, np.array([-1, 0, 0, 0, 0]), unknown) == ["wrong", "added", "", "", ""]
    true = np.array([1, 0, 1, 0, 0], np.int8)
    assert samples.kinds(PSEUDO, OBSERVED, true) == ["right", "wrong", "missing", "", ""]


def sample(path):
    probability = np.array([0.7, 0.9, 0.2, 0.1, 0.5])
    return samples.sample("a.png", str(path), list("abcde"), probability, PSEUDO, OBSERVED, np.full(5, -1, np.int8))


def test_a_sample_has_its_labels_the_most_probable_first(tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.png")
    found = sample(tmp_path / "a.png")
    assert [(label.category, label.sign, label.is_observed) for label in found.labels] == [
        *(("b", "+", False), ("a", "✓", True), ("c", "○", True))
    ]
    assert base64.b64decode(found.picture).startswith(b"RIFF") and not found.problem and not found.more
    text = report.page("t", [], [], [report.Section("s", [report.Samples([found], "c")])], [])
    assert "data:image/webp;base64,UklGR" in text and '<span class="name">b</span>' in text and "90 %" in text


def test_a_picture_that_is_gone_does_not_end_the_report(tmp_path):
    found = sample(tmp_path / "<gone>.png")
    assert "no such file" in found.problem and found.labels
    text = report.page("t", [], [], [report.Section("s", [report.Samples([found], "c")])], [])
    assert "no such file" in text and "<gone>" not in text
