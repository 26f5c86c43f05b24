import numpy as np
import pytest

from spml.artifacts.codes import LossLabel
from spml.artifacts.labels import Matrix
from spml.runtime.errors import InputError
from spml.training import supervision

IDS, CATEGORIES = list("abcd"), ["x", "y"]


def matrix(path, values, ids=IDS, category=CATEGORIES, split=None):
    return Matrix(path, ids, category, np.array(values, np.int8), None if split is None else np.array(split, np.uint8))


@pytest.fixture
def true():
    return matrix("labels.h5", [[1, 0], [0, 1], [1, 1], [0, -1]], split=[0, 1, 1, 0])


@pytest.fixture
def observed():
    return matrix("observed.h5", [[1, 0], [0, 1], [0, 1], [0, 0]])


def test_true_labels_are_those_of_the_training_rows_the_unknown_ones_ignored(true):
    training_labels = supervision.from_true_labels("bce", true)
    assert training_labels.path == "labels.h5"
    assert training_labels.values.tolist() == [[1, 0], [0, LossLabel.IGNORED]]


def test_observed_labels_are_those_of_the_training_rows(true, observed):
    training_labels = supervision.from_observed_labels("an", observed, true)
    assert training_labels.path == "observed.h5"
    assert training_labels.values.tolist() == [[1, 0], [0, 0]]


def test_observed_labels_of_other_images_are_refused(true, observed):
    observed.image_id = list("abce")
    with pytest.raises(InputError, match=r"image_id: row 3 is 'e' in observed\.h5, but 'd' in labels.h5"):
        supervision.from_observed_labels("an", observed, true)


def test_pseudo_labels_are_those_of_the_training_rows(true):
    pseudo = matrix("pseudo.h5", [[1, -1], [1, 1], [1, 1], [0, 1]])
    assert supervision.from_pseudo_labels("bce", pseudo, true).values.tolist() == [[1, LossLabel.IGNORED], [0, 1]]


def test_pseudo_labels_of_some_rows_are_not_taken_for_those_of_all(true):
    pseudo = matrix("pseudo.h5", [[1, 0]] * 2, ids=["a", "d"])
    with pytest.raises(InputError, match=r"image_id: pseudo.h5 has 2, labels.h5 has 4"):
        supervision.from_pseudo_labels("bce", pseudo, true)


def test_pseudo_labels_of_other_categories_are_refused(true):
    pseudo = matrix("pseudo.h5", [[1, 0]] * 4, category=["x", "z"])
    with pytest.raises(InputError, match=r"category: row 1 is 'z' in pseudo\.h5, but 'y' in labels.h5"):
        supervision.from_pseudo_labels("bce", pseudo, true)


def test_labels_without_a_positive_are_refused_with_advice(true, observed):
    message = r"{}: no positive label among the 2 training rows; wanted at least one{}"
    pseudo = matrix("pseudo.h5", [[0, 0], [1, 1], [1, 1], [0, 0]])
    with pytest.raises(InputError, match=message.format("pseudo.h5", r" \(a lower τ\?\)")):
        supervision.from_pseudo_labels("bce", pseudo, true)
    observed.values[0] = 0
    with pytest.raises(InputError, match=message.format("observed.h5", "$")):
        supervision.from_observed_labels("an", observed, true)
    true.values[0] = 0
    with pytest.raises(InputError, match=message.format("labels.h5", r" \(an entry without supervision: full, where")):
        supervision.from_true_labels("bce", true)


def test_a_model_is_chosen_on_true_or_on_observed_validation_labels(true, observed):
    assert supervision.selection_labels(true, None).tolist() == [[0, 1], [1, 1]]
    assert supervision.selection_labels(true, observed).tolist() == [[0, 1], [0, 1]]


def test_validation_rows_without_a_positive_are_refused(true, observed):
    true.values[1:3] = observed.values[1:3] = 0
    with pytest.raises(
        InputError, match=r"labels.h5: no positive label among the 2 validation rows; .*observed_labels"
    ):
        supervision.selection_labels(true, None)
    with pytest.raises(InputError, match=r"observed.h5: no positive .* to choose a model on$"):
        supervision.selection_labels(true, observed)


def test_observed_and_pseudo_labels_are_taken_together_on_the_training_rows(true, observed):
    pseudo = matrix("pseudo.h5", [[0, 1], [1, 1], [1, 1], [0, 1]])
    found = supervision.from_both("em_pl", observed, pseudo, true)
    assert found.path == "pseudo.h5"
    present, absent = LossLabel.PSEUDO_PRESENT, LossLabel.PSEUDO_ABSENT
    assert found.values.tolist() == [[1, present], [absent, present]]
    pseudo.image_id = list("abce")
    with pytest.raises(InputError, match=r"image_id: row 3 is 'e' in pseudo\.h5"):
        supervision.from_both("em_pl", observed, pseudo, true)
