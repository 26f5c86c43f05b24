"""What goes wrong on one machine: nothing is lost, nothing is wrong, and the user is told. docs/reliability.md lists it."""

import contextlib
import hashlib
import http.server
import io
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

import pytest
import torch

import tiny
from interrupted import FAULTS, Pause, Run, bytes_of, leftovers, paused_at, wait
from loopback import answering
from spml.data import addresses, download
from spml.features import weights
from spml.runtime.errors import InputError

pytestmark = pytest.mark.xdist_group("faults")
ONE = {"seeds": [1200], "pseudo_labels/paper/taus": [0.5]}
EM = "teachers/em/seed_1200"
STUDENT = "students/paper/seed_1200/tau_0.50"
PSEUDO = "pseudo_labels/paper/seed_1200/tau_0.50"
WRITERS = {  # kind of file -> one file, and the rule that writes it
    "HDF5": (f"{EM}/logits_val.h5", "evaluate"),
    "shard": ("features/random/test/00000.h5", "extract_features"),
    "checkpoint": ("teachers/an/seed_1200/checkpoint.safetensors", "train_teacher"),
    "CSV": (f"{PSEUDO}.csv", "make_pseudo_labels"),
    "JSON": ("metrics/teachers/full/seed_1200.json", "evaluate"),
    "figure": ("figures/figure_1b.svg", "plot_label_counts"),
}
TOGETHER = [("HDF5", "checkpoint", "CSV", "JSON"), ("shard", "figure")]  # of each, none is made from another
KINDS = [" ".join(kinds) for kinds in TOGETHER]


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
    """Start a run that waits where it is about to move a file of that kind in place: (file, run, pause, process)."""
    target = f"results/tiny/{WRITERS[writer][0]}"
    (folder / target).unlink()
    pause = Pause(tmp_path / "pause", target)
    run = Run(tiny.command(folder, target), folder, tmp_path / "output.txt", **pause.environment)
    return target, run, pause, run.wait_until_paused(pause)


# -- kill -9


def targets_of(kinds):
    return [f"results/tiny/{WRITERS[kind][0]}" for kind in kinds]


@pytest.fixture(params=TOGETHER, ids=KINDS)
def all_paused(request, folder, tmp_path):
    """A run that waits where it is about to move a file of each of these kinds in place: (kinds, run, pauses)."""
    pauses = []
    for writer, target in zip(request.param, targets_of(request.param), strict=True):
        (folder / target).unlink()
        pauses.append(Pause(tmp_path / "pauses" / writer, target))
    run = Run(
        tiny.command(folder, *targets_of(request.param), "--cores", "16"),
        folder,
        tmp_path / "output.txt",
        **paused_at(*pauses),
    )
    for pause in pauses:
        run.wait_until_paused(pause)
    yield request.param, run, pauses
    for pause in pauses:
        pause.go()


def all_written_again(folder, kinds):
    """Return whether a run that was killed can go on, once it is unlocked, with every file that was not there."""
    targets = targets_of(kinds)
    assert not any((folder / target).exists() for target in targets)
    assert "Directory cannot be locked" in fails(folder)
    tiny.snakemake(folder, "--unlock")
    output = tiny.snakemake(folder, *targets)
    assert all(f"] {WRITERS[kind][1]} " in output for kind in kinds), output
    return all((folder / target).exists() for target in targets)


def test_snakemake_killed_while_a_file_is_written(folder, undisturbed, all_paused):
    """Snakemake alone is killed; its jobs live on and write to the end, as nobody stops them."""
    kinds, run, pauses = all_paused
    run.kill(group=False)
    assert all_written_again(folder, kinds)  # while the old jobs still are there
    for pause in pauses:
        pause.go()
    jobs = [Path(f"/proc/{pause.process()}") for pause in pauses]
    wait(lambda: not any(job.exists() for job in jobs), "the old jobs do not end")
    tiny.snakemake(folder)
    assert same(folder, undisturbed)
    assert "Nothing to do: " in tiny.snakemake(folder)


def test_snakemake_and_its_jobs_killed_while_a_file_is_written(folder, undisturbed, all_paused):
    """As when the machine goes down: what was half-written is there under its temporary name, and goes with the next write."""
    kinds, run, pauses = all_paused
    run.kill()
    for pause in pauses:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pause.process(), signal.SIGKILL)
    assert len(leftovers(folder)) == len(kinds) + ("CSV" in kinds)  # pseudo-labels are written as HDF5 at the same time
    assert all_written_again(folder, kinds)
    assert same(folder, undisturbed)


