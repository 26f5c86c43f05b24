"""What goes wrong on one machine: nothing is lost, nothing is wrong, and the user is told. docs/reliability.md lists it."""

import contextlib
import http.server
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import h5py
import pytest

import tiny
from interrupted import FAULTS, Pause, Run, bytes_of, leftovers, wait
from spml.data import download
from spml.runtime import files

pytestmark = pytest.mark.xdist_group("faults")
ONE = {"seeds": [1200], "pseudo_labels/paper/taus": [0.5]}
EM = "teachers/em/seed_1200"
STUDENT = "students/paper/seed_1200/tau_0.50"
PSEUDO = "pseudo_labels/paper/seed_1200/tau_0.50"
WRITERS = {  # what writes -> a file that it writes, and the rule
    "HDF5": (f"{EM}/logits_val.h5", "predict_logits"),
    "shard": ("features/random/train/00000.h5", "extract_features"),
    "checkpoint": (f"{EM}/checkpoint.safetensors", "train_teacher"),
    "CSV": (f"{PSEUDO}.csv", "make_pseudo_labels"),
    "JSON": (f"metrics/{EM}.json", "evaluate"),
    "figure": ("figures/figure_1b.svg", "plot_label_counts"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tiny data set, run to its end."""
    folder = tiny.make(tmp_path_factory.mktemp("undisturbed") / "work")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, ONE))
    tiny.snakemake(folder)
    return folder


@pytest.fixture
def folder(undisturbed, tmp_path):
    """A copy of it to spoil."""
    shutil.copytree(undisturbed, tmp_path / "work", symlinks=True)
    return tmp_path / "work"


def same(folder, undisturbed):
    one, other = (bytes_of(place / "results/tiny") for place in (folder, undisturbed))
    assert set(one) == set(other)
    assert [name for name in one if one[name] != other[name]] == []
    assert leftovers(folder) == []
    return True


def fails(folder, *arguments, **environment):
    code, output = tiny.snakemake(folder, *arguments, check=False, **environment)
    assert code == 1 and "Traceback" not in output, output
    return output


def paused(folder, tmp_path, writer):
    """A run that waits where it is about to move a file of that kind in place: (file, rule, run, pause, process)."""
    file, rule = WRITERS[writer]
    target = f"results/tiny/{file}"
    (folder / target).unlink()
    pause = Pause(tmp_path / "pause", target)
    run = Run(tiny.command(folder, target), folder, tmp_path / "output.txt", **pause.environment)
    return target, rule, run, pause, run.wait_until_paused(pause)


# -- kill -9


@pytest.mark.parametrize("writer", WRITERS)
def test_snakemake_killed_while_a_file_is_written(folder, undisturbed, tmp_path, writer):
    """Snakemake alone is killed; its job lives on and writes to the end, as nobody stops it."""
    target, rule, run, pause, job = paused(folder, tmp_path, writer)
    run.kill(group=False)
    assert not (folder / target).exists()
    assert "Directory cannot be locked" in fails(folder)
    tiny.snakemake(folder, "--unlock")
    output = tiny.snakemake(folder, target)  # while the old job still is there
    assert rule in output and (folder / target).exists()
    pause.go()
    wait(60, lambda: not Path(f"/proc/{job}").exists(), "the old job does not end")
    tiny.snakemake(folder)
    assert same(folder, undisturbed)
    assert "Nothing to be done" in tiny.snakemake(folder)


@pytest.mark.parametrize("writer", ["HDF5", "checkpoint", "CSV"])
def test_snakemake_and_its_jobs_killed_while_a_file_is_written(folder, undisturbed, tmp_path, writer):
    """As when the machine goes down: what was half-written is there under its temporary name, and goes with the next write."""
    target, rule, run, _, job = paused(folder, tmp_path, writer)
    run.kill()
    with contextlib.suppress(ProcessLookupError):
        os.kill(job, signal.SIGKILL)
    assert not (folder / target).exists() and len(leftovers(folder)) == 1
    assert "Directory cannot be locked" in fails(folder)
    tiny.snakemake(folder, "--unlock")
    assert rule in tiny.snakemake(folder, target)
    assert same(folder, undisturbed)


SLOW_DOWNLOAD = """
import sys; sys.path.insert(0, {library!r})
from spml.data.download import fetch
fetch({url!r}, {target!r})
"""


class Slow(http.server.BaseHTTPRequestHandler):
    """Half of the content, then the rest once it may; it answers requests for what is missing."""

    content = bytes(range(256)) * 4096
    may = threading.Event()
    asked: list = []  # noqa: RUF012

    def do_GET(self):
        begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.asked.append(begin)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(self.content) - begin))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            if not begin:
                self.wfile.write(self.content[: len(self.content) // 2])
                self.may.wait(60)
                begin = len(self.content) // 2
            self.wfile.write(self.content[begin:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def slow():
    Slow.may.clear()
    Slow.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/weights.pth"
        Slow.may.set()
        server.shutdown()
        thread.join()


def test_snakemake_killed_while_a_file_is_fetched(tmp_path, slow):
    """The job that lives on holds the file; once it is gone, the next run goes on where it stopped."""
    folder = tiny.make(tmp_path / "work")
    backbone = {"architecture": "shufflenet_v2_x0_5", "weights": "imagenet", "download": {"url": slow, "sha256": None}}
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"backbones/random": backbone}))
    target, part = "resources/weights/imagenet/random.pth", folder / "resources/weights/downloads/weights.pth.part"
    run = Run(tiny.command(folder, target), folder, tmp_path / "output.txt")
    half = len(Slow.content) // 2
    wait(120, lambda: part.exists() and part.stat().st_size == half, lambda: run.text)
    (job,) = [int(place.parent.name) for place in Path("/proc").glob("[0-9]*/fd") if holds(place, part)]
    run.kill(group=False)
    tiny.snakemake(folder, "--unlock")
    output = fails(folder, target)
    assert "weights.pth.part: another process is fetching this file, perhaps a job of a run that was killed" in output
    os.kill(job, signal.SIGKILL)
    assert part.stat().st_size == half
    tiny.snakemake(folder, target)
    assert (folder / target).read_bytes() == Slow.content
    assert Slow.asked == [0, half]


def holds(descriptors, path):
    with contextlib.suppress(OSError):
        return any(os.path.realpath(one) == str(path) for one in descriptors.iterdir())
    return False


def test_a_job_that_gets_sigterm_leaves_nothing_and_says_so(folder, tmp_path):
    target, _, run, _, job = paused(folder, tmp_path, "checkpoint")
    os.kill(job, signal.SIGTERM)
    assert run.finish() == 1
    assert "error: ended by SIGTERM: cancelled, over its time or memory, or preempted" in run.text
    assert "Traceback" not in run.text and not (folder / target).exists() and leftovers(folder) == []


# -- two at once


def test_a_second_run_of_the_same_workflow_refuses_and_harms_nothing(folder, undisturbed, tmp_path):
    _, _, first, pause, _ = paused(folder, tmp_path, "HDF5")
    output = fails(folder)
    assert "Directory cannot be locked" in output and "no other Snakemake process" in output
    pause.go()
    assert first.finish() == 0, first.text
    assert same(folder, undisturbed)


def test_a_file_is_not_fetched_twice_at_once(tmp_path, slow):
    target = tmp_path / "file.bin"
    program = SLOW_DOWNLOAD.format(library=str(tiny.ROOT / "workflow_scripts"), url=slow, target=str(target))
    first = subprocess.Popen([os.sys.executable, "-c", program])
    part = tmp_path / "file.bin.part"
    wait(60, lambda: part.exists() and part.stat().st_size, "nothing came")
    with pytest.raises(download.InputError, match="another process is fetching this file"):
        download.fetch(slow, target)
    Slow.may.set()
    assert first.wait(60) == 0 and target.read_bytes() == Slow.content


# -- a disk that is full or cannot be written to


@contextlib.contextmanager
def mounted(place, *options):
    """A small file system of its own in memory; needs root."""
    if os.geteuid():
        pytest.skip("needs root, to mount a small file system")
    place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", place], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"cannot mount a file system here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(place, leave):
    """Take all room of a file system but for some bytes."""
    with open(place / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    os.truncate(place / "filler", max(0, (place / "filler").stat().st_size - leave))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_disk_that_is_full(folder, undisturbed, writer):
    """The file's folder lies on a file system without room; the error names the file, and with room the run goes on."""
    file, _ = WRITERS[writer]
    target = folder / "results/tiny" / file
    place, kept = target.parent, folder / "kept"
    target.unlink()
    shutil.move(place, kept)
    with mounted(place, "size=4m"):
        shutil.copytree(kept, place, dirs_exist_ok=True)
        fill(place, leave=0)
        output = fails(folder, str(target.relative_to(folder)))
        wanted = rf"error: results/tiny/{file.rpartition('.')[0]}[.]\w+: cannot be written: No space left on device; make room"
        assert re.search(wanted, output), output  # of a figure in two formats, either
        assert not target.exists() and leftovers(folder) == []
        (place / "filler").unlink()
        tiny.snakemake(folder, str(target.relative_to(folder)))
        assert same(folder, undisturbed)


def test_a_disk_that_is_full_when_a_file_is_fetched(tmp_path, slow):
    Slow.may.set()
    with mounted(tmp_path / "small", "size=512k") as place:
        with pytest.raises(download.InputError, match=r"file.bin.part: cannot be written: No space left.*make room"):
            download.fetch(slow, place / "file.bin")
        came = (place / "file.bin.part").stat().st_size
        assert came > 300_000  # kept: the next try goes on from here
        subprocess.run(["mount", "-o", "remount,size=4m", place], check=True)
        assert download.fetch(slow, place / "file.bin").read_bytes() == Slow.content
        assert Slow.asked == [0, came]


def test_a_disk_that_is_full_when_an_archive_is_unpacked(tmp_path):
    import zipfile

    from spml.data.archives import unpack

    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pictures/1.bin", bytes(1 << 20))
    with mounted(tmp_path / "small", "size=512k") as place:
        with pytest.raises(files.InputError, match=r"1 files of 1,048,576 bytes to unpack .* bytes free; make room"):
            unpack(tmp_path / "a.zip", place)
        assert list(place.iterdir()) == []


def test_a_disk_so_full_that_not_even_the_log_can_be_written(folder):
    """What would be in the log is printed."""
    target = "results/tiny/figures/figure_1b.svg"
    (folder / target).unlink()
    kept = folder / "kept"
    shutil.move(folder / "results", kept)
    with mounted(folder / "results", "size=4m"):
        shutil.copytree(kept, folder / "results", dirs_exist_ok=True, symlinks=True)
        fill(folder / "results", leave=0)
        code, output = tiny.snakemake(folder, target, check=False)
        assert code == 1
        assert "No space left on device" in output, output
        assert not (folder / target).exists() and leftovers(folder) == []


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("missing", "Error: results: found a folder that cannot be written to"),
        (
            "old",
            "Write-protected output files for rule write_report",
        ),  # what is to be made anew, Snakemake checks before
    ],
)
def test_a_results_folder_that_cannot_be_written_to(folder, last, told):
    shutil.move(folder / "results", folder / "kept")
    with mounted(folder / "results", "size=8m"):
        shutil.copytree(folder / "kept", folder / "results", dirs_exist_ok=True, symlinks=True)
        (folder / "results/tiny/figures/figure_1b.svg").unlink()
        (folder / "results/tiny/figures/figure_1b.png").unlink()
        if last == "missing":
            (folder / "results/tiny/report.html").unlink()
        subprocess.run(["mount", "-o", "remount,ro", folder / "results"], check=True)
        output = fails(folder)
        assert told in output, output
        if last == "missing":
            tiny.snakemake(folder, "--dry-run")  # looks, writes nothing


