"""The methods of several experiments in one table: the same method once, methods of one name told apart by experiment."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from spml.evaluation import results

MEASURED = [  # columns of tables/comparison.csv that do not depend on which students the figures of an experiment show
    *("replicates", "val_map", "val_map_std", "test_map", "test_map_std", "test_map_low", "test_map_high"),
    *("difference", "difference_low", "difference_high", "difference_std", "reference"),
]


def combined(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row per method of several experiments, the highest test mAP first.

    Parameters
    ----------
    tables : tables/comparison.csv of each experiment, by its name

    Returns
    -------
    The columns ``experiment`` (the names of those that agree on all of a row, joined by commas), those of ``METHOD``,
    ``chosen`` (in any of them) and ``MEASURED``. Differences are to the reference of each experiment, as its table has them.
    """
    rows = pd.concat([table.assign(experiment=name) for name, table in tables.items()], ignore_index=True)
    key = [*results.METHOD, *MEASURED]
    grouped = rows.groupby(key, sort=False, dropna=False, as_index=False)
    table = grouped.agg(experiment=("experiment", ", ".join), chosen=("chosen", "any"))
    table = table[["experiment", *results.METHOD, "chosen", *MEASURED]]
    score = "test_map" if results.is_tested(table) else "val_map"
    return table.sort_values(score, ascending=False, kind="stable", ignore_index=True)


def shown(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of a combined table that a figure shows, in the order drawn, the highest mAP last.

    A student is shown with its chosen variant. ``name`` is the display name in ``labels`` (by kind/name), with the
    experiment where another one has a method of that name with other results. ``reference`` is the label of the reference, or
    words for several.
    """
    is_reference = np.array(results.method_labels(table, {})) == table["reference"].to_numpy()
    references = results.method_labels(table[is_reference], labels)
    reference = references[0] if len(references) == 1 else "each experiment's own"
    apart = table.duplicated(results.METHOD, keep=False)
    names = [labels.get(f"{kind}/{name}", name) for kind, name in zip(table["kind"], table["name"], strict=True)]
    told = [f"{name} ({experiment})" for name, experiment in zip(names, table["experiment"], strict=True)]
    table = table.assign(name=np.where(apart, told, names), reference=reference)
    return table[table["chosen"]].iloc[::-1].reset_index(drop=True)
