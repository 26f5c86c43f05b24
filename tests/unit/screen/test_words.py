"""Jobs and durations in words, cut to the width of a terminal."""

import pytest

from screen import words


@pytest.mark.parametrize(
    ("wildcards", "expected"),
    [
        ({"dataset": "demo", "seed": "1201", "teacher": "em"}, "em, replicate 1201"),
        ({"dataset": "other", "part": "train"}, "other, train"),
        ({"student": "paper", "seed": "1200", "variant": "tau_0.75"}, "paper, τ 0.75, replicate 1200"),
        ({"student": "recommended", "seed": "1200", "variant": "all"}, "recommended, replicate 1200"),
        ({"model": "teachers/em/seed_1200"}, "teacher em, replicate 1200"),
        (
            {"model": "students/paper/seed_1200/tau_0.75", "split": "train"},
            "student paper, τ 0.75, replicate 1200, train",
        ),
        ({"backbone": "resnet50", "part": "test", "shard": "00012"}, "resnet50, test, shard 12"),
        ({}, ""),
    ],
)
def test_wildcards_are_words(wildcards, expected):
    assert words.of_job(wildcards, "demo") == expected


@pytest.mark.parametrize(
    ("seconds", "exact", "coarse"),
    [
        (0.04, "0.0 s", "5 s"),
        (3.14, "3.1 s", "5 s"),
        (52, "52.0 s", "50 s"),
        (125, "2 min 05 s", "2 min"),
        (5000, "1 h 23 min", "83 min"),
        (8700, "2 h 25 min", "2 h 20 min"),
        (7190, "1 h 59 min", "2 h"),
    ],
)
def test_durations(seconds, exact, coarse):
    assert words.duration(seconds) == exact
    assert words.about(seconds) == coarse


def test_a_text_is_cut_to_columns_not_to_characters():
    assert words.cut("abcdef", 6) == "abcdef" and words.cut("abcdefg", 6) == "abcde…"
    assert words.cut("猫猫猫", 5) == "猫猫…" and words.width("猫猫…") == 5
    assert words.cut("e\u0301e\u0301", 2) == "e\u0301e\u0301"
    assert words.pad("猫", 4) == "猫  " and words.pad("abcdef", 4) == "abc…"
