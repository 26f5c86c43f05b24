"""What people see of an artifact in the terminal."""

import os
import subprocess
import sys

import h5py
import pytest

import tiny

pytestmark = pytest.mark.xdist_group("finished")


def show(results, file, *arguments):
    command = [sys.executable, str(tiny.ROOT / "workflow_scripts/show.py"), str(results / file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def results(finished):
    return finished / "results" / "tiny"


def test_a_label_file_in_numbers(results):
    status, text = show(results, "pseudo_labels/paper/seed_1200/tau_0.50.h5")
    with h5py.File(results / "pseudo_labels/paper/seed_1200/tau_0.50.h5") as file:
        label = file["label"][:]
    assert status == 0, text
    assert "rule threshold" in text and "tau 0.5" in text and "teacher em" in text
    assert f"{label.sum():,}: {label.sum(1).mean():.3f} per image" in text
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()[:1]}
    for column, name in enumerate(tiny.COLOURS):
        assert lines[name] == [f"{label[:, column].sum():,}", f"{100 * label[:, column].mean():.1f}"]


def test_its_table_counts_what_is_wrong_and_what_is_missing(results):
    status, text = show(results, "pseudo_labels/paper/seed_1200/tau_0.50.csv")
    assert status == 0 and text.splitlines()[-5].split() == [
        *("category", "pseudo", "observed", "true", "wrong", "missing")
    ]
    status, text = show(results, "tables/label_quality.csv")  # it has a column of that name, too
    assert status == 0 and "confused_with" in text


@pytest.mark.parametrize("image", ["7", "7.png"])
def test_the_row_of_an_image_by_id_or_file_name(results, image):
    status, text = show(results, "labels/train.h5", image)
    assert status == 0 and "image_id" in text and "7.png" in text
    with h5py.File(results / "labels/train.h5") as file:
        row = list(file["image_id"].asstr()).index("7")
        present = {name for name, one in zip(file["category"].asstr(), file["label"][row], strict=True) if one}
    assert {line.split()[0] for line in text.splitlines() if line.endswith(" present")} == present
    status, text = show(results, "teachers/em/seed_1200/logits_test.h5", image)
    assert status == 0 and "probability" in text
    status, text = show(results, "images/test.csv", image)
    assert status == 0 and "rows    1" in text


@pytest.mark.parametrize(
    "file",
    ["images/train.csv", "tables/map.csv", "teachers/em/seed_1200/checkpoint.safetensors", "features/random/test.h5"],
)
def test_every_kind_of_artifact_can_be_shown(results, file):
    status, text = show(results, file)
    assert status == 0 and str(results / file) in text and "Traceback" not in text


@pytest.mark.parametrize(
    ("file", "arguments", "told"),
    [
        ("labels/train.h5", ["nobody.png"], "found no image 'nobody.png', wanted one of its 39 ids"),
        ("labels/none.h5", [], "no such file"),
        ("provenance.json", [], "found .json, wanted .h5 or .csv"),
        ("tables/map.csv", ["1"], "wanted image_id or file_name"),
    ],
)
def test_what_cannot_be_shown_is_one_line(results, file, arguments, told):
    status, text = show(results, file, *arguments)
    assert status == 1 and told in text and len(text.splitlines()) == 1


def test_what_is_no_file_of_the_pipeline_is_one_line(tmp_path):
    for name, content in {"a.h5": b"", "b.csv": b"", "c.csv": b"\xff\xfe", "d.csv": b'a,b\n1,2,3\n"'}.items():
        (tmp_path / name).write_bytes(content)
        status, text = show(tmp_path, name)
        assert len(text.splitlines()) < 2 or status == 0, text
        assert "Traceback" not in text
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file.attrs["kind"] = "other"
    assert "found kind 'other'" in show(tmp_path, "e.h5")[1]


def test_make_show_takes_names_as_they_are(results, tmp_path):
    """Blanks and quotes in a name reach the script, and no shell."""
    odd = tmp_path / "a 'b' $(touch made).csv"
    odd.write_bytes((results / "images/train.csv").read_bytes())
    if not (tiny.ROOT / ".venv/ready").exists():
        pytest.skip("needs .venv, as make has it")
    environment = os.environ | {"FILE": str(odd)}
    done = subprocess.run(["make", "show"], cwd=tiny.ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0 and "rows    39" in done.stdout, done.stderr
    assert not (tiny.ROOT / "made").exists()