SLOW_DOWNLOAD = """
import sys; sys.path.insert(0, {library!r})
from spml.data.download import fetch
fetch({url!r}, {target!r})
"""


def state_dict():
    """The bytes of a file of weights, about a megabyte."""
    file = io.BytesIO()
    torch.save({"weight": torch.arange(1 << 18)}, file)
    return file.getvalue()


class Slow(http.server.BaseHTTPRequestHandler):
    """Half of the content, then the rest once it may; it answers requests for what is missing."""

    content = state_dict()
    half = 1 << 19  # whole pieces of a download
    may = threading.Event()
    asked: list = []  # noqa: RUF012

    def do_GET(self):
        begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.asked.append(begin)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(self.content) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            if not begin:
                self.wfile.write(self.content[: self.half])
                self.may.wait()
                begin = self.half
            self.wfile.write(self.content[begin:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def slow():
    Slow.may.clear()
    Slow.asked.clear()
    with answering(Slow) as (_, address):
        try:
            yield f"{address}/weights.pth"
        finally:
            Slow.may.set()


def test_snakemake_killed_while_a_file_is_fetched(tmp_path, slow):
    """The job that lives on holds the file; once it is gone, the next run goes on where it stopped."""
    folder = tiny.make(tmp_path / "work")
    backbone = {"library": "torchvision", "model": "shufflenet_v2_x0_5", "download": {"url": slow, "sha256": None}}
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"backbones/random": backbone}))
    target = "resources/weights/random.safetensors"
    part = folder / f"resources/weights/downloads/{addresses.stored_as(slow)}.part"
    run = Run(tiny.command(folder, target), folder, tmp_path / "output.txt")
    half = Slow.half
    wait(lambda: part.exists() and part.stat().st_size == half, lambda: run.text, run)
    (job,) = [int(place.parent.name) for place in Path("/proc").glob("[0-9]*/fd") if holds(place, part)]
    run.kill(group=False)
    tiny.snakemake(folder, "--unlock")
    output = fails(folder, target)
    assert "weights.pth.part: another process is fetching this file, perhaps a job of a run that was killed" in output
    os.kill(job, signal.SIGKILL)
    assert part.stat().st_size == half
    tiny.snakemake(folder, target)
    fetched, description = weights.read(folder / target)
    assert torch.equal(fetched["weight"], torch.arange(1 << 18))
    assert description["source_sha256"] == hashlib.sha256(Slow.content).hexdigest()
    assert Slow.asked == [0, half]


def holds(descriptors, path):
    with contextlib.suppress(OSError):
        return any(os.path.realpath(one) == str(path) for one in descriptors.iterdir())
    return False


def test_a_job_that_gets_sigterm_leaves_nothing_and_says_so(folder, tmp_path):
    target, run, _, job = paused(folder, tmp_path, "checkpoint")
    os.kill(job, signal.SIGTERM)
    assert run.finish() == 1
    assert "error: ended by SIGTERM: cancelled, over its time or memory, or preempted" in run.text
    assert "Traceback" not in run.text and not (folder / target).exists() and leftovers(folder) == []


def test_a_terminal_that_is_closed_ends_snakemake_and_its_jobs_and_leaves_no_lock(folder, undisturbed, tmp_path):
    target, run, _, job = paused(folder, tmp_path, "checkpoint")
    os.killpg(run.process.pid, signal.SIGHUP)
    assert run.finish() == 1
    assert "Stopped with " in run.text and "Traceback" not in run.text, run.text
    assert not Path(f"/proc/{job}").exists() and not (folder / target).exists() and leftovers(folder) == []
    tiny.snakemake(folder)  # no --unlock
    assert same(folder, undisturbed)


def test_a_run_under_nohup_outlives_its_terminal(folder, undisturbed, tmp_path):
    target = f"results/tiny/{WRITERS['HDF5'][0]}"
    (folder / target).unlink()
    pause = Pause(tmp_path / "pause", target)
    run = Run(["nohup", *tiny.command(folder, target)], folder, tmp_path / "output.txt", **pause.environment)
    run.wait_until_paused(pause)
    os.killpg(run.process.pid, signal.SIGHUP)
    pause.go()
    assert run.finish() == 0, run.text
    assert same(folder, undisturbed)


