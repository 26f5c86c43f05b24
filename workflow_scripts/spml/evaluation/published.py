"""Our test mAP beside the one that others published."""

from collections.abc import Mapping

import pandas as pd

from spml.evaluation import results

COLUMNS = [
    *results.METHOD,
    *("label", "published_map", "test_map", "test_map_std", "replicates", "difference", "mode", "source"),
]


def compared(
    models: pd.DataFrame, published: Mapping[str, float | None], labels: Mapping[str, str], mode: str, source: str
) -> pd.DataFrame:
    """Return a row per published number, in the order of ``published``.

    Parameters
    ----------
    models : a row per replicate: the columns of ``METHOD``, ``seed`` and ``test_map`` (mAP in percent; NaN where no label of
        a test image is known)
    published : test mAP in percent by kind/name/variant; None where it is not confirmed
    labels : display names by kind/name
    mode : how the published models were trained
    source : where the numbers were published

    Returns
    -------
    The columns ``COLUMNS``: the mean and the standard deviation of our mAP over the replicates (empty for one replicate),
    and how far our mean is above the published number.
    """
    found = results.mean_std(models, results.METHOD, "test_map").assign(
        replicates=models.groupby(results.METHOD).size()
    )
    methods = [dict(zip(results.METHOD, key.split("/"), strict=True)) for key in published]
    table = pd.DataFrame(methods).assign(
        published_map=[float("nan") if value is None else value for value in published.values()]
    )
    table = table.merge(found.reset_index(), on=results.METHOD, how="left", validate="1:1")
    table = table.rename(columns={"mean": "test_map", "std": "test_map_std"})
    difference = table["test_map"] - table["published_map"]
    table = table.assign(label=results.method_labels(table, labels), difference=difference, mode=mode, source=source)
    return table[COLUMNS]
