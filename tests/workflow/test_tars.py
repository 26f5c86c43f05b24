"""Pictures in tars: the same features, decoded pictures and thumbnails as of the same pictures in a folder."""

import shutil

import h5py
import numpy as np
import pytest

import tiny
from plan import features, load
from spml.artifacts import manifest
from spml.data import packing
from spml.features import images
from spml.features.extraction import extract
from spml.features.preprocessing import Preprocessing

pytestmark = pytest.mark.xdist_group("tars")
CHANGES = {
    "features/images_per_shard": 16,
    "datasets/tiny/train/images": "data/train_tars",
    "datasets/tiny/test/images": "data/test_tars/test-{000000..000002}.tar",
    "datasets/tiny/pool": {"images": "data/test_tars"},
    "predict": {"images": "data/test_tars/test-000001.tar"},
}
TARGETS = [
    *(f"results/tiny/features/random/{part}.h5" for part in ("train", "test")),
    "results/tiny/tables/duplicates.csv",
    "results/tiny/gallery/thumbnails/train",
    "results/tiny/images/pool.csv",
    "results/tiny/predictions/images.csv",
    "results/tiny/pictures/random/train/00001.h5",
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder with the tiny data set in tars of nine pictures, which ran to features, pictures and pages."""
    folder = tiny.make(tmp_path_factory.mktemp("tars") / "work")
    for part in ("train", "test"):
        pictures, _ = packing.listed(str(folder / "data" / part))
        for _ in packing.pack(pictures, str(folder / f"data/{part}_tars"), part, 9 * 1024 + 10240):
            pass
        shutil.move(folder / "data" / part, folder / "data" / f"unpacked_{part}")
    (folder / "data/train_tars/train_stats.json").write_text("{}")  # as tools leave it there
    config = tiny.changed(tiny.CONFIG, CHANGES)
    tiny.configure(folder, config)
    tiny.snakemake(folder, *TARGETS)
    return folder, config


def unpacked(folder, part):
    """The pictures of a part as files, in the order of its images."""
    listed = manifest.read(folder / f"results/tiny/images/{part}.csv")
    assert listed.image_id == sorted(listed.image_id)
    assert all(
        ".tar//" in path and path.endswith(f"//{name}")
        for path, name in zip(listed.path, listed.file_name, strict=True)
    )
    return [str(folder / f"data/unpacked_{part}" / name) for name in listed.file_name]


@pytest.mark.parametrize("part", ["train", "test"])
def test_features_are_those_of_the_pictures_in_a_folder(ran, part):
    folder, config = ran
    options = features.extraction(load.experiments(config)["tiny"], "random")
    shards = sorted((folder / f"results/tiny/features/random/{part}").glob("*.h5"))
    paths = unpacked(folder, part)
    assert len(shards) == -(-len(paths) // 16) > 1
    for number, shard in enumerate(shards):
        mine = paths[16 * number : 16 * (number + 1)]
        found = extract(mine, options, str(folder / "data/random.pth"), "cpu", 1, 8)
        wanted = np.concatenate([batch.astype(np.float16) for batch in found.batches])
        with h5py.File(shard) as file:
            (matrix,) = (dataset[:] for dataset in file.values() if dataset.ndim == 2)
        assert matrix.tobytes() == wanted.tobytes()


def test_pictures_for_training_are_those_of_a_folder(ran):
    folder, _ = ran
    with h5py.File(folder / "results/tiny/pictures/random/train/00001.h5") as file:
        found = file["picture"][:]
    wanted = images.read_batches(unpacked(folder, "train")[16:32], Preprocessing(found.shape[1]), 16, 1)
    assert np.array_equal(found, next(wanted))


def test_each_shard_has_the_tars_of_its_pictures_as_inputs(ran):
    folder, _ = ran
    lines = (folder / "results/tiny/images/train/tars.tsv").read_text().splitlines()
    for shard in ("00000", "00001", "00002"):
        listed = manifest.read(folder / f"results/tiny/images/train/{shard}.csv")
        wanted = sorted({path.split("//")[0] for path in listed.path})
        assert [line.split("\t")[1] for line in lines if line.startswith(shard)] == wanted


def test_a_pool_and_new_pictures_are_listed(ran):
    folder, _ = ran
    pool = manifest.read(folder / "results/tiny/images/pool.csv")
    assert len(pool.path) == tiny.SIZES["test"] and pool.image_id[0] == f"{manifest.POOL}1.png"
    new = manifest.read(folder / "results/tiny/predictions/images.csv")
    assert new.file_name and all("data/test_tars/test-000001.tar//" in path for path in new.path)


def test_a_changed_tar_runs_its_shards_alone(ran):
    folder, _ = ran
    target, shards = TARGETS[0], folder / "results/tiny/features/random/train"
    assert tiny.planned(folder, *TARGETS[:2]) == {}
    before = {path.name: path.stat().st_mtime_ns for path in shards.glob("*.h5")}
    tar, copy = folder / "data/train_tars/train-000000.tar", folder / "data/changed"
    names = [path.split("//")[-1] for path in manifest.read(folder / "results/tiny/images/train.csv").path][:9]
    pictures = [(name, str(folder / "data/unpacked_train" / name)) for name in names]
    pictures[0] = (names[0], str(folder / "data/unpacked_test" / names[0]))  # another picture under its name
    for _ in packing.pack(pictures, str(copy), "train", 10**9):
        pass
    (copy / "train-000000.tar").replace(tar)
    tiny.snakemake(folder, target)
    after = {path.name: path.stat().st_mtime_ns for path in shards.glob("*.h5")}
    assert {name for name in before if before[name] != after[name]} == {"00000.h5"}


def test_a_tar_that_is_missing_or_cut_off_ends_the_run_with_one_line(ran):
    folder, config = ran
    missing = tiny.changed(config, {"datasets/tiny/train/images": "data/train_tars/train-{000000..000009}.tar"})
    tiny.configure(folder, missing)
    code, text = tiny.snakemake(folder, "--dry-run", check=False)
    assert code and "datasets.tiny.train.images: found 5 of the 10 tars that" in text
    tiny.configure(folder, tiny.changed(config, {"datasets/tiny/train/annotations": "data/other.json"}))
    shutil.copy(folder / "data/train.json", folder / "data/other.json")
    tar = folder / "data/train_tars/train-000000.tar"
    tar.write_bytes(tar.read_bytes()[:3000])
    code, text = tiny.snakemake(folder, *TARGETS[:1], check=False)
    assert code and "Error in the data:" in text and "train-000000.tar: " in text and "Traceback" not in text