# -- files that are not what they should be


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        ("labels/train.h5", "make_labels"),
        ("observed/seed_1200.h5", "make_observed_labels"),
        ("features/random/train/00000.h5", "extract_features"),
        ("features/random/train.h5", "index_features"),
        (f"{EM}/logits_train.h5", "predict_logits"),
        (f"{PSEUDO}.h5", "make_pseudo_labels"),
    ],
)
@pytest.mark.parametrize("fault", ["truncated", "older layout", "empty"])
def test_an_hdf5_file_that_is_broken_or_old_names_itself_and_its_rule(folder, file, rule, fault):
    readers = {
        "labels": (f"{EM}/checkpoint.safetensors", "train_teacher"),
        "observed": (f"{EM}/checkpoint.safetensors", "train_teacher"),
        "features": (f"{EM}/checkpoint.safetensors", "train_teacher"),
        "teachers": (f"{PSEUDO}.h5", "make_pseudo_labels"),
        "pseudo_labels": (f"{STUDENT}/checkpoint.safetensors", "train_student"),
    }
    reader, by = readers[file.split("/")[0]]
    path = folder / "results/tiny" / file
    if fault == "older layout":
        with h5py.File(path, "a") as opened:
            opened.attrs["layout"] = 0
    else:
        path.write_bytes(path.read_bytes()[: 700 if fault == "truncated" else 0])
    output = fails(folder, f"results/tiny/{reader}", "--forcerun", by, "--allowed-rules", by)
    problem = "found kind" if fault == "older layout" else "not a readable HDF5 file"
    assert f"results/tiny/{file}: {problem}" in output, output
    assert f"delete it, rule {rule} makes it again in the next run" in output
    if fault == "older layout":
        assert "layout 0, wanted kind" in output


