"""Play answers from the true labels for one strategy of questions and one replicate, and measure what they gain."""

from spml.runtime import log

log.redirect(snakemake)

import torch

from spml.artifacts import labels, tables
from spml.features.devices import choose_device
from spml.review import simulation
from spml.review.queue import STRATEGIES
from spml.training.options import read_options

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
source, wildcards = snakemake.input, snakemake.wildcards
options, seed, device = snakemake.params.options, int(wildcards.seed), choose_device(snakemake.resources.device)
method = simulation.Method(
    teachers={name: read_options(settings) for name, settings in options["teachers"]},
    student=options["student"],
    options=read_options(options["student_options"]),
    soft=options["rule"] == "soft",
)
data = simulation.Data(
    train_features=source.features,
    test_features=source.test_features,
    decomposition=source.decomposition or "",
    landmarks=source.landmarks or None,
    true=labels.read(source.labels, "labels"),
    observed=labels.read(source.observed, "observed"),
    test=labels.read(source.test_labels, "labels"),
)
full = simulation.full_supervision(data, method, seed=seed, device=device)
rows: list[list[object]] = [["strategy", "seed", *simulation.Round._fields, "full_map"]]
strategy = STRATEGIES[wildcards.strategy]
for point in simulation.play(data, method, strategy, options["answers_per_image"], seed=seed, device=device):
    rows.append([strategy.name, seed, *(f"{value:.6f}" for value in point), f"{full:.6f}"])
    print(", ".join(f"{key} {value:.2f}" for key, value in point._asdict().items()))
tables.write_rows(snakemake.output.table, rows)
