"""Methods as tables and figures show them: their labels, their mAP, and the variant that validation chose."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from spml.artifacts import tables

UNTESTED = "no true label of a test image is known"
METHOD = ["kind", "name", "variant"]  # columns of tables/map.csv that identify a method; its rows are its replicates
SELECTION = {"true_labels": "true", "observed_labels": "observed"}  # select_on to the validation labels in words


def variant_label(name: str, variant: str) -> str:
    """Return a name with the threshold of its variant, if it has one: em, paper τ 0.75, cap."""
    return f"{name} τ {variant.removeprefix('tau_')}" if variant.startswith("tau_") else name


def method_label(kind: str, name: str, variant: str, labels: Mapping[str, str]) -> str:
    """Return the label of a method: its display name in ``labels`` (by ``kind/name``), or else its name, and its τ."""
    return variant_label(labels.get(f"{kind}/{name}", name), variant)


def method_labels(table: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Return the label of the method of each row."""
    methods = zip(*(table[key] for key in METHOD), strict=True)
    return [method_label(kind, name, variant, labels) for kind, name, variant in methods]


def reference_label(comparison: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Return the label of the method that tables/comparison.csv compares the others with."""
    rows = comparison[comparison["difference"].fillna(0) == 0]  # the reference, or every method where nothing is tested
    reference = comparison["reference"].iloc[0]
    names = method_labels(rows, {})
    return method_labels(rows, labels)[names.index(reference)] if reference in names else reference


def read_map(path: str | os.PathLike) -> pd.DataFrame:
    """Read tables/map.csv, and add the columns ``val_score`` and ``test_score``: the mAP in percent that is shown.

    The shown mAP is the published one, or the mAP over the categories present where a split lacks some; ``scale`` names it.
    A split without a known label does not count as lacking categories, and its scores are NaN. A variant that is left out
    in some replicate is not in the table (``left_out`` has it).
    """
    table = tables.read(path)
    without = left_out(table)
    table = table[[method not in without for method in table[METHOD].itertuples(index=False, name=None)]]
    table = table.reset_index(drop=True)
    columns = [f"{split}_categories_present" for split in ("val", "test") if table[f"{split}_map"].notna().any()]
    complete = bool(table[columns].eq(table["categories"], axis=0).all(axis=None))
    for split in ("val", "test"):
        table[f"{split}_score"] = table[f"{split}_map"] if complete else table[f"{split}_map_present"]
    table["scale"] = "mAP (%)" if complete else "mAP, categories present (%)"
    return table


def left_out(table: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """Return, by method (``METHOD``), why its pseudo-labels teach nothing, in some replicate; ``table`` as in tables/map.csv."""
    rows = table[table["left_out"] != ""]
    return dict(zip(rows[METHOD].itertuples(index=False, name=None), rows["left_out"], strict=True))


def with_found_tau(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of variants whose τ, where a target found one in each replicate, is the mean over replicates."""
    found = table["variant"] == "all"
    tau = table.groupby(["pseudo_labels", "variant"])["tau"].transform("mean")
    return table.assign(tau=tau.where(found, table["tau"]))


def is_tested(table: pd.DataFrame) -> bool:
    """Return whether tables/map.csv or comparison.csv has a mAP on the test split: whether a test label is known."""
    return bool(table["test_map"].notna().any())


def selection(select_on: str) -> str:
    """Return in words the validation labels that models were selected on; ``select_on`` as in the config."""
    return f"chosen on {SELECTION[select_on]} validation labels"


def mean_std(table: pd.DataFrame, by: str | list[str], value: str) -> pd.DataFrame:
    """Return ``mean`` and ``std`` of a column over replicates, indexed by ``by``; the std of one replicate is NaN."""
    grouped = table.groupby(by)[value]
    return pd.DataFrame({"mean": grouped.mean(), "std": grouped.std(ddof=1)})


def methods(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per method, indexed by METHOD: mAP on validation and test over its replicates, and whether it was chosen.

    The variant of a student with the highest validation mAP is ``chosen`` (the first among equals), and so is every
    teacher. ``test_by_replicate`` holds an array by ascending seed.
    """
    table = table.sort_values("seed", kind="stable")
    val, test = (mean_std(table, METHOD, f"{split}_score") for split in ("val", "test"))
    grouped = table.groupby(METHOD)
    result = pd.DataFrame(
        {
            "replicates": grouped.size(),
            "val_map": val["mean"],
            "val_map_std": val["std"],
            "test_map": test["mean"],
            "test_map_std": test["std"],
            "test_by_replicate": grouped["test_score"].agg(np.array),
        }
    )
    best = result.groupby(["kind", "name"])["val_map"].idxmax()
    result.insert(1, "chosen", result.index.isin(best))
    return result
