"""The verdict says what the tables say, in every case."""

import numpy as np
import pandas as pd
import pytest

from spml.reporting import verdict

NAN = float("nan")
LABELS = {
    "teachers/em": "Entropy maximisation",
    "teachers/an": "Assume negative",
    "teachers/full": "Full supervision (true labels)",
    "students/paper": "Pseudo multi-labels",
}
EM, AN, FULL = (("teachers", name, "") for name in ("em", "an", "full"))


def row(kind, name, variant, val, test, gap, low, high, std, *, chosen=True, replicates=3):
    return {
        **{"kind": kind, "name": name, "variant": variant, "chosen": chosen, "replicates": replicates},
        **{"val_map": val, "val_map_std": NAN, "test_map": test, "students_difference": gap},
        **{"students_low": low, "students_high": high, "students_std": std},
    }


def table(**changes):
    rows = [
        row("students", "paper", "tau_0.85", 60.0, 61.62, 0.0, 0.0, 0.0, 0.0),
        row("students", "paper", "tau_0.75", 59.0, 63.0, -1.4, -3.0, 0.1, 0.4, chosen=False),
        row("teachers", "em", "", 60.5, 61.4, 0.22, -0.3, 0.7, 0.2),
        row("teachers", "an", "", 57.0, 58.5, 3.12, 1.2, 5.0, 0.6),
        row("teachers", "full", "", 66.0, 66.6, -4.98, -7.0, -3.0, 0.5),
    ]
    return pd.DataFrame(rows).assign(**changes)


def sentences(comparison, teachers=(EM,), baselines=("an", "em", "full"), scale="mAP (%)", select_on="true_labels"):
    return verdict.sentences(comparison, LABELS, "paper", teachers, baselines, scale, select_on)


def test_the_students_are_compared_with_their_teacher_and_the_baselines():
    first, clear = sentences(table())
    assert first == (
        "The students at τ 0.85 reach 61.6 % test mAP: no clear difference to their teacher Entropy maximisation, 3.1 points "
        "above Assume negative, and 5.0 points below Full supervision (true labels)."
    )
    assert clear == verdict.CLEAR


def test_the_model_that_labels_new_pictures_has_a_sentence_of_its_own():
    own = row("students", "recommended", "all", 63.0, 62.5, -0.9, -1.3, -0.5, 0.2)
    method = ("students", "recommended", "all")
    comparison = pd.concat([table(), pd.DataFrame([own])])
    text = verdict.sentences(comparison, LABELS, "paper", (EM,), ("an",), "mAP (%)", "true_labels", method)
    assert text[1] == (
        "recommended, the model that labels new pictures, reaches 62.5 % test mAP, 0.9 points above these students."
    )
    own["students_high"] = 0.1
    comparison = pd.concat([table(), pd.DataFrame([own])])
    text = verdict.sentences(comparison, LABELS, "paper", (EM,), ("an",), "mAP (%)", "true_labels", method)
    assert text[1].endswith("no clear difference to these students.")
    assert (
        verdict.sentences(table(), LABELS, "paper", (EM,), ("an",), "mAP (%)", "true_labels", method)[1]
        == verdict.CLEAR
    )


def test_methods_without_a_clear_difference_are_named_together():
    first = sentences(table(students_low=-9.0, students_high=9.0))[0]
    assert first.endswith(
        ": no clear difference to their teacher Entropy maximisation or Assume negative or Full supervision (true labels)."
    )


@pytest.mark.parametrize(
    ("gap", "low", "high", "std", "words"),
    [
        (3.0, 1.0, 5.0, 0.5, "3.0 points above"),
        (3.0, 1.0, 5.0, NAN, "3.0 points above"),  # one replicate
        (3.0, 1.0, 5.0, 3.5, "no clear difference to"),  # replicates differ by more
        (3.0, -0.1, 5.0, 0.5, "no clear difference to"),
        (-0.04, -0.06, -0.02, 0.01, "0.04 points below"),
        (0.0, 0.0, 0.0, 0.0, "no clear difference to"),
    ],
)
def test_a_difference_is_clear_outside_its_interval_and_its_spread(gap, low, high, std, words):
    assert verdict.difference(row("teachers", "em", "", 0, 0, gap, low, high, std)) == words


