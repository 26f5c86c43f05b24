"""What a mistake in the configuration says."""

import os

import pytest
import yaml

import tiny
from plan import labels, load, named_paths, training
from plan.config import Config, Demo, Features, Machine
from plan.errors import ConfigError
from plan.presets import PRESETS
from plan.recipe import Training
from plan.sections import Comparison, Figures, Observation, Predict, Priors, Review, Validation

CAP = {"teacher": "em", "rule": "class_prior"}
POOLED = {
    "datasets/tiny/pool": {"images": "data/test"},
    "pseudo_labels/top": {"teacher": "em", "rule": "top_k", "k": 5, "split": "pool"},
}
STAGES = [{"train_on": "pool"}, {"train_on": "observed", "loss": "em"}]


def staged(stages, **entry):
    """A student of the pool's pseudo-labels with these stages, as changes of the configuration."""
    return POOLED | {"students/staged": {"pseudo_labels": "top", "loss": "bce", "stages": stages} | entry}


CASES = {
    "a misspelt section": ({"trainnig": {}}, "trainnig: no such key here; did you mean training?"),
    "a misspelt key": ({"training/epoch": 3}, "training.epoch: no such key here; did you mean epochs?"),
    "a misspelt key of a teacher": (
        {"teachers/em/epocs": 3},
        "teachers.em.epocs: no such key here; did you mean epochs?",
    ),
    "a key that is far from all": (
        {"figures/zzz": 1},
        "figures.zzz: no such key here; wanted one of students, baselines",
    ),
    "text for a number": (
        {"training/learning_rates": ["fast"]},
        "training.learning_rates.0: found 'fast', wanted a number above 0",
    ),
    "a number out of range": (
        {"validation/fraction": 1.5},
        "validation.fraction: found 1.5, wanted share of the training part",
    ),
    "what stands in the features file, as it once was called": (
        {"backbones/random/precision": "float16"},
        "backbones.random.precision: found 'float16', wanted one of auto, float32, bfloat16",
    ),
    "half a megabyte, wrong in two ways": (
        {"machine/memory_mb": 0.5},
        "machine.memory_mb: found 0.5, wanted whole megabytes",
    ),
    "a number for a list": ({"seeds": 1200}, "seeds: found 1200, wanted one replicate each"),
    "a missing section": ({"students": None}, "students: found nothing, wanted students by name"),
    "a missing key": ({"teachers/em/loss": None}, "teachers.em.loss: found nothing, wanted the name of a loss"),
    "an empty section": ({"teachers": {}}, "teachers: found {}, wanted teachers and baselines by name"),
    "no section at all": ({"teachers": "em"}, "teachers: found 'em', wanted teachers and baselines by name"),
    "a name that is no file name": (
        {"students/a~b": {"pseudo_labels": "paper", "loss": "bce"}},
        "found 'a~b', wanted a name of letters",
    ),
    "an unknown data set": ({"dataset": "coco2041"}, "dataset: found 'coco2041', wanted one of tiny"),
    "an unknown source": (
        {"datasets/tiny/source": "cocoa"},
        "datasets.tiny.source: found 'cocoa', wanted one of demo, coco2014, voc2012, nuswide, cub, coco, csv, features, voc, image_folder",
    ),
    "an unknown backbone": (
        {"datasets/tiny/backbone": "randem"},
        "datasets.tiny.backbone: found 'randem', wanted one of random; did you mean random?",
    ),
    "a data set without its files": (
        {"datasets/tiny/train": None},
        "datasets.tiny.train.annotations: found None, wanted a path",
    ),
    "a test part by half": (
        {"datasets/tiny/test/images": None},
        "datasets.tiny.test.images: found None, wanted a path (source coco fetches nothing)",
    ),
    "a table for COCO JSON": (
        {"datasets/tiny/train/annotations": "data/train.csv"},
        "datasets.tiny.train.annotations: found 'data/train.csv', wanted no .csv file (source: csv reads them)",
    ),
    "COCO JSON for a table": (
        {"datasets/tiny/source": "csv"},
        "datasets.tiny.train.annotations: found 'data/train.json', wanted a file whose name ends in .csv",
    ),
    "categories of a source that brings its own": (
        {"datasets/tiny/categories": "data/names.txt"},
        "datasets.tiny.categories: found 'data/names.txt', wanted nothing: source coco brings its own",
    ),
    "a download of a source that fetches nothing": (
        {"datasets/tiny/downloads": {"archive": {"url": "https://example.org/a.tar"}}},
        "datasets.tiny.downloads.archive: source coco has no such download; wanted none",
    ),
    "boxes of a source that has none": (
        {
            "datasets/tiny": {"source": "csv", "backbone": "random", "train": {"annotations": "a.csv"}},
            "observation/sampling": "size",
        },
        "observation.sampling: found size, wanted uniform or weights: source csv has no boxes",
    ),
    "neither thresholds nor a target": (
        {"pseudo_labels/new": {"teacher": "em"}},
        "pseudo_labels.new.taus: found nothing, wanted thresholds, as in [0.55, 0.75], or target, as in {precision: 0.8}",
    ),
    "thresholds beside a target": (
        {"pseudo_labels/paper/target": {"precision": 0.8}},
        "pseudo_labels.paper: found taus and target, wanted one of them: set taus: null beside target",
    ),
    "two targets": (
        {"pseudo_labels/new": {"teacher": "em", "target": {"precision": 0.8, "labels_per_image": 2}}},
        "pseudo_labels.new.target: found {'precision': 0.8, 'labels_per_image': 2.0}, wanted precision or labels_per_image",
    ),
    "an empty target": (
        {"pseudo_labels/new": {"teacher": "em", "target": {}}},
        "pseudo_labels.new.target: found nothing, wanted precision or labels_per_image, one of them",
    ),
    "a precision that is none": (
        {"pseudo_labels/new": {"teacher": "em", "target": {"precision": 80}}},
        "pseudo_labels.new.target.precision: found 80, wanted the share of right ones",
    ),
    "a band without thresholds": (
        {"pseudo_labels/new": {"teacher": "em", "rule": "band"}},
        "pseudo_labels.new.taus: found nothing, wanted thresholds, as in [0.55, 0.75]",
    ),
    "a target of a rule that takes none": (
        {"pseudo_labels/new": {"teacher": "em", "rule": "adaptive", "target": {"precision": 0.8}}},
        "pseudo_labels.new.target: no such key here",
    ),
    "a precision of the pool": (
        POOLED | {"pseudo_labels/new": {"teacher": "em", "split": "pool", "target": {"precision": 0.8}}},
        "pseudo_labels.new.target: found precision, wanted labels_per_image: of the pool (split: pool) nothing is observed",
    ),
    "true labels of a source that has none": (
        {
            "datasets/tiny": {
                "source": "image_folder",
                "backbone": "random",
                "train": {"images": "data/train"},
                "teachers": {"full": {"loss": "bce", "supervision": "full"}},
            }
        },
        "datasets.tiny.teachers.full: learns from true labels, wanted null in its place: source image_folder has no true labels",
    ),
    "choices on true labels that the source does not have": (
        {
            "datasets/tiny": {"source": "image_folder", "backbone": "random", "train": {"images": "data/train"}},
            "validation/select_on": "true_labels",
        },
        "validation.select_on: found true_labels, wanted observed_labels, or null, which follows: source image_folder has no",
    ),
    "NUS-WIDE without its lists": (
        {"datasets/tiny": {"source": "nuswide", "backbone": "random"}},
        "datasets.tiny.train.annotations: found None, wanted a path (source nuswide fetches nothing)",
    ),
    "an unknown loss": (
        {"teachers/em/loss": "emm"},
        "teachers.em.loss: found 'emm', wanted one of bce, bce_ls, iun, iu, an, an_ls, wan, squares, pr, epr, role, expected_negatives, spatial_consistency, em, em_apl, em_pl, ll_r",
    ),
    "a hyperparameter of another loss": (
        {"teachers/an/loss": {"name": "an_ls", "alpha": 1}},
        "teachers.an.loss.alpha: no such key here; wanted one of smoothing",
    ),
    "a hyperparameter out of range": (
        {"teachers/em/loss": {"name": "em", "alpha": -1}},
        "teachers.em.loss.alpha: found -1, wanted weight of the entropy",
    ),
    "pseudo-labels that do not exist": (
        {"students/paper/pseudo_labels": "papr"},
        "students.paper.pseudo_labels: found 'papr', wanted one of paper; did you mean paper?",
    ),
    "a teacher that does not exist": (
        {"pseudo_labels/paper/teacher": "me"},
        "pseudo_labels.paper.teacher: found 'me', wanted one of em, an, full",
    ),
    "a student that does not exist": (
        {"pseudo_labels/paper/teacher": "papr@0.5"},
        "found 'papr', wanted one of paper; did you mean paper?",
    ),
    "a student's τ that does not exist": (
        {"pseudo_labels/more": {"teacher": "paper@0.6", "taus": [0.5]}},
        "pseudo_labels.more.teacher: found 'paper@0.6', wanted paper@ and one of 0.50, 0.70",
    ),
    "a circle of teachers": (
        {"pseudo_labels/paper/teacher": "paper@0.5"},
        "pseudo_labels.paper.teacher: paper <- paper is a circle, wanted a chain that begins at a teacher",
    ),
    "a wider circle": (
        {
            "pseudo_labels/paper/teacher": "second@0.5",
            "pseudo_labels/second": {"teacher": "paper@0.5", "taus": [0.5]},
            "students/second": {"pseudo_labels": "second", "loss": "bce"},
        },
        "pseudo_labels.paper.teacher: paper <- second <- paper is a circle",
    ),
    "τ of one": (
        {"pseudo_labels/paper/taus": [1.0]},
        "pseudo_labels.paper.taus.0: found 1.0, wanted a number from 0 to below 1",
    ),
    "τ below zero": (
        {"pseudo_labels/paper/taus": [-0.1]},
        "pseudo_labels.paper.taus.0: found -0.1, wanted a number from 0",
    ),
    "τ twice": ({"pseudo_labels/paper/taus": [0.5, 0.50]}, "pseudo_labels.paper.taus: found 0.50 more than once"),
    "τ twice after two decimals": (
        {"pseudo_labels/paper/taus": [0.5, 0.501]},
        "found 0.501, wanted at most two decimals, as in 0.50",
    ),
    "students of the figure that do not exist": (
        {"figures/students": "x"},
        "figures.students: found 'x', wanted one of paper",
    ),
    "a line that does not exist": (
        {"figures/baselines": ["ann"]},
        "figures.baselines: found 'ann', wanted one of em, an, full; did you mean an?",
    ),
    "a loss whose name is a list": (
        {"teachers/em/loss": {"name": ["em"]}},
        "teachers.em.loss.name: found ['em'], wanted the name of a loss",
    ),
    "a hyperparameter of a loss that has none": (
        {"teachers/em/loss": {"name": "wan", "alpha": 1}},
        "teachers.em.loss.alpha: no such key here; there are none",
    ),
    "a loss that there is not": (
        {"teachers/em/loss": "boost"},
        "teachers.em.loss: found 'boost', wanted one of bce, bce_ls",
    ),
    "score maps of frozen features": (
        {"teachers/em/loss": {"name": "spatial_consistency", "k": 2}},
        "teachers.em.loss: found spatial_consistency, wanted mode: end_to_end or linear_init beside it: frozen features "
        "have no score maps",
    ),
    "boosted maps of frozen features": (
        {"teachers/em/loss": {"name": "ll_r", "boost": 5}},
        "teachers.em.loss: found ll_r with boost 5.0, wanted mode: end_to_end or linear_init beside it, or boost: 1: "
        "frozen features have no score maps",
    ),
    "boosted maps in a stage": (
        staged([{"train_on": "pool"}, {"train_on": "observed", "loss": {"name": "ll_cp", "boost": 2}}]),
        "students.staged.loss: found ll_cp with boost 2.0, wanted mode: end_to_end",
    ),
    "score maps of pictures whose cells went anywhere": (
        {
            "teachers/em": {
                "loss": "spatial_consistency",
                "preset": "end_to_end",
                "augment": ["flip", "random_resized_crop", "randaugment"],
            }
        },
        "teachers.em.augment: found randaugment with spatial_consistency, wanted it left out",
    ),
    "score maps of an MLP": (
        {"teachers/em": {"loss": "spatial_consistency", "mode": "end_to_end", "learning_rates": [1e-4], "head": "mlp"}},
        "teachers.em.loss: found spatial_consistency and head mlp, wanted head: linear: the score of a cell",
    ),
    "full supervision on observed labels": (
        {"teachers/em/loss": "bce"},
        "teachers.em.loss: bce wants every label; wanted supervision: full beside it",
    ),
    "negatives that are not observed": (
        {"teachers/em/loss": "iu"},
        "teachers.em.loss: iu learns from one positive and no negative that everything is present; wanted observation.negatives_per_image",
    ),
    "partial labels without negatives": (
        {"teachers/em/loss": "partial_bce"},
        "teachers.em.loss: partial_bce learns from one positive and no negative that everything is present",
    ),
    "pseudo-labels of a model that knows no negative": (
        {"teachers/em/loss": {"name": "pseudo_label", "warmup": 1, "assumed": 0}},
        "teachers.em.loss: pseudo_label learns from one positive and no negative that everything is present",
    ),
    "a teacher whose loss takes pseudo-labels, too": (
        {"teachers/em/loss": "em_pl"},
        "teachers.em.loss: em_pl learns from observed labels and pseudo-labels of the training rows; wanted it in a student",
    ),
    "a stage on observed labels with such a loss": (
        staged([{"train_on": "pool"}, {"train_on": "observed", "loss": "gpr"}]),
        "students.staged.stages.1.loss: gpr learns from observed labels and pseudo-labels of the training rows; wanted "
        "train_on: pseudo_labels",
    ),
    "weights of pseudo-positives in the wrong order": (
        {"students/paper/loss": {"name": "gpr", "lowest": 0.8}},
        "students.paper.loss.lowest: found 0.8, wanted at most the highest weight, 0.7",
    ),
    "such a loss on soft targets": (
        {
            "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
            "students/soft": {"pseudo_labels": "soft", "loss": "em_pl"},
        },
        "students.soft.loss: found 'em_pl', wanted bce or bce_ls or squares",
    ),
    "a warm-up longer than the training": (
        {"teachers/em/loss": "em_apl"},
        "teachers.em.loss: found warmup 5, wanted fewer than the 3 epochs",
    ),
    "priors from a number that is not there": (
        {"priors": {"method": "labels_per_image"}},
        "priors.labels_per_image: found nothing, wanted a number from 1",
    ),
    "priors from true labels that the source does not have": (
        {
            "datasets/tiny": {"source": "image_folder", "backbone": "random", "train": {"images": "data/train"}},
            "priors": {"method": "validation"},
        },
        "priors.method: found validation, wanted labels_per_image or estimated: no true label is known",
    ),
    "priors from a teacher that is not there": (
        {"priors": {"method": "estimated", "teacher": "wan"}, "pseudo_labels/cap": CAP},
        "priors.teacher (for pseudo_labels.cap): found 'wan', wanted one of em, an, full",
    ),
    "priors from a teacher that learns from true labels": (
        {"priors": {"method": "estimated", "teacher": "full"}, "pseudo_labels/cap": CAP},
        "priors.teacher: found 'full', which learns from true labels; wanted a teacher that learns from observed ones",
    ),
    "priors from a teacher that needs them": (
        {"validation/select_on": "observed_labels", "teachers/em/loss": "epr"},
        "priors.teacher: found 'em', whose own loss needs the priors; wanted another teacher, or k in teachers.em.loss",
    ),
    "a pool that is not there": (
        {"pseudo_labels/top": POOLED["pseudo_labels/top"]},
        "pseudo_labels.top.split: found pool, wanted datasets.tiny.pool in the configuration, or train",
    ),
    "a pool that is not drawn": (
        {"datasets/tiny": {"source": "demo", "backbone": "random"}, "pseudo_labels/top": POOLED["pseudo_labels/top"]},
        "pseudo_labels.top.split: found pool, wanted demo.pool above 0 in the configuration, or train",
    ),
    "a pool of the user's beside a drawn data set": (
        {"datasets/tiny": {"source": "demo", "backbone": "random", "pool": {"images": "data/test"}}},
        "datasets.tiny.pool: found one, wanted demo.pool (source demo is drawn)",
    ),
    "observed labels of a pool": (
        POOLED | {"pseudo_labels/top/keep_observed": True},
        "pseudo_labels.top.keep_observed: found true, wanted false: of the pool nothing is observed",
    ),
    "a rule that is calibrated on labels of a pool": (
        POOLED | {"pseudo_labels/top": {"teacher": "em", "rule": "conformal", "error_rate": 0.1, "split": "pool"}},
        "pseudo_labels.top.rule: found conformal, wanted one that needs no label of the rows it ranks (split: pool)",
    ),
    "a student of the pool alone": (
        staged(None),
        "students.staged.stages: found nothing, wanted a stage on pool, where the pseudo-labels are, and one on observed",
    ),
    "the pool last": (
        staged([{"train_on": "observed", "loss": "em"}, {"train_on": "pool"}]),
        "students.staged.stages: found pool last, wanted a stage on observed after it",
    ),
    "a stage on other pseudo-labels": (
        staged([{"train_on": "pseudo_labels"}, *STAGES]),
        "students.staged.stages.0.train_on: found pseudo_labels, wanted pool (pseudo_labels.top.split: pool) or observed",
    ),
    "stages without pseudo-labels": (
        staged([{"train_on": "observed", "loss": "em"}]),
        "students.staged.stages: found none on pool, wanted one (a model without pseudo-labels is a teacher)",
    ),
    "a stage with another head": (
        staged([{"train_on": "pool", "hidden": 5}, STAGES[1]]),
        "students.staged.stages.0.hidden: found 5, wanted it beside stages: a student has one head",
    ),
    "a stage whose loss wants every label": (
        staged([{"train_on": "pool"}, {"train_on": "observed"}]),
        "students.staged.stages.1.loss: bce wants every label; wanted supervision: full beside it",
    ),
    "a stage whose loss knows true labels": (
        staged([{"train_on": "pool"}, {"train_on": "observed", "loss": "iun"}]),
        "students.staged.stages.1.loss: iun learns from true negatives, wanted a loss for observed labels, as em",
    ),
    "a warm-up longer than the stage": (
        staged([{"train_on": "pool"}, {"train_on": "observed", "loss": "em_apl", "epochs": 5}]),
        "students.staged.stages.1.loss: found warmup 5, wanted fewer than the 5 epochs",
    ),
    "a figure of the pool": (
        staged(STAGES)
        | {
            "pseudo_labels/top": {"teacher": "em", "taus": [0.5], "split": "pool"},
            "figures": {"students": "staged", "baselines": ["em"]},
        },
        "figures.students: found 'staged', whose pseudo-labels are of the pool; wanted students of training rows",
    ),
    "a number of labels that single-positive validation cannot tell": (
        {"validation/select_on": "observed_labels", "pseudo_labels/new": {"teacher": "em", "rule": "cardinality"}},
        "pseudo_labels.new: rule cardinality is calibrated on true validation labels, which validation.select_on: "
        "observed_labels does without; wanted number, the labels per image",
    ),
    "label sets calibrated on labels that are not known": (
        {
            "validation/select_on": "observed_labels",
            "pseudo_labels/new": {"teacher": "em", "rule": "conformal", "calibrate_on": "validation"},
        },
        "pseudo_labels.new: rule conformal is calibrated on true validation labels, which validation.select_on: "
        "observed_labels does without; wanted calibrate_on: observed",
    ),
    "label sets without a label": (
        {"pseudo_labels/new": {"teacher": "em", "rule": "conformal", "inside": "ignored"}},
        "pseudo_labels.new.inside: found ignored, wanted keep_observed: true beside it",
    ),
    "a word that is no choice": (
        {"pseudo_labels/new": {"teacher": "em", "rule": "conformal", "calibrate_on": "test"}},
        "pseudo_labels.new.calibrate_on: found 'test', wanted one of observed, validation",
    ),
    "an unknown rule": (
        {"pseudo_labels/paper/rule": "treshold"},
        "pseudo_labels.paper.rule: found 'treshold', wanted one of threshold, class_prior",
    ),
    "a parameter of another rule": (
        {"pseudo_labels/soft": {"teacher": "em", "rule": "soft", "taus": [0.5]}},
        "pseudo_labels.soft.taus: no such key here; wanted one of teacher, keep_observed, split, rule",
    ),
    "a rule without its parameter": (
        {"pseudo_labels/top": {"teacher": "em", "rule": "top_k"}},
        "pseudo_labels.top.k: found nothing, wanted positives per category",
    ),
    "a rule of a data set's own without its parameter": (
        {"datasets/tiny/pseudo_labels": {"top": {"teacher": "em", "rule": "top_k"}}},
        "datasets.tiny.pseudo_labels.top.k: found nothing, wanted positives per category",
    ),
    "a band upside down": (
        {"pseudo_labels/band": {"teacher": "em", "rule": "band", "taus": [0.5], "tau_low": 0.6}},
        "pseudo_labels.band.tau_low: found 0.6, wanted below every τ",
    ),
    "ridge regression with a loss that has no closed form": (
        {"teachers/em/head": "ridge"},
        "teachers.em.loss: found 'em', wanted squares, the loss that head ridge has in closed form",
    ),
    "ridge regression on labels some of which are ignored": (
        {
            "pseudo_labels/band": {"teacher": "em", "rule": "band", "taus": [0.9], "tau_low": 0.6},
            "students/s": {"pseudo_labels": "band", "loss": "squares", "head": "ridge"},
        },
        "students.s.pseudo_labels: found 'band', whose rule band ignores labels, wanted another rule: ridge regression (head ridge or auto) learns",
    ),
    "head auto on labels some of which are ignored": (
        {
            "pseudo_labels/band": {"teacher": "em", "rule": "band", "taus": [0.9], "tau_low": 0.6},
            "students/s": {"pseudo_labels": "band", "loss": "bce", "head": "auto"},
        },
        "students.s.pseudo_labels: found 'band', whose rule band ignores labels",
    ),
    "one landmark": ({"training/landmarks": 1}, "training.landmarks: found 1, wanted"),
    "a penalty of 0": ({"training/penalties": [0]}, "training.penalties"),
    "soft targets for a loss that takes none": (
        {
            "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
            "students/s": {"pseudo_labels": "soft", "loss": "em"},
        },
        "students.s.loss: found 'em', wanted bce or bce_ls or squares, which take the soft targets of soft",
    ),
    "one of several teachers that does not exist": (
        {"pseudo_labels/paper/teacher": ["em", "emm"]},
        "pseudo_labels.paper.teacher: found 'emm', wanted one of em, an, full; did you mean em?",
    ),
    "a figure over τ of students without τ": (
        {
            "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
            "students/s": {"pseudo_labels": "soft", "loss": "bce"},
            "figures/students": "s",
        },
        "figures.students: found 's', whose rule soft has no τ; wanted students of a rule with taus",
    ),
    "a τ of students without τ": (
        {
            "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
            "students/s": {"pseudo_labels": "soft", "loss": "bce"},
            "comparison/reference": "s@0.5",
        },
        "comparison.reference: found 's@0.5', wanted s@ and one of all",
    ),
    "a circle through one of several teachers": (
        {
            "pseudo_labels/paper/teacher": ["em", "second@all"],
            "pseudo_labels/second": {"teacher": "paper@0.5", "rule": "argmax"},
            "students/second": {"pseudo_labels": "second", "loss": "bce"},
        },
        "pseudo_labels.paper.teacher: paper <- second <- paper is a circle",
    ),
    "no weight at all": (
        {"observation": {"sampling": "weights", "weights": {"red": 0}}},
        "observation.weights.red: found 0, wanted a number above 0",
    ),
    "an unknown process": (
        {"observation": {"sampling": "sized"}},
        "observation.sampling: found 'sized', wanted one of uniform, size, location, weights",
    ),
    "two models of one label": (
        {"teachers/em/label": "Same", "teachers/an/label": "Same"},
        "teachers.an.label: found 'Same', which em shows, too; wanted a label of its own",
    ),
    "the name of another model as a label": (
        {"teachers/full/label": "em"},
        "teachers.full.label: found 'em', which em shows, too",
    ),
    "a label of two lines": (
        {"teachers/em/label": "a\nb"},
        "teachers.em.label: found 'a\\nb', wanted the name that figures",
    ),
    "a label of blanks": ({"teachers/em/label": "  "}, "teachers.em.label: found '  ', wanted the name that figures"),
    "a label that figures would not show": (
        {"teachers/em/label": "_em"},
        "teachers.em.label: found '_em', wanted the name",
    ),
    "a name that no folder may have": (
        {"students/" + 101 * "a": {"pseudo_labels": "paper", "loss": "bce"}},
        '-", at most 100, the first a letter or digit',
    ),
    "a name that is nothing": (
        {"datasets/tiny/teachers": {None: {"loss": "em"}}},
        "datasets.tiny.teachers: found None, wanted text",
    ),
    "a category that is a number": (
        {"observation": {"sampling": "weights", "weights": {1: 1.0}}},
        "observation.weights.1: found 1, wanted text (a number in quotes)",
    ),
    "a teacher twice": (
        {"pseudo_labels/more": {"teacher": ["paper@0.7", "paper@.70"], "taus": [0.5]}},
        "pseudo_labels.more.teacher: found paper@0.70 more than once, wanted each once",
    ),
    "a reference with three decimals": (
        {"comparison/reference": "paper@0.701"},
        "comparison.reference: found 'paper@0.701', wanted paper@ and one of 0.50, 0.70",
    ),
    "a question about pseudo-labels that are not there": (
        {"review": {"pseudo_labels": "papper@0.5"}},
        "review.pseudo_labels: found 'papper', wanted one of paper; did you mean paper?",
    ),
    "a question about a τ that is not there": (
        {"review": {"pseudo_labels": "paper@0.6"}},
        "review.pseudo_labels: found 'paper@0.6', wanted paper@ and one of 0.50, 0.70",
    ),
    "a replicate of the questions": (
        {"review": {"seed": 1}},
        "review.seed: found 1, wanted one of the seeds, 1200, 1201",
    ),
    "a strategy that is not there": (
        {"review": {"strategy": "diverze"}},
        "review.strategy: found 'diverze', wanted one of",
    ),
    "a simulated student": (
        {"review": {"simulated_student": "papper"}},
        "review.simulated_student: found 'papper', wanted one of paper",
    ),
    "answers that fall": (
        {"review": {"simulated_answers": [0, 2, 1]}},
        "review.simulated_answers: found [0.0, 2.0, 1.0], wanted rising numbers, the first of them 0",
    ),
    "a rule that is a number": (
        {"pseudo_labels/paper/rule": 7},
        "pseudo_labels.paper.rule: found 7, wanted one of threshold",
    ),
    "a number of a pair out of range": (
        {"teachers/em/loss": {"name": "gr", "sigma": [0, 1]}},
        "teachers.em.loss.sigma.0: found 0, wanted a number above 0",
    ),
    "a rate out of range": (
        {"pseudo_labels/cap": {"teacher": "em", "rule": "class_prior", "prior": {"red": 2}}},
        "pseudo_labels.cap.prior.red: found 2, wanted a number from 0 up to 1",
    ),
    "a data set that is nothing": (
        {"datasets": {"tiny": None}},
        "datasets.tiny: found None, wanted a data set: where it comes from",
    ),
    "a name that ends with a new line": ({"dataset": "tiny\n"}, r"dataset: found 'tiny\n', wanted the name of one of"),
    "a preset that there is not": (
        {"training/preset": "cole"},
        "training.preset: found 'cole', wanted one of cole_linear",
    ),
    "no learning rates": (
        {"training/learning_rates": "automatic"},
        "training.learning_rates: found 'automatic', wanted candidates: numbers above 0 and up to 10, each once; or auto",
    ),
    "no patience": ({"training/patience": 0}, "training.patience: found 0, wanted epochs without a gain"),
    "a switch for a number": ({"training/epochs": True}, "training.epochs: found True, wanted passes over"),
    "no teacher left": (
        {"teachers": {"em": None, "an": None, "full": None}},
        "pseudo_labels.paper.teacher: found 'em', wanted nothing: there are none to name",
    ),
    "a replicate twice": ({"seeds": [1, 1]}, "seeds: found [1, 1], wanted one replicate each"),
    "an override that does not exist": (
        {"datasets/tiny/training": {"epoch": 1}},
        "datasets.tiny.training.epoch: no such key here; did you mean epochs?",
    ),
}


