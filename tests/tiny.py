"""A tiny generated data set in COCO's format, a backbone with random weights, and the command that runs them."""

import contextlib
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (40, 40, 220), "white": (240, 240, 240)}
SIZES = {"train": 40, "test": 24}
COMMANDS = {"show", "own", "target", "published", "pack_pictures", "slurm_site"}  # scripts for people, of no rule

CONFIG = {
    "dataset": "tiny",
    "datasets": {
        "tiny": {
            "source": "coco",
            "backbone": "random",
            "train": {"annotations": "data/train.json", "images": "data/train"},
            "test": {"annotations": "data/test.json", "images": "data/test"},
        }
    },
    "backbones": {
        "random": {
            "library": "torchvision",
            "model": "shufflenet_v2_x0_5",
            "weights": "data/random.pth",
            "image_size": 32,
            "precision": "float32",
            "storage": "float16",
        }
    },
    "seeds": [1200, 1201],
    "validation": {"fraction": 0.25, "seed": 1200},
    "teachers": {
        "em": {"loss": "em"},
        "an": {"loss": "an", "head": "linear"},
        "full": {"loss": "bce", "supervision": "full"},
    },
    "pseudo_labels": {"paper": {"teacher": "em", "rule": "threshold", "taus": [0.5, 0.7]}},
    "students": {"paper": {"pseudo_labels": "paper", "loss": "bce"}},
    "figures": {"students": "paper", "baselines": ["an", "em", "full"]},
    "training": {
        "head": "mlp",
        "hidden": 8,
        "dropout": 0.1,
        "epochs": 3,
        "batch_sizes": [8],
        "learning_rates": [0.01, 0.001],
    },
    "machine": {"device": "cpu"},
}


def copy_repository(folder):
    """What a clone has, without tests, at a place where it may be edited and run."""
    names = (
        ".git",
        ".venv",
        ".uv",
        ".formats",
        ".engines",
        ".docs",
        ".snakemake",
        "results",
        "resources",
        "tests",
        "__pycache__",
        ".*_cache",
    )
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*names))


def coco_dataset(images, seed, names=tuple(COLOURS)):
    """Annotations of pictures with one to three coloured squares each; the last picture has none."""
    random = np.random.RandomState(seed)
    dataset = {
        "categories": [{"id": 10 * (i + 1), "name": name} for i, name in enumerate(names)],
        "images": [],
        "annotations": [],
    }
    for image in range(1, images + 1):
        dataset["images"].append({"id": image, "file_name": f"{image}.png", "width": 32, "height": 32})
        count = 0 if image == images else random.randint(1, 4)
        for category in random.choice(len(names), count, replace=False):
            box = [int(v) for v in random.randint(0, 20, 2)] + [10, 10]
            entry = {
                "image_id": image,
                "category_id": 10 * (int(category) + 1),
                "bbox": box,
                "area": 100.0,
                "iscrowd": 0,
            }
            dataset["annotations"].append({"id": len(dataset["annotations"]) + 1} | entry)
    return dataset


def draw(dataset, folder):
    folder.mkdir(parents=True, exist_ok=True)
    colours = {entry["id"]: COLOURS[entry["name"]] for entry in dataset["categories"]}
    for image in dataset["images"]:
        pixels = np.full((32, 32, 3), 90, np.uint8)
        for entry in dataset["annotations"]:
            if entry["image_id"] == image["id"]:
                x, y, width, height = entry["bbox"]
                pixels[y : y + height, x : x + width] = colours[entry["category_id"]]
        Image.fromarray(pixels).save(folder / image["file_name"])


def make(folder):
    """Pictures, annotations, backbone weights and config in a folder."""
    data = folder / "data"
    data.mkdir(parents=True)
    for seed, (part, images) in enumerate(SIZES.items()):
        dataset = coco_dataset(images, seed)
        draw(dataset, data / part)
        (data / f"{part}.json").write_text(json.dumps(dataset))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torchvision.models.get_model(CONFIG["backbones"]["random"]["model"], weights=None)
    torch.save(model.state_dict(), data / "random.pth")
    configure(folder, CONFIG)
    return folder


def configure(folder, config):
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def changed(config, changes):
    """A copy of the config with changes, a dict of dotted keys; None takes a key away."""
    config = copy.deepcopy(config)
    for key, value in changes.items():
        *path, last = key.split("/")
        section = config
        for name in path:
            section = section.setdefault(name, {})
        if value is None:
            del section[last]
        else:
            section[last] = copy.deepcopy(value)  # a later change must not reach it
    return config


def command(folder, *arguments, root=ROOT, configfile=None):
    """Return the command that runs the workflow of ``root`` in a folder that has a config.yaml, or with another one."""
    begin = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "--directory", str(folder)]
    begin += ["--configfile", str(configfile or folder / "config.yaml")]
    begin += ["--workflow-profile", str(root / "profiles" / "default")]
    return [*begin, "--cores", "2", *arguments]


def snakemake(folder, *arguments, root=ROOT, check=True, configfile=None, **environment):
    """Run the workflow of ``root`` in a folder; return output and error output together.

    There is no limit of time: on a loaded machine a run takes longer and does the same.
    """
    done = subprocess.run(
        command(folder, *arguments, root=root, configfile=configfile),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
    )
    if check:
        assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout if check else (done.returncode, done.stdout)


@contextlib.contextmanager
def edited(path, text="\n# edited\n"):
    before = path.read_bytes()
    try:
        path.write_bytes(before + text.encode())
        yield
    finally:
        path.write_bytes(before)


def planned(folder, *arguments, root=ROOT, config=None, **environment):
    """Return the rules that a dry run plans, with the number of jobs of each; nothing in the folder changes.

    ``config`` stands in for the folder's config.yaml.
    """
    with tempfile.TemporaryDirectory() as scratch:
        configfile = None
        if config is not None:
            configure(Path(scratch), config)
            configfile = Path(scratch, "config.yaml")
        arguments = (*arguments, "--dry-run", "--quiet", "rules")
        output = snakemake(folder, *arguments, root=root, configfile=configfile, **environment)
    jobs = {}
    lines = output.splitlines()
    for line in lines[lines.index("Job stats:") + 3 :] if "Job stats:" in lines else []:
        words = line.split()
        if len(words) != 2 or words[0] == "total":
            break
        jobs[words[0]] = int(words[1])
    jobs.pop("all", None)
    return jobs


def copy_run(finished, folder):
    """Return a copy of a finished run to change, as Snakemake left it: metadata and times of files, too."""
    shutil.copytree(finished, folder, symlinks=True, ignore=shutil.ignore_patterns("log"))
    return folder
