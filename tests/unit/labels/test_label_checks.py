import re

import numpy as np
import pytest

from spml.labels.checks import require_enough, require_possible
from spml.runtime.errors import InputError

KNOWN, UNKNOWN = np.array([[1, 0], [0, 1]], np.int8), np.full((2, 2), -1, np.int8)


@pytest.mark.parametrize("select_on", ["true_labels", "observed_labels"])
def test_labels_with_positives_are_enough(select_on):
    require_enough("t.csv", KNOWN, ["full"], KNOWN, select_on)
    require_enough("t.csv", UNKNOWN, [], KNOWN, select_on)  # nobody learns from the true ones


def test_teachers_that_nothing_true_is_known_for_are_named():
    message = (
        r"t\.csv: no true label of a training image is known, but teachers learn from them: full, other; wanted null.*"
        r"supervision: full.*teachers: \{full: null\}"
    )
    with pytest.raises(InputError, match=message):
        require_enough("t.csv", UNKNOWN, ["full", "other"], KNOWN, "true_labels")


@pytest.mark.parametrize(
    ("select_on", "message"),
    [
        (
            "true_labels",
            r"no true positive in the 2 .*\(validation.select_on: true_labels\); wanted .*: observed_labels",
        ),
        ("observed_labels", r"no observed positive in the 2 .*\(validation.select_on: observed_labels\); wanted one"),
    ],
)
def test_validation_rows_without_a_positive_are_refused(select_on, message):
    with pytest.raises(InputError, match=rf"t\.csv: found {message}"):
        require_enough("t.csv", KNOWN, ["full"], np.zeros((2, 2), np.int8), select_on)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            {"expected": {"teachers.role.loss.k": 2.5}},
            "teachers.role.loss.k: found 2.5, wanted at most 2, the number of",
        ),
        (
            {"ranked": {"pseudo_labels.top.k": 1000}},
            "pseudo_labels.top.k: found 1,000, wanted at most 9, the number of",
        ),
        (
            {"rates": {"pseudo_labels.cap.prior": {"cat": 0.1, "dog": 0.1, "cow": 0.1}}},
            "pseudo_labels.cap.prior: found 'cow', wanted one of cat, dog",
        ),
        (
            {"rates": {"pseudo_labels.cap.prior": {"cat": 0.1}}},
            "pseudo_labels.cap.prior: found nothing for dog, wanted",
        ),
    ],
)
def test_more_than_there_is_and_other_categories_are_named_by_their_key(limits, message):
    nothing = {"expected": {}, "ranked": {}, "rates": {}}
    with pytest.raises(InputError, match=re.escape(message)):
        require_possible(["cat", "dog"], 9, **nothing | limits)
    enough = {"expected": {"e": 2.0}, "ranked": {"k": 9}, "rates": {"p": {"cat": 0.1, "dog": 0.1}}}
    require_possible(["cat", "dog"], 9, **enough)
