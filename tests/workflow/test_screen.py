"""What a run shows: on a terminal of 80 columns, without one, at a Ctrl-C, and at its end."""

import contextlib
import fcntl
import io
import logging
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading

import pytest
import yaml
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import MockOutputSettings

import tiny
from interrupted import HANGS, Pause, wait
from screen.handler import Screen, Settings

pytestmark = pytest.mark.xdist_group("screen")
COLUMNS = 80
LABELS = "results/tiny/labels/train.h5"
OBSERVED = "results/tiny/observed/seed_1200.h5"
MOVES = "\r\x1b[K"
LINES = 60  # that a run of the demo prints at most, where there is no terminal


class Terminal:
    """A command on a terminal of its own; ``text`` is what it has written."""

    def __init__(self, command, folder, **environment):
        self.text = ""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))

        def control():
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in the background of a shell

        environment = os.environ | {"TERM": "xterm", "FORCE_HYPERLINK": "0", "NO_COLOR": ""} | environment
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=control
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(self._ours, 4096):
                self.text += part.decode("utf-8", "replace")

    def press(self, key):
        os.write(self._ours, key)

    def finish(self):
        """Wait for the end; return the exit status."""
        status = self.process.wait(HANGS)
        self._reader.join()
        os.close(self._ours)
        return status

    @property
    def lasting(self):
        """The lines that stay, without those that the moving line had in between."""
        shown = [line.rsplit(MOVES, 1)[-1] for line in self.text.replace("\r\n", "\n").split("\n")]
        return [line for line in shown if line.strip()]

    @property
    def moving(self):
        """What the moving line showed, in order."""
        return [part for line in self.text.split("\n") for part in line.split(MOVES)[1:-1] if part]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The tiny data set, run to its labels on a terminal."""
    folder = tiny.make(tmp_path_factory.mktemp("screen") / "work")
    terminal = Terminal(tiny.command(folder, LABELS), folder, FORCE_HYPERLINK="1")
    assert terminal.finish() == 0, terminal.text
    return folder, terminal


@pytest.fixture
def folder(made, tmp_path):
    """A copy to spoil."""
    return tiny.copy_run(made[0], tmp_path / "work")


def test_a_terminal_shows_a_line_a_job_and_one_that_moves(made):
    _, terminal = made
    jobs = [line for line in terminal.lasting if line.startswith("[")]
    assert len(jobs) == 5 and all(len(line) < COLUMNS and line.endswith(" s") for line in jobs)
    assert any(" list_images " in line and " train " in line for line in jobs)
    assert terminal.moving and all(len(line) < COLUMNS - 2 for line in terminal.moving)
    assert any(
        re.match(r"\d of \d jobs.* \| (read_annotations|list_images|make_labels)", line) for line in terminal.moving
    )
    assert "rule " not in terminal.text and "jobid" not in terminal.text


def test_the_end_names_what_was_asked_for_as_a_link(made):
    folder, terminal = made
    assert terminal.text.rstrip().endswith(
        f"\x1b]8;;file://{os.uname().nodename}{folder / LABELS}\x1b\\{LABELS}\x1b]8;;\x1b\\"
    )


def test_ctrl_c_ends_a_run_with_one_sentence_and_leaves_no_lock(folder, tmp_path):
    shutil.rmtree(folder / "results")
    pause = Pause(tmp_path / "pause", "train.csv")
    terminal = Terminal(tiny.command(folder, LABELS), folder, **pause.environment)
    wait(pause.process, lambda: terminal.text, terminal)
    terminal.press(b"\x03")
    assert terminal.finish() == 1
    last = " ".join(terminal.lasting[-2:])  # it is wrapped
    assert re.search(
        r"Stopped with \d of \d jobs done\. Run the same command to go on: what is finished stays\.$", last
    )
    assert "Traceback" not in terminal.text and "Error" not in terminal.text and "failed" not in terminal.text
    assert not list(folder.rglob("*.part")) and not (folder / LABELS).exists()
    tiny.snakemake(folder, LABELS)  # no --unlock
    assert (folder / LABELS).exists()


def test_a_failed_job_is_a_block_and_no_traceback(folder):
    (folder / "results/tiny/labels/.train.h5.record").unlink()
    code, output = tiny.snakemake(folder, OBSERVED, check=False)
    lines = output.splitlines()
    begin = lines.index("make_observed_labels failed (replicate 1200):")
    assert code == 1 and lines[begin + 1].startswith(f"    error: {LABELS}: found no record beside it")
    assert lines[begin + 2] == "Log: results/tiny/logs/make_observed_labels/seed_1200.log"
    assert lines[begin + 4 :] == [
        "1 job failed; 0 of 1 are done. Correct it, then run the same command: what is finished stays."
    ]
    assert "Traceback" not in output and "CalledProcessError" not in output


@pytest.mark.parametrize("option", ["--printshellcmds", "--verbose", "--dry-run"])
def test_snakemakes_own_text_comes_back_by_an_option(folder, option):
    output = tiny.snakemake(folder, OBSERVED, option)
    assert "rule make_observed_labels:" in output and "reason: " in output


def test_snakemake_looks_for_jobs_as_often_as_one_ends(tmp_path):
    """Its limit of jobs per second adds a look a second after each look, for as long as jobs wait."""
    folder, seeds = tiny.make(tmp_path / "work"), range(12)
    tiny.configure(folder, tiny.changed(tiny.CONFIG, {"seeds": list(seeds)}))
    tiny.snakemake(folder, LABELS)
    wanted = [f"results/tiny/observed/seed_{seed}.h5" for seed in seeds]
    output = tiny.snakemake(folder, *wanted, "--cores", "1", "--verbose")
    assert output.count("Finished jobid: ") == len(seeds)
    assert output.count("Ready jobs: ") <= len(seeds)


def test_the_demo_prints_few_lines_without_a_terminal(tmp_path, monkeypatch):
    """Its plan, fed to the screen as if each job took a second; the end has a row a model, and less than as many lines more."""
    text = (tiny.ROOT / "config.yaml").read_text()
    jobs = tiny.planned(tmp_path, config=yaml.safe_load(text))
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    screen = Screen(MockOutputSettings(), Settings())

    def feed(event, **about):
        record = logging.LogRecord("snakemake", logging.INFO, "x.py", 1, "", (), None)
        record.__dict__.update(about, event=event)
        screen.handle(record)

    feed(LogEvent.RUN_INFO, stats=jobs)
    names = [rule for rule, count in jobs.items() for _ in range(count)]
    for number, rule in enumerate(names):
        about = {"rule_name": rule, "wildcards": {}, "log": ["none.log"], "threads": 1, "local": True}
        feed(LogEvent.JOB_INFO, jobid=number, **about)
        feed(LogEvent.JOB_FINISHED, job_id=number)
        feed(LogEvent.PROGRESS, done=number + 1, total=len(names))
    assert len(names) > 100
    assert len(stream.getvalue().splitlines()) == len(jobs) + 2 <= LINES / 2
