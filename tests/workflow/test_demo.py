"""The demo: drawn the same each time, in COCO's format, and true to what the pages say of it."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from pycocotools.coco import COCO

import tiny
from spml.data import demo
from unit.plan import dag

SMALL = {"demo": {"train": 24, "test": 10}}


def test_drawing_is_deterministic():
    one, other = (demo.scene(np.random.RandomState(5)) for _ in range(2))
    assert one[1] == other[1] and (np.asarray(one[0]) == np.asarray(other[0])).all()


def test_scenes_are_long_tailed_keep_company_and_hold_two_and_a_half_to_three_categories():
    random = np.random.RandomState(0)
    rows = np.zeros((1500, len(demo.CATEGORIES)))
    for row in rows:
        for category, box, area in demo.scene(random)[1]:
            row[demo.CATEGORIES.index(category)] = 1
            assert 0 < area <= box[2] * box[3] + 0.1 and min(box) >= 0 and box[0] + box[2] <= demo.SCENE_SIZE + 0.1
    assert len(demo.CATEGORIES) >= 12
    assert 2.5 <= rows.sum(1).mean() <= 3
    assert rows.mean(0).max() > 4 * rows.mean(0).min()
    together = np.corrcoef(rows.T)
    one, other = (demo.CATEGORIES.index(name) for name in ("arrow", "bolt"))
    assert together[one, other] > 0.1


def test_the_demo_goes_through_the_same_rules_as_real_data(tmp_path):
    """A rule draws its pictures, and its backbone comes from a package; test_own_data.py and `make run` go on from there."""
    shown = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    rules = {job.rule for job in dag.jobs(shown).values()}
    assert rules == {job.rule for job in dag.jobs(tiny.CONFIG).values()} | {
        "draw_demo",
        "fetch_weights",
        "decompose_features",
    }
    tiny.configure(tmp_path, tiny.changed(shown, SMALL))
    tiny.snakemake(tmp_path, "results/demo/labels/train.h5")
    coco = COCO(tmp_path / "resources/demo/train.json")
    assert len(coco.imgs) == 24 and len(coco.cats) == len(demo.CATEGORIES)
    first = json.loads((tmp_path / "resources/demo/train.json").read_text())["annotations"][0]
    assert {"bbox", "area", "iscrowd"} <= set(first)
    with h5py.File(tmp_path / "results/demo/labels/train.h5") as file:
        assert list(file["category"].asstr()) == list(demo.CATEGORIES) and len(file["label"]) == 24


def test_the_demo_shows_what_the_pages_say():
    """On validation, over three replicates; needs the results of `make run`."""
    table = tiny.ROOT / "results/demo/tables/map.csv"
    if not table.exists():
        pytest.skip("needs results/demo: make run first")
    scores = pd.read_csv(table, dtype={"tau": str})
    mean = scores.groupby(["name", scores["tau"].fillna("")])["val_map"].mean()
    full, an, best = mean["full", ""], mean["an", ""], mean["paper"].max()
    assert len(scores) == 3 * (5 + 5 + 1)
    assert full >= 65 and an <= full - 4 and best > an, mean
    assert mean["recommended", ""] > max(mean["em", ""], best), mean
    counts = pd.read_csv(tiny.ROOT / "results/demo/tables/label_counts.csv").query("pseudo_labels == 'paper'")
    counts = counts.groupby("tau").mean(numeric_only=True)
    positives = counts["positives_per_image"]
    assert positives.is_monotonic_decreasing
    assert positives.iloc[0] > counts["true_positives_per_image"].iloc[0] > positives.iloc[-1]
