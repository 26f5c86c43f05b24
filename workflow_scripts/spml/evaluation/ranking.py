"""The ranking of all known entries of a matrix by their score, by blocks of rows: only the scores of its hits are held."""

from dataclasses import dataclass

import numpy as np

from spml.artifacts import blocks
from spml.artifacts.codes import TrueLabel


@dataclass(frozen=True)
class Ranking:
    """The different scores of the hits, falling, and how many entries lie at or above each, int64 [K].

    ``hits`` counts the present entries, ``entries`` all known ones.
    """

    score: np.ndarray
    hits: np.ndarray
    entries: np.ndarray

    @property
    def average_precision(self) -> float:
        """Average precision of all entries taken as one category, ties grouped; NaN without hits."""
        if not len(self.score):
            return float("nan")
        return float(np.mean(np.repeat(self.hits / self.entries, np.diff(self.hits, prepend=0))))


def rank(scores: blocks.Rows, labels: blocks.Rows) -> Ranking:
    """Return the ranking of the known entries.

    Parameters
    ----------
    scores : float [N, L] or [N]
        Higher means present.
    labels : int [N, L] or [N]
        Codes of ``TrueLabel``; unknown entries are left out.
    """
    present = [scores[rows][labels[rows] == TrueLabel.PRESENT] for rows in blocks.row_blocks(scores.shape)]
    score, count = np.unique(np.concatenate(present), return_counts=True)  # rising
    above = np.zeros(len(score), np.int64)
    for rows in blocks.row_blocks(scores.shape):
        known = np.sort(scores[rows][labels[rows] != TrueLabel.UNKNOWN])
        above += len(known) - np.searchsorted(known, score)
    return Ranking(score[::-1], np.cumsum(count[::-1]), above[::-1])


def highest_below(scores: blocks.Rows, labels: blocks.Rows, score: float) -> float:
    """Return the highest score of a known entry below ``score``, or 0 where there is none; arguments as of ``rank``."""
    highest = []
    for rows in blocks.row_blocks(scores.shape):
        block = scores[rows]
        below = block[(labels[rows] != TrueLabel.UNKNOWN) & (block < score)]
        if len(below):
            highest.append(below.max())
    return float(max(highest, default=0.0))