def mistakes(changes):
    """Return the lines of the error that the tiny configuration gives with these changes."""
    with pytest.raises(ConfigError) as stopped:
        load.experiments(tiny.changed(tiny.CONFIG, changes))
    return stopped.value.lines


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_line_with_key_found_and_wanted(case):
    changes, message = CASES[case]
    lines = mistakes(changes)
    assert len(lines) <= 4 and any(message in line for line in lines), lines
    assert len(set(lines)) == len(lines)


CASES |= {
    "a weight without end": (
        {"observation": {"sampling": "weights", "weights": {"red": float("inf")}}},
        "observation.weights.red: found inf, wanted a number above 0; infinity and NaN are no numbers here",
    ),
    "τ that is no number": ({"pseudo_labels/paper/taus": [float("nan")]}, "pseudo_labels.paper.taus.0: found nan"),
    "a hyperparameter without end": (
        {"teachers/em/loss": {"name": "gr", "sigma": [1, float("inf")]}},
        "teachers.em.loss.sigma.1: found inf",
    ),
    "a rate that is no number": (
        {"pseudo_labels/cap": {"teacher": "em", "rule": "class_prior", "prior": {"red": float("nan")}}},
        "pseudo_labels.cap.prior.red: found nan",
    ),
    "a data set's own share that is no number": (
        {"datasets/tiny/training": {"dropout": float("nan")}},
        "datasets.tiny.training.dropout: found nan",
    ),
    "a number beyond floats": ({"training/learning_rates": ["1e400"]}, "learning_rates.0: found '1e400'"),
    "a whole number beyond floats": ({"training/learning_rates": [10**400]}, "learning_rates.0: found 1000"),
    "half a seed": ({"seeds": [1200.5]}, "seeds.0: found 1200.5, wanted a whole number"),
    "half a seed as text": ({"seeds": ["1200.5"]}, "seeds.0: found 1200.5, wanted a whole number"),
    "a seed twice, once as a float": (
        {"seeds": [1200, 1200.0]},
        "seeds: found [1200, 1200], wanted one replicate each",
    ),
    "a switch for a share": ({"training/dropout": True}, "training.dropout: found True"),
    "a label with a control character": ({"teachers/em/label": "a\x0bb"}, "teachers.em.label: found 'a\\x0bb'"),
    "an address that ends with a new line": (
        {"datasets/tiny/downloads": {"archive": {"url": "https://example.org/a\n"}}},
        "downloads.archive.url: found 'https://example.org/a\\n', wanted an http or https address",
    ),
    "the name of a folder that data sets share": (
        {"dataset": "weights", "datasets/weights": tiny.CONFIG["datasets"]["tiny"]},
        "datasets.weights: found a name that resources/weights has for something else",
    ),
    "a name of 230 letters": ({"teachers/" + 230 * "a": {"loss": "em"}}, '-", at most 100'),
    "an old value of select_on": ({"validation/select_on": "full"}, "; 'full' is now true_labels"),
    "an old value of a data set's select_on": (
        {"datasets/tiny/validation": {"select_on": "observed"}},
        "; 'observed' is now observed_labels",
    ),
    "an old value of supervision": ({"teachers/full/supervision": True}, "; True is now full"),
    "an old value of precision": ({"backbones/random/precision": "float16"}, "; 'float16' is now storage: float16"),
    "an old value of rule": (
        {"pseudo_labels/paper/rule": "keep_observed"},
        "; 'keep_observed' is now rule: threshold with keep_observed: true",
    ),
}


