"""Artifacts that are damaged, moved, swapped or made by somebody else: one sentence, and never a wrong number."""

import json
import os
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import forge
import tiny
from spml.artifacts import documents, hdf5, labels, lineage, records
from spml.runtime import job
from spml.runtime.errors import InputError

sys.path.append(str(tiny.ROOT / "benchmarks"))
import damage

IDS, NAMES = damage.IDS, damage.NAMES


@pytest.fixture
def artifacts(tmp_path):
    return damage.artifacts(tmp_path / "results" / "tiny")


def test_no_flipped_bit_passes_and_none_ends_in_a_traceback(tmp_path):
    found = damage.every_outcome(tmp_path / "results", 40)
    assert len(found) == 32
    assert {name: counts for name, counts in found.items() if counts["refused"] != 40} == {}


@pytest.mark.parametrize(
    "kind", ["labels", "observed", "pseudo_labels", "logits", "checkpoint", "metrics", "table", "manifest", "priors"]
)
def test_an_artifact_at_the_place_of_another_is_refused(artifacts, kind):
    """With its record and without, as after a swap of two replicates."""
    path, read = artifacts[kind]
    other = path.parent / "other" / path.name
    other.parent.mkdir()
    forge.move(path, other)
    with pytest.raises(
        InputError, match=rf"found results/tiny/{path.name}, wanted results/tiny/other/{path.name}: the file was moved"
    ):
        read(other)
    records.path_of(other).unlink()
    with pytest.raises(InputError, match="found no record beside it"):
        read(other)


def test_the_file_names_itself_where_its_record_is_another_ones(artifacts):
    for kind in ("labels", "checkpoint", "metrics"):
        path, read = artifacts[kind]
        other = path.parent / "other" / path.name
        other.parent.mkdir(exist_ok=True)
        path.rename(other)
        forge.record_as(other, kind if kind != "labels" else "labels")
        with pytest.raises(InputError, match=rf"found results/tiny/{path.name}, wanted results/tiny/other/{path.name}"):
            read(other)


def test_bytes_of_another_file_are_refused(artifacts):
    one, read = artifacts["labels"]
    one.write_bytes(artifacts["observed"][0].read_bytes())
    with pytest.raises(
        InputError, match=r"labels.h5: its bytes differ from those that its rule wrote: damaged, edited or swapped"
    ):
        read(one)


@pytest.mark.parametrize("content", ["", "no", "[]", "{}", '{"artifact": "x"}', "\x00"])
def test_a_record_that_is_none_is_refused(artifacts, content):
    path, read = artifacts["table"]
    records.path_of(path).write_text(content)
    with pytest.raises(InputError, match=r"map.csv: its record .map.csv.record is (not readable|damaged)"):
        read(path)


def test_a_pipe_or_folder_at_the_place_of_an_artifact_is_refused_at_once(artifacts):
    for kind, make in (("labels", os.mkfifo), ("table", os.mkdir)):
        path, read = artifacts[kind]
        path.unlink()
        make(path)
        with pytest.raises(InputError, match="found no regular file"):
            read(path)


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("labels", np.int8(77), r"row 3, category 2 holds 77, wanted one of -1, 0, 1"),
        ("observed", np.int8(-2), r"row 3, category 2 holds -2, wanted one of -1, 0, 1"),
        ("pseudo_labels", np.int8(2), r"row 3, category 2 holds 2"),
        ("pseudo_labels", np.float32(1.5), r"holds 1.5, wanted numbers from 0 to 1"),
        ("pseudo_labels", np.float32("nan"), r"holds nan, wanted numbers from 0 to 1"),
        ("logits", np.float32("nan"), r"holds nan, wanted finite numbers"),
        ("logits", np.float32("inf"), r"holds inf, wanted finite numbers"),
        ("observation_weights", np.float32(-1), r"holds -1.0, wanted finite numbers from 0"),
    ],
)
def test_a_value_that_the_kind_of_file_cannot_hold_is_refused(tmp_path, kind, values, told):
    matrix = np.zeros((len(IDS), len(NAMES)), values.dtype)
    matrix[3, 2] = values
    labels.write(str(tmp_path / "a.h5"), kind, IDS, NAMES, matrix)
    with pytest.raises(InputError, match=told):
        labels.read(str(tmp_path / "a.h5"), kind)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("split", np.full(len(IDS), 9, np.uint8), "split holds 9, wanted 0"),
        ("split", np.zeros(3, np.uint8), r"split has shape \(3,\), wanted \(40\)"),
        ("label", np.zeros((2, 6), np.int8), r"label has shape \(2, 6\), wanted \(40, 6\)"),
        ("label", np.zeros((40, 6), np.float32), "label holds float32, wanted another type"),
        ("label", None, "found no data set 'label'"),
        ("image_id", np.zeros(40, np.int64), "image_id holds int64"),
        ("category", ["a"] * 6, "stands there twice"),
        ("image_id", ["a"] * 40, "stands there twice"),
        ("category", np.array([b"\xff" * 3] * 6), "no text in UTF-8"),
    ],
)
def test_a_file_whose_parts_disagree_is_refused(artifacts, name, data, told):
    path, read = artifacts["labels"]
    with h5py.File(path, "a") as file:
        del file[name]
        if data is not None:
            file.create_dataset(name, data=data)
    forge.rerecord(path)
    with pytest.raises(InputError, match=told):
        read(path)