# -- a home folder that cannot be written to


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME", "HOME that is not there"])
def test_a_home_folder_that_cannot_be_written_to(folder, undisturbed, tmp_path, variable):
    """Neither Snakemake nor the libraries of extraction and figures need it."""
    targets = ["results/tiny/features/random/test/00000.h5", "results/tiny/figures/figure_1b.svg"]
    for target in targets:
        (folder / target).unlink()
    with mounted(tmp_path / "home", "size=1m") as home:
        subprocess.run(["mount", "-o", "remount,ro", home], check=True)
        name, _, missing = variable.partition(" ")
        environment = {"HOME": str(home), name: str(home / "missing" if missing else home)}
        environment = {"XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "MPLCONFIGDIR": ""} | environment
        output = tiny.snakemake(folder, *targets, **environment)
        logs = "".join(path.read_text() for path in (folder / "results/tiny/logs").rglob("*.log"))
        assert "Traceback" not in output + logs and str(home) not in output, output
    assert same(folder, undisturbed)


@pytest.mark.parametrize("kind", ["a file", "a link that leads nowhere"])
def test_a_results_folder_that_is_none(tmp_path, kind):
    folder = tiny.make(tmp_path / "work")
    if kind == "a file":
        (folder / "results").touch()
    else:
        (folder / "results").symlink_to("nowhere")
    output = fails(folder)
    assert f"Error: results: found {kind}, wanted a folder or nothing; move it away, then run again" in output, output


# -- two at once


def test_a_second_run_of_the_same_workflow_refuses_and_harms_nothing(folder, undisturbed, tmp_path):
    _, first, pause, _ = paused(folder, tmp_path, "HDF5")
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
    wait(lambda: part.exists() and part.stat().st_size, "nothing came")
    with pytest.raises(InputError, match="another process is fetching this file"):
        download.fetch(slow, target)
    Slow.may.set()
    assert first.wait() == 0 and target.read_bytes() == Slow.content


# -- a disk that is full or cannot be written to


@contextlib.contextmanager
def mounted(place, *options):
    """Yield a small file system of its own in memory; needs root."""
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


@pytest.mark.parametrize("kinds", TOGETHER, ids=KINDS)
def test_a_disk_that_is_full(folder, undisturbed, kinds):
    """The folder of each file lies on a file system without room; the errors name the files, and with room the run goes on."""
    targets = targets_of(kinds)
    places = [(folder / target).parent for target in targets]
    with contextlib.ExitStack() as mounts:
        for number, (target, place) in enumerate(zip(targets, places, strict=True)):
            kept = folder / f"kept_{number}"
            (folder / target).unlink()
            shutil.move(place, kept)
            mounts.enter_context(mounted(place, "size=4m"))
            shutil.copytree(kept, place, dirs_exist_ok=True)
            fill(place, leave=0)
        output = fails(folder, *targets, "--keep-going")
        for target in targets:  # of a figure in two formats, and of the files of a job, any
            stem = target.rpartition("/" if target.endswith("safetensors") else ".")[0]
            folder_of, _, name = stem.rpartition("/")  # its record is hidden
            problem = rf"error: {folder_of}/[.]?{name}[./]\w+.*: cannot be written: No space left on device; make room"
            assert re.search(problem, output), output
            assert not (folder / target).exists()
        assert leftovers(folder) == []
        for place in places:
            (place / "filler").unlink()
        tiny.snakemake(folder, *targets)
        assert same(folder, undisturbed)


def test_a_disk_that_is_full_when_a_file_is_fetched(tmp_path, slow):
    Slow.may.set()
    with mounted(tmp_path / "small", "size=512k") as place:
        with pytest.raises(InputError, match=r"file.bin.part: cannot be written: No space left.*make room"):
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
        with pytest.raises(InputError, match=r"1 files of 1,048,576 bytes to unpack .* bytes free; make room"):
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
        (folder / "results/tiny/ro-crate-metadata.json").unlink()  # else either of the two may be told first
        if last == "missing":
            for name in ("report.html", "summary.txt"):  # likewise
                (folder / "results/tiny" / name).unlink()
        subprocess.run(["mount", "-o", "remount,ro", folder / "results"], check=True)
        output = fails(folder)
        assert told in output, output
        if last == "missing":
            tiny.snakemake(folder, "--dry-run")  # looks, writes nothing


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
