"""Compare every method with the reference on the test split: mean difference over replicates, interval over images."""

from spml.runtime import log

log.redirect(snakemake)

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from spml.artifacts import labels, tables
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results
from spml.evaluation.intervals import Effects, difference_interval, map_effects, map_interval
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

UNKNOWN = float("nan"), float("nan")
options = snakemake.params.options
progress = Progress("intervals", len(snakemake.input.logits), "models")
models = results.read_map(snakemake.input.table)
methods = results.methods(models)
effects: dict[tuple[str, ...], Effects] = {}  # the mean over the replicates of a method
with labels.opening(snakemake.input.labels, "labels") as true, ThreadPoolExecutor(snakemake.threads) as executor:
    # Without a known label nothing can be compared on the test split, and the columns stay empty.
    known = bool((labels.count(true.values, TrueLabel.UNKNOWN) < len(true.image_id)).any())
    for model, path in zip(snakemake.params.models, snakemake.input.logits, strict=True):
        method = tuple(model[key] for key in results.METHOD)
        if method not in methods.index:  # left out
            progress.advance(1)
            continue
        with labels.opening(path, "logits") as logits:
            logits.require_same_as(true)
            own = map_effects(logits.values, true.values, executor.map) if known else None
        if own:
            effects[method] = effects.get(method, own - own).plus(own, 1 / methods.loc[method, "replicates"])
        progress.advance(1)
    images = len(true.image_id)
progress.finish()

reference = tuple(options["reference"][key] for key in results.METHOD)
if reference not in methods.index:
    name = results.variant_label(*reference[1:])
    raise InputError(
        f"comparison.reference: {name} is left out, since its pseudo-labels teach nothing; wanted another reference"
    )
by_replicate: dict[Any, np.ndarray] = methods["test_by_replicate"].to_dict()
students = "students", options["students"], results.chosen_variant(models, options["students"])


def compared(one: tuple[str, ...], other: tuple[str, ...], prefix: str) -> dict[str, float]:
    """Return how far the first method is above the second: mean and std over replicates, interval over images."""
    if one not in by_replicate:  # students that are left out
        return {"difference": float("nan")} | {f"{prefix}_{name}": float("nan") for name in ("low", "high", "std")}
    differences = by_replicate[one] - by_replicate[other]
    low, high = difference_interval(effects[one] - effects[other]) if known else UNKNOWN
    std = differences.std(ddof=1) if len(differences) > 1 else float("nan")
    return {"difference": differences.mean(), f"{prefix}_low": low, f"{prefix}_high": high, f"{prefix}_std": std}


rows = []
for index, row in methods.iterrows():
    method = tuple(map(str, index))  # type: ignore[call-overload]
    own_low, own_high = map_interval(effects[method]) if known else UNKNOWN
    to_students = compared(students, method, "students")
    rows.append(
        dict(zip(results.METHOD, method, strict=True))
        | row.drop("test_by_replicate").to_dict()
        | {"test_map_low": own_low, "test_map_high": own_high}
        | compared(method, reference, "difference")
        | {"reference": results.variant_label(*reference[1:]), "students_difference": to_students.pop("difference")}
        | to_students
    )
table = pd.DataFrame(rows).sort_values("test_map" if known else "val_map", ascending=False, kind="stable")
tables.write(snakemake.output.table, table, decimals=4)
print(f"{images:,} test images, against {results.variant_label(*reference[1:])}")
shown = ["name", "variant", "test_map", "difference", "difference_low", "difference_high"]
print(table[shown].to_string(index=False, float_format="%.2f"))
