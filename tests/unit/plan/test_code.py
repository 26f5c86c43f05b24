"""An edit of code runs the rules that import it, and no others."""

import ast
import os
import re
import sys
from pathlib import Path

import pytest

import tiny
from plan import acquire, features, load, tracking
from spml.features.named import MODULES
from unit.plan import dag
from unit.plan.test_reruns import EVERYTHING, LABELLING, OBSERVING, STUDENTS, TABLE, TRAINING, and_after

PLOTS = {"plot_map", "plot_label_counts", "plot_comparison", "plot_reliability", "plot_label_quality", "plot_training"}
MEASURED = and_after("collect_label_counts", "measure_label_quality")
CASES = {  # an edited file -> what runs
    "spml/losses/primitives.py": TRAINING,
    "spml/losses/entropy.py": TRAINING,
    "spml/losses/closed_form.py": TRAINING,
    "spml/losses/targets.py": TRAINING,
    "spml/training/engine.py": TRAINING,
    "spml/artifacts/features.py": and_after("extract_features", "find_duplicates"),
    "spml/features/rows.py": set(),
    "spml/features/matrices/npy.py": set(),
    "spml/evaluation/average_precision.py": TRAINING | {"evaluate"},
    "spml/evaluation/metrics.py": and_after("evaluate"),
    "spml/evaluation/intervals.py": and_after("compare_methods"),
    "spml/evaluation/label_quality.py": and_after("measure_label_quality"),
    "spml/features/backbones.py": and_after("extract_features"),
    "spml/features/images.py": and_after("extract_features"),
    "spml/data/coco.py": EVERYTHING,
    "spml/data/splits.py": and_after("make_labels"),
    "spml/data/demo.py": set(),
    "spml/data/download.py": set(),
    "spml/data/archives.py": set(),
    "spml/data/voc.py": set(),
    "spml/labels/observation.py": OBSERVING,
    "spml/labels/checks.py": {"check_labels"},
    "spml/labels/pseudo_labels.py": LABELLING | {"evaluate"},
    "spml/models/inference.py": and_after("predict_logits", "evaluate"),
    "spml/reporting/figures.py": and_after(*PLOTS),
    "spml/reporting/provenance.py": {"write_provenance", "write_report", "write_crate"},
    "spml/reporting/report.py": {"write_report", "write_crate"},
    "spml/reporting/templates/report.html": {"write_report", "write_crate"},
    "spml/reporting/templates/gallery.js": set(),
    "spml/reporting/templates/style.css": {"write_provenance", "write_report", "write_crate"},
    "spml/review/gallery.py": set(),
    "spml/review/describe.py": set(),
    "spml/review/answers.py": set(),
    "spml/review/answer_files.py": set(),
    "spml/review/queue.py": set(),
    "spml/review/simulation.py": set(),
    "spml/labels/verdicts.py": OBSERVING,
    "plot_map.py": {"plot_map", "write_report", "write_crate"},
    "train_student.py": STUDENTS,
    "evaluate.py": and_after("evaluate"),
    "show.py": set(),
    "plan/evaluation.py": set(),
} | {
    str(path.relative_to(tracking.SCRIPTS)): set()
    for path in sorted((tracking.SCRIPTS / "spml" / "runtime").glob("*.py"))
}


@pytest.mark.parametrize("file", CASES)
def test_an_edit_of_code_runs_the_rules_that_import_it(file):
    assert (tracking.SCRIPTS / file).is_file()
    assert set(dag.planned(tiny.CONFIG, tiny.CONFIG, edited=file)) == CASES[file]


def scripts():
    return {path.stem for path in tracking.SCRIPTS.glob("*.py")} - {
        "published"
    }  # a command, which reads all of the plan


def code(rule):
    """The code of a rule by its path in workflow_scripts/."""
    return {str(Path(path).resolve().relative_to(tracking.SCRIPTS)) for path in tracking.code(rule)}