RENAMED = {  # a key of an earlier version -> what its error names
    "figure": ({"figure": {"students": "paper"}}, "figure: no such key here; it is now figures"),
    "share": ({"validation/share": 0.3}, "validation.share: no such key here; it is now validation.fraction"),
    "labels": (
        {"teachers/full/labels": True},
        "teachers.full.labels: no such key here; it is now teachers.full.supervision",
    ),
    "process": (
        {"observation": {"process": "size"}},
        "observation.process: no such key here; it is now observation.sampling",
    ),
    "of a data set": (
        {"datasets/tiny/validation": {"share": 0.3}},
        "datasets.tiny.validation.share: no such key here; it is now validation.fraction",
    ),
    "images per shard": ({"machine/images_per_shard": 5}, "it is now features.images_per_shard"),
    "lines": ({"figures/lines": ["em"]}, "figures.lines: no such key here; it is now figures.baselines"),
    "trained": ({"backbones/random/trained": False}, "backbones.random.trained: no such key here; it was taken away"),
    "a rule that was a second spelling": (
        {"pseudo_labels/paper/rule": "keep_observed"},
        "pseudo_labels.paper.rule: found 'keep_observed', wanted one of threshold",
    ),
}


@pytest.mark.parametrize("case", RENAMED)
def test_an_old_key_is_an_error_that_names_the_new_one(case):
    changes, message = RENAMED[case]
    lines = mistakes(changes)
    assert any(message in line for line in lines), lines


