import numpy as np
import pytest

from spml.artifacts.codes import LossLabel
from spml.losses import targets
from spml.runtime.errors import InputError

IGNORED = LossLabel.IGNORED


def test_pseudo_labels_are_known_labels():
    pseudo = np.array([[1, 0, -1]], np.int8)
    assert targets.encode_full_labels("bce", "f", pseudo).tolist() == [[1, 0, IGNORED]]
    assert targets.encode_full_labels("em", "f", pseudo).tolist() == [[1, 0, IGNORED]]
    assert targets.encode_full_labels("iu", "f", pseudo).tolist() == [[1, -1, 0]]
    assert targets.encode_full_labels("partial_bce", "f", pseudo).tolist() == [[1, -1, 0]]


def test_soft_targets_are_for_losses_that_take_them():
    soft = np.array([[0.25, 1.0]], np.float16)
    for dtype, held in ((np.float16, np.float16), (np.float32, np.float32), (np.float64, np.float32)):
        assert targets.encode_full_labels("bce_ls", "f", soft.astype(dtype)).dtype == held
    with pytest.raises(InputError, match="loss em does not take; wanted bce or bce_ls or squares"):
        targets.encode_full_labels("em", "f", soft)


def test_a_loss_says_so_when_it_lacks_what_it_needs():
    observed, true = np.array([[1, 0, 0]], np.int8), np.array([[1, 1, 0]], np.uint8)
    with pytest.raises(
        InputError, match="2 of 3 labels are unobserved, but loss bce needs every label; wanted supervision: full"
    ):
        targets.encode_observed_labels("bce", "f", observed, true)
    for name in ("iu", "partial_bce"):
        with pytest.raises(
            InputError,
            match=f"no negative is observed; .* loss {name} learns that everything is present; .*negatives_per_image",
        ):
            targets.encode_observed_labels(name, "f", observed, true)
    assert targets.encode_observed_labels("iun", "f", observed, true).tolist() == [[1, 0, -1]]
    assert targets.encode_observed_labels("iu", "f", np.array([[1, 0, -1]], np.int8), true).tolist() == [[1, 0, -1]]


def test_pseudo_labels_of_what_is_unobserved_are_told_from_observed_labels():
    observed = np.array([[1, 0, 0, 0, -1], [0, 1, -1, 0, 0]], np.int8)
    pseudo = np.array([[0, 1, 0, -1, 1], [1, 1, 1, 1, 0]], np.int8)
    present, absent = LossLabel.PSEUDO_PRESENT, LossLabel.PSEUDO_ABSENT
    wanted = [[1, present, absent, 0, -1], [present, 1, -1, present, absent]]
    for name in targets.TAKES_BOTH:
        assert targets.encode_both(name, "f", observed, pseudo).tolist() == wanted
    assert observed.max() == 1  # the file's own matrix stays
    with pytest.raises(InputError, match="found soft targets, which loss em_pl does not take"):
        targets.encode_both("em_pl", "f", observed, pseudo.astype(np.float16))
    with pytest.raises(
        InputError, match="loss: found em, wanted one that takes observed and pseudo-labels: em_pl, gpr"
    ):
        targets.encode_both("em", "f", observed, pseudo)