def test_a_label_file_that_reads_other_files_is_refused(artifacts, tmp_path):
    """HDF5 can take values from any file that the reader may read."""
    path, read = artifacts["labels"]
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(240))
    whole = path.read_bytes()

    def external(file):
        file.create_dataset("label", (40, 6), np.int8, external=[(str(secret), 0, 240)])

    def virtual(file):
        layout = h5py.VirtualLayout((40, 6), np.int8)
        layout[:] = h5py.VirtualSource(str(artifacts["observed"][0]), "observed", (40, 6), np.int8)
        file.create_virtual_dataset("label", layout)

    def link(file):
        file["label"] = h5py.ExternalLink(str(artifacts["observed"][0]), "observed")

    def soft(file):
        file["label"] = h5py.SoftLink("/image_id")

    def group(file):
        file.create_group("label")

    def too_large(file):
        file.create_dataset("label", data=np.zeros((40, 6), np.int8))
        file.create_dataset("more", (1 << 40,), np.int8, chunks=(1 << 20,), compression=1)

    for change, told in (
        (external, "label reads other files"),
        (virtual, "label reads other files"),
        (link, "label is a link to other data"),
        (soft, "label is a link to other data"),
        (group, "label is no data set"),
        (too_large, r"more declares 1,099,511,627,776 bytes"),
    ):
        path.write_bytes(whole)
        with h5py.File(path, "a") as file:
            del file["label"]
            change(file)
        forge.rerecord(path)
        with pytest.raises(InputError, match=told):
            read(path)


@pytest.fixture
def as_job(monkeypatch):
    """Return a function that says which job the process is."""

    def begin(rule, params, *inputs):
        monkeypatch.setattr(job, "_current", job.Job(rule, {"dataset": "tiny", "teacher": "em"}, params, inputs))

    return begin


def test_a_record_says_what_an_artifact_was_made_from(tmp_path, monkeypatch, as_job):
    monkeypatch.chdir(tmp_path)
    Path("tags.csv").write_text("a")
    as_job("make_labels", {"options": {"fraction": 0.2}}, "tags.csv")
    documents.write("results/tiny/labels.json", "metrics", {"a": 1})
    as_job("train_teacher", {"options": {"loss": {"name": "em"}}}, "results/tiny/labels.json")
    documents.write("results/tiny/model.json", "metrics", {"b": 2})
    traced = lineage.trace(["results/tiny/model.json"])
    assert list(traced.artifacts) == ["results/tiny/model.json", "results/tiny/labels.json"]
    assert list(traced.files) == ["tags.csv"] and len(traced.files["tags.csv"]) == 64
    planned = {"train_teacher": {"em": {"loss": {"name": "em"}}}, "make_labels": {"em": {"fraction": 0.2}}}
    lineage.require_options(traced, planned)
    planned["train_teacher"]["em"]["loss"] = {"name": "an"}
    with pytest.raises(
        InputError, match=r"model.json: was made with loss {'name': 'em'}; the configuration says loss {'name': 'an'}"
    ):
        lineage.require_options(traced, planned)
    Path("tags.csv").write_text("another")
    with pytest.raises(
        InputError, match=r"labels.json: was made from another tags.csv than the one that is there now; delete"
    ):
        lineage.trace(["results/tiny/model.json"])
    Path("tags.csv").unlink()  # as an archive that is no longer needed
    lineage.trace(["results/tiny/model.json"])
    as_job("make_labels", {}, *[])
    documents.write("results/tiny/labels.json", "metrics", {"a": 2})
    with pytest.raises(InputError, match=r"model.json: was made from another results/tiny/labels.json"):
        lineage.trace(["results/tiny/model.json"])


def test_the_same_artifact_has_the_same_bytes_whatever_it_was_made_from(tmp_path, monkeypatch, as_job):
    """Else an edit without effect on the labels would train all models again."""
    monkeypatch.chdir(tmp_path)
    found = []
    for content in ("a", "b"):
        Path("tags.csv").write_text(content)
        as_job("make_labels", {}, "tags.csv")
        labels.write("results/tiny/a.h5", "labels", IDS, NAMES, np.zeros((40, 6), np.int8))
        found.append(
            (
                Path("results/tiny/a.h5").read_bytes(),
                json.loads(Path("results/tiny/.a.h5.record").read_text())["inputs"],
            )
        )
    assert found[0][0] == found[1][0] and found[0][1] != found[1][1]


def test_an_artifact_is_named_from_the_folder_of_results_on():
    assert records.name_of("results/a/b.h5") == records.name_of("/x/results/y/results/a/b.h5") == "results/a/b.h5"
    assert records.name_of("resources/a.csv") == "resources/a.csv" and records.name_of("/x/b.h5") == "b.h5"


def test_kinds_of_hdf5_files_that_nobody_makes_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["kind"] = "foreign"
    with pytest.raises(InputError, match="found kind 'foreign', wanted annotations, labels, observed"):
        hdf5.kind_of(tmp_path / "a.h5")
