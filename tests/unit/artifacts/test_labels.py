import h5py
import numpy as np
import pytest

import forge
from spml.artifacts import hdf5, labels, records
from spml.data.splits import training_split
from spml.evaluation.label_counts import LabelCounts
from spml.labels.observation import UniformDraw
from spml.labels.pseudo_labels import keep_observed, probabilities, threshold
from spml.runtime.errors import InputError


def published_split(rows, share):
    """As the published code does it: a permutation cut in two, each part sorted."""
    validation = int(np.round(share * rows))
    permutation = np.random.RandomState(1200).permutation(rows)
    return np.sort(permutation[: rows - validation]), np.sort(permutation[rows - validation :])


@pytest.mark.parametrize("rows", [10, 57, 1000])
def test_split_is_the_published_one(rows):
    split = training_split(rows, 0.2, 1200)
    train, validation = published_split(rows, 0.2)
    assert (np.flatnonzero(split == 0) == train).all()
    assert (np.flatnonzero(split == 1) == validation).all()


def test_split_sizes_of_coco_2014():
    split = training_split(82081, 0.2, 1200)
    assert ((split == 0).sum(), (split == 1).sum()) == (65665, 16416)


@pytest.mark.parametrize(("rows", "fraction"), [(2, 0.1), (2, 0.9), (1, 0.5)])
def test_a_fraction_that_leaves_a_split_empty_is_refused(rows, fraction):
    with pytest.raises(InputError, match=rf"validation.fraction: found {fraction}, which gives"):
        training_split(rows, fraction, 1200)


def published_draw(labels_, seed):
    """As the published code does it, row by row with one stream."""
    random = np.random.RandomState(seed)
    observed = np.zeros_like(labels_)
    for i in range(len(labels_)):
        positives = np.nonzero(labels_[i] == 1)[0]
        random.shuffle(positives)
        observed[i, positives[:1]] = 1
        negatives = np.nonzero(labels_[i] == 0)[0]
        random.shuffle(negatives)
    return observed


def test_observed_labels_are_the_published_draw():
    true = (np.random.RandomState(0).rand(200, 12) < 0.2).astype(np.uint8)
    true[5] = 0
    observed = UniformDraw(1200).observe(true)
    assert (observed == published_draw(true, 1200)).all()
    assert observed.dtype == np.int8
    assert (observed.sum(1) == np.minimum(true.sum(1), 1)).all()
    assert (observed <= true).all()


def test_every_positive_is_equally_likely():
    true = np.tile([1, 0, 1, 1], (6000, 1))
    assert UniformDraw(1).observe(true).mean(0) == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3], abs=0.02)


def test_threshold_is_strict():
    logits = np.array([[0.0, 1e-6, -1.0, 3.0]])
    assert probabilities(logits)[0, 0] == 0.5
    assert threshold(logits, 0.5).tolist() == [[0, 1, 0, 1]]


def test_threshold_does_not_put_the_observed_positive_back_unless_asked():
    pseudo = threshold(np.array([[-5.0, 5.0]]), 0.9)
    assert pseudo.tolist() == [[0, 1]]
    assert keep_observed(pseudo, np.array([[1, 0]])).tolist() == [[1, 1]]


def test_probabilities_are_exact_at_both_ends():
    ends = probabilities(np.array([-800.0, -30.0, 30.0, 800.0]))
    assert ends[0] == 0 and ends[3] == 1 and np.isfinite(ends).all()
    assert ends[1] == pytest.approx(9.357622968839299e-14, rel=1e-12)


def count(*matrices):
    counts = LabelCounts()
    counts.add(*matrices)
    return counts.row


def test_counts_against_counting_by_hand():
    true = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0]])
    observed = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    pseudo = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0]])
    counts = count(pseudo, observed, true)
    assert counts["positives_per_image"] == pytest.approx(4 / 3)
    assert counts["true_positives_per_image"] == pytest.approx(4 / 3)
    assert counts["precision"] == pytest.approx(3 / 4)
    assert counts["recall"] == pytest.approx(3 / 4)
    assert counts["precision_unobserved"] == pytest.approx(1 / 2)
    assert counts["recall_unobserved"] == 1.0
    assert (counts["observed_positives"], counts["observed_positives_lost"], counts["empty_images"]) == (3, 1, 1)


def test_precision_of_no_pseudo_label_is_unknown():
    assert np.isnan(count(np.zeros((2, 2)), np.eye(2), np.eye(2))["precision"])


def test_a_label_file_comes_back_as_it_was_written(tmp_path):
    values, split = np.array([[1, 0], [0, 1], [1, 1]], np.uint8), np.array([0, 1, 0], np.uint8)
    labels.write(tmp_path / "a.h5", "labels", ["1", "10", "ü"], ["cat", "dög"], values, split)
    read = labels.read(tmp_path / "a.h5", "labels")
    assert (read.image_id, read.category) == (["1", "10", "ü"], ["cat", "dög"])
    assert (read.values == values).all() and read.values.dtype == np.uint8
    assert read.rows("train").tolist() == [0, 2] and read.rows("val").tolist() == [1]


def test_files_that_do_not_belong_together_are_refused_with_both_names(tmp_path):
    one = labels.Matrix("one.h5", ["1", "2"], ["a"], np.zeros((2, 1)), None)
    with pytest.raises(InputError, match=r"row 1 is '2' in one.h5, but '3' in two.h5"):
        one.require_same_images("two.h5", ["1", "3"])
    with pytest.raises(InputError, match=r"one.h5 has 2, two.h5 has 1"):
        one.require_same_images("two.h5", ["1"])
    with pytest.raises(InputError, match=r"category: row 0 is 'a' in one.h5, but 'b' in two.h5"):
        one.require_same_as(labels.Matrix("two.h5", ["1", "2"], ["b"], np.zeros((2, 1)), None))


def test_a_file_of_another_kind_truncated_or_no_hdf5_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    labels.write(path, "labels", ["1"], ["a"], np.zeros((1, 1), np.uint8))
    with pytest.raises(InputError, match=r"a.h5: found kind 'labels', wanted kind 'logits'; delete .*a.h5"):
        labels.read(path, "logits")
    for content in (path.read_bytes()[:-500], b"no"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a.h5: its bytes differ from those that its rule wrote"):
            labels.read(path, "labels")
        forge.rerecord(path)
        with pytest.raises(InputError, match=r"a.h5: not a readable HDF5 file"):
            labels.read(path, "labels")


@pytest.mark.parametrize(("layout", "message"), [(1, "made by an earlier version"), (99, "made by another version")])
def test_a_file_of_another_version_says_what_to_delete(tmp_path, layout, message):
    path = tmp_path / "a.h5"
    labels.write(path, "labels", ["1"], ["a"], np.zeros((1, 1), np.uint8))
    with h5py.File(path, "a") as file:
        file.attrs["layout"] = layout
    records.path_of(path).unlink()  # earlier versions wrote none
    wanted = rf"a.h5: {message} of this pipeline \(layout {layout}, wanted {hdf5.LAYOUT}\); delete results/<dataset>.*run again"
    with pytest.raises(InputError, match=wanted):
        labels.read(path, "labels")


def test_a_matrix_without_rows_can_be_written(tmp_path):
    hdf5.write(
        tmp_path / "a.h5",
        "labels",
        {"label": np.zeros((0, 3), np.uint8)},
        {"image_id": [], "category": ["a", "b", "c"]},
    )
    assert labels.read(tmp_path / "a.h5", "labels").values.shape == (0, 3)
