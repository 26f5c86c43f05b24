"""Exports, read back by the libraries of the tools that they are for."""

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import unquote

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from PIL import Image

import tiny
from spml.data import coco
from spml.review import answer_files, answers, exports

pytestmark = pytest.mark.xdist_group("finished")
NAMES = ['a "b" & <c>', "=1+1", "ä, é", "d"]
PYTHON = tiny.ROOT / ".formats/bin/python"


@pytest.fixture(scope="module")
def exported(finished):
    """The folder of the exports of one file of pseudo-labels, and its labels by image."""
    folder = finished / "results/tiny/exports/paper/seed_1200/tau_0.50"
    targets = [f"{folder.relative_to(finished)}/{name}" for name in exports.FORMATS]
    tiny.snakemake(finished, *targets, root=finished / "repository")
    with h5py.File(finished / "results/tiny/pseudo_labels/paper/seed_1200/tau_0.50.h5") as file:
        category = list(file["category"].asstr())
        present = {
            image: {name for name, one in zip(category, row, strict=True) if one}
            for image, row in zip(file["image_id"].asstr(), file["label"][:], strict=True)
        }
    return folder, present


def read(form, folder, *more):
    """What the tool's own library finds, or None where it writes a file."""
    if not PYTHON.exists():
        pytest.skip(f"needs the libraries of {form}: tests/exports/install.sh installs them into .formats")
    environment = os.environ | {"FIFTYONE_DO_NOT_TRACK": "1"}
    command = [str(PYTHON), str(Path(__file__).parent / "read.py"), form, str(folder), *more]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def labelled(folder, **changes):
    """Five pictures with names that need care; the last has no label."""
    random = np.random.RandomState(0)
    label = (random.rand(5, 4) > 0.5).astype(np.int8)
    label[4] = 0
    label[0, 1], label[1, 0] = 1, -1
    names = ["1.png", "b/c d.png", "=2.png", "ü.png", "x.y.png"]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40 + number, 30), "blue").save(folder / name)
    observed = np.zeros_like(label)
    observed[:, 3] = 1
    values = {
        "image_id": ["1", "b/c", "=2", "ü", "x.y"],
        "file_name": names,
        "path": [str(folder / name) for name in names],
        "split": ["train", "train", "val", "train", "val"],
        "category": NAMES,
        "label": label,
        "probability": np.round(random.rand(5, 4), 4),
        "observed": observed,
        "about": {"dataset": "odd", "tau": "0.5"},
    }
    return exports.Labelled(**values | changes)


def written(form, folder, of):
    place = folder / form
    place.mkdir()
    exports.FORMATS[form].function(place, of)
    return place


def wanted(of):
    return [{of.category[c] for c in np.flatnonzero(row >= 0.5)} for row in of.label]


def test_coco_is_read_by_pycocotools_and_by_the_pipeline_itself(exported, finished):
    folder, present = exported
    read_back = coco.load(folder / "coco/annotations.json")
    names = {entry["id"]: entry["name"] for entry in read_back.loadCats(read_back.getCatIds())}
    assert list(names.values()) == list(tiny.COLOURS)
    found = {
        str(image): {names[entry["category_id"]] for entry in read_back.imgToAnns[image]} for image in read_back.imgs
    }
    assert found == present
    assert all((entry["width"], entry["height"]) == (32, 32) for entry in read_back.imgs.values())
    assert read_back.dataset["info"]["rule"] == "threshold" and read_back.dataset["info"]["dataset"] == "tiny"
    written = json.loads((folder / "coco/annotations.json").read_text())["annotations"]  # the pipeline reads no scores
    assert all(0.5 <= entry["score"] <= 1 for entry in written)


def test_wide_is_read_by_pandas(exported):
    folder, present = exported
    table = pd.read_csv(folder / "wide/labels.csv", dtype={"image_id": str}).set_index("image_id")
    assert list(table) == ["file_name", "split", *tiny.COLOURS] and set(table["split"]) == {"train", "val"}
    assert {i: {n for n in tiny.COLOURS if table.loc[i, n] == 1} for i in table.index} == present


def test_parquet_is_read_by_pyarrow_and_pandas(exported):
    folder, present = exported
    table = pyarrow.parquet.read_table(folder / "parquet/labels.parquet")
    assert table.schema.metadata[b"tau"] == b"0.5"
    assert json.loads(table.schema.metadata[b"categories"]) == list(tiny.COLOURS)
    frame = pd.read_parquet(folder / "parquet/labels.parquet")
    assert {row.image_id: set(row.labels) for row in frame.itertuples()} == present
    assert all(len(row.labels) == len(row.probabilities) and len(row.observed) == 1 for row in frame.itertuples())


@pytest.mark.exports
def test_fiftyone_imports_its_layout(exported, finished):
    folder, present = exported
    found = read("fiftyone", folder / "fiftyone")
    assert found["classes"] == list(tiny.COLOURS)
    by_path = {str(finished / f"data/train/{image}.png"): names for image, names in present.items()}
    assert {path: {name for name, _ in labels} for path, labels in found["images"].items()} == by_path
    assert all(0.5 <= confidence <= 1 for labels in found["images"].values() for _, confidence in labels)


@pytest.mark.exports
def test_label_studio_takes_its_tasks_as_predictions(exported):
    folder, present = exported
    found = read("label_studio", folder / "label_studio")
    assert found["choices"] == list(tiny.COLOURS)
    tasks = {task["data"]["image_id"]: task for task in found["tasks"]}
    assert tasks["10"]["data"]["image"] == "/data/local-files/?d=data/train/10.png"
    said = {
        image: {name for result in task["predictions"][0]["result"] for name in result["value"]["choices"]}
        for image, task in tasks.items()
    }
    assert said == present


