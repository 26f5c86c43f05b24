import re

import numpy as np
import pytest

from spml.reporting.html import TEMPLATES
from spml.review import gallery
from spml.runtime.errors import InputError

PROBABILITY = np.array([[0.9, 0.6, 0.2, 0.1], [0.3, 0.4, 0.8, 0.7]])
TRUE = np.array([[1, 0, 0, 1], [-1, -1, -1, -1]], np.int8)
OBSERVED = np.array([[1, 0, 0, 0], [0, 0, 0, -1]], np.int8)
PSEUDO = [np.array([[1, 1, 0, 0], [0, 0, 1, -1]], np.int8), np.array([[0, 1, 0, 0], [0, 0, 1, 0]], np.int8)]


def test_labels_worth_a_look_are_listed_by_image_the_most_probable_first():
    found = gallery.entries(PROBABILITY, PSEUDO, OBSERVED, TRUE)
    assert found["start"] == [0, 4, 7]
    assert found["category"] == [0, 1, 2, 3, 2, 3, 1]
    assert found["probability"] == [900, 600, 200, 100, 800, 700, 400]
    assert found["true"] == [1, 0, 0, 1, *[gallery.UNKNOWN] * 3]
    assert found["observed"] == [1, 0, 0, 0, 0, -1, 0]
    assert found["pseudo"] == [1, 3, 0, 0, 3, 0, 0] and found["ignored"] == [0, 0, 0, 0, 0, 1, 0]


def test_counts_are_of_known_labels_and_of_lost_observed_ones():
    assert gallery.counts(PSEUDO[1], OBSERVED, TRUE) == {
        "pseudo": [0, 1, 1, 0],
        "judged": [0, 1, 0, 0],
        "right": [0, 0, 0, 0],
        "lost": [1, 0, 0, 0],
    }


def test_disagreement_takes_the_observed_label_where_the_true_one_is_unknown():
    assert gallery.disagreement(PROBABILITY, OBSERVED, TRUE) == pytest.approx([0.9, 0.7])
    nothing = np.zeros_like(OBSERVED)
    assert gallery.disagreement(PROBABILITY, nothing, np.full_like(TRUE, -1)).tolist() == [0.0, 0.0]


def test_more_variants_than_the_page_can_hold_are_refused():
    with pytest.raises(InputError, match="found 53 sets of pseudo-labels, wanted at most 52"):
        gallery.entries(PROBABILITY, [PSEUDO[0]] * 53, OBSERVED, TRUE)


def test_the_page_reads_the_codes_that_are_written():
    script = (TEMPLATES / "gallery.js").read_text(encoding="utf-8")
    assert re.search(rf"const TRUE = {{ PRESENT: 1, ABSENT: 0, UNKNOWN: {gallery.UNKNOWN} }};", script)
    assert f"const ALWAYS = {gallery.TOP};" in script
