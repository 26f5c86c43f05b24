"""The tiny data set through every stage, by the real command."""

import csv
import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from sklearn.metrics import average_precision_score

import tiny

pytestmark = pytest.mark.xdist_group("finished")


@pytest.fixture
def results(finished):
    return finished / "results" / "tiny"


def matrix(path, name):
    with h5py.File(path) as file:
        return list(file["image_id"].asstr()), list(file["category"].asstr()), file[name][:]


SHARDS = (("images", "csv"), ("features/random", "h5"))


@pytest.mark.quick
def test_every_artifact_is_where_the_design_says(results):
    found = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    others = (
        "logs/",
        "benchmarks/",
        "gallery/",
        "exports/",
        "model/",
        "predictions/",
    )  # all but two: targets of their own
    found = {path for path in found if not path.startswith(others) and ".snakemake" not in path}
    wanted = {
        f"{folder}/{part}.{kind}"
        for folder, kind in (("images", "csv"), ("labels", "h5"), ("features/random", "h5"))
        for part in tiny.SIZES
    }
    wanted |= {f"{place}/{part}/00000.{kind}" for place, kind in SHARDS for part in tiny.SIZES}
    figures = ("figure_1a", "figure_1b", "comparison", "reliability", "label_quality", "training")
    wanted |= {f"figures/{name}.{kind}" for name in figures for kind in ("svg", "png")}
    tables = ("map", "average_precision", "label_counts", "comparison", "label_quality", "confusions")
    wanted |= {f"tables/{name}.csv" for name in tables} | {
        "provenance.json",
        "provenance.html",
        "ro-crate-metadata.json",
        "report.html",
        "summary.txt",
    }
    wanted |= {"checks/labels.txt", "tables/duplicates.csv", "tables/category_warnings.csv"}
    wanted |= {f"images/{part}_left_out.csv" for part in ("train", "test")}
    wanted |= {f"annotations/{part}.h5" for part in ("train", "test")}
    for seed in (1200, 1201):
        wanted.add(f"observed/seed_{seed}.h5")
        models = [f"teachers/{name}/seed_{seed}" for name in ("em", "an", "full")]
        models += [f"students/paper/seed_{seed}/tau_{tau}" for tau in ("0.50", "0.70")]
        for model in models:
            wanted |= {
                f"{model}/{name}"
                for name in ("checkpoint.safetensors", "history.csv", "logits_val.h5", "logits_test.h5")
            }
            wanted.add(f"metrics/{model}.json")
        wanted.add(f"teachers/em/seed_{seed}/logits_train.h5")
        wanted |= {
            f"pseudo_labels/paper/seed_{seed}/tau_{tau}.{kind}" for tau in ("0.50", "0.70") for kind in ("h5", "csv")
        }
    for name in ("logits_val.h5", "map.csv", "train.csv", "00000.h5", "checkpoint.safetensors", "seed_1200.json"):
        assert any(path.endswith(f"/.{name}.record") for path in found), name
    assert {path for path in found if not path.endswith(".record")} == wanted


def test_each_job_has_a_log_with_facts_and_a_benchmark(results):
    logs = {path.relative_to(results / "logs").with_suffix("") for path in (results / "logs").rglob("*.log")}
    benchmarks = {
        path.relative_to(results / "benchmarks").with_suffix("") for path in (results / "benchmarks").rglob("*.tsv")
    }
    assert logs == benchmarks and len(logs) > 40
    for path in (results / "logs").rglob("*.log"):
        assert path.read_text().strip(), path
    assert "chosen: batch size 8, learning rate 0.0" in (results / "logs/train_teacher/em/seed_1200.log").read_text()
    assert (
        "24 listed, 23 used, 1 left out\n1 left out, no annotation: 24.png"
        in (results / "logs/list_images/test.log").read_text()
    )


def test_rows_are_aligned_from_annotations_to_logits(finished, results):
    dataset = json.loads((finished / "data/train.json").read_text())
    names = [entry["name"] for entry in dataset["categories"]]
    image_id, category, label = matrix(results / "labels/train.h5", "label")
    assert category == names
    assert image_id == sorted(str(i) for i in {entry["image_id"] for entry in dataset["annotations"]})
    for row, image in enumerate(image_id):
        present = {
            entry["category_id"] // 10 - 1 for entry in dataset["annotations"] if str(entry["image_id"]) == image
        }
        assert set(np.flatnonzero(label[row])) == present
    with h5py.File(results / "labels/train.h5") as file:
        split = file["split"][:]
    with h5py.File(results / "features/random/train.h5") as file:
        assert list(file["image_id"].asstr()) == image_id
        assert file["feature"].dtype == np.float16 and file["feature"].shape == (39, 1024)
        assert {"backbone", "weights_sha256", "view", "preprocessing", "precision", "storage"} <= set(file.attrs)
    observed_id, _, observed = matrix(results / "observed/seed_1200.h5", "observed")
    assert observed_id == image_id and (observed.sum(1) == 1).all() and (observed <= label).all()
    logits = results / "teachers/em/seed_1200"
    assert matrix(logits / "logits_train.h5", "logit")[0] == image_id  # of the whole part, each row with its split
    with h5py.File(logits / "logits_train.h5") as file:
        assert (file["split"][:] == split).all()
    assert matrix(logits / "logits_val.h5", "logit")[0] == [image_id[row] for row in np.flatnonzero(split == 1)]
    assert (split == 1).sum() == round(0.25 * 39)


