"""Compare every method with the reference on the test split: mean difference over replicates, bootstrap interval."""

from spml.runtime import log

log.redirect(snakemake)

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from spml.artifacts import labels, tables
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results
from spml.evaluation.bootstrap import SEED, interval, resample_counts, resampled_map
from spml.runtime.log import Progress

options = snakemake.params.options
progress = Progress("bootstrap", len(snakemake.input.logits), "models")
resampled: dict[tuple[str, ...], list[np.ndarray]] = {}
with labels.opening(snakemake.input.labels, "labels") as true, ThreadPoolExecutor(snakemake.threads) as executor:
    # Without a known label nothing can be compared on the test split, and the columns stay empty.
    known = bool((labels.count(true.values, TrueLabel.UNKNOWN) < len(true.image_id)).any())
    counts = resample_counts(len(true.image_id), options["resamples"] if known else 0, SEED)
    for model, path in zip(snakemake.params.models, snakemake.input.logits, strict=True):
        with labels.opening(path, "logits") as logits:
            logits.require_same_as(true)
            scores = resampled_map(logits.values, true.values, counts, executor.map) if known else np.array([np.nan])
        resampled.setdefault(tuple(model[key] for key in results.METHOD), []).append(scores)
        progress.advance(1)
progress.finish()

methods = results.methods(results.read_map(snakemake.input.table))
reference = tuple(options["reference"][key] for key in results.METHOD)
name = results.variant_label(*reference[1:])
base = methods.loc[reference, "test_by_replicate"]
rows = []
for index, row in methods.iterrows():
    method = tuple(map(str, index))  # type: ignore[call-overload]
    differences = row["test_by_replicate"] - base
    low, high = interval(np.mean(np.subtract(resampled[method], resampled[reference]), axis=0))
    own_low, own_high = interval(np.mean(resampled[method], axis=0))
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
print(f"{len(counts):,} test images, {counts.shape[1]:,} resamples, against {name}")
shown = ["name", "variant", "test_map", "difference", "difference_low", "difference_high"]
print(table[shown].to_string(index=False, float_format="%.2f"))
