"""Ridge regression: scikit-learn's coefficients, from any blocks and threads; ignored labels are refused."""

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import KernelCenterer

from spml.artifacts import decompositions
from spml.evaluation import platt
from spml.models import kernels
from spml.models.inference import on_kernel_values, predict
from spml.models.kernels import KERNEL
from spml.runtime.errors import InputError
from spml.training import decomposition
from spml.training.decomposition import Rows
from spml.training.options import RidgeOptions, TrainingOptions, read_options
from spml.training.ridge import regress
from spml.training.supervision import TrainingLabels

PENALTIES = (0.03, 1.0, 30.0)


class Stored:
    """Features in memory, read as those of a file."""

    path = "features.h5"

    def __init__(self, features):
        self.features, self.width = features, features.shape[1]

    def read(self, rows):
        return self.features[rows]


def world(rows, width, seed=0):
    """Features of 80 more rows than are trained on, and labels of 4 categories that depend on them."""
    random = np.random.RandomState(seed)
    features = np.abs(random.randn(rows + 80, width)).astype(np.float16)
    scores = features @ random.randn(width, 4) + random.randn(rows + 80, 4)
    return features, (scores > np.quantile(scores, 0.7, axis=0)).astype(np.int8)


def fit(features, labels, rows, landmarks=None, block=4096, threads=1, penalties=PENALTIES, targets=None):
    stored = Stored(features)
    training, validation = Rows(stored, np.arange(rows), block), Rows(stored, np.arange(rows, len(features)), block)
    found = decomposition.decompose(training, landmarks, threads)
    options = RidgeOptions("squares", "rbf" if landmarks else "linear", penalties)
    values = labels[:rows] if targets is None else targets
    return found, regress(training, validation, TrainingLabels("l.h5", values), labels[rows:], found, options, "name")


def chosen_landmarks(features, rows, limit):
    numbers = kernels.landmark_rows(rows, limit, seed=3)
    return kernels.choose_landmarks(Stored(features), np.arange(rows), numbers)


def calibrated(scores, labels):
    slope, offset = platt.fit_logits(scores, labels)
    return scores * slope + offset


