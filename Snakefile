# Pseudo Multi-Labels: from one confirmed label per image to fully labelled data and a trained classifier.
# annotations -> labels -> observed labels -> teacher -> logits -> pseudo-labels per tau -> students -> the two figures
from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


report: "rules/captions/workflow.rst"


include: "rules/config.smk"
include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/features.smk"
include: "rules/teachers.smk"
include: "rules/pseudo_labels.smk"
include: "rules/students.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"
include: "rules/inspection.smk"
include: "rules/prediction.smk"


wildcard_constraints:
    dataset=NAME,
    backbone=NAME,
    teacher=NAME,
    student=NAME,
    pseudo_labels=NAME,
    architecture="[a-z0-9_]+",
    seed="[0-9]+",
    part="train|test",
    shard="[0-9]{5}",
    split="train|val|test",
    process="size|location",
    format="|".join(FORMATS),
    variant=VARIANT,
    model=f"teachers/{NAME}/seed_[0-9]+|students/{NAME}/seed_[0-9]+/({VARIANT})",


rule all:
    default_target: True
    input:
        FIGURES,
        f"results/{DATASET}/report.html",


rule report:
    input:
        f"results/{DATASET}/report.html",


rule gallery:
    input:
        shown_gallery(),


rule exports:
    input:
        shown_exports(),


rule predict:
    input:
        f"results/{DATASET}/predictions/predictions.csv",


rule model:
    input:
        f"results/{DATASET}/model/README.md",


onstart:
    require_writable()


onsuccess:
    summarise()
