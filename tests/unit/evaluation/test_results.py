import pandas as pd
import pytest

from spml.artifacts import tables
from spml.evaluation import results


def model(kind, name, variant, seed, val, test):
    row = {"kind": kind, "name": name, "variant": variant, "tau": variant.removeprefix("tau_"), "seed": seed}
    row |= {"val_map": val, "test_map": test, "val_map_present": val + 1, "test_map_present": test + 1}
    return row | {"val_categories_present": 4, "test_categories_present": 4, "categories": 4}


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
    assert results.selection("true_labels") == "selected on true validation labels"
    assert results.selection("observed_labels") == "selected on observed validation labels"


def test_one_replicate_has_no_standard_deviation():
    table = pd.DataFrame({"name": ["a", "a", "b"], "score": [1.0, 3.0, 5.0]})
    spread = results.mean_std(table, "name", "score")
    assert spread.loc["a"].tolist() == pytest.approx([2.0, 2**0.5])
    assert spread.loc["b", "mean"] == 5.0 and pd.isna(spread.loc["b", "std"])