def test_metrics_are_scikit_learns_on_the_logits(results):
    for model in ("teachers/full/seed_1201", "students/paper/seed_1200/tau_0.70"):
        _, category, logit = matrix(results / model / "logits_test.h5", "logit")
        _, _, label = matrix(results / "labels/test.h5", "label")
        metrics = json.loads((results / "metrics" / f"{model}.json").read_text())["test"]
        wanted = [average_precision_score(label[:, i], logit[:, i]) for i in range(len(category))]
        assert list(metrics["average_precision"].values()) == pytest.approx(wanted, abs=1e-9)
        assert metrics["map"] == pytest.approx(100 * np.mean(wanted))


def test_the_checkpoint_says_what_was_chosen_and_history_agrees(results):
    folder = results / "students/paper/seed_1200/tau_0.50"
    with safe_open(folder / "checkpoint.safetensors", "numpy") as file:
        metadata = json.loads(file.metadata()["pseudo_multi_labels"])
    history = pd.read_csv(folder / "history.csv")
    assert list(history) == ["batch_size", "learning_rate", "epoch", "loss", "val_map"]
    assert len(history) == 2 * 3
    best = history.loc[history["val_map"].idxmax()]
    assert metadata["val_map"] == pytest.approx(best["val_map"])
    assert metadata["candidate"] == {"batch_size": best["batch_size"], "learning_rate": best["learning_rate"]}
    assert metadata["categories"] == list(tiny.COLOURS)
    scores = json.loads((results / "metrics/students/paper/seed_1200/tau_0.50.json").read_text())
    assert scores["val"]["map"] == pytest.approx(metadata["val_map"], abs=1e-6)


