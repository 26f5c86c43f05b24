"""A few training pictures with their labels, for the report."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spml.artifacts.codes import ObservedLabel, TrueLabel
from spml.evaluation.confusion import hard_positives
from spml.review.thumbnails import thumbnail
from spml.runtime.errors import InputError

MOST = 12  # labels of a picture that are shown
SIGNS = {  # what is said of a label to its sign; the gallery has the same
    "right": "✓",
    "wrong": "✗",
    "missing": "○",
    "confirmed": "✓",
    "added": "+",
}


@dataclass(frozen=True)
class Label:
    """A label of a picture: its category, what is said of it (a key of SIGNS), its probability, and whether it was observed."""

    category: str
    kind: str
    probability: float
    is_observed: bool

    @property
    def sign(self) -> str:
        """The sign of what is said."""
        return SIGNS[self.kind]


@dataclass(frozen=True)
class Sample:
    """A picture with its labels, the most probable first, and how many more there are; ``problem``: why it cannot be shown."""

    name: str
    picture: str  # WebP in base64; empty where there is a problem
    problem: str
    labels: Sequence[Label]
    more: int


def choose(has_addition: np.ndarray, count: int, seed: int) -> list[int]:
    """Return up to ``count`` rows drawn at random, those with an added label before all others; ``has_addition`` is bool [N]."""
    order = np.random.RandomState(seed).permutation(len(has_addition))
    return [*order[has_addition[order]], *order[~has_addition[order]]][:count]


def additions(pseudo: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return where a pseudo-label is present that was not observed, bool [N, L]."""
    return hard_positives(pseudo) & (observed != ObservedLabel.PRESENT)


def kinds(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> list[str]:
    """Return what is said of each label of a picture [L]; empty where nothing is."""
    found = []
    for positive, seen, truth in zip(hard_positives(pseudo), observed, true, strict=True):
        if truth == TrueLabel.UNKNOWN:
            absent = "wrong" if seen == ObservedLabel.ABSENT else "added"
            is_seen = seen == ObservedLabel.PRESENT
            found.append(("confirmed" if is_seen else absent) if positive else "missing" if is_seen else "")
        else:
            present = truth == TrueLabel.PRESENT
            found.append(("right" if present else "wrong") if positive else "missing" if present else "")
    return found


def sample(
    name: str,
    path: str,
    category: Sequence[str],
    probability: np.ndarray,
    pseudo: np.ndarray,
    observed: np.ndarray,
    true: np.ndarray,
) -> Sample:
    """Return a picture with its labels; matrices as their rows [L]."""
    picture = problem = ""
    try:
        picture = base64.b64encode(thumbnail(path)).decode()
    except InputError as error:  # pictures may be moved away once features are there
        problem = str(error)
    said = kinds(pseudo, observed, true)
    order = [column for column in np.argsort(-probability, kind="stable") if said[column]]
    labels = [
        Label(category[column], said[column], float(probability[column]), observed[column] == ObservedLabel.PRESENT)
        for column in order
    ]
    return Sample(name, picture, problem, labels[:MOST], len(labels[MOST:]))
