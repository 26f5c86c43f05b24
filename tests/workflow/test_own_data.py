"""Data of one's own: tables with known, partly known and unknown truth, folders, and the layouts of the field by name."""

import csv
import hashlib
import json
import re
import shutil
import tarfile
from pathlib import Path

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
from spml.artifacts.codes import TrueLabel
from spml.losses.catalog import LOSSES
from spml.review import describe
from unit.plan import dag

pytestmark = pytest.mark.xdist_group("own data")
ONCE = {"seeds": [1200]}  # all else follows from a table without true labels


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The tiny data set in data/; no test changes it."""
    return tiny.make(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def copied(made, tmp_path_factory):
    """A function that copies it, to put files of one's own beside it."""
    return lambda name: Path(shutil.copytree(made, tmp_path_factory.mktemp(name) / "work"))


@pytest.fixture(scope="module")
def true(made):
    """File name to the categories that are present, by part; images without any as well."""
    return {
        part: {
            file_name: sorted({names[entry["category_id"]] for entry in entries})
            for file_name, entries in images.values()
        }
        for part, names, images in layouts.tiny_parts(made / "data")
    }


@pytest.fixture(scope="module")
def tags(true):
    """The rows of a table with one observed label per image."""
    return [(name, present[0]) for name, present in true["train"].items() if present]


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
def unknown(copied, tags):
    """One label per image and nothing else, run to everything that the pipeline makes: (folder, output)."""
    folder = copied("unknown")
    write(folder / "data/tags.csv", ["path", "observed"], tags)
    configured(folder, table(train="tags"), ONCE | {"predict": {"images": "data/test"}})
    return folder, tiny.snakemake(folder, "all", "gallery", "exports", "predict", "model")


def test_tags_alone_are_enough_for_everything(unknown, true):
    folder, output = unknown
    results = folder / "results/tiny"
    tagged = {name: c[0] for name, c in true["train"].items() if c}
    image_id, category, label = h5(results / "labels/train.h5", "image_id", "category", "label")
    assert (
        image_id == sorted(tagged) and category == sorted(set(tagged.values())) and (label == TrueLabel.UNKNOWN).all()
    )
    observed = h5(results / "observed/seed_1200.h5", "observed")[0]
    assert [category[row.argmax()] for row in observed] == [tagged[name] for name in image_id]
    assert (observed.sum(1) == 1).all() and (observed >= 0).all()
    pseudo = pd.read_csv(results / "pseudo_labels/paper/seed_1200/tau_0.50.csv")
    assert pseudo["true"].isna().all() and len(pseudo)
    assert "not measured" in output and "selected on observed validation labels" in output


def test_metrics_that_need_the_truth_are_left_out_and_say_so(unknown):
    results = unknown[0] / "results/tiny"
    metrics = json.loads((results / "metrics/teachers/em/seed_1200.json").read_text())
    assert metrics["test"]["map"] is None and metrics["test"]["images"] == 0 and metrics["val"]["map"] > 0
    sources = {"all categories", "its own, since few pictures have its tag"}
    assert metrics["labels_per_image"] >= 1 and set(metrics["threshold_sources"].values()) <= sources
    scores = pd.read_csv(results / "tables/map.csv")
    assert scores["test_map"].isna().all() and scores["val_map"].notna().all()
    of_truth = [
        f"{split}_{key}" for split in ("val", "test") for key in ("of1", "cf1", "of1_chosen", "cf1_chosen", "ece")
    ]
    assert scores[of_truth].isna().all(axis=None)  # F1 on observed labels would say how well tags are predicted
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
    verdict, _, contents = report.partition("<main>")
    assert "validation mAP" in verdict and "No true label of a test image is known" in verdict
    assert "what was observed counts as present, all else as absent" in contents
    for absent in ("Calibration", "OF1", "precision", "recall", "test mAP", ">true<", "left out, since", "none."):
        assert absent not in contents, absent
    assert contents.count("<article") == 6 and "added by the teacher" in contents
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


