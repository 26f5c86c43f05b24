"""Write the report of a data set: figures, tables, costs and provenance on one page."""

from spml.runtime import log

log.redirect(snakemake)

import math
from pathlib import Path

from spml.artifacts import documents, left_out, tables
from spml.artifacts import labels as label_files
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results
from spml.reporting import data_warnings, report
from spml.runtime.files import writing


def benchmark_files(pattern: str) -> list[Path]:
    """Return the benchmark file of a job; where the name is ``*``, one for each current shard of the part."""
    path = Path(pattern)
    if path.stem != "*":
        return [path]
    shards = Path("results", snakemake.wildcards.dataset, "images", path.parent.name).glob("*.csv")
    return [path.with_stem(shard.stem) for shard in sorted(shards)]


options, dataset, labels = snakemake.params.options, snakemake.wildcards.dataset, snakemake.params.options["labels"]
table = {name: tables.read(snakemake.input[name]) for name in ("comparison", "label_counts", "label_quality")}
models = results.read_map(snakemake.input.map)
record = documents.read(snakemake.input.provenance, "provenance")
with (
    label_files.opening(snakemake.input.train, "labels") as train,
    label_files.opening(snakemake.input.test, "labels") as test,
):
    images = {"train": len(train.rows("train")), "val": len(train.rows("val")), "test": len(test.image_id)}
    training = train.select(train.rows("train"))
    entries = math.prod(training.shape)
    known = float((entries - label_files.count(training, TrueLabel.UNKNOWN).sum()) / entries)
used = {"train": len(train.image_id), "test": len(test.image_id)}
if snakemake.input.pool:
    with label_files.opening(snakemake.input.pool, "labels") as pool:
        used["pool"] = len(pool.image_id)
others = dict(zip(used, map(left_out.read, snakemake.input.left_out), strict=True))
reasons = data_warnings.reasons(others)
warnings = data_warnings.warnings(
    others, tables.read(snakemake.input.duplicates), tables.read(snakemake.input.category_warnings)
)
figure = {
    name: report.Figure(Path(path).read_bytes(), options["shows"][name], options["captions"][name])
    for name, path in ((Path(path).stem, path) for path in snakemake.input.figures)
}
methods = table["comparison"]
chosen = methods[(methods["kind"] == "students") & (methods["name"] == options["students"]) & methods["chosen"]]
shown_labels = table["label_counts"][table["label_counts"]["pseudo_labels"] == options["pseudo_labels"]]
variant = (chosen if len(chosen) else shown_labels)["variant"].iloc[0]
shown = results.variant_label(options["pseudo_labels"], variant)
benchmarks = {  # of jobs that ran here; not an input, so that the rerun of a job does not write the report again
    rule: paths
    for rule, patterns in options["benchmarks"].items()
    if (paths := [path for pattern in patterns for path in benchmark_files(pattern) if path.is_file()])
}
split = "test split" if results.is_tested(methods) else "validation split"
judged = "" if known == 1 else f" {100 * known:.3g} % of the true labels are known; precision and recall are on these."

sections = [
    report.Section(
        "Results",
        [
            figure["figure_1a"],
            report.Table(
                report.methods(methods, labels),
                f"Every method, the best on the {split} first. {models['scale'].iloc[0]}, mean ± standard deviation over replicates; "
                "95 % intervals over test images; differences in points, std over replicates.",
                ("method", "chosen"),
            ),
            figure["comparison"],
            report.Table(
                report.metrics(models, methods, labels),
                f"Metrics of the chosen methods on the {split}, mean ± standard deviation over replicates.",
                ("method",),
            ),
        ],
    ),
    report.Section(
        "Pseudo-labels",
        [
            figure["figure_1b"],
            report.Table(
                report.label_counts(table["label_counts"]),
                "Pseudo-labels of the training images against the true labels, mean over replicates; precision and recall in "
                f"percent.{judged}",
                ("pseudo-labels",),
            ),
        ],
    ),
    report.Section(
        "Categories",
        [
            figure["label_quality"],
            report.Table(
                report.categories(table["label_quality"], options["pseudo_labels"], variant),
                f"Pseudo-labels {shown}, in training images, mean over replicates; precision and recall in percent; the category "
                f"most often present where this one is missing, in the first replicate.{judged}",
                ("category", "most often instead"),
            ),
        ],
    ),
    report.Section("Calibration", [figure["reliability"]]),
    report.Section(
        "Data",
        [
            report.Table(
                data_warnings.pictures(used, others),
                "Pictures that are listed, used and left out; images/*_left_out.csv names each that is left out.",
                ("part",),
            ),
            *(
                [report.Table(reasons, "Files that are left out, by reason.", ("part", "reason", "first"))]
                if len(reasons)
                else []
            ),
            report.Table(
                warnings,
                "Warnings about the data; tables/duplicates.csv and tables/category_warnings.csv have all cases."
                if len(warnings)
                else "Warnings about the data: none.",
                ("warning", "first"),
            ),
        ],
    ),
    report.Section(
        "Runtime and memory",
        [
            report.Table(
                report.costs(benchmarks),
                "From the benchmarks of the jobs that made these files; memory of the largest job. A job of about a second or less "
                "ends before its memory is measured.",
                ("rule",),
                total=True,
            )
        ],
    ),
    report.Section(
        "Provenance",
        [report.Table(report.provenance(record), "What the results were made with.", ("what", "is"))],
    ),
]
links = [
    report.Link("Provenance in full", "provenance.html"),
    report.Link("Tables", "tables"),
    report.Link("Figures", "figures"),
    report.Link("Gallery", options["gallery"], "snakemake --cores 1 gallery"),
    report.Link("Model card", "model/README.md", "snakemake --cores 1 model"),
]
added = report.added_labels(shown_labels, results.left_out(tables.read(snakemake.input.map)), options["students"])
about = [*report.summary(record, methods, images, len(train.category), labels), report.edges(models), " ".join(added)]
with writing(snakemake.output.page) as path:
    path.write_text(report.page(f"Report: {dataset}", about, sections, links), encoding="utf-8")
summary = "\n".join([report.terminal_summary(dataset, models, labels), *added, ""]) + data_warnings.sentence(
    len(warnings), snakemake.output.page
)
with writing(snakemake.output.summary) as path:
    path.write_text(summary, encoding="utf-8")
print("\n".join([*about, summary]))