def test_a_data_set_overrides_any_section_key_by_key():
    own = {"figures": {"baselines": ["em"]}, "training": {"epochs": 7}, "validation": {"seed": 3}}
    experiment = load.experiments(
        tiny.changed(tiny.CONFIG, {f"datasets/tiny/{key}": value for key, value in own.items()})
    )["tiny"]
    assert experiment.figures.baselines == ["em"] and experiment.figures.students == "paper"
    assert experiment.training.epochs == 7 and experiment.training.hidden == 8
    assert experiment.validation.seed == 3 and experiment.validation.fraction == 0.25


def test_a_number_may_be_written_as_yaml_reads_it_as_text():
    config = yaml.safe_load("training: {learning_rates: [1e-3, 1.0e-4], dropout: 1e-1}")
    training = load.experiments(tiny.CONFIG | config)["tiny"].training
    assert training.learning_rates == [1e-3, 1e-4] and training.dropout == 0.1


COLE = {key: PRESETS["cole_linear"].values[key] for key in ("head", "standardize", "epochs", "batch_sizes")}


@pytest.mark.parametrize(
    ("changes", "teacher", "wanted"),
    [
        ({"training": {"preset": "cole_linear"}}, "em", COLE),
        ({"training": {"preset": "cole_linear", "epochs": 7}}, "em", COLE | {"epochs": 7}),
        ({"datasets/tiny/training": {"preset": "cole_linear"}}, "em", COLE),
        ({"datasets/tiny/training": {"preset": "cole_linear", "epochs": 7}}, "em", COLE | {"epochs": 7}),
        ({"training": {"preset": "cole_linear"}, "datasets/tiny/training": {"epochs": 7}}, "em", COLE | {"epochs": 7}),
        ({"teachers/em/preset": "cole_linear"}, "em", COLE),
        ({"teachers/em/preset": "cole_linear", "teachers/em/epochs": 9}, "em", COLE | {"epochs": 9}),
        ({"teachers/em/preset": "cole_linear"}, "full", {"head": "mlp", "epochs": 3, "batch_sizes": [8]}),
    ],
)
def test_a_preset_gives_the_values_that_are_not_named_beside_it(changes, teacher, wanted):
    experiment = load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"]
    options = experiment.training_options(experiment.teachers[teacher])
    assert {key: options[key] for key in wanted} == wanted and "preset" not in options


