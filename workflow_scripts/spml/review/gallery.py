"""The data of the gallery: the labels to show per image, and the counts of the pseudo-labels per category and τ."""

from collections.abc import Sequence

import numpy as np

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.confusion import confusion, hard_positives
from spml.runtime.errors import InputError

TOP = 3  # categories of each image that are shown whatever their label, by probability
VARIANTS = 52  # at most: the page keeps a bit for each in a number of JavaScript
UNKNOWN = 2  # on the page, in place of TrueLabel.UNKNOWN; templates/gallery.js has the same codes


def entries(
    probability: np.ndarray, pseudo: Sequence[np.ndarray], observed: np.ndarray, true: np.ndarray
) -> dict[str, list[int]]:
    """Return the labels to show, image by image, as flat lists; those of image n are ``start[n]`` to ``start[n + 1]``.

    A label is shown if it is truly present, if it was observed, if a variant pseudo-labels it, or if it is among the
    ``TOP`` of its image.

    Parameters
    ----------
    probability : float [N, L], of the teacher.
    pseudo : int8 codes of ``PseudoLabel``, or float soft targets, [N, L] for each variant.
    observed : int8 codes of ``ObservedLabel`` [N, L].
    true : int8 codes of ``TrueLabel`` [N, L].

    Returns
    -------
    ``start``, and per label ``category``, ``probability`` in thousandths, ``observed``, ``true`` (``UNKNOWN`` where it is
    unknown), ``pseudo`` and ``ignored``: a bit for each variant, the first the lowest.

    Raises
    ------
    InputError
        When there are more than ``VARIANTS`` variants.
    """
    if len(pseudo) > VARIANTS:
        raise InputError(f"gallery: found {len(pseudo)} sets of pseudo-labels, wanted at most {VARIANTS} on one page")
    shown = (true == TrueLabel.PRESENT) | (observed != ObservedLabel.UNOBSERVED)
    for labels in pseudo:
        shown |= hard_positives(labels)
    best = np.argpartition(-probability, min(TOP, probability.shape[1]) - 1, axis=1)[:, :TOP]
    np.put_along_axis(shown, best, True, axis=1)
    image, category = np.nonzero(shown)
    order = np.lexsort((-probability[image, category], image))  # the most probable first
    image, category = image[order], category[order]
    entry = image, category
    bits = {name: np.zeros(len(image), np.int64) for name in ("pseudo", "ignored")}
    for number, labels in enumerate(pseudo):
        values = labels[entry]
        bits["pseudo"] |= hard_positives(values).astype(np.int64) << number
        bits["ignored"] |= (values == PseudoLabel.IGNORED).astype(np.int64) << number
    truth = true[entry].astype(np.int64)
    columns = {
        "start": np.searchsorted(image, np.arange(len(true) + 1)),
        "category": category,
        "probability": np.rint(1000 * probability[entry]).astype(np.int64),
        "observed": observed[entry],
        "true": np.where(truth == TrueLabel.UNKNOWN, UNKNOWN, truth),
    }
    return {name: values.tolist() for name, values in (columns | bits).items()}


def disagreement(probability: np.ndarray, observed: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the largest difference between probability and label of each image, float [N]; 0 where no label is known.

    Where the true label is unknown, the observed one counts in its place.
    """
    by_observed = np.where(observed == ObservedLabel.UNOBSERVED, np.nan, observed == ObservedLabel.PRESENT)
    known = np.where(true != TrueLabel.UNKNOWN, true, by_observed)
    return np.nan_to_num(np.abs(probability - known), nan=0.0).max(axis=1)


def counts(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> dict[str, list[int]]:
    """Return numbers of images per category: ``pseudo``, ``judged`` (whose true label is known), ``right``, ``lost``.

    An observed label is lost where it is not pseudo-labelled.
    """
    positive = hard_positives(pseudo)
    counted = confusion(positive, true, axis=0)
    columns = {
        "pseudo": positive.sum(0),
        "judged": counted.predicted,
        "right": counted.true_positives,
        "lost": ((observed == ObservedLabel.PRESENT) & ~positive).sum(0),
    }
    return {name: values.tolist() for name, values in columns.items()}


class Contents:
    """What the page shows of all images, collected over blocks of rows."""

    def __init__(self, categories: int, variants: int) -> None:
        self._entries: dict[str, list[int]] = {"start": [0]}
        self._disagreement: list[int] = []
        self._sums = {name: np.zeros(categories, np.int64) for name in ("known", "present", "observed")}
        self._counts: list[dict[str, np.ndarray]] = [{} for _ in range(variants)]

    def add(
        self, probability: np.ndarray, pseudo: Sequence[np.ndarray], observed: np.ndarray, true: np.ndarray
    ) -> None:
        """Add the next rows; arguments as of ``entries``."""
        shown = entries(probability, pseudo, observed, true)
        last = self._entries["start"][-1]
        self._entries["start"] += [last + start for start in shown.pop("start")[1:]]
        for name, values in shown.items():
            self._entries.setdefault(name, []).extend(values)
        self._disagreement += np.rint(1000 * disagreement(probability, observed, true)).astype(int).tolist()
        self._sums["known"] += (true != TrueLabel.UNKNOWN).sum(0)
        self._sums["present"] += (true == TrueLabel.PRESENT).sum(0)
        self._sums["observed"] += (observed == ObservedLabel.PRESENT).sum(0)
        for sums, labels in zip(self._counts, pseudo, strict=True):
            for name, values in counts(labels, observed, true).items():
                sums[name] = sums.get(name, 0) + np.array(values)

    @property
    def data(self) -> dict[str, object]:
        """The data of the page, as plain values."""
        return {
            "disagreement": self._disagreement,
            "labels": self._entries,
            **{name: values.tolist() for name, values in self._sums.items()},
            "counts": [{name: values.tolist() for name, values in sums.items()} for sums in self._counts],
        }
