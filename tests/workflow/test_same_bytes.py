"""The same inputs give the same bytes, whatever the number of threads and of jobs at a time."""

import json

import pytest
import torch
import torchvision

import tiny
from interrupted import bytes_of

pytestmark = pytest.mark.xdist_group("same bytes")
CATEGORIES = [f"category {number}" for number in range(80)]
WIDE = {  # 2,048 features, 80 categories, two candidates at a time: sums that are split among threads
    "backbones/random/model": "resnet50",
    "backbones/random/image_size": 64,
    "training/epochs": 1,
    "training/head": "linear",
    "training/hidden": None,
    "training/dropout": None,
    "training/batch_sizes": [16],
    "seeds": [1200],
    "pseudo_labels/paper/taus": [0.5],
    "pseudo_labels/paper/keep_observed": True,
}


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A data set whose sums are long enough to be split."""
    folder = tiny.make(tmp_path_factory.mktemp("wide"))
    for seed, (part, images) in enumerate(tiny.SIZES.items()):
        dataset = tiny.coco_dataset(images, seed, names=CATEGORIES)
        (folder / f"data/{part}.json").write_text(json.dumps(dataset))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(torchvision.models.resnet50(weights=None).state_dict(), folder / "data/random.pth")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, WIDE))
    return folder


def run_with(folder, threads, jobs):
    """The results of a run from nothing to the students' metrics with so many threads a job."""
    rules = ("extract_features", "train_teacher", "train_student")
    counts = [f"{rule}={threads}" for rule in rules]
    place = folder / f"with_{threads}"
    place.mkdir()
    (place / "data").symlink_to(folder / "data")
    (place / "config.yaml").write_bytes((folder / "config.yaml").read_bytes())
    targets = [f"results/tiny/metrics/{model}/seed_1200" for model in ("teachers/an", "students/paper")]
    targets = [f"{targets[0]}.json", f"{targets[1]}/tau_0.50.json"]
    tiny.snakemake(place, *targets, "--set-threads", *counts, "--cores", str(jobs))
    return bytes_of(place / "results/tiny")


def test_other_threads_give_the_same_bytes(wide):
    """Features, checkpoints, logits, pseudo-labels and tables; on this machine, in float32."""
    one, four = run_with(wide, 1, 1), run_with(wide, 4, 4)  # each from nothing
    assert set(one) == set(four) and {name.rpartition(".")[2] for name in one} >= {"h5", "safetensors", "csv", "json"}
    assert [name for name in one if one[name] != four[name]] == [] and len(one) > 20
