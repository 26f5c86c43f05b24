# Pseudo Multi-Labels: from one confirmed label per image to fully labelled data and a trained classifier.
# annotations -> labels -> observed labels -> teacher -> logits -> pseudo-labels per tau -> students -> the two figures
from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


# Read with --sdm apptainer alone. docs/containers.md says how it is built.
container: "containers/pseudo-labels.sif"


if workflow.modifier.is_main_snakefile():  # the report of a workflow that uses this one has a text of its own

    report: "rules/captions/workflow.rst"


include: "rules/source.smk"
include: "rules/common.smk"
include: "rules/storage.smk"


pathvars:
    compared=paths.compared(experiment=EXPERIMENT.name),


include: "rules/acquire.smk"
include: "rules/data.smk"
include: "rules/features.smk"
include: "rules/labels.smk"
include: "rules/training.smk"
include: "rules/finetuning.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"
include: "rules/review.smk"
include: "rules/model.smk"


wildcard_constraints:
    dataset="|".join(map(re.escape, EXPERIMENTS)),
    backbone=f"{NAME_PATTERN}|{TRAINED_MODEL}",
    teacher=NAME_PATTERN,
    student=NAME_PATTERN,
    pseudo_labels=NAME_PATTERN,
    archive="|".join(ARCHIVES),
    reader="|".join(READERS),
    ending="json|csv",
    seed="[0-9]+",
    part="train|test|pool",
    kernel="linear|rbf_[0-9]+",
    shard="[0-9]{5}",
    tar="[0-9]{6}",
    split="train|pool",
    sampling="size|location",
    format="|".join(FORMATS),
    strategy="|".join(STRATEGIES),
    variant=VARIANT,
    candidate="bs[0-9]+_lr[0-9.e-]+",
    model=f"teachers/{NAME_PATTERN}/{paths.SHARED_MODEL}|{TRAINED_MODEL}",


if workflow.is_main_process:
    console.require_folders(EXPERIMENT)
    if IS_SHARED:
        console.require_cache()
    require_named_paths()

if workflow.is_main_process and not IS_MODULE:
    console.end_with_the_terminal()
    screen.begin(workflow.output_settings, DATASET, closing_text)


rule all:
    default_target: not HAS_TARGET
    input:
        paths.labels_check(DATASET),
        reporting.figures(EXPERIMENT.compared),
        paths.report(EXPERIMENT.compared),
        reporting.crate(EXPERIMENT.compared),


rule report:
    input:
        paths.report(EXPERIMENT.compared),


rule gallery:
    input:
        review.shown_gallery(EXPERIMENT),
        review.pool_galleries(EXPERIMENT),


rule exports:
    input:
        review.shown_exports(EXPERIMENT),


rule review:
    input:
        review.shown_review(EXPERIMENT),


rule simulate_review:
    input:
        review.shown_simulation(EXPERIMENT),


rule compare:
    input:
        experiments.shown_comparison(EXPERIMENT),


rule published:
    input:
        published.shown_table(EXPERIMENT),


rule predict:
    input:
        paths.predictions("predictions.csv", DATASET),
        paths.predictions("predictions.html", DATASET),


rule model:
    input:
        paths.chosen("README.md", DATASET),


onstart:
    if workflow.local_exec:
        # A limit of jobs per second: with it, Snakemake 9.27 looks for jobs again a second after each look, so that the looks
        # pile up while jobs wait.
        workflow.scheduler.job_rate_limiter = None
    console.require_writable()
    console.refuse_bundles(workflow.executor_settings, workflow.group_settings.group_components)
    require_sound_data()
    show(console.without_truth(EXPERIMENT))
    for line in experiments.replaced(EXPERIMENT, [rule.name for rule in workflow.dag.targetrules]):
        show(f"Warning: {line}")


onsuccess:
    show(closing_text())
