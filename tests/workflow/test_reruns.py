"""Only what changed runs again: change one thing, see the exact rules that a dry run plans."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

import tiny
from spml.artifacts import features as feature_files

pytestmark = pytest.mark.xdist_group("finished")

FEEDS = {  # rule -> the rules that read what it writes
    "list_images": ["extract_features", "make_labels", "make_pseudo_labels", "write_provenance"],
    "extract_features": ["index_features"],
    "index_features": ["train_teacher", "train_student", "predict_logits", "write_provenance"],
    "make_labels": [
        *["make_observed_labels", "train_teacher", "train_student", "predict_logits"],
        *["make_pseudo_labels", "evaluate", "collect_label_counts", "compare_methods", "measure_label_quality"],
        "write_report",
    ],
    "make_observed_labels": ["train_teacher", "make_pseudo_labels", "collect_label_counts", "measure_label_quality"],
    "train_teacher": ["predict_logits"],
    "predict_logits": ["make_pseudo_labels", "evaluate", "compare_methods"],
    "make_pseudo_labels": ["train_student", "collect_label_counts", "measure_label_quality"],
    "train_student": ["predict_logits"],
    "evaluate": ["collect_metrics", "plot_reliability"],
    "collect_metrics": [
        *["plot_map", "compare_methods", "plot_comparison", "plot_reliability", "write_provenance", "write_report"]
    ],
    "collect_label_counts": ["plot_label_counts", "write_provenance", "write_report"],
    "compare_methods": ["plot_comparison", "write_provenance", "write_report"],
    "measure_label_quality": ["plot_label_quality", "write_provenance", "write_report"],
    **{
        rule: ["write_report"]
        for rule in (
            "plot_map",
            "plot_label_counts",
            "plot_comparison",
            "plot_reliability",
            "plot_label_quality",
            "write_provenance",
        )
    },
}


def and_after(*rules):
    """These rules and all that come after them."""
    found, todo = set(), list(rules)
    while todo:
        rule = todo.pop()
        if rule not in found:
            found.add(rule)
            todo += FEEDS.get(rule, [])
    return found


TRAINING = and_after("train_teacher")
LABELLING = and_after("make_pseudo_labels")
EVERYTHING = and_after("list_images") - {
    "extract_features"
}  # which shards, a dry run does not know before they are listed
OBSERVING = and_after("make_observed_labels")
MEASURING = and_after("evaluate", "compare_methods")
ADDED_MODEL = MEASURING | {"predict_logits"}
STUDENTS = ADDED_MODEL | {"train_student"}
TABLES = and_after("collect_metrics", "collect_label_counts", "measure_label_quality", "plot_reliability")
ADDED_LABELS = and_after("collect_label_counts", "measure_label_quality") | {"make_pseudo_labels"}

CONFIG_CASES = {  # a change of the config -> what runs
    "nothing": ({}, set()),
    "validation share": ({"validation/fraction": 0.3}, and_after("make_labels")),
    "split seed": ({"validation/seed": 5}, and_after("make_labels")),
    "epochs": ({"training/epochs": 4}, TRAINING),
    "two values swapped": ({"training/epochs": 8, "training/hidden": 3}, TRAINING),
    "two lists swapped": ({"training/batch_sizes": [1], "training/learning_rates": [8]}, TRAINING),
    "dropout": ({"training/dropout": 0.2}, TRAINING),
    "order of candidates": ({"training/learning_rates": [0.001, 0.01]}, TRAINING),
    "head of a student": ({"students/paper/head": "linear"}, STUDENTS),
    "loss of a student": ({"students/paper/loss": "an_ls"}, STUDENTS),
    "a baseline's loss": ({"teachers/an/loss": "an_ls"}, {"train_teacher", *ADDED_MODEL}),
    "a baseline's labels": ({"teachers/an/supervision": "full"}, {"train_teacher", *ADDED_MODEL}),
    "hyperparameter of the teacher": ({"teachers/em/loss": {"name": "em", "alpha": 0.2}}, TRAINING),
    "a hyperparameter written out": ({"teachers/em/loss": {"name": "em", "alpha": 0.1}}, set()),
    "another teacher for the pseudo-labels": ({"pseudo_labels/paper/teacher": "an"}, {"predict_logits", *LABELLING}),
    "observed positives kept": ({"pseudo_labels/paper/keep_observed": True}, LABELLING),
    "a τ added": ({"pseudo_labels/paper/taus": [0.5, 0.6, 0.7]}, LABELLING),
    "a τ removed": (
        {"pseudo_labels/paper/taus": [0.5]},
        TABLES,
    ),
    "order of τ": ({"pseudo_labels/paper/taus": [0.7, 0.5]}, set()),
    "a replicate added": ({"seeds": [1200, 1201, 7]}, and_after("make_observed_labels")),
    "a replicate removed": (
        {"seeds": [1200]},
        TABLES,
    ),
    "a teacher added": ({"teachers/an_ls": {"loss": "an_ls"}}, {"train_teacher", *ADDED_MODEL}),
    "a student added": ({"students/linear": {"pseudo_labels": "paper", "loss": "bce", "head": "linear"}}, STUDENTS),
    "pseudo-labels added": (
        {"pseudo_labels/of_an": {"teacher": "an", "taus": [0.5]}},
        ADDED_LABELS | {"predict_logits"},
    ),
    "a second round": (
        {
            "pseudo_labels/second": {"teacher": "paper@0.7", "taus": [0.5]},
            "students/second": {"pseudo_labels": "second", "loss": "bce"},
        },
        LABELLING,
    ),
    "several teachers": ({"pseudo_labels/paper/teacher": ["em", "an"]}, {"predict_logits", *LABELLING}),
    "rules without τ added": (
        {
            "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
            "pseudo_labels/cap": {"teacher": "soft@all", "rule": "class_prior"},
            "students/soft": {"pseudo_labels": "soft", "loss": "bce"},
        },
        LABELLING,
    ),
    "process of the observation": ({"observation": {"sampling": "size"}}, {"make_observation_weights", *OBSERVING}),
    "observed negatives": ({"observation": {"negatives_per_image": 1}}, OBSERVING),
    "weights that the process does not read": ({"observation": {"weights": {"red": 2}}}, set()),
    "choices on observed labels": ({"validation/select_on": "observed_labels"}, TRAINING | {"evaluate"}),
    "reference of the comparison": ({"comparison": {"reference": "an"}}, and_after("compare_methods")),
    "the same reference, written out": ({"comparison": {"reference": "em"}}, set()),
    "resamples": ({"comparison": {"resamples": 50}}, and_after("compare_methods")),
    "lines of the figure": (
        {"figures/baselines": ["full"]},
        {"plot_map", "plot_comparison", "plot_reliability", "write_provenance", "write_report"},
    ),
    "image size": ({"backbones/random/image_size": 40}, and_after("extract_features")),
    "precision": ({"backbones/random/precision": "bfloat16"}, and_after("extract_features")),
    "storage": ({"backbones/random/storage": "float32"}, and_after("extract_features")),
    "images per shard": ({"features/images_per_shard": 10}, EVERYTHING),
    "memory": ({"training/memory_mb": 1}, TRAINING),
    "a second backbone, unused": (
        {"backbones/other": {"architecture": "resnet18", "weights": "imagenet"}},
        set(),
    ),
    "device": ({"machine/device": "auto"}, set()),
    "batch size of the extraction": ({"machine/batch_size": 7}, set()),
    "GPUs": ({"machine/gpus_per_job": 1}, set()),
    "what predicts and for what": ({"predict": {"images": "data/test", "model": "an", "seed": 1201}}, set()),
    "the demo's settings": ({"demo": {"seed": 99, "train": 50}}, set()),
    "another data set beside it": (
        {"datasets/other": {"source": "demo", "backbone": "random", "training": {"epochs": 1}}},
        set(),
    ),
    "an override for this data set": ({"datasets/tiny/training": {"epochs": 4}}, TRAINING),
    "an override that says the same": ({"datasets/tiny/training": {"epochs": 3}}, set()),
}


@pytest.mark.parametrize("case", CONFIG_CASES)
def test_a_change_of_the_config_runs_what_depends_on_it(finished, case):
    changes, wanted = CONFIG_CASES[case]
    try:
        tiny.configure(finished, tiny.changed(tiny.CONFIG, changes))
        assert set(tiny.planned(finished, root=finished / "repository")) == wanted
    finally:
        tiny.configure(finished, tiny.CONFIG)


def test_a_τ_added_runs_its_own_files_alone(finished):
    try:
        tiny.configure(finished, tiny.changed(tiny.CONFIG, {"pseudo_labels/paper/taus": [0.5, 0.6, 0.7]}))
        jobs = tiny.planned(finished, root=finished / "repository")
    finally:
        tiny.configure(finished, tiny.CONFIG)
    two = len(tiny.CONFIG["seeds"])
    wanted = {"make_pseudo_labels": two, "train_student": two, "predict_logits": 2 * two, "evaluate": two}
    assert jobs == wanted | dict.fromkeys(TABLES | {"compare_methods", "plot_comparison"}, 1)


def test_keys_in_another_order_and_numbers_in_another_form_run_nothing(finished):
    def turned(value):
        return {key: turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    text = (
        yaml.safe_dump(turned(tiny.CONFIG), sort_keys=False)
        .replace("0.001", "1.0e-3")
        .replace("dropout: 0.1", "dropout: 1.0e-1")
    )
    assert "1.0e-3" in text and "1.0e-1" in text
    try:
        (finished / "config.yaml").write_text(text)
        assert tiny.planned(finished, root=finished / "repository") == {}
    finally:
        tiny.configure(finished, tiny.CONFIG)


def test_threads_run_nothing(finished):
    assert (
        tiny.planned(finished, "--set-threads", "train_teacher=2", "extract_features=1", root=finished / "repository")
        == {}
    )


def test_a_touch_of_every_tracked_file_and_of_the_data_runs_nothing(finished):
    later = time.time() + 60
    for path in [*(finished / "repository").rglob("*"), *(finished / "data").rglob("*")]:
        os.utime(path, (later, later))
    assert tiny.planned(finished, root=finished / "repository") == {}


PLOTS = {"plot_map", "plot_label_counts", "plot_comparison", "plot_reliability", "plot_label_quality"}
CODE_CASES = {  # an edited file -> what runs
    "spml/losses/functional.py": TRAINING,
    "spml/training/engine.py": TRAINING,
    "spml/losses/closed_form.py": TRAINING,
    "spml/artifacts/features.py": and_after("extract_features"),
    "spml/evaluation/average_precision.py": TRAINING | {"evaluate"},
    "spml/losses/targets.py": TRAINING,
    "spml/evaluation/metrics.py": and_after("evaluate"),
    "spml/evaluation/bootstrap.py": and_after("compare_methods"),
    "spml/evaluation/label_quality.py": and_after("measure_label_quality"),
    "spml/features/backbones.py": and_after("extract_features"),
    "spml/features/images.py": and_after("extract_features"),
    "spml/data/coco.py": EVERYTHING,
    "spml/data/splits.py": and_after("make_labels"),
    "spml/labels/observation.py": and_after("make_observed_labels"),
    "spml/models/inference.py": and_after("predict_logits"),
    "spml/labels/pseudo_labels.py": LABELLING | {"evaluate"},
    "spml/reporting/figures.py": and_after(*PLOTS),
    "spml/evaluation/results.py": and_after("compare_methods", *PLOTS),
    "spml/data/demo.py": set(),
    "spml/data/download.py": set(),
    "spml/reporting/provenance.py": {"write_provenance", "write_report"},
    "spml/reporting/report.py": {"write_report"},
    "report/page.css": {"write_report"},
    "spml/review/gallery.py": set(),
    "spml/review/describe.py": set(),
    "plot_map.py": {"plot_map", "write_report"},
    "train_student.py": STUDENTS,
    "evaluate.py": and_after("evaluate"),
}


@pytest.mark.parametrize("file", CODE_CASES)
def test_an_edit_of_code_runs_the_rules_that_import_it(finished, file):
    with tiny.edited(finished / "repository" / "workflow_scripts" / file):
        assert set(tiny.planned(finished, root=finished / "repository")) == CODE_CASES[file]


def test_every_module_is_code_of_the_rules_that_import_it_and_of_no_others():
    code = tiny.namespace(tiny.CONFIG)["code"]
    rules = {path.stem for path in (tiny.ROOT / "workflow_scripts").glob("*.py")}
    users = {}
    for rule in rules:
        listed = code(rule)
        assert listed == sorted(set(listed)) and f"{rule}.py" in {os.path.basename(path) for path in listed}
        for path in listed:
            users.setdefault(os.path.basename(path), set()).add(rule)
    training = {"train_teacher", "train_student"}
    for module in ("losses", "gradients", "adam", "targets", "heads", "training", "rows", "fitting"):
        assert users[f"{module}.py"] == training, module
    assert users["figures.py"] == PLOTS
    whole = {"predict_images", "export_model"}  # backbone and head together
    assert users["backbones.py"] == {"extract_features", "fetch_weights", "pretrain_demo_backbone", *whole}
    assert users["checkpoints.py"] - tiny.COMMANDS == training | {"predict_logits", "choose_model", *whole}
    assert users["files.py"] >= rules - {"fetch_coco_annotations"}
    modules = {path.name for path in (tiny.ROOT / "workflow_scripts" / "spml").glob("*.py")}
    assert modules <= set(users), f"no rule uses {modules - set(users)}"


def test_only_training_and_extraction_import_torch():
    slow = {"fetch_weights", "pretrain_demo_backbone", "extract_features", "train_teacher", "train_student"}
    slow |= {"predict_images", "export_model"}
    code = tiny.namespace(tiny.CONFIG)["code"]
    for path in (tiny.ROOT / "workflow_scripts").glob("*.py"):
        text = "".join(Path(file).read_text() for file in code(path.stem))
        assert ("import torch" in text or "from torch" in text) == (path.stem in slow), path.stem


def test_an_edited_label_extracts_no_features_again_and_a_new_image_does(tmp_path):
    folder = tiny.make(tmp_path)
    places = ("labels/train.h5", "features/random/train.h5", "features/random/train/00000.h5")
    labels, joined, features = (folder / "results/tiny" / place for place in places)
    targets = [str(path.relative_to(folder)) for path in (labels, joined)]
    tiny.snakemake(folder, *targets)
    dataset, before = (
        json.loads((folder / "data/train.json").read_text()),
        (labels.read_bytes(), features.stat().st_mtime_ns),
    )
    first = dataset["annotations"][0]
    first["category_id"] = 10 if first["category_id"] != 10 else 20
    (folder / "data/train.json").write_text(json.dumps(dataset))
    assert "index_features" in tiny.planned(folder, *targets)  # a dry run cannot know yet
    tiny.snakemake(folder, *targets)
    assert labels.read_bytes() != before[0]
    assert features.stat().st_mtime_ns == before[1]
    assert tiny.planned(folder, *targets) == {}
    first["image_id"] = tiny.SIZES["train"]  # the picture without annotations has one now
    (folder / "data/train.json").write_text(json.dumps(dataset))
    tiny.snakemake(folder, *targets)
    assert features.stat().st_mtime_ns != before[1]


def test_new_images_extract_new_shards_alone_and_a_lost_shard_itself(tmp_path):
    folder = tiny.make(tmp_path)
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"features/images_per_shard": 13}))
    target = "results/tiny/features/random/train.h5"
    shards = folder / "results/tiny/features/random/train"

    def made():
        return {path.name: path.stat().st_mtime_ns for path in shards.iterdir()}

    tiny.snakemake(folder, target)
    before = made()
    assert sorted(before) == ["00000.h5", "00001.h5", "00002.h5"]  # 39 images
    dataset = json.loads((folder / "data/train.json").read_text())
    new = 99  # the last in the order of ids as strings
    dataset["images"].append(dataset["images"][0] | {"id": new})
    dataset["annotations"].append(dataset["annotations"][0] | {"id": 10_000, "image_id": new})
    (folder / "data/train.json").write_text(json.dumps(dataset))
    tiny.snakemake(folder, target)
    assert {name: time for name, time in made().items() if name in before} == before
    with feature_files.reading(folder / target) as stored:
        assert len(stored.image_id) == 40 and stored.image_id[-1] == "99"
    before = made()
    assert sorted(before) == ["00000.h5", "00001.h5", "00002.h5", "00003.h5"]
    (shards / "00001.h5").unlink()
    code, output = tiny.snakemake(folder, check=False)
    assert code == 1
    assert "its shard" in output and "00001.h5 is missing; delete this file, too" in output
    (folder / target).unlink()
    tiny.snakemake(folder, target)
    after = made()
    assert after.pop("00001.h5") > before.pop("00001.h5")
    assert after == before


def test_what_is_planned_is_what_is_tracked(finished):
    """The repository that these tests run is the one under test."""
    files = subprocess.run(
        ["git", "ls-files"], cwd=tiny.ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert all(
        (finished / "repository" / file).exists() for file in files if not file.startswith(("tests/", "results/"))
    )
