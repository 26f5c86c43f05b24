"""What bad input says: file, row or key, what was found, what is wanted; and that nothing half-written is left.

One run has a data set for each kind of bad input and goes on after errors (--keep-going).
"""

import json
import shutil

import h5py
import numpy as np
import pytest
from PIL import Image

import forge
import tiny

pytestmark = pytest.mark.xdist_group("bad input")
LABELS, FEATURES = "results/tiny/labels/train.h5", "results/tiny/features/random/train.h5"
OBSERVED = "results/tiny/observed/seed_1200.h5"
TEACHER = "results/tiny/teachers/an/seed_1200/checkpoint.safetensors"
VIOLET = {"id": 99, "name": "violet"}

PARTS = {part: tiny.CONFIG["datasets"]["tiny"][part] for part in tiny.SIZES}
REFUSED = {  # data set -> its entry beside source and backbone, a file that cannot be made of it, what is said
    "truncated": (
        {"train": PARTS["train"] | {"annotations": "data/truncated.json"}},
        "labels/train.h5",
        "data/truncated.json: not JSON",
    ),
    "reversed": (
        {"test": PARTS["test"] | {"annotations": "data/reversed.json"}},
        "labels/train.h5",
        "data/reversed.json: found the categories of data/train.json in another order; wanted the same ones",
    ),
    "gone": (
        {"train": PARTS["train"] | {"images": "data/gone"}},
        "images/train.csv",
        "data/train.json: 2 of 39 pictures are not in data/gone, the first: data/gone/3.png",
    ),
    "unlabelled": (
        {"train": PARTS["train"] | {"annotations": "data/unlabelled.json"}},
        "labels/train.h5",
        "data/unlabelled.json: no image has an annotation",
    ),
    "unvalidated": (
        {"validation": {"fraction": 0.001}},
        "labels/train.h5",
        "validation.fraction: found 0.001, which gives 0 of 39 images for validation",
    ),
    "text": (
        {"train": PARTS["train"] | {"images": "data/text"}},
        "features/random/train/00000.h5",
        "data/text/5.png: not a readable picture",
    ),
    "cut": (
        {"train": PARTS["train"] | {"images": "data/cut"}},
        "features/random/train/00000.h5",
        "data/cut/5.png: not a readable picture",
    ),
    "unfit": (
        {"backbone": "unfit"},
        "features/unfit/train.h5",
        "data/random.pth: these weights do not fit torchvision's mobilenet_v2",
    ),
    "unknown": ({"backbone": "unknown"}, "features/unknown/train.h5", "model: found 'resnet19'"),
}
WORKS = {
    "hopeless": (  # a τ above which there is nothing
        {"pseudo_labels": {"paper": {"teacher": "em", "taus": [0.99]}}, "training": {"learning_rates": [1.0e-6]}},
        "students/paper/seed_1200/tau_0.99/checkpoint.safetensors",
    ),
    "violet": (
        {part: PARTS[part] | {"annotations": f"data/violet_{part}.json"} for part in tiny.SIZES},
        "labels/train.h5",
    ),
    "unusual": ({"train": PARTS["train"] | {"images": "data/unusual"}}, "features/random/train/00000.h5"),
}


