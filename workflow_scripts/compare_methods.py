"""Compare every method with the reference on the test split: mean difference over replicates, interval over images."""

from spml.runtime import log

log.redirect(snakemake)

from concurrent.futures import ThreadPoolExecutor

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
methods = results.methods(results.read_map(snakemake.input.table))
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
name = results.variant_label(*reference[1:])
if reference not in methods.index:
    raise InputError(
        f"comparison.reference: {name} is left out, since its pseudo-labels teach nothing; wanted another reference"
    )
base = methods.loc[reference, "test_by_replicate"]
rows = []
for index, row in methods.iterrows():
    method = tuple(map(str, index))  # type: ignore[call-overload]
    differences = row["test_by_replicate"] - base
    own_low, own_high = map_interval(effects[method]) if known else UNKNOWN
    low, high = difference_interval(effects[method] - effects[reference]) if known else UNKNOWN
    rows.append(
        dict(zip(results.METHOD, method, strict=True))
        | row.drop("test_by_replicate").to_dict()
        | {"test_map_low": own_low, "test_map_high": own_high}
        | {"difference": differences.mean(), "difference_low": low, "difference_high": high}
        | {"difference_std": differences.std(ddof=1) if len(differences) > 1 else float("nan")}
        | {"reference": name}
    )
table = pd.DataFrame(rows).sort_values("test_map" if known else "val_map", ascending=False, kind="stable")
tables.write(snakemake.output.table, table, decimals=4)
print(f"{images:,} test images, against {name}")
shown = ["name", "variant", "test_map", "difference", "difference_low", "difference_high"]
print(table[shown].to_string(index=False, float_format="%.2f"))