def test_one_line_of_config_yaml_selects_a_preset():
    """config.yaml names every key of training with its default."""
    config = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    config["training"]["preset"] = "cole_linear"
    options = load.experiments(config)["coco2014"].training
    assert {key: getattr(options, key) for key in PRESETS["cole_linear"].values} == PRESETS["cole_linear"].values
    config["training"]["epochs"] = 7
    assert load.experiments(config)["coco2014"].training.epochs == 7


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_the_same_as_its_values(preset):
    named = load.experiments(tiny.CONFIG | {"training": {"preset": preset}})["tiny"]
    spelled = load.experiments(tiny.CONFIG | {"training": dict(PRESETS[preset].values)})["tiny"]
    for teacher in named.teachers:
        assert training.teacher_options(named, teacher) == training.teacher_options(spelled, teacher)


def test_learning_rates_may_be_automatic():
    experiment = load.experiments(tiny.changed(tiny.CONFIG, {"training/learning_rates": "auto"}))["tiny"]
    assert experiment.training_options(experiment.teachers["em"])["learning_rates"] == "auto"


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as stopped:
        load.experiments(tiny.changed(tiny.CONFIG, {"trainnig": {}, "validation/fraction": 2, "seeds": []}))
    assert [line.partition(":")[0] for line in stopped.value.lines] == ["seeds", "trainnig", "validation.fraction"]