def spoil(data):
    """Write the annotations and pictures of these data sets beside the right ones."""
    text = {part: (data / f"{part}.json").read_text() for part in tiny.SIZES}
    (data / "truncated.json").write_text(text["train"][:300])
    dataset = json.loads(text["test"])
    dataset["categories"].reverse()
    (data / "reversed.json").write_text(json.dumps(dataset))
    dataset = json.loads(text["train"])
    (data / "unlabelled.json").write_text(json.dumps(dataset | {"annotations": []}))
    for part in tiny.SIZES:
        dataset = json.loads(text[part])
        (data / f"violet_{part}.json").write_text(
            json.dumps(dataset | {"categories": [*dataset["categories"], VIOLET]})
        )
    for name in ("gone", "text", "cut", "unusual"):
        shutil.copytree(data / "train", data / name)
    for image in (3, 4):
        (data / f"gone/{image}.png").unlink()
    (data / "text/5.png").write_bytes(b"no picture")
    (data / "cut/5.png").write_bytes((data / "train/5.png").read_bytes()[:60])
    unusual = data / "unusual"
    Image.open(unusual / "1.png").convert("CMYK").save(unusual / "1.jpg")
    (unusual / "1.jpg").rename(unusual / "1.png")
    Image.open(unusual / "2.png").convert("L").save(unusual / "2.png")
    Image.fromarray(np.full((32, 32), 30000, np.uint16)).save(unusual / "3.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(unusual / "4.png").save(unusual / "4.png", exif=exif)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the output of a run with all of these data sets and a right one."""
    folder = tiny.make(tmp_path_factory.mktemp("bad") / "work")  # as deep as the copies: paths to code are relative
    spoil(folder / "data")
    cases = {name: (entry, target) for name, (entry, target, *_) in (REFUSED | WORKS).items()}
    random = tiny.CONFIG["backbones"]["random"]
    changes = {
        "backbones/unfit": random | {"model": "mobilenet_v2"},
        "backbones/unknown": random | {"model": "resnet19"},
        **{f"datasets/{name}": tiny.CONFIG["datasets"]["tiny"] | entry for name, (entry, _) in cases.items()},
    }
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    targets = [f"results/{name}/{target}" for name, (_, target) in cases.items()]
    status, output = tiny.snakemake(folder, *targets, LABELS, FEATURES, OBSERVED, "--keep-going", check=False)
    assert status == 1
    return folder, output


@pytest.fixture
def folder(run, tmp_path):
    """A copy to spoil, in which labels and features of the right data set are made."""
    folder = tiny.copy_run(run[0], tmp_path / "work")
    tiny.configure(folder, tiny.CONFIG)
    return folder


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_named_with_what_is_wrong(run, case):
    folder, output = run
    _, target, message = REFUSED[case]
    assert message in output, output
    assert not (folder / "results" / case / target).exists()


def test_no_error_shows_a_stack_trace_or_leaves_a_half_written_file(run):
    folder, output = run
    assert output.count("error: ") >= len(REFUSED) and "Traceback" not in output
    assert not list((folder / "results").rglob("*.part"))


def test_a_category_without_training_positives_is_a_warning(run):
    log = run[0] / "results/violet/logs/make_labels.log"
    assert "warning: category 'violet' has no positive among the training rows" in log.read_text()
    assert (run[0] / "results/violet/labels/train.h5").exists()


def test_unusual_pictures_simply_work(run):
    with h5py.File(run[0] / "results/unusual/features/random/train/00000.h5") as file:
        assert file["feature"].shape == (39, 1024)


# -- artifacts that do not fit


def fails(folder, target):
    """The output of a run that must fail, without a stack trace of ours."""
    code, output = tiny.snakemake(folder, target, check=False)
    assert code == 1, output[-2000:]
    assert "error: " in output or "Error in the data:" in output, output  # of a job, or before the first
    assert "Traceback" not in output and not (folder / target).exists()
    assert not list((folder / "results").rglob("*.part"))
    return output


def test_features_of_other_images_are_refused_with_both_files(folder):
    with h5py.File(folder / FEATURES, "a") as file:
        ids = list(file["image_id"].asstr())
        file["image_id"][:] = [ids[1], ids[0], *ids[2:]]
    forge.rerecord(folder / FEATURES)
    output = fails(folder, TEACHER)
    assert f"image_id: row 0 is '1' in {LABELS}, but '10' in {FEATURES}" in output


# -- paths and keys of the configuration


def refused(folder, *arguments):
    """The output of a run that must end before any job, with the mistakes of the configuration alone."""
    code, output = tiny.snakemake(folder, *arguments, check=False)
    assert code == 1 and "Error in the configuration" in output, output[-2000:]
    assert "Traceback" not in output and "Nothing to do" not in output, output
    return output


def test_a_path_that_is_gone_is_named_though_its_results_are_there(folder):
    """Snakemake would find nothing to be done: the outputs are there."""
    for name in ("train.json", "random.pth"):
        (folder / "data" / name).unlink()
    (folder / "data/test").rename(folder / "data/moved")
    output = refused(folder, LABELS, FEATURES)
    for key, path in (
        ("datasets.tiny.train.annotations", "data/train.json"),
        ("datasets.tiny.test.images", "data/test"),
        ("backbones.random.weights", "data/random.pth"),
    ):
        assert f"{key}: found {path!r}, which is not there from {folder}" in output


def test_a_file_of_observed_labels_that_is_not_there_is_not_replaced_by_a_draw(folder):
    assert "observation.file: found 'x.csv', which is not there" in refused(
        folder, OBSERVED, "--config", "observation={file: x.csv}"
    )


def test_values_nested_in_the_command_line_are_read_as_in_a_file(folder):
    values = ["seeds=[1, 2]", "comparison={reference: null}", "training={standardize: false, learning_rates: [1e-3]}"]
    target = "results/tiny/observed/seed_2.h5"
    tiny.snakemake(folder, target, "--config", *values, "datasets={tiny: {seeds: [2], test: {images: data/test}}}")
    assert (folder / target).exists()


def test_a_repeated_key_of_a_file_is_an_error_with_both_lines(folder):
    path = folder / "config.yaml"
    first = path.read_text().splitlines().index("dataset: tiny") + 1
    path.write_text(path.read_text() + "dataset: other\n")
    again = len(path.read_text().splitlines())
    assert f"{path}: dataset stands in line {first} and again in line {again}" in refused(folder, LABELS)


def test_a_file_of_the_users_is_not_drawn_over(folder):
    """The demo is drawn to a path like this one."""
    own = folder / "resources/tiny/train.json"
    own.parent.mkdir(parents=True)
    shutil.copy(folder / "data/train.json", own)
    before = own.read_bytes()
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"datasets/tiny/train/annotations": "resources/tiny/train.json"}))
    tiny.snakemake(folder, LABELS)
    assert own.read_bytes() == before


def test_annotations_with_a_repeated_key_are_refused(folder):
    path = folder / "data/train.json"
    path.write_text(path.read_text()[:-1] + ', "annotations": []}')
    assert "data/train.json: found the key 'annotations' twice in one object" in fails(folder, TEACHER)
