"""Data of one's own: tables with known, partly known and unknown truth, folders, and the layouts of the field by name."""

import csv
import hashlib
import json
import re
import tarfile

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import average_precision_score

import layouts
import loopback
import tiny
from plan.sources import SOURCES
from spml.review import describe

pytestmark = pytest.mark.xdist_group("own data")
NOBODY_KNOWS = {  # of a data set without true labels
    "teachers/full": None,
    "validation/select_on": "observed_labels",
    "figures/baselines": ["an", "em"],
    "seeds": [1200],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the tiny data set in data/."""
    return tiny.make(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def true(made):
    """Of each part, file name to the categories that are present; images without any as well."""
    found = {}
    for part, names, images in layouts.tiny_parts(made / "data"):
        found[part] = {
            file_name: sorted({names[entry["category_id"]] for entry in entries})
            for file_name, entries in images.values()
        }
    return found


def write(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def configured(folder, entry, changes=()):
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"datasets/tiny": {"backbone": "random"} | entry} | dict(changes)))
    return folder


def table(**parts):
    return {
        "source": "csv",
        **{part: {"annotations": f"data/{name}.csv", "images": f"data/{part}"} for part, name in parts.items()},
    }


def h5(path, *names):
    with h5py.File(path, locking=False) as file:
        return [file[name][:] if file[name].dtype.kind != "O" else list(file[name].asstr()[:]) for name in names]


# -- nobody knows the truth


@pytest.fixture(scope="module")
def unknown(made, true):
    """One label an image and nothing else, run to everything that the pipeline makes."""
    write(made / "data/tags.csv", ["path", "observed"], [(name, c[0]) for name, c in true["train"].items() if c])
    configured(made, table(train="tags"), NOBODY_KNOWS | {"predict": {"images": "data/test"}})
    output = tiny.snakemake(made)
    tiny.snakemake(made, "gallery", "exports", "predict", "model")
    return made, output


def test_tags_alone_are_enough_for_everything(unknown, true):
    folder, output = unknown
    results = folder / "results/tiny"
    tagged = {name: c[0] for name, c in true["train"].items() if c}
    image_id, category, label = h5(results / "labels/train.h5", "image_id", "category", "label")
    assert image_id == sorted(tagged) and category == sorted(set(tagged.values())) and (label == -1).all()
    observed = h5(results / "observed/seed_1200.h5", "observed")[0]
    assert [category[row.argmax()] for row in observed] == [tagged[name] for name in image_id]
    assert (observed.sum(1) == 1).all() and (observed >= 0).all()
    pseudo = pd.read_csv(results / "pseudo_labels/paper/seed_1200/tau_0.50.csv")
    assert pseudo["true"].isna().all() and len(pseudo)
    assert "not measured" in output and "validation on observed labels" in output


def test_metrics_that_need_the_truth_are_left_out_and_say_so(unknown):
    results = unknown[0] / "results/tiny"
    metrics = json.loads((results / "metrics/teachers/em/seed_1200.json").read_text())
    assert metrics["test"]["map"] is None and metrics["test"]["images"] == 0 and metrics["val"]["map"] > 0
    scores = pd.read_csv(results / "tables/map.csv")
    assert scores["test_map"].isna().all() and scores["val_map"].notna().all()
    assert pd.read_csv(results / "tables/comparison.csv")["difference"].isna().all()
    counts = pd.read_csv(results / "tables/label_counts.csv")
    assert (counts["known_share"] == 0).all() and counts[["precision", "recall"]].isna().all(axis=None)
    assert (pd.read_csv(results / "tables/label_quality.csv")["known"] == 0).all()
    figures = {path.stem: path.read_text() for path in (results / "figures").glob("*.svg")}
    for name in ("comparison", "reliability", "label_quality"):
        assert "left out, since" in figures[name] and "no true label of a t" in figures[name]
    assert "validation mAP" in figures["figure_1a"] and "no true label of a test image is known" in figures["figure_1a"]
    assert "true labels" not in figures["figure_1b"]
    report = (results / "report.html").read_text()
    assert "nan" not in report.replace("NaN", "").split("<main>")[1].lower().replace("provenance", "")
    assert "No true label of a test image is known" in report and "0 % of the true labels are known" in report
    card = (results / "model/README.md").read_text()
    assert "Not measured: no true label of a test image is known." in card and "nan" not in card


def test_what_follows_needs_no_truth(unknown):
    results = unknown[0] / "results/tiny"
    page = (results / "gallery/paper_seed_1200.html").read_text()
    assert '"known":[0,0,0,0]' in page
    for form in ("coco", "wide", "label_studio", "fiftyone", "parquet"):
        assert list((results / f"exports/paper/seed_1200/tau_0.50/{form}").iterdir())
    assert len(pd.read_csv(results / "predictions/predictions.csv")) == tiny.SIZES["test"]
    shown = list(describe.describe(results / "labels/train.h5")) + list(
        describe.describe(results / "labels/train.h5", "7.png")
    )
    assert f"{'unknown':<25}  {39 * 4}" in shown and "all 4 categories: unknown" in shown
    assert json.loads((results / "provenance.json").read_text())["config"]["observation"]["table"] == "data/tags.csv"
    assert tiny.planned(unknown[0]) == {}


def test_full_validation_without_truth_is_refused_before_anything_is_extracted(made, unknown):
    configured(
        made,
        table(train="tags"),
        NOBODY_KNOWS
        | {"validation/select_on": "true_labels", "dataset": "again"}
        | {"datasets/again": {"backbone": "random"} | table(train="tags")},
    )
    code, output = tiny.snakemake(made, "results/again/observed/seed_1200.h5", check=False)
    assert code == 1 and "Traceback" not in output
    assert "data/tags.csv: found no true positive in the 10 validation rows, on which models are chosen" in output


def test_a_teacher_of_true_labels_is_refused_before_anything_is_extracted(made, unknown):
    changes = {key: value for key, value in NOBODY_KNOWS.items() if key != "teachers/full"}
    entry = {"backbone": "random"} | table(train="tags")
    configured(made, entry, changes | {"dataset": "taught", "datasets/taught": entry})
    code, output = tiny.snakemake(made, "results/taught/observed/seed_1200.h5", check=False)
    assert code == 1 and "Traceback" not in output
    assert (
        "tags.csv: no true label of a training image is known, but teachers learn from them: full; wanted null"
        in output
    )


# -- some is known


def test_truth_of_some_rows_is_validated_and_tested_on_what_is_known(made, true):
    """The user's split: rows with true labels are the validation rows; a third of the test rows have theirs."""
    rows = [
        (name, c[0] if c else "", ";".join(c) or "-" if number < 15 else "", "val" if number < 15 else "train")
        for number, (name, c) in enumerate(true["train"].items())
    ]
    write(made / "data/some.csv", ["path", "observed", "true", "split"], rows)
    known = {name: c for number, (name, c) in enumerate(true["test"].items()) if number % 3 == 0}
    write(
        made / "data/some_test.csv",
        ["path", "true"],
        [(name, ";".join(known[name]) or "-" if name in known else "") for name in true["test"]],
    )
    entry = table(train="some", test="some_test")
    changes = NOBODY_KNOWS | {
        "validation/select_on": "true_labels",
        "dataset": "some",
        "datasets/some": {"backbone": "random"} | entry,
    }
    configured(made, entry, changes)
    tiny.snakemake(made)
    results = made / "results/some"
    image_id, label, split = h5(results / "labels/train.h5", "image_id", "label", "split")
    assert set(np.array(image_id)[split == 1]) == {row[0] for row in rows if row[3] == "val"}
    assert (label[split == 1] >= 0).all() and (label[split == 0] == -1).all()
    image_id, category, label = h5(results / "labels/test.h5", "image_id", "category", "label")
    logits = h5(results / "teachers/em/seed_1200/logits_test.h5", "logit")[0]
    rows = [number for number, name in enumerate(image_id) if name in known]
    wanted = [
        average_precision_score([category[column] in known[image_id[row]] for row in rows], logits[rows, column])
        for column in range(len(category))
    ]
    metrics = json.loads((results / "metrics/teachers/em/seed_1200.json").read_text())["test"]
    assert list(metrics["average_precision"].values()) == pytest.approx(wanted)
    assert metrics["known_labels"] == len(rows) * len(category) and metrics["images"] == len(image_id)
    comparison = pd.read_csv(results / "tables/comparison.csv").set_index("name")
    assert comparison.loc["em", "test_map"] == pytest.approx(100 * np.mean(wanted), abs=1e-3)
    assert (comparison["test_map_low"] <= comparison["test_map_high"]).all()
    assert "left out" not in (results / "figures/comparison.svg").read_text()


# -- all is known


def test_a_table_of_true_labels_is_the_same_as_their_annotations(made, true):
    """Single positives are then drawn, as from COCO JSON; the user's list says which categories there are, in its order."""
    for part in ("train", "test"):
        rows = [(name, ";".join(c)) for name, c in true[part].items() if c]
        write(made / f"data/all_{part}.csv", ["path", "true"], rows[::-1])
    (made / "data/names.txt").write_text("".join(f"{name}\n" for name in tiny.COLOURS))
    targets = ["labels/train.h5", "labels/test.h5", "observed/seed_1200.h5", "observed/seed_1201.h5"]
    entry = table(train="all_train", test="all_test") | {"backbone": "random", "categories": "data/names.txt"}
    changes = {"datasets/table": entry, "datasets/json": tiny.CONFIG["datasets"]["tiny"]}
    configured(made, {"source": "demo"}, changes | {"dataset": "table"})
    tiny.snakemake(made, *(f"results/{name}/{target}" for name in ("table", "json") for target in targets))
    for target in targets:
        name = target.split("/")[0].removesuffix("s")
        ours, theirs = (
            h5(made / f"results/{source}/{target}", "image_id", "category", name) for source in ("table", "json")
        )
        assert ours[1] == theirs[1] and (ours[2] == theirs[2]).all()
        assert [image.removesuffix(".png") for image in ours[0]] == theirs[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("1.png", "red"), ("99.png", "red")], "1 of 2 pictures are not in data/train, the first: data/train/99.png"),
        ([("1.png", "red;pink"), ("2.png", "blue")], "line 2: found category 'pink', wanted one of red, green"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_name(made, rows, message):
    write(made / "data/wrong.csv", ["path", "observed"], rows)
    (made / "data/names.txt").write_text("".join(f"{name}\n" for name in tiny.COLOURS))
    entry = {"backbone": "random", "categories": "data/names.txt"} | table(train="wrong")
    configured(made, entry, NOBODY_KNOWS | {"dataset": "wrong", "datasets/wrong": entry})
    code, output = tiny.snakemake(made, "results/wrong/labels/train.h5", check=False)
    assert code == 1 and "Traceback" not in output and message in output


def test_pictures_lie_beside_their_table_where_no_folder_is_named(made, true):
    rows = [(f"data/train/{name}", c[0]) for name, c in true["train"].items() if c]
    write(made / "beside.csv", ["path", "observed"], rows)
    entry = {"source": "csv", "backbone": "random", "train": {"annotations": "beside.csv"}}
    configured(made, entry, NOBODY_KNOWS | {"dataset": "beside", "datasets/beside": entry})
    tiny.snakemake(made, "results/beside/features/random/train.h5")
    assert len(h5(made / "results/beside/features/random/train.h5", "image_id")[0]) == len(rows)
    write(made / "beside.csv", ["path", "observed"], [*rows, ("gone.png", "red")])
    code, output = tiny.snakemake(made, "results/beside/images/train.csv", check=False)
    assert code == 1 and "pictures are not in ., the first: ./gone.png" in output


def test_missing_pictures_are_left_out_where_that_is_asked_for(made, true):
    rows = [(name, c[0], c[0]) for name, c in true["train"].items() if c]
    write(
        made / "data/gone.csv",
        ["path", "observed", "true"],
        [("00.png", "red", "red"), *rows, ("gone.png", "red", "red")],
    )
    entry = {"backbone": "random", "missing_pictures": "leave_out"} | table(train="gone")
    configured(made, entry, NOBODY_KNOWS | {"dataset": "gone", "datasets/gone": entry})
    targets = ["results/gone/observed/seed_1200.h5", "results/gone/features/random/train.h5"]
    tiny.snakemake(made, *targets)
    image_id, category, label = h5(made / "results/gone/labels/train.h5", "image_id", "category", "label")
    observed = h5(made / targets[0], "observed")[0]
    assert image_id == sorted(row[0] for row in rows) and (observed == label).all()
    assert {name: category[row.argmax()] for name, row in zip(image_id, label, strict=True)} == {
        row[0]: row[1] for row in rows
    }
    log = (made / "results/gone/logs/list_images/train.log").read_text()
    assert "2 of them have no picture in data/train and are left out, the first: data/train/00.png" in log


# -- layouts


def labels_of(folder, dataset, part):
    image_id, category, label = h5(folder / f"results/{dataset}/labels/{part}.h5", "image_id", "category", "label")
    return dict(zip(image_id, label.tolist(), strict=True)), category


def test_a_folder_for_each_category_to_pseudo_labels_and_what_a_new_picture_changes(made, tmp_path):
    layouts.image_folder(made / "data", made / "data/sorted")
    entry = {"source": "image_folder", "backbone": "random", "train": {"images": "data/sorted"}}
    configured(made, entry, NOBODY_KNOWS | {"dataset": "sorted", "datasets/sorted": entry})
    target = "results/sorted/pseudo_labels/paper/seed_1200/tau_0.50.csv"
    tiny.snakemake(made, target)
    image_id, category, observed = h5(made / "results/sorted/observed/seed_1200.h5", "image_id", "category", "observed")
    assert all(category[row.argmax()] == name.split("/")[0] for name, row in zip(image_id, observed, strict=True))
    assert len(image_id) == tiny.SIZES["train"] - 1 and category == sorted(tiny.COLOURS)
    assert tiny.planned(made, target) == {}
    (made / "data/sorted/red/new.png").write_bytes((made / "data/train/1.png").read_bytes())
    assert {"convert_image_folder", "train_teacher"} <= set(tiny.planned(made, target))


@pytest.mark.parametrize("source", ["voc", "nuswide"])
def test_local_copies_in_the_layout_of(source, made, true):
    root = made / f"data/{source}"
    getattr(layouts, source)(made / "data", root)
    lists = {
        "voc": ("VOCdevkit/VOC2012/ImageSets/Main/train.txt", "VOCdevkit/VOC2012/ImageSets/Main/val.txt"),
        "nuswide": ("ImageList/TrainImagelist.txt", "ImageList/TestImagelist.txt"),
    }[source]
    entry = {"source": source, "backbone": "random"}
    for part, name in zip(("train", "test"), lists, strict=True):
        entry[part] = {"annotations": f"data/{source}/{name}"}
        if source == "nuswide":
            entry[part]["images"] = f"data/{source}/Flickr"
    configured(
        made,
        entry,
        {
            "dataset": source,
            f"datasets/{source}": entry,
            "observation/sampling": "size" if source == "voc" else "uniform",
        },
    )
    targets = [
        f"results/{source}/{name}.h5"
        for name in ("labels/train", "labels/test", "observed/seed_1200", "features/random/test")
    ]
    tiny.snakemake(made, *targets)
    for part in ("train", "test"):
        found, category = labels_of(made, source, part)
        assert len(found) == tiny.SIZES[part]  # all listed images, also the one without a label
        wanted = [sorted(category.index(name) for name in names) for names in true[part].values()]
        assert [np.flatnonzero(row).tolist() for _, row in sorted(found.items())] == wanted
    assert tiny.planned(made, *targets) == {}
    if source == "voc":
        beside = root / "VOCdevkit/VOC2012/Annotations/2008_000001.xml"
        with tiny.edited(beside, "\n"):
            assert "convert_voc" in tiny.planned(made, *targets)


@pytest.mark.parametrize("source", ["voc2012", "cub"])
def test_by_name_fetched_from_a_loopback_server_and_used(source, made, true, tmp_path):
    root, served = tmp_path / "root", tmp_path / "served"
    root.mkdir()
    served.mkdir()
    getattr(layouts, source.removesuffix("2012"))(made / "data", root)
    name = {"voc2012": "VOCtrainval_11-May-2012.tar", "cub": "CUB_200_2011.tgz"}[source]
    with tarfile.open(served / name, "w" if name.endswith("tar") else "w:gz") as file:
        for path in sorted(root.iterdir()):
            file.add(path, path.name)
    with loopback.serving(served) as address:
        checksum = hashlib.sha256((served / name).read_bytes()).hexdigest()
        entry = {
            "source": source,
            "backbone": "random",
            "downloads": {"archive": {"url": f"{address}/{name}", "sha256": checksum}},
        }
        configured(made, entry, {"dataset": source, f"datasets/{source}": entry})
        targets = [f"results/{source}/{name}.h5" for name in ("labels/train", "labels/test", "features/random/test")]
        tiny.snakemake(made, *targets)
    for part in ("train", "test"):
        found, category = labels_of(made, source, part)
        wanted = [sorted(names) for names in true[part].values()]
        rows = sorted(found.items(), key=lambda item: int(item[0].rpartition("_")[2]))
        assert [
            sorted(category[c].removeprefix("has_colour::") for c in np.flatnonzero(row)) for _, row in rows
        ] == wanted
    files = pd.read_csv(made / f"resources/{source}/archive.csv")["path"]
    assert not files.str.contains("Segmentation").any() and files.str.contains("png").sum() == sum(tiny.SIZES.values())
    assert tiny.planned(made, *targets) == {}


def test_by_name_without_network_the_error_names_address_and_what_to_do(made):
    downloads = {"archive": {"url": "http://127.0.0.1:9/VOCtrainval_11-May-2012.tar"}}
    entry = {"source": "voc2012", "backbone": "random", "downloads": downloads}
    configured(made, entry, {"dataset": "nowhere", "datasets/nowhere": entry})
    code, output = tiny.snakemake(made, "results/nowhere/labels/train.h5", check=False)
    assert code == 1 and "Traceback" not in output
    assert "error: http://127.0.0.1:9/VOCtrainval_11-May-2012.tar: cannot be fetched to resources/nowhere/" in output
    assert "datasets.<name>.train.annotations" in output


@pytest.mark.parametrize(
    ("source", "k", "alpha"), [("voc2012", 1.5, 0.2), ("nuswide", 1.9, 0.1), ("cub", 31.4, 0.01), ("csv", None, 0.1)]
)
def test_losses_have_the_hyperparameters_published_for_a_data_set(source, k, alpha):
    space = tiny.namespace(tiny.CONFIG)
    assert space["loss"]("epr", source)["k"] == k and space["loss"]("em", source)["alpha"] == alpha


def test_the_walk_through_is_as_written(tmp_path):
    """The table and the configuration of docs/own_data.md, on the demo's pictures and its backbone, here pretrained less."""
    page = (tiny.ROOT / "docs/own_data.md").read_text(encoding="utf-8")
    for kind in ("csv", "yaml"):
        (block,) = re.findall(rf"```{kind}\n(.*?)```", page, re.S)
        (tmp_path / f"mine.{kind}").write_text(block, encoding="utf-8")
    assert len((tmp_path / "mine.csv").read_text().splitlines()) == 20
    smaller = {"demo": {"train": 30, "test": 5, "singles": 64}, "machine": {"device": "cpu"}}
    tiny.configure(tmp_path, yaml.safe_load((tiny.ROOT / "config.yaml").read_text(encoding="utf-8")) | smaller)
    tiny.snakemake(tmp_path, "resources/demo/train.json")
    both = ["--configfile", str(tmp_path / "config.yaml"), str(tmp_path / "mine.yaml")]
    tiny.snakemake(tmp_path, "all", "gallery", "exports", *both)
    for name in ("pseudo_labels/paper/seed_1200/tau_0.65.csv", "gallery/paper_seed_1200.html", "report.html"):
        assert f"results/mine/{name}" in page and (tmp_path / "results/mine" / name).is_file()
    table = pd.read_csv(tmp_path / "results/mine/pseudo_labels/paper/seed_1200/tau_0.65.csv")
    assert (table[table["observed"] == 1]["pseudo"] == 1).all() and table["true"].isna().all()


def test_the_conventions_of_each_source_are_documented():
    page = (tiny.ROOT / "docs/own_data.md").read_text(encoding="utf-8")
    for source in SOURCES:
        assert source == "demo" or f"| `{source}` |" in page
