"""Targets in place of τ, a τ that adds nothing, and pseudo-labels of validation rows, by the real command."""

import csv
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import tiny

pytestmark = pytest.mark.xdist_group("targets")
CHANGES = {
    "seeds": [1200, 1201],
    "pseudo_labels/never": {"teacher": "an", "taus": [0.99]},  # adds nothing
    "pseudo_labels/two": {"teacher": "em", "target": {"labels_per_image": 2}},
    "pseudo_labels/known": {"teacher": "em", "target": {"labels_per_image": "priors"}},
    "pseudo_labels/precise": {"teacher": "em", "target": {"precision": 0.4}, "keep_observed": True},
    "pseudo_labels/between": {"teacher": "em", "rule": "band", "target": {"labels_per_image": 1}, "tau_low": 0.2},
    "pseudo_labels/next": {"teacher": "never@0.99", "taus": [0.5]},  # of a teacher that is left out
    "pseudo_labels/top": {"teacher": "em", "rule": "top_k", "k": 5},
    "students/never": {"pseudo_labels": "never", "loss": "bce"},
    "students/two": {"pseudo_labels": "two", "loss": "bce"},
    "students/next": {"pseudo_labels": "next", "loss": "bce"},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with all of them, and what the terminal said."""
    folder = tiny.make(tmp_path_factory.mktemp("targets") / "work")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, CHANGES))
    return folder, tiny.snakemake(folder, "all", "gallery", "exports", "model")


def results(finished):
    return Path(finished[0], "results/tiny")


def labels(finished, name, variant="all", seed=1200):
    path = results(finished) / f"pseudo_labels/{name}/seed_{seed}/{variant}.h5"
    with h5py.File(path, locking=False) as file:
        return file["label"][:], file["split"][:], dict(file.attrs), list(file["image_id"].asstr()[:])


def observed(finished, seed=1200):
    with h5py.File(results(finished) / f"observed/seed_{seed}.h5", locking=False) as file:
        return file["observed"][:]


def test_a_band_finds_its_upper_threshold(finished):
    label, split, about, _ = labels(finished, "between")
    assert (label[split == 0] == 1).sum(1).mean() == pytest.approx(1, abs=0.1) and set(np.unique(label)) == {-1, 0, 1}
    with h5py.File(results(finished) / "teachers/em/seed_1200/logits_train.h5", locking=False) as file:
        probability = 1 / (1 + np.exp(-file["logit"][:].astype(float)))
    assert ((label == -1) == ((probability >= 0.2) & (probability <= about["tau"]))).all()


def test_each_replicate_finds_the_tau_that_does_what_the_target_asks(finished):
    for seed in (1200, 1201):
        label, split, about, _ = labels(finished, "two", seed=seed)
        assert label[split == 0].sum(1).mean() == pytest.approx(2, abs=0.1) and about["target_labels_per_image"] == 2
        assert 0 < about["tau"] < 1
    with open(results(finished) / "priors/seed_1200.csv", newline="") as file:
        expected = sum(float(row["prior"]) for row in csv.DictReader(file))
    label, split, _, _ = labels(finished, "known")
    assert label[split == 0].sum(1).mean() == pytest.approx(expected, abs=0.1)
    assert labels(finished, "precise")[2]["target_precision"] == 0.4
    log = (results(finished) / "logs/make_pseudo_labels/precise/seed_1200/all.log").read_text()
    assert "target precision 0.4: τ 0." in log


def test_the_tau_that_was_found_is_in_the_tables(finished):
    counts = pd.read_csv(results(finished) / "tables/label_counts.csv").set_index(["pseudo_labels", "variant", "seed"])
    for seed in (1200, 1201):
        assert counts.loc[("two", "all", seed), "tau"] == pytest.approx(
            labels(finished, "two", seed=seed)[2]["tau"], abs=1e-4
        )


def test_a_tau_that_adds_nothing_is_a_point_left_out_and_not_the_end(finished):
    label, split, about, _ = labels(finished, "never", "tau_0.99")
    assert not label[split == 0].any() and about["left_out"] == "no label is present"
    table = pd.read_csv(results(finished) / "tables/map.csv", keep_default_na=False)
    left_out = table[table["left_out"] != ""]
    assert set(left_out["name"] + " " + left_out["variant"]) == {"never tau_0.99", "next tau_0.50"}
    assert (left_out["val_map"] == "").all() and (left_out["test_map"] == "").all()
    compared = pd.read_csv(results(finished) / "tables/comparison.csv", keep_default_na=False)
    assert set(compared[compared["kind"] == "students"]["name"]) == {"paper", "two"}
    texts = finished[1], *((results(finished) / name).read_text() for name in ("summary.txt", "report.html"))
    for text in texts:
        assert "Students never τ 0.99 are left out, since no label is present." in text
    log = (results(finished) / "logs/train_student/never/seed_1200/tau_0.99.log").read_text()
    assert "left out: " in log and "no label is present" in log


def test_figures_of_students_that_are_all_left_out_say_so(finished, tmp_path):
    folder = tiny.copy_run(finished[0], tmp_path / "work")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, CHANGES | {"figures/students": "never"}))
    output = tiny.snakemake(folder)
    said = r"Pseudo-labels never, τ 0.99, added \d+ labels to \d+ of 29 training pictures; left out, since (in some replicate )?no label is"
    assert re.search(said, output), output  # one replicate of two may add some
    figure = (folder / "results/tiny/figures/figure_1a.svg").read_text()
    assert "left out, since" in figure and "no τ adds a label that a student could learn from" in figure
    code, output = tiny.snakemake(folder, "model", check=False)
    assert code == 1 and "Traceback" not in output and "never is left out: no label is present" in output


def test_the_terminal_says_how_many_labels_each_tau_added(finished):
    counts = pd.read_csv(results(finished) / "tables/label_counts.csv").set_index(["pseudo_labels", "variant"])
    rows = counts.loc[("paper", "tau_0.50")]
    added = np.mean(
        [
            ((label == 1) & (observed(finished, seed) == 0))[split == 0].sum()
            for seed in (1200, 1201)
            for label, split, _, _ in [labels(finished, "paper", "tau_0.50", seed)]
        ]
    )
    assert rows["added_labels"].mean() == added > 0
    assert f"Pseudo-labels paper, τ 0.50, added {added:,.0f} labels to " in finished[1]


def test_validation_rows_have_pseudo_labels_too_and_are_marked(finished):
    with h5py.File(results(finished) / "labels/train.h5", locking=False) as file:
        image_id, wanted = list(file["image_id"].asstr()[:]), file["split"][:]
    label, split, _, ids = labels(finished, "paper", "tau_0.50")
    assert ids == image_id and (split == wanted).all() and set(split) == {0, 1}
    with h5py.File(results(finished) / "teachers/em/seed_1200/logits_train.h5", locking=False) as file:
        logits, rows = file["logit"][:], file["split"][:]
    with h5py.File(results(finished) / "teachers/em/seed_1200/logits_val.h5", locking=False) as file:
        assert (rows == wanted).all() and logits[rows == 1] == pytest.approx(file["logit"][:], abs=1e-6)
    assert (label == (logits > 0)).all()
    table = pd.read_csv(results(finished) / "pseudo_labels/paper/seed_1200/tau_0.50.csv", dtype={"image_id": str})
    split_of = dict(zip(image_id, np.array(["train", "val"])[wanted], strict=True))
    assert (table["split"] == table["image_id"].map(split_of)).all() and set(table["split"]) == {"train", "val"}
    wide = pd.read_csv(results(finished) / "exports/paper/seed_1200/tau_0.50/wide/labels.csv", dtype=str)
    assert len(wide) == len(image_id)
    page = (results(finished) / "gallery/paper_seed_1200.html").read_text()
    assert all(f'"{name}.png"' in page for name in image_id)


def test_a_rule_that_ranks_labels_validation_rows_by_the_limits_of_the_training_rows(finished):
    label, split, _, _ = labels(finished, "top")
    with h5py.File(results(finished) / "teachers/em/seed_1200/logits_train.h5", locking=False) as file:
        logits = file["logit"][:]
    assert (label[split == 0].sum(0) == 5).all()
    limit = np.sort(logits[split == 0], axis=0)[-5]
    assert (label[split == 1] == (logits[split == 1] >= limit)).all()


def test_students_of_a_target_are_what_the_figures_show(finished, tmp_path):
    folder = tiny.copy_run(finished[0], tmp_path / "work")
    config = tiny.changed(tiny.CONFIG, CHANGES | {"figures/students": "two"})
    tiny.configure(folder, config)
    output = tiny.snakemake(folder)
    tau = pd.read_csv(folder / "results/tiny/tables/label_counts.csv").query("pseudo_labels == 'two'")["tau"].mean()
    assert f"Pseudo-labels two, τ {tau:.4f} on average, added " in output
    for name in ("figure_1a", "figure_1b"):
        assert f"{tau:.2f}" in (folder / f"results/tiny/figures/{name}.svg").read_text()