def test_every_module_is_code_of_the_rules_that_import_it_and_of_no_others():
    users = {}
    for rule in scripts():
        listed = tracking.code(rule)
        assert listed == sorted(set(listed)) and f"{rule}.py" in code(rule)
        for path in code(rule):
            users.setdefault(path, set()).add(rule)
    training = {"train_teacher", "train_student", "play_answers"}
    for module in ("adam", "batches", "engine", "fit", "steps"):
        assert users[f"spml/training/{module}.py"] == training, module
    for module in ("primitives", "stateful", "targets"):
        assert users[f"spml/losses/{module}.py"] == training | {"train_candidate"}, module
    for path, rules in users.items():
        assert not path.startswith("spml/finetuning/") or rules == {"train_candidate"}, path
    assert users["spml/reporting/figures.py"] == PLOTS | {"plot_simulation", "compare_experiments"}
    whole = {"predict_images", "export_model"}  # backbone and head together
    networks = {"extract_features", "decode_pictures", "train_candidate"} | whole
    assert users["spml/features/backbones.py"] == networks
    readers = users["spml/artifacts/checkpoints.py"] - tiny.COMMANDS
    heads = {"make_text_teacher", "predict_logits", "evaluate", "choose_model", "choose_candidate"}
    assert readers == training | heads | networks
    runtime = tracking.SCRIPTS / "spml" / "runtime"
    by_name = {"voc", "nuswide", "cub", "image_folder"}  # readers, which convert_annotations imports by name
    modules = {
        str(path.relative_to(tracking.SCRIPTS))
        for path in (tracking.SCRIPTS / "spml").rglob("*.py")
        if runtime not in path.parents and path.stat().st_size  # an empty __init__.py is nobody's code
    }
    at_the_start = {"spml/data/precheck.py", "spml/data/precheck_features.py"}  # before any job
    libraries = {f"{name.replace('.', '/')}.py" for name in MODULES.values()}  # the plan adds that of a backbone
    libraries |= {"spml/features/libraries/views.py", "spml/features/libraries/timm_layers.py"}
    offered = {
        f"spml/losses/{name}.py" for name in ("own_loop", "loop_inputs")
    }  # to people who have a training loop of their own
    assert modules - set(users) <= {f"spml/data/{name}.py" for name in by_name} | at_the_start | libraries | offered
    assert not any(path.startswith(("plan/", "spml/runtime/")) for path in users if users[path] - tiny.COMMANDS)


def test_only_training_and_what_computes_with_a_network_import_torch():
    slow = {"fetch_weights", "extract_features", "train_teacher", "train_student"}
    slow |= {"decode_pictures", "train_candidate"}
    slow |= {"predict_images", "export_model", "decompose_features", "play_answers", "embed_prompts"}
    for rule in scripts():
        text = "\n".join((tracking.SCRIPTS / path).read_text() for path in code(rule))
        imports = re.search(r"^(?:import|from) torch\b", text, re.M)
        assert bool(imports) == (rule in slow), rule


def test_the_runtime_stands_on_the_standard_library_alone():
    """No result depends on it, so that its code may be left out of what is tracked."""
    allowed = sys.stdlib_module_names | {"spml"}
    lazy = {"numpy", "torch"}  # loaded at first use by lazy.py
    for path in (tracking.SCRIPTS / "spml" / "runtime").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                known = allowed | lazy if path.name == "lazy.py" else allowed
                assert name.split(".")[0] in known, f"{path.name} imports {name}"
                assert not name.startswith("spml") or name.startswith("spml.runtime"), f"{path.name} imports {name}"


def test_what_is_fetched_depends_on_no_code():
    """20 GB are not fetched again for an edit."""
    fetching = [rule for rule in dag.rules() if rule.name.startswith("fetch_")]
    assert {rule.name for rule in fetching} == {"fetch_archive", "fetch_weights"}
    assert not any("input" in rule.blocks for rule in fetching)


@pytest.mark.parametrize("reader", ["voc", "nuswide", "cub", "image_folder"])
def test_a_reader_is_code_of_the_conversion_that_it_reads_for_alone(reader):
    listed = {}
    for name in ("voc", "nuswide", "cub", "image_folder"):
        entry = {"source": name, "backbone": "random", "train": {"images": "data/train"}}
        if name != "image_folder":
            entry |= {part: {"annotations": f"data/{part}", "images": "data/train"} for part in ("train", "test")}
        changes = {"datasets/other": entry, "validation/select_on": "observed_labels"}
        experiment = load.experiments(tiny.changed(tiny.CONFIG, changes))["other"]
        listed[name] = {os.path.basename(path) for path in acquire.conversion_code(experiment)}
    assert {name for name, files in listed.items() if f"{reader}.py" in files} == {reader}
    assert all("convert_annotations.py" in files for files in listed.values())


def test_an_edit_of_the_reader_of_tables_runs_nothing_of_annotations_and_all_of_a_table():
    after = and_after("list_images") | {"check_labels"}
    assert set(dag.planned(TABLE, TABLE, edited="spml/data/csv_table.py")) == after


def test_an_edit_of_the_models_code_changes_no_results():
    """What the targets predict and model make comes after the results."""
    for file in ("spml/models/export.py", "spml/reporting/model_card.py", "spml/review/exports.py"):
        assert dag.planned(tiny.CONFIG, tiny.CONFIG, edited=file) == {}, file


def test_a_backbone_depends_on_the_code_of_its_own_library(tmp_path):
    config = tiny.changed(
        tiny.CONFIG,
        {"backbones/vit": {"library": "timm", "model": "vit_tiny_patch16_224"}},
    )
    experiment = load.experiments(config, {})["tiny"]
    own = {name: "\n".join(features.backbone_code(experiment, name, "extract_features")) for name in ("random", "vit")}
    assert "torchvision_models.py" in own["random"] and "timm" not in own["random"]
    assert "timm_models.py" in own["vit"] and "timm_layers.py" in own["vit"] and "torchvision_models" not in own["vit"]