def test_config_yaml_shows_every_section_with_its_defaults():
    """docs/config.md (see test_docs) shows every key."""
    shown = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    assert set(shown) == set(Config.model_fields)
    for section in (Validation, Observation, Priors, Comparison, Predict, Review, Training, Features, Demo, Machine):
        name = section.__name__.lower()
        defaults = {key: field.default for key, field in section.model_fields.items()}
        if name == "comparison":
            defaults["reference"] = "em"
        if name == "predict":
            defaults["model"] = "recommended@all"
        if name == "review":
            defaults["pseudo_labels"] = "recommended"
        assert shown[name] == defaults and list(shown[name]) == list(defaults), name
    assert list(shown["figures"]) == list(Figures.model_fields)
    assert shown["seeds"] == Config.model_fields["seeds"].default


def test_a_whole_float_is_a_whole_number_everywhere():
    changes = {
        "seeds": [1200.0, "1e3"],
        "training/epochs": "1e1",
        "training/batch_sizes": [8.0],
        "machine/memory_mb": 1e3,
    }
    changes |= {"predict": {"seed": 1000.0}, "pseudo_labels/top": {"teacher": "em", "rule": "top_k", "k": 3.0}}
    experiment = load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"]
    numbers = [*experiment.seeds, experiment.training.epochs, *experiment.training.batch_sizes]
    numbers += [experiment.config.machine.memory_mb, experiment.predict.seed, experiment.pseudo_labels["top"].k]
    assert numbers == [1000, 1200, 10, 8, 1000, 1000, 3] and {type(number) for number in numbers} == {int}


