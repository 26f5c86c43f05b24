"""Several experiments in one table: the same method once, methods of one name told apart by experiment."""

import pandas as pd

from spml.evaluation import experiments, results

NAN = float("nan")
EM = ("teachers", "em", "", True, 50.0, 0.0)
FIRST = ("students", "paper", "tau_0.50", True, 52.0, 2.0)
SECOND = ("students", "paper", "tau_0.70", False, 51.0, 1.0)


def table(*rows, reference="em", replicates=2):
    """Rows of tables/comparison.csv: kind, name, variant, whether it was chosen, test mAP, difference to the reference."""
    frame = pd.DataFrame(rows, columns=[*results.METHOD, "chosen", "test_map", "difference"])
    rest = {name: NAN for name in experiments.MEASURED if name not in frame.columns}
    return frame.assign(**rest | {"replicates": replicates, "reference": reference, "students_difference": 9.0})


def names(combined):
    return list(zip(combined["experiment"], combined["name"], combined["variant"], strict=True))


def test_the_same_method_with_the_same_results_is_one_row_of_both():
    combined = experiments.combined({"a": table(EM, FIRST), "b": table(EM, ("teachers", "an", "", True, 49.0, -1.0))})
    assert names(combined) == [("a", "paper", "tau_0.50"), ("a, b", "em", ""), ("b", "an", "")]
    assert list(combined["test_map"]) == [52, 50, 49]
    assert "students_difference" not in combined.columns  # of the students that the figures of one experiment show


def test_a_variant_that_one_experiment_chose_is_chosen():
    one, other = table(EM, FIRST, SECOND), table(EM, (*SECOND[:3], True, *SECOND[4:]))
    combined = experiments.combined({"a": one, "b": other})
    assert list(combined["chosen"]) == [True, True, True]
    assert names(combined)[1] == ("a, b", "paper", "tau_0.70")


def test_methods_of_one_name_with_other_results_are_told_apart():
    other = ("teachers", "em", "", True, 47.0, 0.0)
    combined = experiments.combined({"a": table(EM, FIRST), "b": table(other)})
    assert names(combined) == [("a", "paper", "tau_0.50"), ("a", "em", ""), ("b", "em", "")]
    shown = experiments.shown(combined, {"teachers/em": "Entropy maximisation"})
    assert list(shown["name"]) == ["Entropy maximisation (b)", "Entropy maximisation (a)", "paper"]
    assert set(shown["reference"]) == {"each experiment's own"}


def test_a_variant_is_told_apart_where_only_one_of_the_two_is_shown():
    other = (*FIRST[:3], False, 51.0, 1.0)
    shown = experiments.shown(experiments.combined({"a": table(EM, FIRST), "b": table(EM, other)}), {})
    assert list(shown["name"]) == ["em", "paper (a)"]


def test_another_number_of_replicates_is_another_result():
    combined = experiments.combined({"a": table(EM), "b": table(EM, replicates=3)})
    assert names(combined) == [("a", "em", ""), ("b", "em", "")]


def test_one_reference_has_its_display_name_whether_it_is_shown_or_not():
    labels = {"students/paper": "Pseudo multi-labels"}
    rows = [(*EM[:5], -1.0), (*FIRST[:5], 1.0), (*SECOND[:5], 0.0)]
    shown = experiments.shown(
        experiments.combined(
            {"a": table(*rows, reference="paper τ 0.70"), "b": table(rows[0], reference="paper τ 0.70")}
        ),
        labels,
    )
    assert set(shown["reference"]) == {"Pseudo multi-labels τ 0.70"}
    assert list(shown["name"]) == ["em", "Pseudo multi-labels"]


def test_without_true_test_labels_the_order_is_that_of_validation():
    rows = [("teachers", name, "", True, NAN, NAN) for name in ("em", "an")]
    one = table(*rows).assign(val_map=[40.0, 41.0])
    assert names(experiments.combined({"a": one, "b": one})) == [("a, b", "an", ""), ("a, b", "em", "")]
