"""Ten thousand categories, as Open Images has, in small: every rule to every figure."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

import tiny

pytestmark = pytest.mark.xdist_group("many categories")
CATEGORIES = 10_000


def test_ten_thousand_categories_run_to_every_figure(tmp_path):
    folder = tiny.make(tmp_path)
    for part in tiny.SIZES:
        path = folder / f"data/{part}.json"
        dataset = json.loads(path.read_text())
        added = [{"id": 100 + i, "name": f"category number {i}"} for i in range(CATEGORIES - len(tiny.COLOURS))]
        dataset["categories"] += added
        for image in dataset["images"][:-1]:
            entry = dataset["annotations"][0] | {"image_id": image["id"], "category_id": 100 + 250 * image["id"]}
            dataset["annotations"].append(entry | {"id": len(dataset["annotations"]) + 1})
        path.write_text(json.dumps(dataset))
    changes = {
        "seeds": [1200],
        "training/learning_rates": [0.01],
        "teachers/an": None,
        "teachers/full": None,
        "pseudo_labels/paper/taus": [0.5],
        "figures/baselines": ["em"],
    }
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    tiny.snakemake(folder)
    results = folder / "results/tiny"
    with h5py.File(results / "labels/train.h5") as file:
        assert len(file["category"]) == CATEGORIES
        assert sum(map(len, file["category"].asstr())) > 1 << 16  # more than an HDF5 attribute holds
    assert len(pd.read_csv(results / "tables/label_quality.csv")["category"].unique()) == CATEGORIES
    metrics = json.loads((results / "metrics/teachers/em/seed_1200.json").read_text())
    assert metrics["test"]["categories"] == CATEGORIES and np.isfinite(metrics["test"]["map_present"])
    assert "the 100 most frequent of 10,000 categories" in (results / "figures/label_quality.svg").read_text()
    for figure in (results / "figures").iterdir():
        assert 0 < figure.stat().st_size < 3 << 20, figure
