"""Answers that are played from the true labels: what a strategy of questions gains over the number of answers.

A round trains teachers on what is observed by then, and a student on their pseudo-labels. It measures both, asks, and takes the
answers from the true labels. Questions are of the training rows alone, and not of labels whose truth is unknown.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spml.artifacts import features, labels
from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.evaluation.confusion import confusion
from spml.evaluation.thresholds import best_threshold
from spml.labels.pseudo_labels import keep_observed, probabilities, threshold
from spml.models.inference import on_kernel_values, predict
from spml.review.queue import Questions, Strategy, choose
from spml.runtime.errors import InputError
from spml.training import supervision
from spml.training.fit import Stage
from spml.training.fit_model import train_model
from spml.training.options import RidgeOptions, TrainingOptions

Options = TrainingOptions | RidgeOptions


@dataclass(frozen=True)
class Data:
    """What a simulation reads: paths of features, and labels in memory. All models take the same features."""

    train_features: str
    test_features: str
    decomposition: str  # of ridge regression; empty where no model is one
    landmarks: str | None
    true: labels.Matrix  # of the training part
    observed: labels.Matrix
    test: labels.Matrix


@dataclass(frozen=True)
class Method:
    """A student, and the teachers whose mean logits make its labels: their probabilities if ``soft``, else labels above τ."""

    teachers: Mapping[str, Options]
    student: str
    options: Options  # of the student
    soft: bool


class Logits(NamedTuple):
    """Logits float32 [n, L] of a teacher on the splits."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


class Round(NamedTuple):
    """What is measured at a number of answers: all in percent but ``answers``, ``given`` and ``tau``."""

    answers: float  # per training image, as wanted
    given: float  # fewer where a strategy has no more questions
    yes: float  # share of the answers that were yes
    tau: float  # chosen on validation
    precision: float  # of the pseudo-labels, with what is observed put back
    recall: float
    f1: float
    first_map: float  # test mAP of the first teacher alone, over the categories that are present
    teachers_map: float  # of the mean logits of all teachers
    student_map: float
    student_val_map: float  # on the validation rows, by which strategies can be compared


def play(
    data: Data,
    method: Method,
    strategy: Strategy,
    answers_per_image: Sequence[float],
    *,
    seed: int,
    device: str = "cpu",
) -> Iterator[Round]:
    """Yield the round at each number of answers per training image, which rise from 0.

    The pseudo-labels that are measured and asked about are those of rule ``threshold``, at the τ of the highest F1 on the
    validation rows.

    Raises
    ------
    InputError
        When no true label of the training rows is known.
    """
    observed = data.observed.select(data.true.rows("train")).copy()
    truth = data.true.select(data.true.rows("train"))
    if not (truth == TrueLabel.PRESENT).any():
        raise InputError(f"{data.true.path}: no true label is known, but simulated answers are taken from them")
    asked = yes = 0
    current: Labelled | None = None
    for number, wanted in enumerate(map(float, answers_per_image)):
        if current is not None:
            count = round(wanted * len(truth)) - asked
            open_labels = np.where(truth == TrueLabel.UNKNOWN, np.int8(ObservedLabel.ABSENT), observed)
            limit = math.log(current.tau / (1 - current.tau))
            asked_now = choose(strategy, current.logits.train, current.pseudo, open_labels, limit, count, seed + number)
            yes += _answer(observed, truth, asked_now)
            asked += len(asked_now.row)
        current = _label(data, method, observed, seed, device)
        student = _student(data, method, current, observed, seed, device)
        counts = confusion(current.pseudo == PseudoLabel.PRESENT, truth)
        yield Round(
            answers=wanted,
            given=asked / len(truth),
            yes=100 * yes / max(asked, 1),
            tau=current.tau,
            precision=100 * float(counts.precision),
            recall=100 * float(counts.recall),
            f1=100 * float(counts.f1),
            first_map=current.first_map,
            teachers_map=_test_map(data, current.logits),
            student_map=_test_map(data, student),
            student_val_map=_map(student.val, data.true.select(data.true.rows("val"))),
        )


