"""Which questions a strategy asks, against a sort of every entry."""

import subprocess
import sys

import numpy as np
import pytest

from spml.artifacts import blocks
from spml.review.queue import STRATEGIES, Questions, choose, group_by_category

N, L, LIMIT = 60, 7, 0.4


@pytest.fixture
def matrices():
    random = np.random.RandomState(0)
    logits = random.randn(N, L)
    observed = random.choice([-1, 0, 0, 0, 1], (N, L)).astype(np.int8)
    return logits, (logits > LIMIT).astype(np.int8), observed


def chosen(name, matrices, count, seed=0):
    return choose(STRATEGIES[name], *matrices, LIMIT, count, seed)


def ranked(score, allowed, count):
    """The entries of the highest score among the allowed ones, by a sort of all."""
    order = np.argsort(-np.where(allowed, score, -np.inf).ravel(), kind="stable")[: min(count, allowed.sum())]
    return list(zip(*np.unravel_index(order, score.shape), strict=True))


@pytest.mark.parametrize("count", [1, 25, 10_000])
def test_strategies_ask_the_entries_of_the_highest_priority_that_nobody_has_observed(matrices, count, monkeypatch):
    monkeypatch.setattr(blocks, "ENTRIES", 5 * L)  # many blocks of rows
    logits, pseudo, observed = matrices
    open_ = observed == 0
    expected = {
        "uncertain": (-abs(logits - LIMIT), open_),
        "most_added": (-logits, open_ & (pseudo == 1)),
        "likely_missing": (logits, open_ & (pseudo == 0)),
    }
    for name, (score, allowed) in expected.items():
        questions = chosen(name, matrices, count)
        assert list(zip(questions.row, questions.column, strict=True)) == ranked(score, allowed, count), name
        assert (questions.logit == logits[questions.entries]).all()
        assert (questions.present == (pseudo[questions.entries] == 1)).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_asks_once_and_never_what_is_observed(matrices, name):
    questions = chosen(name, matrices, 150)
    entries = set(zip(questions.row, questions.column, strict=True))
    assert len(entries) == len(questions.row) > 30
    assert (matrices[2][questions.entries] == 0).all()


def test_random_depends_on_the_seed_alone(matrices, monkeypatch):
    first = chosen("random", matrices, 20, seed=1)
    assert not (chosen("random", matrices, 20, seed=2).row == first.row).all()
    monkeypatch.setattr(blocks, "ENTRIES", 5 * L)
    assert all((a == b).all() for a, b in zip(chosen("random", matrices, 20, seed=1), first, strict=True))


def test_diverse_asks_about_each_category_and_about_each_picture_before_a_second_question(matrices):
    questions = chosen("diverse", matrices, 40)
    assert len(set(questions.row)) == 40
    assert set(questions.column[:14]) == set(range(L))
    distance = abs(matrices[0] - LIMIT)
    best = np.where(matrices[2] == 0, distance, np.inf).min(0)
    assert distance[questions.entries][0] == best[questions.column[0]]
    everything = chosen("diverse", matrices, 10_000)
    assert len(everything.row) == (matrices[2] == 0).sum()


def test_questions_of_a_category_come_together_the_most_useful_category_first():
    column = np.array([2, 0, 2, 1, 0])
    questions = Questions(np.arange(5), column, np.zeros(5), np.zeros(5, bool))
    grouped = group_by_category(questions)
    assert grouped.column.tolist() == [2, 2, 0, 0, 1] and grouped.row.tolist() == [0, 2, 1, 4, 3]


def test_nothing_to_ask_is_an_empty_queue(matrices):
    logits, pseudo, observed = matrices
    for name in STRATEGIES:
        assert len(choose(STRATEGIES[name], logits, pseudo, np.ones_like(observed), LIMIT, 10, 0).row) == 0


def test_the_names_of_the_strategies_load_no_library():
    program = (
        "import sys; from spml.review.queue import STRATEGIES; print(*{'numpy', 'torch', 'h5py'} & set(sys.modules))"
    )
    folder = next(path for path in sys.path if path.endswith("workflow_scripts"))
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