@pytest.mark.parametrize(("rows", "width"), [(400, 60), (50, 200), (61, 60)])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_it_is_the_ridge_regression_of_scikit_learn(rows, width, penalty):
    features, labels = world(rows, width)
    found, fitted = fit(features, labels, rows, penalties=(penalty,))
    exact = features.astype(np.float64)
    centred = exact[:rows] - exact[:rows].mean(0)
    assert found.mean_eigenvalue == pytest.approx(np.trace(centred.T @ centred) / width, rel=1e-5)
    wanted = Ridge(penalty * found.mean_eigenvalue).fit(exact[:rows], labels[:rows])
    scores = wanted.predict(exact)
    assert fitted.history[0].loss == pytest.approx(np.mean((scores[:rows] - labels[:rows]) ** 2), rel=1e-4)
    np.testing.assert_allclose(
        predict(fitted.weights, features[rows:]), calibrated(scores[rows:], labels[rows:]), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("penalty", PENALTIES)
def test_with_all_rows_as_landmarks_it_is_the_kernel_ridge_regression_of_scikit_learn(penalty):
    features, labels = world(150, 60)
    landmarks = chosen_landmarks(features, 150, 150)
    values = kernels.kernel_matrix(features, landmarks)
    found, fitted = fit(values, labels, 150, landmarks, penalties=(penalty,))
    centred = features.astype(np.float64) - features[:150].astype(np.float64).mean(0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    assert landmarks.width[0] == pytest.approx(
        np.median(((unit[:150, None] - unit[None, :150]) ** 2).sum(2)[np.triu_indices(150, 1)]), rel=1e-5
    )
    centre = KernelCenterer().fit(rbf_kernel(unit[:150], gamma=1 / landmarks.width[0]))
    kernel = centre.transform(rbf_kernel(unit, unit[:150], gamma=1 / landmarks.width[0]))
    mean = labels[:150].mean(0)
    model = KernelRidge(alpha=penalty * found.mean_eigenvalue, kernel="precomputed")
    scores = model.fit(kernel[:150], labels[:150] - mean).predict(kernel[150:]) + mean
    head = fitted.weights | dict(zip(KERNEL, landmarks, strict=True))
    wanted = calibrated(scores, labels[150:])
    np.testing.assert_allclose(predict(head, features[150:]), wanted, rtol=0, atol=2e-4)
    np.testing.assert_allclose(predict(on_kernel_values(head), values[150:]), wanted, rtol=0, atol=2e-4)


def test_with_some_rows_as_landmarks_it_is_the_regression_in_their_span():
    """The minimum of |K a - t|² + λ aᵀ K_mm a over the coefficients a of the landmarks, K centred."""
    features, labels = world(300, 60)
    landmarks = chosen_landmarks(features, 300, 40)
    values = kernels.kernel_matrix(features, landmarks)
    found, fitted = fit(values, labels, 300, landmarks, penalties=(0.1,))
    exact = values.astype(np.float64)
    centred = exact - exact[:300].mean(0)
    between = kernels.kernel_matrix(features[kernels.landmark_rows(300, 40, 3)], landmarks).astype(np.float64)
    system = centred[:300].T @ centred[:300] + 0.1 * found.mean_eigenvalue * between
    mean = labels[:300].mean(0)
    scores = centred[300:] @ np.linalg.solve(system, centred[:300].T @ (labels[:300] - mean)) + mean
    np.testing.assert_allclose(
        predict(fitted.weights, values[300:]), calibrated(scores, labels[300:]), rtol=0, atol=1e-3
    )


def test_equal_images_as_landmarks_do_no_harm():
    features, labels = world(100, 30)
    features[10:20] = features[0]
    landmarks = chosen_landmarks(features, 100, 100)
    _, fitted = fit(kernels.kernel_matrix(features, landmarks), labels, 100, landmarks)
    assert all(np.isfinite(weight).all() for weight in fitted.weights.values())


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_threads_change_no_bit_and_blocks_nothing_but_rounding(kernel):
    features, labels = world(700, 600 if kernel == "linear" else 40)
    landmarks = chosen_landmarks(features, 700, 530) if kernel == "rbf" else None
    values = features if landmarks is None else kernels.kernel_matrix(features, landmarks)
    found, fitted = fit(values, labels, 700, landmarks)
    again, same = fit(values, labels, 700, landmarks, threads=3)
    for name in ("mean", "eigenvalues", "directions"):
        assert np.array_equal(getattr(found, name), getattr(again, name)), name
    assert all(np.array_equal(fitted.weights[name], same.weights[name]) for name in fitted.weights)
    _, other = fit(values, labels, 700, landmarks, block=97)
    assert other.penalty == fitted.penalty
    np.testing.assert_allclose(
        predict(other.weights, values[700:]), predict(fitted.weights, values[700:]), rtol=0, atol=1e-3
    )


def test_the_penalty_is_the_best_on_validation_the_first_of_equals_in_any_number_of_passes(monkeypatch):
    features, labels = world(120, 100)
    _, fitted = fit(features, labels, 120, penalties=(0.001, 1.0, 1.0, 1000.0))
    maps = [row.val_map for row in fitted.history]
    assert [row.penalty for row in fitted.history] == [0.001, 1.0, 1.0, 1000.0] and maps[1] == maps[2]
    assert fitted.val_map == max(maps) and fitted.penalty == fitted.history[int(np.argmax(maps))].penalty
    losses = [row.loss for row in fitted.history]
    assert losses == sorted(losses)
    monkeypatch.setattr("spml.training.ridge.SCORES", 1)
    _, alone = fit(features, labels, 120, penalties=(0.001, 1.0, 1.0, 1000.0))
    assert alone.penalty == fitted.penalty
    assert [row.val_map for row in alone.history] == pytest.approx(maps, abs=0.1)


def test_soft_targets_are_targets_and_known_negatives_are_absent():
    features, labels = world(90, 40)
    _, hard = fit(features, labels, 90)
    _, soft = fit(features, labels, 90, targets=labels[:90].astype(np.float32))
    negatives = np.where(labels[:90] == 0, np.int8(-1), labels[:90])
    _, known = fit(features, labels, 90, targets=negatives)
    for other in (soft, known):
        assert all(np.array_equal(hard.weights[name], other.weights[name]) for name in hard.weights)
    _, half = fit(features, labels, 90, targets=(labels[:90] / 2).astype(np.float32), penalties=(1.0,))
    _, whole = fit(features, labels, 90, penalties=(1.0,))
    assert half.history[0].loss == pytest.approx(whole.history[0].loss / 4, rel=1e-6)


def test_ignored_labels_are_refused():
    features, labels = world(30, 10)
    labels[3, 1] = -2
    with pytest.raises(InputError, match=r"l.h5: 1 of 120 training labels are unknown or ignored, but head ridge"):
        fit(features, labels, 30)


def test_rows_that_are_equal_have_no_kernel():
    with pytest.raises(InputError, match=r"features.h5: found a median squared distance of 0"):
        kernels.choose_landmarks(Stored(np.ones((20, 5), np.float16)), np.arange(20), np.arange(20))


def test_landmarks_are_all_rows_or_a_draw():
    assert kernels.landmark_rows(7, 7, 1).tolist() == list(range(7))
    drawn = kernels.landmark_rows(1000, 100, 1)
    assert len(set(drawn.tolist())) == 100 and (np.diff(drawn) > 0).all() and drawn.max() < 1000
    assert (drawn == kernels.landmark_rows(1000, 100, 1)).all() and (drawn != kernels.landmark_rows(1000, 100, 2)).any()


def test_files_hold_what_was_written(tmp_path):
    features, labels = world(50, 20)
    found, _ = fit(features, labels, 50)
    decompositions.write(tmp_path / "d.h5", found)
    read = decompositions.read(tmp_path / "d.h5")
    assert read.mean_eigenvalue == found.mean_eigenvalue
    assert all(
        np.array_equal(getattr(read, name), getattr(found, name)) for name in ("mean", "eigenvalues", "directions")
    )
    landmarks = chosen_landmarks(features, 50, 30)
    decompositions.write_landmarks(tmp_path / "l.h5", *landmarks)
    again = decompositions.read_landmarks(tmp_path / "l.h5")
    assert all(np.array_equal(one, other) for one, other in zip(again, landmarks, strict=True))


def test_options_are_read_by_head():
    section = {"head": "ridge", "kernel": "rbf", "landmarks": 5, "penalties": [1, 2], "loss": {"name": "squares"}}
    options = read_options(section | {"select_on": "true_labels", "supervision": "observed"})
    assert options == RidgeOptions("squares", "rbf", (1, 2), "observed", "true_labels")
    assert (options.head, options.loss_settings) == ("kernel", {"name": "squares"})
    assert RidgeOptions("squares", "linear", (1,)).head == "linear"
    adam = {
        "head": "linear",
        "standardize": True,
        "epochs": 1,
        "batch_sizes": [1],
        "learning_rates": [1],
        "patience": None,
    }
    adam |= dict.fromkeys(("input_dropout", "weight_average", "weight_decay"), 0)
    assert isinstance(read_options(section | adam | {"select_on": "true_labels"}), TrainingOptions)


def test_the_exported_kernel_is_the_one_of_prediction():
    from spml.models.export import Kernel

    features, _ = world(60, 20)
    landmarks = chosen_landmarks(features, 60, 25)
    features[0] = landmarks.mean
    module = Kernel(*map(torch.from_numpy, landmarks))
    found = module(torch.from_numpy(features.astype(np.float32))).detach().numpy()
    np.testing.assert_allclose(found, kernels.kernel_matrix(features, landmarks), rtol=0, atol=1e-5)