def test_one_replicate_is_said_to_be_one():
    text = sentences(table(replicates=1, students_std=NAN))
    assert "3.1 points above Assume negative" in text[0]
    assert "replicates" not in text[1] and text[2].startswith("There is one replicate")


def test_without_a_test_label_the_validation_map_is_shown_and_nothing_is_clear():
    unknown = dict.fromkeys(["test_map", "students_difference", "students_low", "students_high", "students_std"], NAN)
    text = sentences(table(**unknown), scale="mAP, categories present (%)", select_on="observed_labels")
    assert text[0] == (
        "The students at τ 0.85 reach 60.0 % validation mAP over the categories present: 0.5 points below their teacher Entropy "
        "maximisation, 3.0 points above Assume negative, and 6.0 points below Full supervision (true labels)."
    )
    assert text[1].startswith("No true label of a test image is known.") and "nobody observed as absent" in text[2]
    assert "clear" not in " ".join(text) and "nan" not in " ".join(text)
    spread = verdict.sentences(
        table(**unknown, val_map_std=1.25), LABELS, "paper", (EM,), (), "mAP (%)", "true_labels", None, 24
    )
    assert spread[0].startswith("The students at τ 0.85 reach 60.0 ± 1.2 % validation mAP: 0.5 points below")
    assert spread[1] == (
        "No true label of a test image is known. The numbers are of the 24 validation images, which also chose the models; ± is "
        "the standard deviation over replicates. Differences have no interval."
    )
    assert len(sentences(table(**unknown))) == 2  # selected on true labels: nothing of observed ones


def test_without_baselines_the_teacher_is_left_and_without_it_the_students_alone():
    assert sentences(table(), baselines=())[0].endswith("no clear difference to their teacher Entropy maximisation.")
    assert sentences(table(), teachers=(), baselines=())[0] == "The students at τ 0.85 reach 61.6 % test mAP."


def test_several_teachers_and_several_kinds_of_students_are_named():
    other = row("students", "other", "all", 50.0, 50.0, 11.6, 9.0, 13.0, 0.5)
    first = sentences(pd.concat([table(), pd.DataFrame([other])]), teachers=(EM, ("students", "other", "all")))[0]
    assert first.startswith(
        "The students Pseudo multi-labels at τ 0.85 reach 61.6 % test mAP: no clear difference to the "
    )
    assert "to the teacher Entropy maximisation, 11.6 points above the teacher other, 3.1 points above Assume" in first


def test_students_without_a_threshold_name_none():
    rows = table()
    rows["variant"] = rows["variant"].replace("tau_0.85", "all")
    assert sentences(rows)[0].startswith("The students reach 61.6 % test mAP: ")


def test_without_students_the_teacher_that_validation_prefers_is_named():
    rows = table()
    text = sentences(rows[rows["kind"] == "teachers"])
    assert text[0] == (
        "No student is shown. Of the teachers, Full supervision (true labels) has the highest validation mAP and reaches 66.6 % "
        "test mAP."
    )
    assert verdict.table(rows[rows["kind"] == "teachers"], LABELS, "paper", (EM,), ("an",)).empty


def test_the_numbers_of_the_verdict_are_a_table():
    found = verdict.table(table(), LABELS, "paper", (EM,), ("an", "em"))
    assert found.to_numpy().tolist() == [
        ["Entropy maximisation", "+0.22", "−0.30 to +0.70", "0.20", "no"],
        ["Assume negative", "+3.12", "+1.20 to +5.00", "0.60", "yes"],
    ]


@pytest.mark.parametrize(("value", "words"), [(0.0, "level with"), (0.001, "level with"), (-0.951, "1.0 points below")])
def test_points_in_words(value, words):
    assert verdict.points(value) == words
    assert np.signbit(value) == ("below" in words)