@pytest.mark.parametrize(
    ("entry", "changes", "message"),
    [
        (
            {},
            {"validation/select_on": "true_labels"},
            "validation.select_on: found true_labels, wanted observed_labels",
        ),
        (
            {"teachers": {"full": tiny.CONFIG["teachers"]["full"]}},
            {},
            "datasets.tiny.teachers.full: learns from true labels, wanted null in its place: data/tags.csv has no true label",
        ),
    ],
    ids=["choices on true labels", "a teacher of true labels"],
)
def test_what_needs_the_truth_is_refused_before_anything_runs(copied, tags, entry, changes, message):
    folder = copied("refused")
    write(folder / "data/tags.csv", ["path", "observed"], tags)
    configured(folder, table(train="tags") | entry, ONCE | changes)
    code, output = tiny.snakemake(folder, check=False)
    assert code == 1 and "Traceback" not in output and message in output, output
    assert not (folder / "results").exists()


def test_the_terminal_says_what_follows_without_truth(unknown):
    output = unknown[1]
    assert "No true label of data set tiny is known. Models are selected on observed labels" in output
    assert "Left out, since they learn from true labels: teachers full." in output
    assert "put back into pseudo-labels paper" in output


# -- some is known


def test_truth_of_some_rows_is_validated_and_tested_on_what_is_known(copied, true):
    """The user's split: rows with true labels are the validation rows; a third of the test rows have theirs."""
    folder = copied("some")
    rows = [
        (name, c[0] if c else "", ";".join(c) or "-" if number < 15 else "", "val" if number < 15 else "train")
        for number, (name, c) in enumerate(true["train"].items())
    ]
    write(folder / "data/some.csv", ["path", "observed", "true", "split"], rows)
    known = {name: c for number, (name, c) in enumerate(true["test"].items()) if number % 3 == 0}
    test_rows = [(name, ";".join(known[name]) or "-" if name in known else "") for name in true["test"]]
    write(folder / "data/some_test.csv", ["path", "true"], test_rows)
    none_to_learn_from = {"teachers/full": None, "figures/baselines": ["an", "em"]}
    changes = ONCE | none_to_learn_from | {"pseudo_labels/paper/taus": [0.5]}
    configured(folder, table(train="some", test="some_test"), changes)
    tiny.snakemake(folder)
    results = folder / "results/tiny"
    image_id, label, split = h5(results / "labels/train.h5", "image_id", "label", "split")
    assert set(np.array(image_id)[split == 1]) == {row[0] for row in rows if row[3] == "val"}
    assert (label[split == 1] != TrueLabel.UNKNOWN).all() and (label[split == 0] == TrueLabel.UNKNOWN).all()
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


# -- tables and layouts that are read, all in one run


FETCHED = {"voc2012": "VOCtrainval_11-May-2012.tar", "cub": "CUB_200_2011.tgz"}
LISTS = {
    "voc": {"train": "VOCdevkit/VOC2012/ImageSets/Main/train.txt", "test": "VOCdevkit/VOC2012/ImageSets/Main/val.txt"},
    "nuswide": {"train": "ImageList/TrainImagelist.txt", "test": "ImageList/TestImagelist.txt"},
}
READ = {  # data set -> what is made of it
    "table": ("labels/train.h5", "labels/test.h5", "observed/seed_1200.h5", "observed/seed_1201.h5"),
    "json": ("labels/train.h5", "labels/test.h5", "observed/seed_1200.h5", "observed/seed_1201.h5"),
    "beside": ("features/random/train.h5",),
    "gone": ("observed/seed_1200.h5", "features/random/train.h5"),
    "sorted": ("observed/seed_1200.h5",),
    "voc": ("labels/train.h5", "labels/test.h5", "observed/seed_1200.h5"),
    "nuswide": ("labels/train.h5", "labels/test.h5", "observed/seed_1200.h5"),
    "voc2012": ("labels/train.h5", "labels/test.h5"),
    "cub": ("labels/train.h5", "labels/test.h5"),
}
READ_TARGETS = [f"results/{dataset}/{target}" for dataset, targets in READ.items() for target in targets]


def write_tables(folder, true, tags):
    """Write the tables of the data sets in READ, and return their entries in the configuration."""
    for part in ("train", "test"):
        rows = [(name, ";".join(c)) for name, c in true[part].items() if c]
        write(folder / f"data/all_{part}.csv", ["path", "true"], rows[::-1])
    (folder / "data/names.txt").write_text("".join(f"{name}\n" for name in tiny.COLOURS))
    write(folder / "beside.csv", ["path", "observed"], [(f"data/train/{name}", tag) for name, tag in tags])
    rows = [("00.png", "red", "red"), *((name, tag, tag) for name, tag in tags), ("gone.png", "red", "red")]
    write(folder / "data/gone.csv", ["path", "observed", "true"], rows)
    return {
        "table": table(train="all_train", test="all_test") | {"categories": "data/names.txt"},
        "json": tiny.CONFIG["datasets"]["tiny"],
        "beside": {"source": "csv", "train": {"annotations": "beside.csv"}},
        "gone": table(train="gone") | {"missing_pictures": "leave_out"},
    }


