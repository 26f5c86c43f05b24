"""Only what changed runs again: what Snakemake does is what tests/unit/plan works out in-process for every case."""

import csv
import json
import os
import subprocess
import time

import pytest
import yaml

import tiny
from spml.artifacts import features as feature_files
from unit.plan import dag
from unit.plan.test_reruns import TABLE

pytestmark = pytest.mark.xdist_group("finished")
CASES = {  # a change of the config -> the mechanism that it proves
    "another parameter": {"training/epochs": 4},
    "a τ added and a τ removed": {"pseudo_labels/paper/taus": [0.5, 0.6]},
    "a replicate added": {"seeds": [1200, 1201, 7]},
    "a checkpoint": {"features/images_per_shard": 10},
    "another data set, and what changes no result": {
        "datasets/other": {"source": "demo", "backbone": "random", "training": {"epochs": 1}},
        "machine": {"device": "auto", "batch_size": 7},
        "predict": {"images": "data/test", "model": "an", "seed": 1201},
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_dry_run_plans_what_the_plan_says(finished, case):
    config = tiny.changed(tiny.CONFIG, CASES[case])
    wanted = dag.planned(tiny.CONFIG, config)
    if case == "a checkpoint":  # which shards there are, a dry run does not know before they are listed
        assert wanted.pop("extract_features") == len(tiny.SIZES)
    assert tiny.planned(finished, root=finished / "repository", config=config) == wanted


@pytest.fixture(scope="module")
def copied(finished, tmp_path_factory):
    """A copy of the finished run, with its repository, to edit."""
    return tiny.copy_run(finished, tmp_path_factory.mktemp("copied") / "work")


def test_a_touch_of_every_file_and_another_form_of_the_config_run_nothing(copied):
    """Touched code and data, keys in another order, numbers in another form, other threads."""

    def turned(value):
        return {key: turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    text = yaml.safe_dump(turned(tiny.CONFIG), sort_keys=False)
    text = text.replace("0.001", "1.0e-3").replace("dropout: 0.1", "dropout: 1.0e-1")
    assert "1.0e-3" in text and "1.0e-1" in text
    later = time.time() + 60
    for path in [*(copied / "repository").rglob("*"), *(copied / "data").rglob("*")]:
        os.utime(path, (later, later))
    (copied / "config.yaml").write_text(text)
    threads = ("--set-threads", "train_teacher=2", "extract_features=1")
    assert tiny.planned(copied, *threads, root=copied / "repository") == {}


def test_an_edit_of_code_runs_the_rules_that_import_it(copied):
    """The runtime and what fetches are code of no rule; unit/plan/test_code.py has every other case."""
    library = copied / "repository/workflow_scripts/spml"
    with (
        tiny.edited(library / "runtime/log.py"),
        tiny.edited(library / "runtime/files.py"),
        tiny.edited(library / "data/download.py"),
        tiny.edited(library / "data/archives.py"),
        tiny.edited(library / "training/engine.py"),
    ):
        wanted = dag.planned(tiny.CONFIG, tiny.CONFIG, edited="spml/training/engine.py")
        assert tiny.planned(copied, root=copied / "repository") == wanted


def test_an_edited_label_extracts_nothing_again_new_images_their_shards_and_a_lost_shard_itself(tmp_path):
    folder = tiny.make(tmp_path / "work")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"features/images_per_shard": 13}))
    targets = ["results/tiny/labels/train.h5", "results/tiny/features/random/train.h5"]
    labels, joined = (folder / target for target in targets)
    shards = joined.with_suffix("")

    def made():
        return {path.name: path.stat().st_mtime_ns for path in shards.glob("[0-9]*.h5")}

    tiny.snakemake(folder, *targets)
    before, bytes_before = made(), labels.read_bytes()
    assert sorted(before) == ["00000.h5", "00001.h5", "00002.h5"]  # 39 images
    dataset = json.loads((folder / "data/train.json").read_text())
    first = dataset["annotations"][0]
    first["category_id"] = 10 if first["category_id"] != 10 else 20
    (folder / "data/train.json").write_text(json.dumps(dataset))
    assert "index_features" in tiny.planned(folder, *targets)  # a dry run cannot know yet
    tiny.snakemake(folder, *targets)
    assert labels.read_bytes() != bytes_before
    assert made() == before
    assert tiny.planned(folder, *targets) == {}

    new = 99  # the last in the order of ids as strings
    dataset["images"].append(dataset["images"][0] | {"id": new})
    dataset["annotations"].append(dataset["annotations"][0] | {"id": 10_000, "image_id": new})
    (folder / "data/train.json").write_text(json.dumps(dataset))
    tiny.snakemake(folder, *targets)
    assert {name: time for name, time in made().items() if name in before} == before
    with feature_files.reading(joined) as stored:
        assert len(stored.image_id) == 40 and stored.image_id[-1] == "99"
    before = made()
    assert sorted(before) == ["00000.h5", "00001.h5", "00002.h5", "00003.h5"]

    (shards / "00001.h5").unlink()
    code, output = tiny.snakemake(folder, "results/tiny/teachers/an/seed_1200/checkpoint.safetensors", check=False)
    assert code == 1
    assert "00001.h5 is missing; delete results/tiny/features/random/train.h5, then run again" in output
    joined.unlink()
    tiny.snakemake(folder, *targets)
    after = made()
    assert after.pop("00001.h5") > before.pop("00001.h5")
    assert after == before


def test_labels_that_are_checked_again_extract_no_features_again(tmp_path):
    """Of a table: a teacher with full supervision changes what is checked, but neither what is observed nor the features."""
    folder = tiny.make(tmp_path / "work")
    dataset = json.loads((folder / "data/train.json").read_text())
    names = {entry["id"]: entry["name"] for entry in dataset["categories"]}
    true = {}
    for entry in dataset["annotations"]:
        true.setdefault(f"{entry['image_id']}.png", set()).add(names[entry["category_id"]])
    with open(folder / "data/tags.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("path", "true"), *((name, ";".join(sorted(present))) for name, present in true.items())])
    before = tiny.changed(TABLE, {"datasets/tiny/train/images": "data/train", "seeds": [1200]})
    after = tiny.changed(before, {"teachers/full": {"loss": "bce", "supervision": "full"}})
    model = "results/tiny/teachers/{}/seed_1200/checkpoint.safetensors"
    tiny.configure(folder, before)
    checked = folder / "results/tiny/checks/labels.txt"
    targets = [model.format("an"), "results/tiny/checks/labels.txt"]
    tiny.snakemake(folder, *targets)
    kept = [folder / model.format("an"), *sorted((folder / "results/tiny/features").rglob("*.h5"))]
    kept.append(folder / "results/tiny/observed/seed_1200.h5")
    times = [path.stat().st_mtime_ns for path in kept]
    time_checked = checked.stat().st_mtime_ns
    assert len(kept) == 4  # checkpoint, shard, index, observed labels
    tiny.configure(folder, after)
    targets.append(model.format("full"))
    assert tiny.planned(folder, *targets) == {"check_labels": 1, "train_teacher": 1}
    tiny.snakemake(folder, *targets)
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert checked.stat().st_mtime_ns > time_checked and (folder / targets[-1]).exists()
    assert tiny.planned(folder, *targets) == {}


def test_what_is_planned_is_what_is_tracked(finished):
    """The repository that these tests run is the one under test."""
    files = subprocess.run(
        ["git", "ls-files"], cwd=tiny.ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert all(
        (finished / "repository" / file).exists() for file in files if not file.startswith(("tests/", "results/"))
    )
