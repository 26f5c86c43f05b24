"""Features that others computed, by the real command: data sets without pictures, and a backbone of files beside pictures."""

import csv
import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import yaml

import tiny

pytestmark = pytest.mark.xdist_group("features")
SIZES, WIDTH, CATEGORIES = {"train": 60, "test": 30}, 6, "abcd"
CHANGES = {
    "dataset": "genes",
    "datasets": {
        "genes": {
            "source": "features",
            "backbone": "clip",
            "train": {"annotations": "data/train.csv"},
            "test": {"annotations": "data/test.csv"},
        }
    },
    "backbones": {
        "clip": {
            "library": "file",
            "train": "data/train.npy",
            "test": {"path": "data/test.h5", "column": "clip/vectors"},
        }
    },
    "seeds": [1200],
    "features/images_per_shard": 25,
}
CONFIG = tiny.changed(tiny.CONFIG, CHANGES)


def make(folder, config=CONFIG):
    """Tables, a matrix in the order of one table, and one in another order with ids; twins: a row of both parts."""
    data = folder / "data"
    data.mkdir(parents=True)
    random = np.random.RandomState(0)
    matrices, names = {}, {}
    for part, size in SIZES.items():
        matrices[part] = random.randn(size, WIDTH).astype(np.float32)
        names[part] = [f"/m/{part} {number}" for number in random.permutation(size)]
    matrices["test"][3] = matrices["train"][7]
    for part, values in matrices.items():
        present = [";".join(np.array(list(CATEGORIES))[row > 0.3]) or "-" for row in values[:, :4]]
        rows = zip(names[part], present, strict=True)
        (data / f"{part}.csv").write_text("id,true\n" + "".join(f"{name},{cell}\n" for name, cell in rows))
    np.save(data / "train.npy", np.asfortranarray(matrices["train"]))
    order = random.permutation(SIZES["test"])
    with h5py.File(data / "test.h5", "w") as file:
        file["clip/vectors"] = matrices["test"][order]
        file["id"] = [names["test"][number] for number in order]
    tiny.configure(folder, config)
    return {part: dict(zip(names[part], matrices[part], strict=True)) for part in SIZES}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run to everything that needs no pictures: (folder, output, the features of each image by part)."""
    folder = tmp_path_factory.mktemp("features") / "work"
    known = make(folder)
    return folder, tiny.snakemake(folder, "all", "exports", "review"), known


def stored(folder, dataset, backbone, part):
    """Return the ids and the bytes of the features of each row, and their type."""
    with h5py.File(folder / f"results/{dataset}/features/{backbone}/{part}.h5", locking=False) as file:
        values = file["feature"][:]
        return list(file["image_id"].asstr()[:]), [row.tobytes() for row in values], values.dtype


@pytest.mark.parametrize("part", SIZES)
def test_each_image_has_its_own_row(run, part):
    folder, _, known = run
    ids, rows, _ = stored(folder, "genes", "clip", part)
    assert ids == sorted(known[part]) and rows == [known[part][name].tobytes() for name in ids]


def test_what_shows_pictures_is_left_out(run):
    folder, output, _ = run
    results = folder / "results/genes"
    report = (results / "report.html").read_text()
    assert "Sample pictures" not in report and "Gallery" not in report and "Features of files: clip" in report
    assert "float32 of a file" in report and "Images without pictures" in report
    exported = {path.name for path in (results / "exports/paper/seed_1200/tau_0.50").iterdir()}
    assert exported == {"wide", "parquet"}
    assert (results / "review/queue.csv").is_file() and not (results / "review/review.html").exists()
    assert "questions: results/genes/review/queue.csv" in output
    assert tiny.planned(folder) == {} and tiny.planned(folder, "exports", "review") == {}


def test_rows_that_both_parts_have_are_told(run):
    table = pd.read_csv(run[0] / "results/genes/tables/duplicates.csv")
    assert set(table["kind"]) == {"train and test"} and list(table["part"]) == ["train", "test"]
    known = run[2]
    rows = [known[part][name] for part, name in zip(table["part"], table["image_id"], strict=True)]
    assert (rows[0] == rows[1]).all()


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("gallery", "gallery needs pictures"),
        ("predict", "needs pictures"),
        ("model", "the model for other pictures needs pictures"),
        ("results/genes/review/review.html", "review/review.html needs pictures"),
        ("results/genes/exports/paper/seed_1200/tau_0.50/coco", "export coco needs pictures"),
    ],
)
def test_what_needs_pictures_is_refused_in_one_sentence(run, target, what):
    code, output = tiny.snakemake(run[0], target, check=False)
    assert code == 1 and "Traceback" not in output
    (line,) = [line for line in output.splitlines() if line.startswith("Error")]
    assert what in line and "data set genes has features alone (source features)" in line


def test_exported_features_are_read_by_other_programs(run):
    folder, _, known = run
    export = folder / "results/genes/exports/features/clip/train"
    pieces = sorted((export / "img_emb").iterdir())
    assert [path.name for path in pieces] == [f"img_emb_{number}.npy" for number in range(3)]  # as there are shards
    values = np.concatenate([np.load(path) for path in pieces])
    table = pd.concat(map(pd.read_parquet, sorted((export / "metadata").iterdir())))
    assert list(table) == ["image_path", "image_id", "file_name", "split"] and set(table["split"]) == {"train", "val"}
    assert all((known["train"][name] == row).all() for name, row in zip(table["image_id"], values, strict=True))


@pytest.mark.parametrize("storage", ["float16", None])
def test_features_that_went_out_come_in_again_to_the_bit(run, tmp_path, storage):
    """Out of the cache in one storage, and in again as a folder, as one npy file with ids, and as Parquet."""
    folder = tiny.copy_run(run[0], tmp_path / "work")
    if storage:
        tiny.configure(folder, tiny.changed(CONFIG, {"backbones/clip/storage": storage}))
        tiny.snakemake(folder, "results/genes/exports/features/clip/train", "results/genes/exports/features/clip/test")
    shutil.copytree(folder / "results/genes/exports/features/clip", folder / "data/out")
    parts = {}
    for part in SIZES:
        pieces = sorted((folder / f"data/out/{part}/img_emb").iterdir())
        table = pyarrow.parquet.read_table(folder / f"data/out/{part}/metadata")
        values = np.concatenate([np.load(path) for path in pieces])
        np.save(folder / f"data/{part}_all.npy", values)
        np.save(folder / f"data/{part}_ids.npy", np.array(table["image_id"].to_pylist()))
        columns = {"image_id": table["image_id"], "feature": list(values)}
        pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"data/{part}.parquet")
        parts[part] = {
            "folder": f"data/out/{part}",
            "npy": {"path": f"data/{part}_all.npy", "ids": f"data/{part}_ids.npy"},
            "parquet": f"data/{part}.parquet",
        }
    backbones = {form: {"library": "file"} | {part: parts[part][form] for part in SIZES} for form in parts["train"]}
    changes = {"backbones": CONFIG["backbones"] | backbones, "features/images_per_shard": 40}
    changes |= {f"teachers/{form}": {"loss": "an", "backbone": form} for form in backbones}
    entry = CONFIG["datasets"]["genes"]
    tiny.configure(folder, tiny.changed(CONFIG, changes | {"dataset": "back", "datasets": {"back": entry}}))
    targets = [f"results/back/features/{form}/{part}.h5" for form in backbones for part in SIZES]
    tiny.snakemake(folder, *targets)
    for part in SIZES:
        before = stored(folder, "genes", "clip", part)
        assert before[2] == (storage or "float32")
        assert all(stored(folder, "back", form, part) == before for form in backbones)


def test_another_matrix_runs_what_depends_on_it_alone(run, tmp_path):
    folder = tiny.copy_run(run[0], tmp_path / "work")
    np.save(folder / "data/train.npy", np.load(folder / "data/train.npy") + 1)
    jobs = tiny.planned(folder)
    assert jobs["convert_features"] == 3 and jobs["index_features"] == 1 and "make_labels" not in jobs


def test_labels_that_were_observed_are_those_of_the_table(tmp_path):
    folder = tmp_path / "work"
    known = make(folder)
    tags = {name: CATEGORIES[number % 4] for number, name in enumerate(known["train"])}
    text = "id,observed\n" + "".join(f"{name},{tag}\n" for name, tag in tags.items())
    (folder / "data/train.csv").write_text(text)
    changes = {"datasets/genes/test": None, "backbones/clip/test": None, "teachers/full": None, "figures/baselines": []}
    tiny.configure(folder, tiny.changed(CONFIG, changes))
    tiny.snakemake(folder, "results/genes/observed/seed_1200.h5", "results/genes/features/clip/test.h5")
    with h5py.File(folder / "results/genes/observed/seed_1200.h5", locking=False) as file:
        ids, observed, category = list(file["image_id"].asstr()[:]), file["observed"][:], file["category"].asstr()[:]
    assert [category[row.argmax()] for row in observed] == [tags[name] for name in ids] and (observed.sum(1) == 1).all()
    with h5py.File(folder / "results/genes/features/clip/test.h5", locking=False) as file:
        assert file["feature"].shape == (0, WIDTH)  # no test part


def shortened(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))


def repeated(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:-1], lines[1]]))


def changed_matrix(function):
    def change(folder):
        np.save(folder / "data/train.npy", function(np.load(folder / "data/train.npy")))

    return change


def with_nan(values):
    values[5, 2] = np.nan
    return values


def renamed(folder):
    with h5py.File(folder / "data/test.h5", "r+") as file:
        ids = file["id"][:]
        ids[4] = b"/m/nobody"
        file["id"][...] = ids


MISTAKES = {
    "more rows than images": (
        lambda folder: shortened(folder / "data/train.csv"),
        "data/train.npy: found 60 rows and no ids, but data/train.csv has 59 images; wanted a row for each, in that order",
    ),
    "an id twice": (lambda folder: repeated(folder / "data/train.csv"), "line 61: found '/m/train"),
    "an id that no row has": (
        renamed,
        "data/test.h5: found no row for 1 of 30 images by their id, the first: '/m/test",
    ),
    "a value that is no number": (
        changed_matrix(with_nan),
        "data/train.npy: row 5, feature 2: found nan, wanted finite numbers (as float32)",
    ),
    "objects": (changed_matrix(lambda values: values.astype(object)), "data/train.npy: holds Python objects"),
    "another width": (
        changed_matrix(lambda values: values[:, :4]),
        "data/test.h5: found 6 features, data/train.npy has 4; wanted the same in all parts of backbone clip",
    ),
    "no image": (
        lambda folder: (folder / "data/train.csv").write_text("id,true\n"),
        "data/train.csv: found no row, wanted one per image",
    ),
    "no data set": (
        lambda folder: (folder / "data/test.h5").unlink(),
        "backbones.clip.test: found 'data/test.h5', which is not there",
    ),
}


@pytest.mark.parametrize(("damage", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_end_the_run_before_the_first_job(tmp_path, damage, message):
    folder = tmp_path / "work"
    make(folder)
    damage(folder)
    code, output = tiny.snakemake(folder, check=False)
    assert code == 1 and "Traceback" not in output and message in output, output
    assert not (folder / "results").exists()


# -- beside pictures


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The tiny data set of pictures, with matrices in the published order and in another order with published ids."""
    folder = tiny.make(tmp_path_factory.mktemp("pictures") / "work")
    tiny.snakemake(folder, "results/tiny/images/train.csv", "results/tiny/images/test.csv")
    known, random = {}, np.random.RandomState(1)
    for part in SIZES:
        with open(folder / f"results/tiny/images/{part}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        values = random.randn(len(rows), 5).astype(np.float16)
        known[part] = [row.tobytes() for row in values]
        np.save(folder / f"data/{part}_features.npy", values)
        order = random.permutation(len(rows))
        np.save(folder / f"data/{part}_shuffled.npy", values[order])
        np.save(folder / f"data/formatted_{part}_images.npy", np.array([f"x/{rows[k]['file_name']}" for k in order]))
    shuffled = {
        part: {"path": f"data/{part}_shuffled.npy", "ids": f"data/formatted_{part}_images.npy"} for part in SIZES
    }
    backbones = {
        "cole": {"library": "file"} | {part: f"data/{part}_features.npy" for part in SIZES},
        "by_ids": {"library": "file"} | shuffled,
    }
    changes = {"backbones": tiny.CONFIG["backbones"] | backbones, "seeds": [1200], "features/images_per_shard": 30}
    changes |= {
        "teachers/cole": {"loss": "an", "backbone": "cole"},
        "teachers/other": {"loss": "an", "backbone": "by_ids"},
    }
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes))
    return folder, known