def write_layouts(folder):
    """Write the data sets in READ that are the user's own copies, and return their entries in the configuration."""
    layouts.image_folder(folder / "data", folder / "data/sorted")
    entries = {"sorted": {"source": "image_folder", "train": {"images": "data/sorted"}}}
    for source, lists in LISTS.items():
        getattr(layouts, source)(folder / "data", folder / f"data/{source}")
        entries[source] = {"source": source}
        for part, name in lists.items():
            entries[source][part] = {"annotations": f"data/{source}/{name}"}
            if source == "nuswide":
                entries[source][part]["images"] = f"data/{source}/Flickr"
    entries["voc"]["observation"] = {"sampling": "size"}
    return entries


def write_archives(folder, served, address):
    """Write the archives of the data sets in READ that are fetched, and return their entries in the configuration."""
    entries = {}
    for source, name in FETCHED.items():
        root = folder / f"published/{source}"
        root.mkdir(parents=True)
        getattr(layouts, source.removesuffix("2012"))(folder / "data", root)
        with tarfile.open(served / name, "w" if name.endswith("tar") else "w:gz") as file:
            for path in sorted(root.iterdir()):
                file.add(path, path.name)
        checksum = hashlib.sha256((served / name).read_bytes()).hexdigest()
        entries[source] = {"source": source}
        entries[source]["downloads"] = {"archive": {"url": f"{address}/{name}", "sha256": checksum}}
    return entries


@pytest.fixture(scope="module")
def read(copied, true, tags, tmp_path_factory):
    """The data sets in READ, read."""
    folder, served = copied("read"), tmp_path_factory.mktemp("served")
    with loopback.serving(served) as address:
        entries = write_tables(folder, true, tags) | write_layouts(folder) | write_archives(folder, served, address)
        changes = {f"datasets/{dataset}": {"backbone": "random"} | entry for dataset, entry in entries.items()}
        seeds = {"dataset": "table", "seeds": [1200, 1201]}
        configured(folder, tiny.CONFIG["datasets"]["tiny"], changes | seeds)
        tiny.snakemake(folder, *READ_TARGETS, "--keep-going")
    return folder


def test_what_was_read_is_not_read_again(read):
    assert tiny.planned(read, *READ_TARGETS) == {}


def test_a_table_of_true_labels_is_the_same_as_their_annotations(read):
    """Single positives are then drawn, as from COCO JSON; the user's list says which categories there are, in its order."""
    for target in READ["table"]:
        name = target.split("/")[0].removesuffix("s")
        ours, theirs = (
            h5(read / f"results/{dataset}/{target}", "image_id", "category", name) for dataset in ("table", "json")
        )
        assert ours[1] == theirs[1] and (ours[2] == theirs[2]).all()
        assert [image.removesuffix(".png") for image in ours[0]] == theirs[0]


def test_pictures_lie_beside_their_table_where_no_folder_is_named(read, tags):
    assert len(h5(read / "results/beside/features/random/train.h5", "image_id")[0]) == len(tags)


def test_missing_pictures_are_left_out_where_that_is_asked_for(read, tags):
    image_id, category, label = h5(read / "results/gone/labels/train.h5", "image_id", "category", "label")
    observed = h5(read / "results/gone/observed/seed_1200.h5", "observed")[0]
    assert image_id == sorted(name for name, _ in tags) and (observed == label).all()
    assert {name: category[row.argmax()] for name, row in zip(image_id, label, strict=True)} == dict(tags)
    assert h5(read / "results/gone/features/random/train.h5", "image_id")[0] == image_id
    log = (read / "results/gone/logs/list_images/train.log").read_text()
    assert f"{len(tags) + 2} listed, {len(tags)} used, 2 left out" in log
    assert "warning: 2 left out, no such file: 00.png, gone.png" in log


def labels_of(folder, dataset, part):
    image_id, category, label = h5(folder / f"results/{dataset}/labels/{part}.h5", "image_id", "category", "label")
    return dict(zip(image_id, label.tolist(), strict=True)), category