def test_an_hdf5_file_of_another_run_is_refused_with_both_names(folder):
    logits = folder / "results/tiny" / EM / "logits_train.h5"
    with h5py.File(logits, "a") as file:
        ids = list(file["image_id"].asstr())
        file["image_id"][:] = [f"other{name}" for name in ids]
    output = fails(folder, f"results/tiny/{PSEUDO}.h5", "--force")
    assert f"results/tiny/{EM}/logits_train.h5" in output and "results/tiny/labels/train.h5 (training rows)" in output
    assert "come from different runs or settings" in output


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", "torch"])
def test_a_checkpoint_that_is_no_safetensors_file_names_itself_and_its_rules(folder, content):
    """A pickle among them: it is not opened as one."""
    path = folder / "results/tiny" / EM / "checkpoint.safetensors"
    if content == "torch":
        shutil.copy(folder / "data/random.pth", path)
    else:
        path.write_bytes(content)
    output = fails(folder, f"results/tiny/{EM}/logits_val.h5", "--force", "--allowed-rules", "predict_logits")
    assert f"results/tiny/{EM}/checkpoint.safetensors: not a readable safetensors file" in output, output
    assert "delete it, rule train_teacher or train_student makes it again" in output


# -- clocks and file systems


def test_clocks_that_disagree_rerun_nothing(folder):
    """Files dated up to an hour before and after now, in no order."""
    dice = random.Random(5)
    for path in folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            moment = time.time() + dice.uniform(-3600, 3600)
            os.utime(path, (moment, moment))
    assert tiny.planned(folder) == {}


