"""The card of a model, as Markdown: what it is, what it was made from, how good it is, what it is not for.

Source of the headings: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spml.evaluation import metrics, results, thresholds
from spml.reporting import html, numbers

SHOWN = {  # key of a metric to its title on the card
    "map": "mAP",
    "map_present": "mAP, categories present",
    "of1_chosen": "OF1",
    "cf1_chosen": "CF1",
}


def evaluate(predictions: metrics.Predictions, category: Sequence[str]) -> tuple[dict[str, float | None], pd.DataFrame]:
    """Return the metrics on the test split in percent, and a row per category.

    Entries whose true label is unknown are left out; the metrics are empty where all are.
    """
    known, counts = predictions.sums.known, predictions.sums.at_chosen
    by_category = pd.DataFrame(
        {
            "category": list(category),
            "test positives": np.where(known > 0, np.asarray(counts.present).astype(str), numbers.MISSING),
            "AP": 100 * predictions.average_precision,
            "precision": 100 * counts.precision,
            "recall": 100 * counts.recall,
        }
    )
    return metrics.evaluate(predictions) if known.any() else {}, by_category


def card(
    choice: Mapping[str, Any],
    options: Mapping[str, Any],
    measured: tuple[Mapping[str, float | None], pd.DataFrame],
    *,
    images: Mapping[str, int],
    tested: float,
    positives: Sequence[float],
    files: Sequence[Mapping[str, Any]],
    versions: Mapping[str, str],
    code: Mapping[str, Any],
) -> str:
    """Return the card.

    Parameters
    ----------
    choice : as in model.json
    options : how the model was trained, and ``labels``, display names by kind/name
    measured : as ``evaluate`` returns it
    images : numbers by split
    tested : share of the true labels of the test images that is known
    positives : numbers of training rows [L], NaN where no label of a category is known
    files : path, bytes and sha256 of each
    versions, code : as in provenance.json
    """
    overall, by_category = measured
    model = choice["model"]
    table = by_category.assign(threshold=[choice["thresholds"][name] for name in by_category["category"]])
    table["chosen by"] = [choice["threshold_sources"][name] for name in by_category["category"]]
    table["validation positives"] = [f"{choice['positives'][name]:,}" for name in by_category["category"]]
    table.insert(1, "training positives", [numbers.number(count, ".0f") for count in positives])
    return html.render(
        "model_card.md",
        dataset=choice["dataset"],
        model=results.method_label(model["kind"], model["name"], model["variant"], options["labels"]),
        choice=choice,
        backbone=choice["backbone"],
        sees=choice["backbone"]["preprocessing"],
        selection=results.SELECTION[choice["select_on"]],
        images=images,
        tested=f"{100 * tested:.3g}" if tested < 1 else "",
        training=options["training"],
        training_json=json.dumps(options["training"], ensure_ascii=False),
        pseudo_labels=options["pseudo_labels"][model["variant"]] if model["kind"] == "students" else None,
        metrics={title: _number(overall[key]) for key, title in SHOWN.items()} if overall else {},
        columns=list(table),
        rows=_rows(table),
        never_trained=[name for name, count in zip(table["category"], positives, strict=True) if count == 0],
        weight=thresholds.WEIGHT,
        files=[{**file, "name": os.path.basename(file["path"])} for file in files],
        versions=versions,
        code=code,
    )


def _number(value: float | None) -> str:
    return numbers.MISSING if value is None else numbers.number(value)


def _rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the cells of the table as text."""
    shown = table.copy()
    for column in table:
        if column == "category":
            shown[column] = table[column].map(html.escape_markdown)
        elif column == "threshold":
            shown[column] = table[column].map("{:.4f}".format)
        elif table[column].dtype.kind == "f":
            shown[column] = table[column].map(numbers.number)
    return list(shown.itertuples(index=False, name=None))