def test_names_that_need_care_come_back_as_they_were(tmp_path):
    of = labelled(tmp_path)
    read_back = coco.load(written("coco", tmp_path, of) / "annotations.json")
    names = {entry["id"]: entry["name"] for entry in read_back.dataset["categories"]}
    assert list(names.values()) == NAMES
    for row, image in enumerate(of.image_id):
        assert {names[entry["category_id"]] for entry in read_back.imgToAnns[image]} == wanted(of)[row]
        assert read_back.imgs[image]["width"] == 40 + row
    frame = pd.read_parquet(written("parquet", tmp_path, of) / "labels.parquet")
    assert [set(names) for names in frame["labels"]] == wanted(of) and list(frame["image_id"]) == of.image_id
    assert frame["ignored"][1].tolist() == [NAMES[0]]
    table = pd.read_csv(written("wide", tmp_path, of) / "labels.csv", dtype=str)
    assert list(table["image_id"]) == ["1", "b/c", "'=2", "ü", "x.y"]  # no formula for a spreadsheet
    assert list(table)[3:] == [NAMES[0], "'=1+1", *NAMES[2:]]
    assert pd.isna(table.iloc[1, 3]) and (table.iloc[4, 3:] == "0").all()


@pytest.mark.exports
def test_names_that_need_care_reach_the_tools_as_they_are(tmp_path):
    of = labelled(tmp_path)
    found = read("fiftyone", written("fiftyone", tmp_path, of))
    assert {path: {name for name, _ in labels} for path, labels in found["images"].items()} == dict(
        zip(of.path, wanted(of), strict=True)
    )
    found = read("label_studio", written("label_studio", tmp_path, of))
    assert found["choices"] == NAMES
    for row, task in enumerate(found["tasks"]):
        assert "/" + unquote(task["data"]["image"].split("?d=")[1]) == of.path[row]
        results = task["predictions"][0]["result"]
        assert {name for result in results for name in result["value"]["choices"]} == wanted(of)[row]
        assert task["data"]["observed"] == "d"


@pytest.mark.exports
@pytest.mark.parametrize("form", ["fiftyone", "label_studio"])
def test_what_a_person_changes_in_a_tool_comes_back_as_answers(tmp_path, form):
    of = labelled(
        tmp_path, label=np.array([[1, 1, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0], [0, 1, 1, 0]], np.int8)
    )
    a, b, c, d = NAMES
    changes = {"1": [a, c], "b/c": [b], "ü": [c, d]}  # of 1, two of three were wrong and one was missing
    file = tmp_path / "reviewed.json"
    read(f"review_{form}", written(form, tmp_path, of), str(file), json.dumps(changes))
    merged = answers.merge(answers.check(answer_files.read(str(file)), of.image_id, of.file_name, of.category).known)
    found = {tuple(question): entry.verdict for question, entry in merged.items()}
    assert found == {
        **{("1", a): "yes", ("1", b): "no", ("1", c): "yes", ("1", d): "no"},
        **{("b/c", a): "no", ("b/c", b): "yes", ("ü", c): "yes", ("ü", d): "yes"},
    }
    people = {answer.who for entry in merged.values() for answer in entry.answers}
    assert people == ({"3"} if form == "label_studio" else {""})


def test_targets_are_labels_from_one_half_on_and_stand_whole_in_the_wide_table(tmp_path):
    target = np.array([[0.2, 0.5, 0.9, 0.0]] * 5, np.float16)
    of = labelled(tmp_path, label=target)
    document = json.loads((written("coco", tmp_path, of) / "annotations.json").read_text())
    assert {entry["category_id"] for entry in document["annotations"]} == {2, 3}
    table = pd.read_csv(written("wide", tmp_path, of) / "labels.csv")
    assert table.iloc[0, 3:].tolist() == pytest.approx([0.2, 0.5, 0.9, 0], abs=1e-3)


def test_a_quarter_turn_counts_in_width_and_height(tmp_path):
    of = labelled(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(of.path[0], exif=exif)
    document = json.loads((written("coco", tmp_path, of) / "annotations.json").read_text())
    assert (document["images"][0]["width"], document["images"][0]["height"]) == (30, 40)


def test_a_category_named_like_a_column_has_a_prefix_in_the_wide_table(tmp_path):
    of = labelled(tmp_path, category=["file_name", *NAMES[1:]])
    table = pd.read_csv(written("wide", tmp_path, of) / "labels.csv")
    assert "category: file_name" in table and table.columns.is_unique


def test_an_unknown_format_and_an_unknown_name_are_told(finished):
    told = {
        "exports/paper/seed_1200/tau_0.50/yolo": "MissingRuleException",
        "exports/papper/seed_1200/tau_0.50/coco": "found 'papper', wanted one of paper; did you mean paper?",
        "gallery/papper_seed_1200.html": "found 'papper', wanted one of paper",
    }
    for target, text in told.items():
        status, output = tiny.snakemake(finished, f"results/tiny/{target}", root=finished / "repository", check=False)
        assert status == 1 and text in output, output


def test_the_target_exports_makes_every_format_of_every_tau(finished):
    text = tiny.snakemake(finished, "exports", "--dry-run", root=finished / "repository")
    for tau in ("0.50", "0.70"):
        for form in exports.FORMATS:
            assert f"tau_{tau}/{form}" in text
