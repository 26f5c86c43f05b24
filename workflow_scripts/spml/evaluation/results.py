"""What the tables and figures share: methods, their names, the variant that validation chose."""

import os

import numpy as np
import pandas as pd

from spml.artifacts import tables

UNTESTED = "no true label of a test image is known"
METHOD = ["kind", "name", "variant"]  # what makes a method in tables/map.csv; its rows are its replicates


def name_of(kind: str, name: str, variant: str) -> str:
    """A method as people read it: em, paper τ 0.75, cap."""
    return f"{name} τ {variant.removeprefix('tau_')}" if variant.startswith("tau_") else name


def read_map(path: str | os.PathLike) -> pd.DataFrame:
    """tables/map.csv, and the columns ``val_score`` and ``test_score``: the mAP that figures show.

    That is the published one, or the one over the categories present where a split lacks some; ``scale`` says which. A split
    of which no label is known is not asked: its scores are NaN.
    """
    table = tables.read(path)
    measured = [f"{split}_categories_present" for split in ("val", "test") if table[f"{split}_map"].notna().any()]
    complete = bool(table[measured].eq(table["categories"], axis=0).all(axis=None))
    for split in ("val", "test"):
        table[f"{split}_score"] = table[f"{split}_map"] if complete else table[f"{split}_map_present"]
    table["scale"] = "mAP (%)" if complete else "mAP, categories present (%)"
    return table


def is_tested(table: pd.DataFrame) -> bool:
    """Whether a label of the test split is known, so that there is a mAP on it (of tables/map.csv or comparison.csv)."""
    return bool(table["test_map"].notna().any())


def choice(table: pd.DataFrame) -> str:
    """What models were chosen on, in words."""
    return f"chosen on {table['validation_labels'].iloc[0]} validation labels"


def methods(table: pd.DataFrame) -> pd.DataFrame:
    """A row per method, indexed by METHOD: mAP on validation and test over its replicates, and whether it was chosen.

    Of the variants of one student the one with the highest validation mAP is ``chosen`` (the first of equals); every
    teacher is. ``test_by_replicate`` holds an array by ascending seed.
    """
    grouped = table.sort_values("seed", kind="stable").groupby(METHOD)
    result = pd.DataFrame(
        {
            "replicates": grouped.size(),
            "val_map": grouped["val_score"].mean(),
            "val_map_std": grouped["val_score"].std(ddof=1),
            "test_map": grouped["test_score"].mean(),
            "test_map_std": grouped["test_score"].std(ddof=1),
            "test_by_replicate": grouped["test_score"].agg(np.array),
        }
    )
    best = result.groupby(["kind", "name"])["val_map"].idxmax()
    result.insert(1, "chosen", result.index.isin(best))
    return result