def full_supervision(data: Data, method: Method, *, seed: int, device: str = "cpu") -> float:
    """Return the test mAP, in percent, of the student on the true labels: what answers can reach."""
    training_labels = supervision.from_true_labels(method.options.loss, data.true)
    name = f"students/{method.student}"
    return _test_map(data, _train(data, method.options, training_labels, seed=seed, name=name, device=device))


class Labelled(NamedTuple):
    """Mean logits of the teachers, the τ that validation chooses, and the pseudo-labels int8 [n, L] of the training rows."""

    logits: Logits
    first_map: float
    tau: float
    pseudo: np.ndarray


def _answer(observed: np.ndarray, truth: np.ndarray, questions: Questions) -> int:
    """Set the true labels of the questions in observed labels [n, L]; return how many are present."""
    present = truth[questions.entries] == TrueLabel.PRESENT
    observed[questions.entries] = np.where(present, ObservedLabel.PRESENT.value, ObservedLabel.ABSENT.value)
    return int(present.sum())


def _label(data: Data, method: Method, observed: np.ndarray, seed: int, device: str) -> Labelled:
    """Train the teachers on observed labels [n, L] of the training rows, and make pseudo-labels."""
    whole = data.observed.values.copy()
    whole[data.true.rows("train")] = observed
    matrix = dataclasses.replace(data.observed, values=whole)
    each = []
    for name, options in method.teachers.items():
        training_labels = supervision.from_observed_labels(options.loss, matrix, data.true)
        each.append(_train(data, options, training_labels, seed=seed, name=f"teachers/{name}", device=device))
    logits = Logits(*(np.asarray(np.mean(parts, axis=0)) for parts in zip(*each, strict=True)))
    val_truth = data.true.select(data.true.rows("val"))
    tau = float(np.clip(best_threshold(probabilities(logits.val), val_truth), 0.01, 0.99))
    return Labelled(logits, _test_map(data, each[0]), tau, keep_observed(threshold(logits.train, tau), observed))


def _student(data: Data, method: Method, labelled: Labelled, observed: np.ndarray, seed: int, device: str) -> Logits:
    """Return the logits of the student on pseudo-labels, with observed labels [n, L] put back."""
    values = labelled.pseudo
    if method.soft:
        values = keep_observed(probabilities(labelled.logits.train).astype(np.float32), observed)
    training_labels = supervision.from_pseudo_values(method.options.loss, data.observed.path, values)
    name = f"students/{method.student}"
    return _train(data, method.options, training_labels, seed=seed, name=name, device=device)


def _train(
    data: Data, options: Options, training_labels: supervision.TrainingLabels, *, seed: int, name: str, device: str
) -> Logits:
    """Return the logits of a model that is trained on these labels of the training rows."""
    selection = supervision.selection_labels(
        data.true, data.observed if options.select_on == "observed_labels" else None
    )
    model = train_model(
        [Stage(data.train_features, data.true, "train", training_labels, options)],
        data.decomposition,
        data.landmarks,
        selection,
        seed=seed,
        name=name,
        memory_mb=0,
        device=device,
    )
    weights = dict(model.weights)
    if "landmarks_sha256" in model.description:  # the features are kernel values
        weights = on_kernel_values(weights)
    with features.reading(data.train_features) as stored:
        train_rows, val_rows = (predict(weights, stored.read(data.true.rows(split))) for split in ("train", "val"))
    with features.reading(data.test_features) as stored:
        data.test.require_same_images(data.test_features, stored.image_id)
        test_rows = predict(weights, stored.read(np.arange(len(stored.image_id))))
    return Logits(train_rows, val_rows, test_rows)


def _test_map(data: Data, logits: Logits) -> float:
    return _map(logits.test, data.test.values)


def _map(logits: np.ndarray, true: np.ndarray) -> float:
    """Return mAP in percent, over the categories that are present."""
    return mean_average_precision(average_precision(logits, true))[1]
