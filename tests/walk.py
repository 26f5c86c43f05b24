"""`make own` on pictures of one's own: a folder with a copy of the repository, a table, and the command."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import tiny
from plan import own

RECOMMENDED = {  # the pseudo-labels and the model that `make own` shows, of one teacher and a small student
    "pseudo_labels/recommended": {"teacher": "em", "rule": "soft", "keep_observed": True},
    "students/recommended": {"pseudo_labels": "recommended", "loss": "bce"},
    "predict": {"model": "recommended@all"},
    "review": {"pseudo_labels": "recommended"},
    "seeds": [1200],
}
SMALLEST = {  # what else is made, as little as there may be
    "teachers": {"em": {"loss": "em"}},
    "pseudo_labels/paper/taus": [0.5],
    "figures/baselines": ["em"],
    "training/learning_rates": [0.01],
}


def clone(folder, config):
    """Make a copy of the repository in a folder, with another config.yaml."""
    tiny.copy_repository(folder)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return folder


def write_table(path, rows):
    """Write a table of one tag per picture."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "observed"), *rows])


def make_own(folder, check=True, **variables):
    """Run what `make own` runs, in a copy of the repository; return output and error output together."""
    environment = (
        os.environ | dict.fromkeys(own.VARIABLES, "") | {name: str(value) for name, value in variables.items()}
    )
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "workflow_scripts/own.py"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if check:
        assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout if check else (done.returncode, done.stdout)


def named_to_break_pages(source, folder):
    """Copy pictures under names that a page, a shell or an address could stumble over; return the new name of each."""
    names = {}
    folder.mkdir()
    for number, path in enumerate(sorted(source.iterdir())):
        odd = ODD[number % len(ODD)]
        names[path.name] = f"{odd} {path.name}"
        shutil.copyfile(path, folder / names[path.name])
    return names


ODD = ("Käse & Brot", "100 %", "#1", 'it\'s "x"', "<script>alert(1)<", "a+b=c?", "%41", "=1+1", "日本")