COMMAND_LINE = {"seeds": ["1", "2"], "comparison": {"reference": "null"}, "training": {"standardize": "false"}}


def test_text_of_the_command_line_is_read_where_no_text_is_wanted():
    label = {"teachers": {"em": {"loss": {"name": "em", "alpha": "0.2"}, "label": "12"}, "full": "null"}}
    given = COMMAND_LINE | label | {"figures": {"baselines": ["em"]}}
    changes = {key.replace(".", "/"): value for key, value in given.items() if key != "teachers"}
    config = tiny.changed(tiny.CONFIG, changes | {f"teachers/{key}": value for key, value in given["teachers"].items()})
    config["training"] = tiny.CONFIG["training"] | given["training"]
    config["figures"] = tiny.CONFIG["figures"] | given["figures"]
    experiment = load.experiments(config, given)["tiny"]
    assert experiment.seeds == [1, 2] and experiment.comparison.reference is None
    assert experiment.training.standardize is False and "full" not in experiment.teachers
    assert experiment.teachers["em"].label == "12" and experiment.teachers["em"].loss.alpha == 0.2


def test_text_of_a_file_stays_text():
    assert any("seeds.0: found 'x'" in line for line in mistakes({"seeds": ["x"]}))
    assert any("standardize: found 'false'" in line for line in mistakes({"training/standardize": "false"}))
    assert any("'null'" in line for line in mistakes({"comparison/reference": "null"}))