def test_a_folder_for_each_category_says_what_was_observed(read):
    image_id, category, observed = h5(read / "results/sorted/observed/seed_1200.h5", "image_id", "category", "observed")
    assert all(category[row.argmax()] == name.split("/")[0] for name, row in zip(image_id, observed, strict=True))
    assert len(image_id) == tiny.SIZES["train"] - 1 and category == sorted(tiny.COLOURS)
    label = h5(read / "results/sorted/labels/train.h5", "label")[0]
    assert (label == TrueLabel.UNKNOWN).all()


@pytest.mark.parametrize("source", LISTS)
def test_local_copies_in_the_layout_of(source, read, true):
    for part in ("train", "test"):
        found, category = labels_of(read, source, part)
        assert len(found) == tiny.SIZES[part]  # all listed images, also the one without a label
        wanted = [sorted(category.index(name) for name in names) for names in true[part].values()]
        assert [np.flatnonzero(row).tolist() for _, row in sorted(found.items())] == wanted
        if part == "train":
            observed = h5(read / f"results/{source}/observed/seed_1200.h5", "observed")[0]
            assert observed.sum(1).tolist() == [min(1, len(names)) for names in wanted]


@pytest.mark.parametrize("source", FETCHED)
def test_by_name_fetched_from_a_loopback_server_and_used(source, read, true):
    for part in ("train", "test"):
        found, category = labels_of(read, source, part)
        wanted = [sorted(names) for names in true[part].values()]
        rows = sorted(found.items(), key=lambda item: int(item[0].rpartition("_")[2]))
        assert [
            sorted(category[c].removeprefix("has_colour::") for c in np.flatnonzero(row)) for _, row in rows
        ] == wanted
    files = pd.read_csv(read / f"resources/{source}/fetched/archive.csv")["path"]
    assert not files.str.contains("Segmentation").any() and files.str.contains("png").sum() == sum(tiny.SIZES.values())


@pytest.mark.parametrize(
    ("dataset", "file"),
    [("voc", "data/voc/VOCdevkit/VOC2012/Annotations/2008_000001.xml"), ("sorted", "data/sorted/red/new.png")],
)
def test_a_new_or_edited_file_beside_the_lists_converts_and_trains_again(read, tmp_path, monkeypatch, dataset, file):
    """Its parameters change; that Snakemake runs again what has others is shown by test_reruns.py."""
    folder = shutil.copytree(
        read, tmp_path / "work", ignore=shutil.ignore_patterns("results", "resources", ".snakemake")
    )
    monkeypatch.chdir(folder)
    config = yaml.safe_load(Path("config.yaml").read_text()) | {"dataset": dataset}
    before = dag.jobs(config)
    Path(file).write_bytes(b"edited")
    after = dag.jobs(config)
    changed = {job.rule for output, job in after.items() if job.identity != before[output].identity}
    assert changed == {"convert_annotations"}
    outputs = {output for output, job in after.items() if job.rule == "convert_annotations"}
    listing = after[f"results/{dataset}/images/train.csv"].inputs
    read = after.get(f"results/{dataset}/annotations/train.h5")  # of JSON alone
    assert outputs & (listing | (read.inputs if read else set()))


# -- tables that are refused, all in one run


@pytest.fixture(scope="module")
def refused(copied, tags):
    """What a run says of tables that do not fit."""
    folder = copied("refusals")
    (folder / "data/names.txt").write_text("".join(f"{name}\n" for name in tiny.COLOURS))
    write(folder / "data/lost.csv", ["path", "observed"], [("1.png", "red"), ("99.png", "red")])
    write(folder / "data/pink.csv", ["path", "observed"], [("1.png", "red;pink"), ("2.png", "blue")])
    write(
        folder / "gone.csv", ["path", "observed"], [*((f"data/train/{n}", tag) for n, tag in tags), ("gone.png", "red")]
    )
    names = {"categories": "data/names.txt"}
    entries = {
        "lost": table(train="lost") | names,
        "pink": table(train="pink") | names,
        "gone": {"source": "csv", "train": {"annotations": "gone.csv"}},
    }
    changes = {f"datasets/{dataset}": {"backbone": "random"} | entry for dataset, entry in entries.items()}
    configured(folder, tiny.CONFIG["datasets"]["tiny"], ONCE | changes)
    targets = [f"results/{dataset}/labels/train.h5" for dataset in entries]
    code, output = tiny.snakemake(folder, *targets, "--keep-going", check=False)
    assert code == 1 and "Traceback" not in output
    return output


