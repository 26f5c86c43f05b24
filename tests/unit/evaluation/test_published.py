"""Our test mAP beside the published one."""

import math

import pandas as pd
import pytest

from spml.evaluation import published


def compared(values, numbers):
    """The table of models with a test mAP per replicate; ``numbers`` are the published ones."""
    rows = [
        dict(zip(("kind", "name", "variant"), key.split("/"), strict=True)) | {"seed": seed, "test_map": value}
        for key, replicates in values.items()
        for seed, value in enumerate(replicates)
    ]
    return published.compared(pd.DataFrame(rows), numbers, {"teachers/em": "EM"}, "end_to_end", "Somebody 2022")


def test_a_row_has_mean_and_standard_deviation_over_replicates_and_the_difference():
    table = compared({"teachers/em/": [70.0, 71.0, 72.0]}, {"teachers/em/": 70.7})
    (row,) = table.to_dict("records")
    assert list(table) == published.COLUMNS
    assert (row["label"], row["replicates"], row["mode"], row["source"]) == ("EM", 3, "end_to_end", "Somebody 2022")
    assert row["test_map"] == pytest.approx(71) and row["test_map_std"] == pytest.approx(1)
    assert row["difference"] == pytest.approx(0.3)


def test_rows_are_in_the_order_of_the_published_numbers_and_variants_are_told_apart():
    values = {"students/paper/tau_0.50": [1.0], "students/paper/tau_0.75": [2.0], "teachers/em/": [3.0]}
    numbers = {"teachers/em/": 3.5, "students/paper/tau_0.75": 2.5, "students/paper/tau_0.50": 1.5}
    table = compared(values, numbers)
    assert list(table["label"]) == ["EM", "paper τ 0.75", "paper τ 0.50"]
    assert list(table["difference"]) == [-0.5, -0.5, -0.5]
    assert table["test_map_std"].isna().all()  # of one replicate


def test_a_number_that_is_not_confirmed_is_empty_and_has_no_difference():
    (row,) = compared({"teachers/em/": [70.0, 71.0]}, {"teachers/em/": None}).to_dict("records")
    assert math.isnan(row["published_map"]) and math.isnan(row["difference"]) and row["test_map"] == 70.5


def test_without_true_labels_of_test_images_ours_is_empty():
    (row,) = compared({"teachers/em/": [math.nan, math.nan]}, {"teachers/em/": 70.7}).to_dict("records")
    assert math.isnan(row["test_map"]) and math.isnan(row["difference"]) and row["published_map"] == 70.7