@pytest.mark.parametrize(
    ("key", "value", "lines"),
    [
        ("training/batch_sizes", [10**9], ["training.batch_sizes.0: found 1000000000, wanted a whole number from 1 (at most 1048576)"]),
        ("training/learning_rates", [0], ["training.learning_rates.0: found 0, wanted a number above 0 and up to 10"]),
        ("machine/gpus_per_job", 99, ["machine.gpus_per_job: found 99, wanted GPUs that training and extraction ask the scheduler for, from 0 (at most 8)"]),
        ("machine/device", "gpu", ["machine.device: found 'gpu', wanted one of auto, cpu, cuda; did you mean cpu?"]),
    ],
)  # fmt: skip
def test_one_line_names_the_limit_that_was_broken(key, value, lines):
    assert mistakes({key: value}) == lines


def test_what_categories_and_images_limit_is_for_the_check_of_labels():
    rates = dict.fromkeys(["red", "blue"], 0.1)
    changes = POOLED | {
        "teachers/role": {"loss": {"name": "role", "k": 1000}},
        "pseudo_labels/own": {"teacher": "em", "rule": "top_k", "k": 10**6},
        "pseudo_labels/cap": CAP | {"prior": rates},
    }
    options = labels.check_options(load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"])
    assert options["expected"] == {"teachers.role.loss.k": 1000}
    assert options["ranked"] == {"pseudo_labels.own.k": 10**6}  # not of the pool, which has images of its own
    assert options["rates"] == {"pseudo_labels.cap.prior": rates}


def test_an_empty_value_of_the_command_line_is_not_null():
    with pytest.raises(ConfigError, match=r"observation\.file: found ''"):
        load.experiments(tiny.CONFIG | {"observation": {"file": ""}}, {"observation": {"file": ""}})


def test_repeated_keys_are_told_with_file_key_and_lines(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: {x: &x {b: 1}}\nc:\n  <<: *x\n  b: 2\n  b: 3\na: 1\n")
    with pytest.raises(ConfigError) as stopped:
        load.require_keys_once([path, path])
    assert sorted(stopped.value.lines) == [
        f"{path}: a stands in line 1 and again in line 6; wanted each key once",
        f"{path}: c.b stands in line 4 and again in line 5; wanted each key once",
    ]


def test_repeated_keys_of_json_are_told_with_tabs_too(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{\n\t"a": [{"x": 1,\n\t"x": 2}]\n}')
    with pytest.raises(ConfigError, match=r"a\.0\.x stands in line 2 and again in line 3"):
        load.require_keys_once([path])


def test_aliases_that_would_fill_any_memory_are_read_once(tmp_path):
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)), "seeds: *a29"]
    path = tmp_path / "config.yaml"
    path.write_text("\n".join(lines))
    load.require_keys_once([path])
    assert any("seeds" in line for line in mistakes({"seeds": yaml.safe_load(path.read_text())["seeds"]}))


@pytest.fixture
def named(tmp_path, monkeypatch):
    """A function that returns what is said of the paths of the tiny configuration, with changes; its files are there."""
    monkeypatch.chdir(tmp_path)
    for part in tiny.SIZES:
        (tmp_path / "data" / part).mkdir(parents=True)
    for name in ("train.json", "test.json", "random.pth"):
        (tmp_path / "data" / name).touch()

    def lines(changes=(), rules=()):
        experiment = load.experiments(tiny.changed(tiny.CONFIG, dict(changes)))["tiny"]
        return list(named_paths.mistakes(experiment, dict(rules).get))

    return lines


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"datasets/tiny/train/annotations": "no.json"},
            "datasets.tiny.train.annotations: found 'no.json', which is not",
        ),
        (
            {"datasets/tiny/test/images": "data/train.json"},
            "datasets.tiny.test.images: found 'data/train.json', which is a file",
        ),
        ({"backbones/random/weights": "data/train"}, "backbones.random.weights: found 'data/train', which is a folder"),
        (
            {"backbones/random/weights": "./link"},
            "backbones.random.weights: found './link', a link to 'nowhere', which is not there",
        ),
        ({"observation": {"file": "pipe"}}, "observation.file: found 'pipe', which is a device or pipe"),
        ({"observation": {"file": 300 * "a"}}, "which cannot be read (File name too long)"),
        ({"observation": {"file": "a\0b"}}, "embedded null"),
        (
            {"datasets/tiny/observation": {"file": "no.csv"}},
            "datasets.tiny.observation.file: found 'no.csv', which is not",
        ),
        ({"predict": {"images": "no"}}, "predict.images: found 'no', which is not there"),
        ({"review": {"answers": ["no.csv"]}}, "review.answers: found 'no.csv', which is not there"),
        (
            {"datasets/tiny/review": {"answers": ["no.csv"]}},
            "datasets.tiny.review.answers: found 'no.csv', which is not",
        ),
    ],
)
def test_a_named_path_that_no_job_could_read_is_one_line(named, changes, message):
    os.symlink("nowhere", "link")
    os.mkfifo("pipe")
    assert named() == []
    (line,) = named(changes)
    assert message in line and "; wanted " in line


def test_what_a_rule_makes_need_not_be_there_but_for_the_data_set_itself(named):
    path, own = "resources/demo/train.json", "resources/tiny/coco/train.json"
    changes = {"datasets/tiny/train": {"annotations": path, "images": "resources/demo/train"}}
    assert named(changes, {path: "draw_demo"}) == [] and len(named(changes)) == 2
    (line,) = named({"datasets/tiny/train/annotations": own}, {own: "convert_annotations"})
    assert "which rule convert_annotations makes for this data set" in line


def test_paths_of_backbones_that_no_model_uses_are_not_asked_for(named):
    other = tiny.CONFIG["backbones"]["random"] | {"weights": "no.pth"}
    assert named({"backbones/other": other}) == []
    assert len(named({"backbones/other": other, "teachers/em/backbone": "other"})) == 1