def test_files_that_show_up_late_are_waited_for(folder, undisturbed):
    """As on NFS: other processes see a new file 4 s after it was made; simulated in os.stat of every process."""
    environment = {"PYTHONPATH": str(FAULTS), "FAULT_LATE": "*/tau_0.50.csv:4"}
    path = folder / f"results/tiny/{PSEUDO}.csv"
    path.unlink()
    tiny.snakemake(folder, str(path.relative_to(folder)), "--latency-wait", "20", **environment)
    assert same(folder, undisturbed)


def test_files_that_show_up_too_late_are_named_with_what_to_do(folder, undisturbed):
    environment = {"PYTHONPATH": str(FAULTS), "FAULT_LATE": "*/tau_0.50.csv:30"}
    path = folder / f"results/tiny/{PSEUDO}.csv"
    path.unlink()
    output = fails(folder, str(path.relative_to(folder)), "--latency-wait", "1", **environment)
    assert f"results/tiny/{PSEUDO}.csv" in output and "latency" in output, output
    tiny.snakemake(folder, f"results/tiny/{PSEUDO}.h5")  # Snakemake took away what else that job had made
    assert same(folder, undisturbed)


def test_the_design_of_the_faults_does_nothing_unasked(tmp_path):
    """The module that injects faults changes nothing without its variables."""
    program = "import os, json; print(json.dumps([os.replace.__name__, os.stat.__name__]))"
    done = subprocess.run(
        [os.sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(FAULTS)}, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == ["replace", "stat"]
