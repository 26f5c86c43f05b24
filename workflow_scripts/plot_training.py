"""Draw loss and validation mAP of every model over its training, a panel per method."""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import tables
from spml.evaluation import results
from spml.reporting import figures, training_figure

names = snakemake.params.options["labels"]
methods: dict[tuple[str, str, bool], training_figure.Method] = {}
for model, path in zip(snakemake.params.models, snakemake.input.histories, strict=True):
    runs = training_figure.runs(tables.parse(path))
    for run in runs:
        label = results.method_label(model["kind"], model["name"], "", names)
        if len(runs) > 1:
            label += ", ridge regression" if run.is_path else ", epochs"
        key = model["kind"], model["name"], run.is_path
        method = methods.setdefault(key, training_figure.Method(label))
        method.runs.append((f"τ {model['tau']}" if model["tau"] else "", run))
        kept = "kept" if run.is_kept else "not kept"
        print(f"{path}: best at {run.steps[run.chosen]:g}, validation mAP {run.val_map[run.chosen]:.2f}, {kept}")
figures.save(training_figure.draw(list(methods.values())), snakemake.output.svg, snakemake.output.png)