def test_published_features_stand_beside_those_of_a_network(pictures):
    folder, known = pictures
    models = {name: f"results/tiny/metrics/teachers/{name}/seed_1200.json" for name in ("an", "cole", "other")}
    tiny.snakemake(folder, *models.values())
    for part in SIZES:
        assert stored(folder, "tiny", "cole", part)[1:] == (known[part], np.float16)
        assert stored(folder, "tiny", "by_ids", part)[1:] == (known[part], np.float16)
    maps = {name: json.loads((folder / path).read_text())["test"]["map"] for name, path in models.items()}
    assert maps["an"] != maps["cole"]


def test_a_model_on_features_of_files_labels_no_pictures(pictures):
    folder = pictures[0]
    code, output = tiny.snakemake(folder, "model", "--config", "predict={model: cole}", check=False)
    assert code == 1 and "Traceback" not in output
    assert (
        "the model for other pictures needs the network of the model's backbone, and cole is features of files"
        in output
    )


# -- the second demo


def test_yeast_runs_from_the_package(tmp_path):
    """Real data with the repository's own configuration, but for fewer models."""
    changes = {"seeds": [1200], "teachers": {"em": {"loss": "em"}, "full": {"loss": "bce", "supervision": "full"}}}
    changes |= {"pseudo_labels": {"paper": {"teacher": "em", "taus": [0.5, 0.7]}}}
    changes |= {"students": {"paper": {"pseudo_labels": "paper", "loss": "bce"}}}
    changes |= {
        "figures": {"students": "paper", "baselines": ["em", "full"]},
        "review": {},
        "predict": {},
        "dataset": "yeast",
    }
    changes |= {"training/epochs": 4, "machine/device": "cpu"}
    config = tiny.changed(yaml.safe_load((tiny.ROOT / "config.yaml").read_text()), changes)
    config["datasets"]["yeast"].pop("training", None)
    tiny.configure(tmp_path, config)
    tiny.snakemake(tmp_path)
    results = tmp_path / "results/yeast"
    with h5py.File(results / "labels/train.h5", locking=False) as file:
        label, category = file["label"][:], list(file["category"].asstr()[:])
    assert label.shape == (1500, 14) and category == [f"Class{number}" for number in range(1, 15)]
    assert len(stored(tmp_path, "yeast", "yeast", "test")[0]) == 917
    scores = pd.read_csv(results / "tables/map.csv").set_index("name")["test_map"]
    assert scores["full"] > 100 * label.mean() + 5 and scores.loc["em"] > 100 * label.mean()  # above chance
