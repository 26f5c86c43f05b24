"""Which tars a value of the configuration names, and what is wrong with it."""

import pytest

import tiny
from plan import load, review, tar_names, tars
from plan.errors import ConfigError
from unit.plan import dag
from unit.plan.test_reruns import EVERYTHING

TWO = "data/train-{000000..000001}.tar"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("a/x-{008..011}.tar", ["a/x-008.tar", "a/x-009.tar", "a/x-010.tar", "a/x-011.tar"]),
        ("{a,b}/{0..1}.tar", ["a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar"]),
        ("s3://bucket/x-{9..10}.tar", ["s3://bucket/x-9.tar", "s3://bucket/x-10.tar"]),
        ("one.tar", ["one.tar"]),
        ("pictures", []),
        ("list.txt", []),
        (None, []),
    ],
)
def test_braces_name_tars_as_those_of_webdataset_do(value, names):
    assert tars.named(value) == names


@pytest.mark.parametrize(
    "value",
    ["{3..1}.tar", "{a..c}.tar", "x{}.tar", "x{1..2.tar", "x1}.tar", "{{1..2}}.tar", "{0..9999999}.tar", "{a,a}.tar"],
)
def test_other_braces_are_refused(value):
    with pytest.raises(ConfigError, match="wanted"):
        tars.named(value)
    (line,) = tars.mistakes("datasets.x.train.images", value)
    assert line.startswith("datasets.x.train.images: found ")


def test_a_folder_of_tars_is_one_and_a_folder_of_anything_else_is_not(tmp_path):
    for name in ("b.tar", "a.tar", "a.json", "a.parquet", ".hidden"):
        (tmp_path / name).touch()
    assert tars.named(str(tmp_path)) == [f"{tmp_path}/a.tar", f"{tmp_path}/b.tar"]
    (tmp_path / "c.jpg").touch()
    assert tars.named(str(tmp_path)) == [] and not tars.are_tars(str(tmp_path))


def test_an_address_without_names_of_tars_or_of_another_kind_is_a_mistake(monkeypatch):
    (line,) = tars.mistakes("k", "s3://bucket/folder")
    assert "nothing of a bucket is listed" in line and "s3://bucket/train-{000000..000099}.tar" in line
    (line,) = tars.mistakes("k", "ftp://bucket/a.tar")
    assert "begins with s3://, gs://" in line
    monkeypatch.setattr(tar_names.importlib.util, "find_spec", lambda name: None)
    (line,) = tars.mistakes("k", "gs://bucket/a.tar")
    assert "no package snakemake-storage-plugin-gcs, which reads it; install it" in line
    monkeypatch.setattr(tar_names.importlib.util, "find_spec", lambda name: name)
    assert list(tars.mistakes("k", "gs://bucket/a.tar")) == []


def test_tars_that_are_missing_are_counted(tmp_path):
    (tmp_path / "0.tar").touch()
    (line,) = tars.mistakes("k", f"{tmp_path}/{{0..2}}.tar")
    assert f"found 1 of the 3 tars that '{tmp_path}/{{0..2}}.tar' names, not '{tmp_path}/1.tar'" in line


def experiment(**changes):
    return load.experiments(tiny.changed(tiny.CONFIG, {"datasets/tiny/train/images": TWO} | changes))["tiny"]


def test_tars_beside_something_else_are_not_left_out_in_silence(tmp_path):
    for name in ("a-0.tar", "a-1.TAR", "a.json", "1.png"):
        (tmp_path / name).touch()
    assert tar_names.named(str(tmp_path)) == []
    (line,) = tar_names.strays("datasets.tiny.train.images", str(tmp_path))
    assert "found 2 tars" in line and "'1.png' with them; wanted tars alone, or their names by a pattern" in line
    for name in ("2.png", "3.png"):
        (tmp_path / name).touch()
    assert not list(tar_names.strays("key", str(tmp_path)))  # pictures, and what somebody left beside them


def test_a_tar_with_braces_in_its_name_is_refused(tmp_path):
    (tmp_path / "a{1}.tar").touch()
    (line,) = tar_names.mistakes("key", str(tmp_path))
    assert "wanted names of tars without braces" in line


def test_exports_that_name_a_file_for_each_picture_are_left_out():
    formats = {path.rpartition("/")[2] for path in review.shown_exports(experiment()) if "/features/" not in path}
    assert formats == {"coco", "wide", "parquet"}
    with pytest.raises(SystemExit, match="pictures of tiny lie in tars"):
        review.exported_images(experiment(), "paper", "fiftyone")


def test_the_jobs_that_open_pictures_have_the_tars_as_inputs():
    jobs = dag.jobs(tiny.changed(tiny.CONFIG, {"datasets/tiny/train/images": TWO}))
    readers = {job.rule for job in jobs.values() if "data/train-000001.tar" in job.inputs}
    assert readers == {"index_tar", "extract_features", "find_duplicates", "write_report"}


def test_of_object_storage_one_job_gets_the_tars_of_one_shard_alone():
    remote = {"datasets/tiny/train/images": "s3://bucket/train-{0..1}.tar"}
    jobs = dag.jobs(tiny.changed(tiny.CONFIG, remote))
    readers = {job.rule for job in jobs.values() if "s3://bucket/train-1.tar" in job.inputs}
    assert readers == {"index_tar", "extract_features"}
    (duplicates,) = (job for job in jobs.values() if job.rule == "find_duplicates")
    assert "results/tiny/features/random/train.h5" in duplicates.inputs


def test_tars_in_place_of_a_folder_run_what_lists_pictures_and_what_follows():
    changed = tiny.changed(tiny.CONFIG, {"datasets/tiny/train/images": TWO})
    planned = set(dag.planned(tiny.CONFIG, changed))
    assert "index_tar" in planned and planned - {"index_tar"} <= EVERYTHING and "read_annotations" not in planned


def test_new_tars_of_a_bucket_are_asked_for_once_images_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    remote = experiment(**{"datasets/tiny/train/images": "s3://bucket/train-{0..2}.tar"})
    assert list(tars.unseen(remote)) == []  # Snakemake itself refuses a first run without one
    for name in ("images/train.csv", "tars/train/000000.csv", "tars/train/000002.csv"):
        path = tmp_path / "results/tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert list(tars.unseen(remote)) == [("train", "s3://bucket/train-1.tar")]
