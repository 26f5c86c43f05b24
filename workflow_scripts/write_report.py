"""Write the report of a data set: a verdict, sample pictures, figures, tables, costs and provenance on one page."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import math
from pathlib import Path

import numpy as np

from spml.artifacts import blocks, documents, left_out, picture_files, tables
from spml.artifacts import labels as label_files
from spml.artifacts.codes import TrueLabel
from spml.evaluation import results
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.reporting import added_labels, data_warnings, report, report_sections
from spml.review import samples
from spml.runtime.files import writing


def benchmark_files(pattern: str) -> list[Path]:
    """Return the benchmark file of a job; where the name is ``*``, one for each current shard of the part."""
    path = Path(pattern)
    if path.stem != "*":
        return [path]
    shards = Path("results", snakemake.wildcards.dataset, "images", path.parent.name).glob("*.csv")
    return [path.with_stem(shard.stem) for shard in sorted(shards)]


options, source = snakemake.params.options, snakemake.input
table = {
    name: tables.read(source[name])
    for name in ("comparison", "label_counts", "label_quality", "confusions", "duplicates", "category_warnings")
}
models = results.read_map(source.map)
record = documents.read(source.provenance, "provenance")
variant = results.chosen_variant(models, options["students"]) or options["variants"][0]
with contextlib.ExitStack() as stack:
    train = stack.enter_context(label_files.opening(source.train, "labels"))
    test = stack.enter_context(label_files.opening(source.test, "labels"))
    images = {"train": len(train.rows("train")), "val": len(train.rows("val")), "test": len(test.image_id)}
    training = train.select(train.rows("train"))
    entries = math.prod(training.shape)
    known = float((entries - label_files.count(training, TrueLabel.UNKNOWN).sum()) / entries)
    unknown = label_files.count(test.values, TrueLabel.UNKNOWN).sum()
    tested = float(1 - unknown / max(math.prod(test.values.shape), 1))
    used = {"train": len(train.image_id), "test": len(test.image_id)}
    if source.pool:
        used["pool"] = len(stack.enter_context(label_files.opening(source.pool, "labels")).image_id)
    rows = stack.enter_context(training_set.opening(train, source.observed, source.images, source.logits))
    sampled, variants = options["sampled"]
    sampled_variant = variant if sampled == options["pseudo_labels"] else variants[0]
    path = source.pseudo_labels[variants.index(sampled_variant)]
    pseudo = stack.enter_context(label_files.opening(path, "pseudo_labels"))
    pseudo.require_same_as(train)
    has_addition = np.concatenate(
        [
            samples.additions(pseudo.values[block], rows.observed[block]).any(1)
            for block in blocks.row_blocks(rows.true.shape)
        ]
    )
    drawn = [
        samples.sample(
            rows.file_name[row],
            picture_files.located([rows.path[row]], source.tars)[0],
            rows.category,
            probabilities(rows.logits[row : row + 1])[0],
            *(matrix[row : row + 1][0] for matrix in (pseudo.values, rows.observed, rows.true)),
        )
        for row in samples.choose(has_addition, options["samples"], options["seed"])
    ]
others = dict(zip(used, map(left_out.read, source.left_out), strict=True))
warnings = data_warnings.warnings(others, table["duplicates"], table["category_warnings"])
is_tested = results.is_tested(models)
needs = {"comparison": is_tested, "reliability": is_tested, "label_quality": known > 0}  # figures of true labels
figures = {
    name: report.Figure(Path(path).read_bytes(), options["shows"][name], options["captions"][name])
    for name, path in ((Path(path).stem, path) for path in source.figures)
    if needs.get(name, True)
}
benchmarks = {  # of jobs that ran here; not an input, so that the rerun of a job does not write the report again
    rule: paths
    for rule, patterns in options["benchmarks"].items()
    if (paths := [path for pattern in patterns for path in benchmark_files(pattern) if path.is_file()])
}
findings = report_sections.Findings(
    tables=table,
    models=models,
    figures=figures,
    labels=options["labels"],
    students=options["students"],
    pseudo_labels=options["pseudo_labels"],
    variant=variant,
    teachers=[tuple(teacher) for teacher in options["teachers"]],
    baselines=options["baselines"],
    select_on=options["select_on"],
    model=tuple(options["model"]) or None,
    has_soft=options["has_soft"],
    known=known,
    tested=tested,
    replicates=len(record["config"]["seeds"]),
    validation=images["val"],
)
sections = [
    report_sections.sample_pictures(
        findings, drawn, results.pseudo_labels_label(sampled, sampled_variant, options["labels"])
    ),
    report_sections.results_section(findings),
    report_sections.published_section(tables.read(source.published) if source.published else None),
    report_sections.pseudo_labels_section(findings),
    report_sections.categories_section(findings),
    report.Section("Calibration", findings.figure("reliability")),
    report.Section("Training", findings.figure("training")),
    report_sections.data_section(used, others, warnings, options["has_pictures"]),
    report_sections.costs_section(report.costs(benchmarks)),
    report.Section(
        "Provenance", [report.Table(report.provenance(record), "What the results were made with.", ("what", "is"))]
    ),
]
links = [
    report.Link("Provenance in full", "provenance.html"),
    report.Link("Tables", "tables"),
    report.Link("Figures", "figures"),
]
if options["has_pictures"]:
    links += [
        report.Link("Gallery", options["gallery"], "target gallery"),
        report.Link("Model card", options["model_card"], "target model"),
    ]
added = added_labels.sentences(
    table["label_counts"][table["label_counts"]["pseudo_labels"] == options["pseudo_labels"]],
    results.left_out(tables.read(source.map)),
    options["students"],
    options["labels"],
)
if sampled != options["pseudo_labels"]:  # what people see is of no student of the figures
    counts = table["label_counts"][table["label_counts"]["pseudo_labels"] == sampled]
    added += added_labels.sentences(counts, {}, "", options["labels"])
if answered := int(rows.observation.get("answers", 0)):
    added += added_labels.answers(answered, options["select_on"])
about = [
    report.summary(record, images, len(train.category), rows.observation["sampling"] != "given"),
    *report.edges(models),
    " ".join(added),
]
verdict = findings.verdict
page = report.page(f"Report: {options['title']}", verdict, about, sections, links)
with writing(snakemake.output.page) as path:
    path.write_text(page, encoding="utf-8")
summary = "\n".join(
    [*report.short(verdict), "", report.terminal_summary(options["title"], models, options["labels"]), *added, ""]
)
summary += data_warnings.sentence(len(warnings), snakemake.output.page)
with writing(snakemake.output.summary) as path:
    path.write_text(summary, encoding="utf-8")
print("\n".join([*verdict, *about, summary]))
