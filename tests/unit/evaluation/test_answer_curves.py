"""What answers gain over their number, on curves that are known."""

import math

import numpy as np
import pandas as pd
import pytest

from spml.evaluation import answer_curves

ANSWERS = [0.0, 0.5, 1.0, 2.0]


def rounds():
    """Two strategies in two replicates: random gains 2 per answer, the other 10; full supervision is 20 above the start."""
    rows = []
    for strategy, slope in (("likely_missing", 10.0), ("random", 2.0)):
        for seed, start in ((1, 40.0), (2, 50.0)):
            for answers in ANSWERS:
                value = start + slope * answers + (seed - 1) * answers * (strategy != "random")
                rows.append([strategy, seed, answers, value, start - 30, value - 30, start - 10])
    return pd.DataFrame(rows, columns=["strategy", "seed", "answers", "f1", "first_map", "student_map", "full_map"])


def test_an_interval_is_of_the_difference_in_the_same_replicate():
    curve = answer_curves.intervals(rounds(), "f1", "likely_missing")
    assert curve["mean"].tolist() == [45, 50.25, 55.5, 66]
    spread = np.array([0, 0.5, 1, 2]) / math.sqrt(2)  # standard deviation of two differences
    assert curve["half"].to_numpy() == pytest.approx(12.706 * spread / math.sqrt(2))
    own = answer_curves.intervals(rounds(), "f1", "random")
    assert own["half"].to_numpy() == pytest.approx([12.706 * 5] * 4)


def test_one_replicate_has_no_interval():
    one = rounds().query("seed == 1")
    assert answer_curves.intervals(one, "f1", "likely_missing")["half"].isna().all()


def test_the_answers_for_a_value_lie_between_two_points():
    curve = pd.DataFrame({"answers": ANSWERS, "mean": [40.0, 45.0, 44.0, 60.0]})
    assert answer_curves.answers_for(curve, 39) == 0
    assert answer_curves.answers_for(curve, 42) == pytest.approx(0.2)
    assert answer_curves.answers_for(curve, 52) == pytest.approx(1.5)
    assert math.isnan(answer_curves.answers_for(curve, 61))


def test_the_conclusions_name_the_answers_that_reach_random_and_the_gap_that_one_closes():
    lines = list(answer_curves.conclusions(rounds()))
    way = "of the way from the first teacher without answers to full supervision, in test mAP"
    assert lines[0] == f"without answers the student is 0 % {way}"
    assert lines[1] == "likely_missing reaches with 0.38 answers per image the label F1 of random at 2.00"
    assert lines[2] == "likely_missing: with one answer per image it is 52 %"
    assert lines[3] == "random: with one answer per image it is 10 %"