@pytest.mark.parametrize(
    "message",
    [
        "1 of 2 pictures are not in data/train, the first: data/train/99.png",
        "line 2: found category 'pink', wanted one of red, green",
        "pictures are not in ., the first: ./gone.png",
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_name(refused, message):
    assert message in refused


def test_mistakes_of_tables_and_files_are_told_before_any_job(copied, tags):
    """All at once: unknown categories of the test table, a picture that is missing, one that is none; the same picture twice."""
    folder = copied("unsound")
    write(folder / "data/tags.csv", ["path", "observed"], [*tags, ("99.png", "red")])
    write(folder / "data/test_tags.csv", ["path", "true"], [("1.png", "pink;red"), ("2.png", "mauve")])
    (folder / "data/train/1.png").write_text("no picture")
    (folder / "data/test/2.png").write_bytes((folder / "data/train/2.png").read_bytes())
    entry = table(train="tags") | {"test": {"annotations": "data/test_tags.csv", "images": "data/test"}}
    configured(folder, entry, ONCE)
    code, output = tiny.snakemake(folder, check=False)
    assert code == 1 and "Traceback" not in output and "Error in the data:" in output, output
    for message in (
        "pictures are not in data/train: data/train/99.png",
        "cannot be read: data/train/1.png (",
        "2 unknown categories",
    ):
        assert message in output
    assert not list((folder / "results").rglob("*.h5")) and not re.search(r"^\[", output, re.M)
    write(folder / "data/tags.csv", ["path", "observed"], tags[1:])
    write(folder / "data/test_tags.csv", ["path", "true"], [("1.png", "red"), ("2.png", "red")])
    output = tiny.snakemake(folder, "results/tiny/labels/train.h5")
    assert (
        "Warning: 1 picture of the training part is in the test part, too: data/train/2.png (data/test/2.png)" in output
    )


# -- what holds for a data set of the field


@pytest.mark.parametrize(
    ("source", "k", "alpha"), [("voc2012", 1.5, 0.2), ("nuswide", 1.9, 0.1), ("cub", 31.4, 0.01), ("csv", None, 0.1)]
)
def test_losses_have_the_hyperparameters_published_for_a_data_set(source, k, alpha):
    assert LOSSES["epr"].defaults(source)["k"] == k and LOSSES["em"].defaults(source)["alpha"] == alpha


def test_the_walk_through_is_as_written(tmp_path):
    """The table and the configuration of docs/own_data.md, on the demo's pictures and its backbone."""
    page = (tiny.ROOT / "docs/own_data.md").read_text(encoding="utf-8")
    for kind in ("csv", "yaml"):
        block = re.findall(rf"```{kind}\n(.*?)```", page, re.S)[0]
        (tmp_path / f"mine.{kind}").write_text(block, encoding="utf-8")
    assert len((tmp_path / "mine.csv").read_text().splitlines()) == 20
    smaller = {"demo": {"train": 30, "test": 5}, "machine": {"device": "cpu"}, "seeds": [1200]}
    tiny.configure(tmp_path, yaml.safe_load((tiny.ROOT / "config.yaml").read_text(encoding="utf-8")) | smaller)
    tiny.snakemake(tmp_path, "resources/demo/train.json")
    both = ["--configfile", str(tmp_path / "config.yaml"), str(tmp_path / "mine.yaml")]
    tiny.snakemake(tmp_path, "all", "gallery", "exports", *both)
    for name in ("pseudo_labels/paper/seed_1200/tau_0.65.csv", "gallery/recommended_seed_1200.html", "report.html"):
        assert f"results/mine/{name}" in page and (tmp_path / "results/mine" / name).is_file()
    table = pd.read_csv(tmp_path / "results/mine/pseudo_labels/paper/seed_1200/tau_0.65.csv")
    assert (table[table["observed"] == 1]["pseudo"] == 1).all() and table["true"].isna().all()


def test_the_conventions_of_each_source_are_documented():
    page = (tiny.ROOT / "docs/own_data.md").read_text(encoding="utf-8")
    for source in SOURCES:
        assert source == "demo" or f"| `{source}` |" in page
