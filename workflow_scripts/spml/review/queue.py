"""The questions that are worth a person's answer, by one of several strategies.

A question is an entry of the label matrix that nobody has observed. A strategy is a record in STRATEGIES: its function
gives each entry of a block of rows a priority, and says why it is asked. To add one, write its function under
``@register(...)`` here, and a test. The plan reads the records, so this module imports no library before its first use.
"""

from __future__ import annotations  # with lazy np, annotations must not be evaluated

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from spml.artifacts import blocks
from spml.artifacts.codes import POSITIVE_TARGET, ObservedLabel
from spml.runtime.lazy import np


class Block(NamedTuple):
    """A block of rows: ``logit`` float [n, L] of the teacher, ``present`` bool [n, L], whether pseudo-labelled."""

    logit: np.ndarray
    present: np.ndarray
    limit: float  # the logit above which the rule labels; 0 for a rule without τ
    random: np.random.RandomState


@dataclass(frozen=True)
class Strategy:
    """A strategy: the priority float [n, L] of each entry of a block, -inf where it is not asked.

    ``why`` is the reason for people. ``spread`` takes the questions of the categories in turn, and of each picture one
    before any second one.
    """

    name: str
    description: str
    why: str
    function: Callable[[Block], np.ndarray]
    spread: bool = False


STRATEGIES: dict[str, Strategy] = {}

Function = TypeVar("Function", bound=Callable[..., Any])


def register(description: str, why: str, *, spread: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that records a function as the strategy of its name and leaves it as it is."""

    def record(function: Function) -> Function:
        name = function.__name__
        STRATEGIES[name] = Strategy(name, description, why, function, spread)
        return function

    return record


@register("the probabilities nearest to τ (to 0.5 for a rule without τ)", "near the threshold")
def uncertain(block: Block) -> np.ndarray:
    """Return the higher priority, the nearer a logit is to the limit of the rule."""
    return -np.abs(block.logit - block.limit)


@register("labels that the teacher added, the least probable first", "added, and most likely wrong")
def most_added(block: Block) -> np.ndarray:
    """Return the higher priority, the lower the logit of a label that is pseudo-labelled as present."""
    return np.where(block.present, -block.logit, -np.inf)


@register("labels that the teacher did not add, the most probable first", "not added, and most likely missing")
def likely_missing(block: Block) -> np.ndarray:
    """Return the higher priority, the higher the logit of a label that is not pseudo-labelled."""
    return np.where(block.present, -np.inf, block.logit)


@register("any entry, each equally likely", "drawn at random")
def random(block: Block) -> np.ndarray:
    """Return a random priority."""
    return block.random.random_sample(block.logit.shape)


@register(
    "as uncertain, but each category in turn, and a second question of a picture after a first one of the others",
    "near the threshold, among the first of its category",
    spread=True,
)
def diverse(block: Block) -> np.ndarray:
    """Return the priority of ``uncertain``."""
    return uncertain(block)


class Questions(NamedTuple):
    """Questions by falling priority: rows and columns of the label matrix, int64 [Q] each, and what is known of them."""

    row: np.ndarray
    column: np.ndarray
    logit: np.ndarray  # of the teacher, float [Q]
    present: np.ndarray  # whether it is pseudo-labelled, bool [Q]

    def take(self, order: np.ndarray) -> Questions:
        """Return the questions with these numbers, in this order."""
        return Questions(*(values[order] for values in self))

    @property
    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of the questions in a label matrix."""
        return self.row, self.column


def choose(
    strategy: Strategy,
    logits: blocks.Rows,
    pseudo: blocks.Rows,
    observed: blocks.Rows,
    limit: float,
    count: int,
    seed: int,
) -> Questions:
    """Return at most ``count`` questions, the most useful first; a block of rows is in memory at a time.

    Parameters
    ----------
    logits : float [N, L], of the teacher.
    pseudo : codes of ``PseudoLabel``, or soft targets, [N, L].
    observed : codes of ``ObservedLabel`` [N, L]; what is observed is not asked.
    limit : the logit above which the rule labels.
    count : how many questions.
    seed : of the random strategy.
    """
    random_state = np.random.RandomState(seed)
    kept = _Spread(count, logits.shape[1]) if strategy.spread else _Highest(count)
    for rows in blocks.row_blocks(logits.shape):
        block = Block(logits[rows], pseudo[rows] >= POSITIVE_TARGET, limit, random_state)
        priority = np.where(observed[rows] == ObservedLabel.UNOBSERVED, strategy.function(block), -np.inf)
        kept.add(priority, block, rows.start)
    return kept.questions


class _Highest:
    """The entries of the highest priority, collected over blocks; among equals the first."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._priority = np.empty(0)
        none = np.empty(0, np.int64)
        self.questions = Questions(none, none, np.empty(0), np.empty(0, bool))

    def add(self, priority: np.ndarray, block: Block, start: int) -> None:
        """Add the priorities [n, L] of the rows from ``start`` on."""
        flat = priority.ravel()
        chosen = flat > -np.inf
        if flat.size > self._count:  # the limit first, so that few are sorted
            chosen &= flat >= np.partition(flat, flat.size - self._count)[flat.size - self._count]
        row, column = np.nonzero(chosen.reshape(priority.shape))
        found = Questions(row + start, column, block.logit[row, column], block.present[row, column])
        values = np.concatenate([self._priority, priority[row, column]])
        order = np.argsort(-values, kind="stable")[: self._count]
        self._priority = values[order]
        self.questions = _joined([self.questions, found]).take(order)


class _Spread:
    """As ``_Highest`` of each category, from which the categories take turns."""

    def __init__(self, count: int, categories: int) -> None:
        self._count = count
        self._of_category = [_Highest(count) for _ in range(categories)]

    def add(self, priority: np.ndarray, block: Block, start: int) -> None:
        """Add the priorities [n, L] of the rows from ``start`` on."""
        for column, highest in enumerate(self._of_category):
            own = slice(column, column + 1)
            part = Block(block.logit[:, own], block.present[:, own], block.limit, block.random)
            highest.add(priority[:, own], part, start)

    @property
    def questions(self) -> Questions:
        """The best of each category, then the second of each, and so on; first those of pictures not yet asked about."""
        parts = [highest.questions for highest in self._of_category]
        turn = np.concatenate([np.arange(len(part.row)) for part in parts])
        column = np.repeat(np.arange(len(parts)), [len(part.row) for part in parts])
        questions = _joined(parts)._replace(column=column)
        questions = questions.take(np.lexsort((questions.column, turn)))
        first = np.zeros(len(turn), bool)
        first[np.unique(questions.row, return_index=True)[1]] = True
        return questions.take(np.argsort(~first, kind="stable")[: self._count])


def _joined(parts: Sequence[Questions]) -> Questions:
    """Return the questions of all parts, one after the other."""
    return Questions(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def group_by_category(questions: Questions) -> Questions:
    """Return the questions with those of a category together: the category of the best one first."""
    _, first, number = np.unique(questions.column, return_index=True, return_inverse=True)
    return questions.take(np.argsort(first[number], kind="stable"))
