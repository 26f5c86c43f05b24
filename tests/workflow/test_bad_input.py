"""What bad input says: file, row or key, what was found, what is wanted; and that nothing half-written is left."""

import json
import shutil

import h5py
import numpy as np
import pytest
from PIL import Image

import tiny

pytestmark = pytest.mark.xdist_group("bad input")
LABELS, FEATURES = "results/tiny/labels/train.h5", "results/tiny/features/random/train.h5"
SHARD = "results/tiny/features/random/train/00000.h5"
TEACHER = "results/tiny/teachers/an/seed_1200/checkpoint.safetensors"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The tiny data set with its labels and features made."""
    folder = tiny.make(
        tmp_path_factory.mktemp("prepared") / "work"
    )  # as deep as the copies: paths to code are relative
    tiny.snakemake(folder, LABELS, FEATURES, "results/tiny/observed/seed_1200.h5")
    return folder


@pytest.fixture
def folder(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "work", symlinks=True)
    return tmp_path / "work"


def fails(folder, target, *arguments):
    """The output of a run that must fail, without a stack trace of ours."""
    before = (folder / target).read_bytes() if (folder / target).exists() else None
    code, output = tiny.snakemake(folder, target, *arguments, check=False)
    assert code == 1, output[-2000:]
    assert "error: " in output and "Traceback" not in output, output
    assert not (folder / target).exists() or (folder / target).read_bytes() == before
    assert not list((folder / "results").rglob("*.part"))
    return output


def edit(path, change):
    dataset = json.loads(path.read_text())
    change(dataset)
    path.write_text(json.dumps(dataset))


def test_annotations_that_are_missing_are_named(folder):
    (folder / "data/train.json").unlink()
    code, output = tiny.snakemake(folder, LABELS, check=False)
    assert code == 1 and "data/train.json" in output and "Missing input files" in output


def test_annotations_that_are_truncated_are_named(folder):
    text = (folder / "data/train.json").read_text()
    (folder / "data/train.json").write_text(text[:300])
    assert "data/train.json: not JSON" in fails(folder, LABELS)


def test_category_lists_that_differ_are_named(folder):
    edit(folder / "data/test.json", lambda d: d["categories"].reverse())
    assert "category: row 0 is 'red' in data/train.json, but 'white' in data/test.json" in fails(folder, LABELS)


def test_missing_pictures_are_counted_and_the_first_is_named(folder):
    (folder / "data/train/3.png").unlink()
    (folder / "data/train/4.png").unlink()
    output = fails(folder, "results/tiny/images/train.csv", "--force")
    assert "data/train.json: 2 of 39 pictures are not in data/train, the first: data/train/3.png" in output


def test_no_image_with_a_label_is_an_error(folder):
    edit(folder / "data/train.json", lambda d: d["annotations"].clear())
    assert "data/train.json: no image has an annotation" in fails(folder, LABELS)


def test_a_validation_share_that_leaves_a_split_empty_is_an_error(folder):
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"validation/fraction": 0.001}))
    assert "validation.fraction: found 0.001, which gives 0 of 39 images for validation" in fails(folder, LABELS)


def test_a_category_without_training_positives_is_a_warning(folder):
    edit(folder / "data/train.json", lambda d: d["categories"].append({"id": 99, "name": "violet"}))
    edit(folder / "data/test.json", lambda d: d["categories"].append({"id": 99, "name": "violet"}))
    tiny.snakemake(folder, LABELS)
    assert (
        "warning: category 'violet' has no positive among the training rows"
        in (folder / "results/tiny/logs/make_labels.log").read_text()
    )


@pytest.mark.parametrize("content", [b"no picture", None])
def test_a_picture_that_is_none_is_named(folder, content):
    path = folder / "data/train/5.png"
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    assert "data/train/5.png: not a readable picture" in fails(folder, SHARD, "--force")


def test_unusual_pictures_simply_work(folder):
    data = folder / "data/train"
    Image.open(data / "1.png").convert("CMYK").save(data / "1.jpg")
    (data / "1.jpg").rename(data / "1.png")
    Image.open(data / "2.png").convert("L").save(data / "2.png")
    Image.fromarray(np.full((32, 32), 30000, np.uint16)).save(data / "3.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(data / "4.png").save(data / "4.png", exif=exif)
    tiny.snakemake(folder, SHARD, "--force")


def test_weights_that_do_not_fit_the_backbone_are_named(folder):
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"backbones/random/architecture": "mobilenet_v2"}))
    assert "data/random.pth: these weights do not fit mobilenet_v2" in fails(folder, FEATURES)


def test_an_architecture_that_torchvision_lacks_is_named(folder):
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"backbones/random/architecture": "resnet19"}))
    assert "backbone architecture: found 'resnet19'" in fails(folder, FEATURES)


def test_features_of_other_images_are_refused_with_both_files(folder):
    with h5py.File(folder / FEATURES, "a") as file:
        ids = list(file["image_id"].asstr())
        file["image_id"][:] = [ids[1], ids[0], *ids[2:]]
    output = fails(folder, TEACHER)
    assert f"image_id: row 0 is '1' in {LABELS}, but '10' in {FEATURES}" in output


def test_nan_in_features_stops_training_and_says_where(folder):
    with h5py.File(folder / FEATURES, "a") as file, h5py.File(folder / LABELS) as labels:
        row = int(np.flatnonzero(labels["split"][:] == 0)[3])
        file["feature"][row, 7] = np.nan
        image = file["image_id"].asstr()[row]
    assert f"{FEATURES}: row {row} (image {image}) holds NaN or infinity" in fails(folder, TEACHER)


def test_a_truncated_feature_file_is_named(folder):
    (folder / FEATURES).write_bytes((folder / FEATURES).read_bytes()[:4000])
    assert f"{FEATURES}: not a readable HDF5 file" in fails(folder, TEACHER)


def test_pseudo_labels_without_a_positive_are_an_error(folder):
    tiny.configure(
        folder, tiny.changed(tiny.CONFIG, {"pseudo_labels/paper/taus": [0.99], "training/learning_rates": [1.0e-6]})
    )
    output = fails(folder, "results/tiny/students/paper/seed_1200/tau_0.99/checkpoint.safetensors")
    assert "no positive label among the 29 training rows" in output