def test_pseudo_labels_are_algorithm_1_and_the_csv_says_the_same(finished, results):
    _, category, logit = matrix(results / "teachers/em/seed_1200/logits_train.h5", "logit")
    all_ids, _, label = matrix(results / "labels/train.h5", "label")
    _, _, observed = matrix(results / "observed/seed_1200.h5", "observed")
    row = {image: number for number, image in enumerate(all_ids)}
    for tau in ("0.50", "0.70"):
        path = results / f"pseudo_labels/paper/seed_1200/tau_{tau}.h5"
        image_id, _, pseudo = matrix(path, "label")
        assert (pseudo == (1 / (1 + np.exp(-logit.astype(float))) > float(tau))).all()
        with h5py.File(path) as file:
            assert (file.attrs["rule"], file.attrs["tau"], file.attrs["teacher"]) == ("threshold", float(tau), "em")
        wanted = {}
        for number, image in enumerate(image_id):
            for column, name in enumerate(category):
                triple = int(pseudo[number, column]), int(observed[row[image], column]), int(label[row[image], column])
                if any(triple):
                    wanted[image, name] = triple
        with open(path.with_suffix(".csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        assert {
            (r["image_id"], r["category"]): (int(r["pseudo"]), int(r["observed"]), int(r["true"])) for r in rows
        } == wanted
        assert all((finished / "data/train" / r["file_name"]).exists() for r in rows)
        assert all(
            (float(r["probability"]) > float(tau)) == (r["pseudo"] == "1")
            for r in rows
            if abs(float(r["probability"]) - float(tau)) > 1e-3
        )


def test_the_tables_have_a_row_per_model_and_per_pseudo_label_file(results):
    table = pd.read_csv(results / "tables/map.csv", dtype={"tau": str})
    assert len(table) == 2 * (3 + 2)
    assert set(zip(table["name"], table["tau"].fillna(""), strict=True)) == {
        *[(name, "") for name in ("em", "an", "full")],
        *[("paper", tau) for tau in ("0.50", "0.70")],
    }
    counts = pd.read_csv(results / "tables/label_counts.csv")
    assert len(counts) == 2 * 2
    wide, narrow = (counts.loc[counts["tau"] == tau, "positives_per_image"].mean() for tau in (0.5, 0.7))
    assert wide >= narrow
    assert {
        "precision",
        "recall",
        "precision_unobserved",
        "recall_unobserved",
        "observed_positives_lost",
        "empty_images",
    } <= set(counts)


def test_the_comparison_is_the_tables_and_the_interval_holds_the_difference(results):
    table = pd.read_csv(results / "tables/comparison.csv", keep_default_na=False)
    scores = pd.read_csv(results / "tables/map.csv", keep_default_na=False).groupby(["name", "variant"])["test_map"]
    assert len(table) == 3 + 2 and table["test_map"].is_monotonic_decreasing
    for _, row in table.iterrows():
        own = scores.get_group((row["name"], row["variant"])).to_numpy()
        base = scores.get_group(("em", "")).to_numpy()
        assert row["test_map"] == pytest.approx(own.mean(), abs=1e-3)
        assert row["difference"] == pytest.approx((own - base).mean(), abs=1e-3)
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
        students = table[(table["kind"] == "students") & table["chosen"]]
        assert row["students_difference"] == pytest.approx(students["test_map"].item() - row["test_map"], abs=1e-3)
        assert row["students_low"] <= row["students_difference"] <= row["students_high"]
        if row["name"] == "em":  # the reference
            assert row["students_high"] == pytest.approx(students["difference_high"].item(), abs=1e-3)
    assert table.loc[table["kind"] == "teachers", "chosen"].all()
    assert table.loc[table["kind"] == "students", "chosen"].sum() == 1
    assert table.loc[table["name"] == "em", "difference_high"].item() == 0


def test_the_audit_adds_up_to_the_counts(results):
    audit = pd.read_csv(results / "tables/label_quality.csv")
    counts = pd.read_csv(results / "tables/label_counts.csv").set_index(["tau", "seed"])
    for key, rows in audit.groupby(["tau", "seed"]):
        assert list(rows["category"]) == list(tiny.COLOURS)
        assert rows["pseudo"].sum() == pytest.approx(
            counts.loc[key, "positives_per_image"] * counts.loc[key, "images"], abs=1e-3
        )
        assert rows["right"].sum() / rows["true"].sum() == pytest.approx(counts.loc[key, "recall"], abs=1e-5)
    pairs = pd.read_csv(results / "tables/confusions.csv")
    assert (pairs["missing"] != pairs["instead"]).all() and (pairs["images"] > 0).all()


def test_the_figures_show_what_the_tables_hold(results):
    one, other = ((results / f"figures/figure_{n}.svg").read_text() for n in ("1a", "1b"))
    for word in ("threshold τ (probability)", "test mAP (%)", "em", "an", "full", "0.50", "0.70"):
        assert word in one, word
    for word in ("threshold τ (probability)", "positives per image", "true labels", "single positive"):
        assert word in other, word
    assert "selected on true validation labels" in one
    comparison, reliability, audit = (
        (results / f"figures/{name}.svg").read_text() for name in ("comparison", "reliability", "label_quality")
    )
    for word in (
        "em (reference)",
        "full",
        "difference in test mAP (points), 95 % interval over images",
        "± std over replicates",
        "mean of 2 replicates",
    ):
        assert word in comparison, word
    for word in (
        "predicted probability",
        "share present",
        "expected calibration error",
        "paper τ 0.",
        "full (true labels): ",
    ):
        assert word in reliability, word
    for word in ("precision (%)", "recall (%)", "red (", "present instead (images)", "threshold τ"):
        assert word in audit, word
    training = (results / "figures/training.svg").read_text()
    for word in ("validation mAP (%)", "loss", "epoch", "em", "full (true labels)", "paper", "τ 0.50", "kept"):
        assert word in training, word
    assert (results / "figures/figure_1a.png").read_bytes().startswith(b"\x89PNG")


def test_the_end_names_the_report_first_then_verdict_and_table(finished):
    output = (finished / "output.txt").read_text()
    assert "Data set tiny: mAP (%), mean ± standard deviation over replicates" in output
    assert "paper τ 0.70" in output
    words = (
        "Done: ",
        "Report:  results/tiny/report.html",
        "Figures: results/tiny/figures",
        "The students at τ ",
        "Data set tiny: ",
    )
    places = [output.index(word) for word in words]
    assert places == sorted(places) and "added" in output[places[-1] :]


def test_a_second_run_has_nothing_to_do(finished):
    output = tiny.snakemake(finished, root=finished / "repository")
    assert "Nothing to do: " in output and "Report:  results/tiny/report.html" in output


def test_the_report_is_one_file_that_opens_offline(finished, tmp_path):
    tiny.snakemake(finished, "--report", str(tmp_path / "report.html"), root=finished / "repository")
    page = (tmp_path / "report.html").read_text()
    assert "provenance.html" in page and "figure_1a.svg" in page and "mAP of the students" in page
    assert not [tag for tag in ('<script src="http', '<link href="http', "url(http") if tag in page]


def test_the_provenance_says_what_the_results_were_made_with(finished, results):
    record = json.loads((results / "provenance.json").read_text())
    assert record["versions"]["torch"] and record["versions"]["snakemake"] and record["machine"]["processor"]
    assert record["code"] == {"commit": None, "changed_files": None}  # a copy that is no checkout
    assert record["config"]["teachers"]["em"]["loss"] == {"name": "em", "alpha": 0.1, "negative_weight": 0.03}
    assert record["config"]["seeds"] == [1200, 1201]
    checksum = hashlib.sha256((finished / "data/train.json").read_bytes()).hexdigest()
    assert {"path": "data/train.json", "bytes": (finished / "data/train.json").stat().st_size, "sha256": checksum} in (
        record["inputs"]
    )
    assert record["features"][0]["weights_sha256"] and record["features"][0]["shards"]
    assert {Path(table["path"]).stem for table in record["tables"]} >= {"map", "label_counts", "comparison"}
    page = (results / "provenance.html").read_text()
    assert checksum in page and "://" not in page
