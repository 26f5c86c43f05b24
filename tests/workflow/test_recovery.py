"""Intermediate files that are deleted, damaged, swapped or of an earlier version: the next run heals, or says how."""

import json
import os
import re
import shutil
from pathlib import Path

import h5py
import pytest

import forge
import tiny
from interrupted import bytes_of, leftovers
from spml.artifacts import hdf5, records

pytestmark = pytest.mark.xdist_group("recovery")
EM, AN, FULL = (f"teachers/{name}/seed_1200" for name in ("em", "an", "full"))
PSEUDO = "pseudo_labels/paper/seed_1200/tau_0.50"
STUDENT = "students/paper/seed_1200/tau_0.50"
FILES = {  # one of each kind that a rule makes for another, and a file that is made from it
    "annotations/train.h5": "images/train.csv",
    "images/train.csv": "labels/train.h5",
    "images/train/00000.csv": "features/random/train/00000.h5",
    "labels/train.h5": "observed/seed_1200.h5",
    "labels/test.h5": f"{EM}/logits_test.h5",
    "observed/seed_1200.h5": f"{EM}/checkpoint.safetensors",
    "features/random/train/00000.h5": "features/random/train.h5",
    "features/random/train.h5": f"{EM}/logits_train.h5",
    f"{EM}/checkpoint.safetensors": f"{EM}/logits_val.h5",
    f"{EM}/logits_train.h5": f"{PSEUDO}.h5",
    f"{EM}/logits_test.h5": "tables/comparison.csv",
    f"{PSEUDO}.h5": f"{STUDENT}/checkpoint.safetensors",
    "metrics/teachers/em/seed_1200.json": "tables/map.csv",
    "tables/map.csv": "figures/figure_1a.svg",
    "tables/label_counts.csv": "figures/figure_1b.svg",
    "tables/duplicates.csv": "report.html",
    "provenance.json": "report.html",
}
SWAPS = {  # two files of one kind that tell different things, and a file that is made from the first
    ("observed/seed_1200.h5", "observed/seed_1201.h5"): f"{EM}/checkpoint.safetensors",
    (f"{EM}/checkpoint.safetensors", f"{FULL}/checkpoint.safetensors"): f"{EM}/logits_val.h5",
    (f"{EM}/logits_train.h5", "teachers/em/seed_1201/logits_train.h5"): f"{PSEUDO}.h5",
    (f"{EM}/logits_test.h5", f"{AN}/logits_test.h5"): "tables/comparison.csv",
    (f"{PSEUDO}.h5", "pseudo_labels/paper/seed_1200/tau_0.70.h5"): f"{STUDENT}/checkpoint.safetensors",
    ("metrics/teachers/em/seed_1200.json", "metrics/teachers/an/seed_1200.json"): "tables/map.csv",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tiny data set, run to its end."""
    folder = tiny.make(tmp_path_factory.mktemp("undisturbed") / "work")
    tiny.snakemake(folder)
    return folder


@pytest.fixture
def folder(undisturbed, tmp_path):
    """A copy of it to spoil."""
    return tiny.copy_run(undisturbed, tmp_path / "work")


def fails(folder, target):
    """Make one file again, where Snakemake looks at times alone; return what the failing run says."""
    (folder / "results/tiny" / target).unlink(missing_ok=True)
    code, output = tiny.snakemake(folder, f"results/tiny/{target}", "--rerun-triggers", "mtime", check=False)
    assert code == 1 and "Traceback" not in output, output
    return output


def delete_as_told(folder, output):
    """Delete the files that an error says to delete."""
    told = re.findall(r"delete (results/\S+(?: and (?:the folder )?results/\S+)*)", output)
    names = [name.strip(",;") for names in told for name in re.split(" and (?:the folder )?", names)]
    assert names, output
    for name in names:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def is_healed(folder, undisturbed):
    """Run to the report; return whether the results are those of an undisturbed run."""
    tiny.snakemake(folder)
    one, other = (bytes_of(place / "results/tiny") for place in (folder, undisturbed))
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == [] and leftovers(folder) == []
    return True


def test_a_file_that_is_deleted_is_made_again_where_it_is_needed(folder, undisturbed):
    """Each in turn, and what is made from it; the manifests of shards are one output, so that one is asked for."""
    for file, target in FILES.items():
        for name in (file, target):
            (folder / "results/tiny" / name).unlink()
        code, output = tiny.snakemake(folder, f"results/tiny/{target}", check=False)
        if file == "images/train/00000.csv":
            assert code == 1
            told = "delete results/tiny/images/train.csv and the folder results/tiny/images/train, then run again"
            assert f"results/tiny/{file} is missing; {told}" in output
            delete_as_told(folder, output)
            tiny.snakemake(folder, f"results/tiny/{target}")
        else:
            assert code == 0, output
        assert (folder / "results/tiny" / file).is_file() and (folder / "results/tiny" / target).is_file()
    assert is_healed(folder, undisturbed)


def test_a_file_that_is_damaged_ends_the_run_and_names_what_to_delete(folder, undisturbed):
    for file, target in reversed(FILES.items()):  # what a run makes again is not there before it is asked for
        path = folder / "results/tiny" / file
        if not path.is_file():  # the case before said to delete it
            tiny.snakemake(folder, f"results/tiny/{file}")
        (folder / "results/tiny" / target).unlink(missing_ok=True)
        tiny.snakemake(
            folder, f"results/tiny/{target}"
        )  # what else it needs, so that no job below makes the file again
        content, status = bytearray(path.read_bytes()), path.stat()
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        output = fails(folder, target)
        assert f"error: results/tiny/{file}: " in output, output
        delete_as_told(folder, output)
    assert is_healed(folder, undisturbed)


@pytest.mark.parametrize("with_records", [True, False])
def test_two_files_that_are_swapped_are_refused(folder, undisturbed, with_records):
    for (first, second), target in reversed(SWAPS.items()):
        one, other = (folder / "results/tiny" / name for name in (first, second))
        if with_records:
            forge.swap(one, other)
        else:
            content = one.read_bytes()
            one.write_bytes(other.read_bytes())
            other.write_bytes(content)
        told = "the file was moved or swapped" if with_records else "damaged, edited or swapped"
        output = fails(folder, target)
        assert re.search(f"error: results/tiny/({first}|{second}): .*{told}", output), output
        for path in (one, other):
            path.unlink()
        tiny.snakemake(folder, *(f"results/tiny/{name}" for name in (first, second, target)))
    assert is_healed(folder, undisturbed)


def test_categories_in_another_order_are_refused(folder):
    path = folder / "results/tiny" / EM / "logits_test.h5"
    with h5py.File(path, "a") as file:
        file["category"][:] = list(file["category"].asstr())[::-1]
    forge.rerecord(path)
    code, output = tiny.snakemake(folder, "results/tiny/tables/comparison.csv", check=False)
    assert code == 1 and "category: row 0 is 'white' in results/tiny/teachers/em/seed_1200/logits_test.h5" in output, (
        output
    )


def test_results_of_an_earlier_version_end_with_one_sentence(folder):
    """Earlier versions wrote no records."""
    for path in (folder / "results").rglob(".*.record"):
        path.unlink()
    for path in (folder / "results/tiny").rglob("*.h5"):
        with h5py.File(path, "a") as file:
            file.attrs["layout"] = hdf5.LAYOUT - 1
    code, output = tiny.snakemake(folder, check=False)
    assert code == 1 and "Traceback" not in output
    assert f"made by an earlier version of this pipeline (layout {hdf5.LAYOUT - 1}, wanted {hdf5.LAYOUT})" in output
    assert "delete results/<dataset> and run again" in output


def test_files_that_were_copied_without_their_records_are_refused(folder):
    record = records.path_of(folder / "results/tiny/labels/train.h5")
    record.unlink()
    output = fails(folder, f"{EM}/checkpoint.safetensors")
    assert "results/tiny/labels/train.h5: found no record beside it (.train.h5.record)" in output


def test_results_of_other_settings_end_the_run_where_snakemake_looks_at_times_alone(folder):
    """With rerun-triggers mtime, Snakemake does not see that a model was trained with another loss."""
    changed = tiny.changed(tiny.CONFIG, {"teachers/em/loss": {"name": "em", "alpha": 0.5}})
    tiny.configure(folder, changed)
    (folder / "results/tiny/provenance.json").unlink()
    code, output = tiny.snakemake(folder, "results/tiny/provenance.json", "--rerun-triggers", "mtime", check=False)
    loss = "loss {'alpha': %s, 'name': 'em', 'negative_weight': 0.03}"
    assert code == 1 and f"checkpoint.safetensors: was made with {loss % 0.1}" in output, output
    assert f"the configuration says {loss % 0.5}" in output


def test_a_report_of_other_settings_is_not_taken_for_the_result(folder):
    """Where Snakemake looks at times alone, or makes one file alone, the report is that of the run before."""
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"teachers/em/loss": {"name": "em", "alpha": 0.5}}))
    told = "results/tiny/report.html was made with other settings: teachers.em.loss.alpha was 0.1, is now 0.5"
    (folder / "results/tiny/figures/figure_1b.svg").unlink()
    code, output = tiny.snakemake(folder, "--rerun-triggers", "mtime", check=False)
    assert code == 1 and f"Error: {told}" in output, output
    output = tiny.snakemake(folder, "results/tiny/labels/train.h5", "--force")
    assert output.rstrip().endswith("Made:\n  results/tiny/labels/train.h5") and "report" not in output, output


def test_a_file_of_the_users_that_changed_unseen_ends_the_run(folder):
    weights = folder / "data/random.pth"
    weights.write_bytes(weights.read_bytes() + b"\0")
    (folder / "results/tiny/provenance.json").unlink()
    code, output = tiny.snakemake(
        folder,
        "results/tiny/provenance.json",
        "--allowed-rules",
        "write_provenance",
        "--rerun-triggers",
        "mtime",
        check=False,
    )
    assert code == 1 and "was made from another data/random.pth than the one that is there now" in output, output


def test_provenance_names_the_files_that_results_were_made_from(undisturbed):
    record = json.loads((undisturbed / "results/tiny/provenance.json").read_text())
    assert sorted(record["made_from"]) == ["data/random.pth", "data/test.json", "data/train.json"]


def test_the_results_may_be_moved_as_a_whole(undisturbed, tmp_path):
    """A record names its artifact from the folder results on."""
    shutil.copytree(undisturbed / "results", tmp_path / "elsewhere" / "results")
    assert records.verify(Path(tmp_path, "elsewhere/results/tiny/labels/train.h5"), "labels")["rule"] == "make_labels"
