import pandas as pd
import pytest

from spml.artifacts import tables
from spml.evaluation import results


def model(kind, name, variant, seed, val, test):
    row = {"kind": kind, "name": name, "variant": variant, "tau": variant.removeprefix("tau_"), "seed": seed}
    row |= {"val_map": val, "test_map": test, "val_map_present": val + 1, "test_map_present": test + 1}
    return row | {"val_categories_present": 4, "test_categories_present": 4, "categories": 4, "left_out": ""}


def test_the_variant_is_chosen_on_validation(tmp_path):
    rows = []
    for seed in (2, 1):
        rows.append(model("teachers", "1e3", "", seed, 50, 40 + seed))
        rows.append(model("students", "NA", "tau_0.50", seed, 60 + seed, 10))
        rows.append(model("students", "NA", "tau_0.70", seed, 59 + seed, 90))
    tables.write(tmp_path / "map.csv", pd.DataFrame(rows))
    table = results.read_map(tmp_path / "map.csv")
    methods = results.methods(table)
    assert methods["chosen"].to_dict() == {
        ("students", "NA", "tau_0.50"): True,
        ("students", "NA", "tau_0.70"): False,
        ("teachers", "1e3", ""): True,
    }
    assert methods.loc[("teachers", "1e3", ""), "test_by_replicate"].tolist() == [41, 42]
    assert (table["scale"] == "mAP (%)").all()
    rows[0]["val_categories_present"] = 3
    tables.write(tmp_path / "map.csv", pd.DataFrame(rows))
    table = results.read_map(tmp_path / "map.csv")
    assert (table["scale"] == "mAP, categories present (%)").all() and table["test_score"].iloc[0] == 43


def test_a_variant_that_is_left_out_in_a_replicate_is_no_method(tmp_path):
    rows = [model("teachers", "em", "", 1, 50, 40), model("students", "paper", "tau_0.50", 1, 60, 50)]
    rows += [model("students", "paper", "tau_0.90", seed, 70, 90) for seed in (1, 2)]
    rows[-1] |= {"val_map": "", "test_map": "", "val_categories_present": "", "left_out": "no label is present"}
    tables.write(tmp_path / "map.csv", pd.DataFrame(rows))
    assert results.left_out(tables.read(tmp_path / "map.csv")) == {
        ("students", "paper", "tau_0.90"): "no label is present"
    }
    table = results.read_map(tmp_path / "map.csv")
    assert set(results.methods(table).index) == {("teachers", "em", ""), ("students", "paper", "tau_0.50")}
    assert (table["scale"] == "mAP (%)").all()


def test_the_tau_that_a_target_found_is_the_mean_over_replicates():
    rows = [{"pseudo_labels": "mine", "variant": "all", "seed": seed, "tau": tau} for seed, tau in ((1, 0.6), (2, 0.7))]
    rows += [{"pseudo_labels": "paper", "variant": "tau_0.50", "seed": 1, "tau": 0.5}]
    assert results.with_found_tau(pd.DataFrame(rows))["tau"].tolist() == pytest.approx([0.65, 0.65, 0.5])


LABELS = {"teachers/em": "Entropy maximisation", "students/em": "Pseudo multi-labels"}


def test_a_method_shows_its_label_and_its_threshold():
    assert results.method_label("teachers", "em", "", LABELS) == "Entropy maximisation"
    assert results.method_label("students", "em", "tau_0.75", LABELS) == "Pseudo multi-labels τ 0.75"
    assert results.method_label("students", "cap", "all", LABELS) == "cap"


def test_the_reference_is_labelled_as_the_method_that_it_is():
    columns = ["kind", "name", "variant", "difference", "reference"]
    rows = [("students", "em", "all", 0.5, "em"), ("teachers", "em", "", 0.0, "em")]
    assert results.reference_label(pd.DataFrame(rows, columns=columns), LABELS) == "Entropy maximisation"
    untested = pd.DataFrame([("teachers", "em", "", float("nan"), "em")], columns=columns)
    assert results.reference_label(untested, LABELS) == "Entropy maximisation"


def test_the_labels_that_models_were_chosen_on_are_said_in_words():
    assert results.selection("true_labels") == "chosen on true validation labels"
    assert results.selection("observed_labels") == "chosen on observed validation labels"


def test_one_replicate_has_no_standard_deviation():
    table = pd.DataFrame({"name": ["a", "a", "b"], "score": [1.0, 3.0, 5.0]})
    spread = results.mean_std(table, "name", "score")
    assert spread.loc["a"].tolist() == pytest.approx([2.0, 2**0.5])
    assert spread.loc["b", "mean"] == 5.0 and pd.isna(spread.loc["b", "std"])
