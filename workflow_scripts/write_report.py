"""Write the report of a data set: figures, tables, costs and provenance on one page."""

from spml.runtime import log

log.redirect(snakemake)

import json
from pathlib import Path

import numpy as np

from spml.artifacts import labels, tables
from spml.evaluation import results
from spml.reporting import report
from spml.runtime.files import writing

options, dataset = snakemake.params.options, snakemake.wildcards.dataset
table = {name: tables.read(snakemake.input[name]) for name in ("comparison", "label_counts", "label_quality")}
record = json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8"))
train, test = labels.read(snakemake.input.train, "labels"), labels.read(snakemake.input.test, "labels")
images = {"train": len(train.rows("train")), "val": len(train.rows("val")), "test": len(test.image_id)}
figure = {
    Path(path).stem: report.Figure(
        Path(path).read_bytes(), options["shows"][Path(path).stem], options["captions"][Path(path).stem]
    )
    for path in snakemake.input.figures
}
methods = table["comparison"]
chosen = methods[(methods["kind"] == "students") & (methods["name"] == options["students"]) & methods["chosen"]]
variant = chosen["variant"].iloc[0]
shown = results.name_of("students", options["pseudo_labels"], variant)

# Of the jobs that made what lies here, whenever that was: no input, since a rerun of a job alone is no reason to write again.
root = Path(snakemake.output.page).parent
benchmarks: dict[str, list[Path]] = {}
for folder in (root / "benchmarks", Path("resources", dataset, "benchmarks")):
    for path in sorted(folder.rglob("*.tsv")):
        benchmarks.setdefault(path.relative_to(folder).parts[0].removesuffix(".tsv"), []).append(path)
complete = bool(np.all(results.read_map(snakemake.input.map)["scale"] == "mAP (%)"))
order = "best on the test split first" if results.is_tested(methods) else "best on validation first"
truth = float((train.values[train.rows("train")] >= 0).mean())
judged = "" if truth == 1 else f" Of the true labels {100 * truth:.3g} % are known; only these judge."
of_map = "mAP in percent" if complete else "mAP over the categories that have positives, in percent"

sections = {
    "Results": figure["figure_1a"].html()
    + report.table(
        report.methods(methods),
        f"Every method, the {order}. {of_map}, mean ± standard deviation over replicates; 95 % intervals of a "
        "paired bootstrap over test images; differences in points.",
        ("method", "chosen"),
    )
    + figure["comparison"].html(),
    "Pseudo-labels": figure["figure_1b"].html()
    + report.table(
        report.label_counts(table["label_counts"]),
        f"Pseudo-labels of the training images against the true labels, mean over replicates; precision and recall in percent.{judged}",
        ("pseudo-labels",),
    ),
    "Categories": figure["label_quality"].html()
    + report.table(
        report.categories(table["label_quality"], options["pseudo_labels"], variant),
        f"Pseudo-labels {shown}, in training images, mean over replicates; precision and recall in percent; what is most often present "
        f"where the category is missing, in the first replicate.{judged}",
        ("category", "most often instead"),
    ),
    "Calibration": figure["reliability"].html(),
    "Runtime and memory": report.table(
        report.costs(benchmarks),
        "From the benchmarks of the jobs that made these files; memory of the largest job. A job of about a second or less is over before "
        "its memory is measured. Jobs of rules of other data sets, and of weights, are not counted.",
        ("rule",),
        total=True,
    ),
    "Provenance": report.table(report.provenance(record), "What the results were made with.", ("what", "is")),
}
links = {"Provenance in full": "provenance.html", "Tables": "tables", "Figures": "figures"}
links |= {
    f"Gallery: {path.stem.replace('_', ' ')}": f"gallery/{path.name}"
    for path in sorted((root / "gallery").glob("*.html"))
}
links |= {"Model card": "model/README.md"} if (root / "model/README.md").is_file() else {}
about = report.summary(record, methods, images, len(train.category))
css = Path(snakemake.input.assets[0]).read_text(encoding="utf-8")
with writing(snakemake.output.page) as path:
    path.write_text(report.page(css, f"Report: {dataset}", about, sections, links), encoding="utf-8")
print("\n".join(about))
