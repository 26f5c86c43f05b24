"""Clones of the repository share features by Snakemake's cache between workflows: --cache and SNAKEMAKE_OUTPUT_CACHE."""

import os
import re

import pytest

import tiny

FEATURES = "results/tiny/features/random"
TARGET = f"{FEATURES}/train.h5"


def clone(folder):
    """A clone with pictures, annotations and settings of its own, equal to those of any other clone; two shards."""
    tiny.make(folder)
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"features/images_per_shard": 20}))
    tiny.copy_repository(folder / "repository")
    return folder


def run(folder, *arguments, shared, target=TARGET):
    """Run a clone up to its features, with the cache in the folder ``shared``; return the output."""
    arguments = (*arguments, "--cache", "--", target)
    return tiny.snakemake(folder, *arguments, root=folder / "repository", SNAKEMAKE_OUTPUT_CACHE=str(shared))


def computed(folder, shared, *arguments):
    """Return the shards that a run would compute, and those that it would take from the cache."""
    text = run(folder, *arguments, "--dry-run", shared=shared)
    found = re.findall(r"^Output file .*?(\d{5})[.]h5.* will be (written to|obtained from) global", text, re.M)
    return tuple({shard for shard, how in found if how == wanted} for wanted in ("written to", "obtained from"))


@pytest.fixture(scope="module")
def clones(tmp_path_factory):
    """The folder of the cache, and two clones, both run up to their features, one after the other."""
    folder = tmp_path_factory.mktemp("sharing")
    (folder / "shared").mkdir()
    first, second = clone(folder / "first"), clone(folder / "second")
    run(first, shared=folder / "shared")
    run(second, shared=folder / "shared")
    return folder / "shared", first, second


@pytest.mark.xdist_group("sharing")
def test_a_second_clone_computes_no_features(clones):
    _, first, second = clones
    for shard in ("00000", "00001"):
        assert (first / FEATURES / "train" / f"{shard}.h5").samefile(second / FEATURES / "train" / f"{shard}.h5")
        logs = [folder / f"results/tiny/logs/extract_features/random/train/{shard}.log" for folder in (first, second)]
        assert [log.stat().st_size > 0 for log in logs] == [True, False]  # the second job never began
    assert not (first / FEATURES / "train/00000.h5").samefile(first / FEATURES / "train/00001.h5")
    assert (first / TARGET).read_bytes() == (second / TARGET).read_bytes()  # the checksums of both shards are in it


@pytest.mark.xdist_group("sharing")
def test_shared_features_are_those_that_a_clone_computes_by_itself(clones, tmp_path):
    _, _, second = clones
    alone = clone(tmp_path / "alone")
    tiny.snakemake(alone, "--", TARGET, root=alone / "repository")
    for shard in ("00000", "00001"):
        path = f"{FEATURES}/train/{shard}.h5"
        assert not (alone / path).is_symlink()
        assert (alone / path).read_bytes() == (second / path).read_bytes()
    assert (alone / "results/tiny/benchmarks/extract_features/random/train/00000.tsv").is_file()
    assert computed_by_rule(alone, clones[0]) == {}  # with the cache from now on: what is there stays


def computed_by_rule(folder, shared):
    return tiny.planned(folder, TARGET, "--cache", root=folder / "repository", SNAKEMAKE_OUTPUT_CACHE=str(shared))


@pytest.mark.xdist_group("sharing")
def test_nothing_runs_again_with_the_cache_or_without_it(clones):
    shared, first, second = clones
    assert tiny.planned(first, TARGET, root=first / "repository") == {}
    assert computed_by_rule(second, shared) == {}


@pytest.mark.xdist_group("sharing")
def test_other_pictures_under_the_same_names_are_other_features(clones, tmp_path):
    shared, first, _ = clones
    other = clone(tmp_path / "other")
    picture, replacement = other / "data/train/1.png", (other / "data/train/2.png").read_bytes()
    status = picture.stat()
    picture.write_bytes(replacement)
    os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns))
    run(other, shared=shared, target="results/tiny/images/train.csv")
    assert computed(other, shared) == ({"00000"}, {"00001"})
    copy = tiny.copy_run(first, tmp_path / "first")  # its own pictures change after the features were computed
    assert computed(copy, shared, "--forcerun", "extract_features") == (set(), {"00000", "00001"})
    (copy / "data/train/1.png").write_bytes(replacement)
    assert computed(copy, shared, "--forcerun", "extract_features") == ({"00000"}, {"00001"})


@pytest.mark.xdist_group("sharing")
@pytest.mark.parametrize("what", ["setting", "code", "weights"])
def test_other_settings_code_or_weights_are_other_features(clones, tmp_path, what):
    shared, first, _ = clones
    copy = tiny.copy_run(first, tmp_path / "copy")
    if what == "setting":
        config = tiny.changed(tiny.CONFIG, {"features/images_per_shard": 20, "backbones/random/image_size": 64})
        tiny.configure(copy, config)
    elif what == "code":
        with open(copy / "repository/workflow_scripts/spml/features/images.py", "a") as file:
            file.write("\n# edited\n")
    else:
        with open(copy / "data/random.pth", "ab") as file:
            file.write(b"0")
    assert computed(copy, shared, "--forcerun", "extract_features") == ({"00000", "00001"}, set())
