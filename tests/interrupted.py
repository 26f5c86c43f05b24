"""Runs that something happens to: Snakemake in the background, paused at a file, killed."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import tiny

FAULTS = tiny.ROOT / "tests" / "faults"
HANGS = 3600  # seconds; what takes longer will not come on a loaded machine either


def wait(question, problem, run=None):
    """Ask until there is an answer, and return it; as long as the run goes on, where there is one."""
    end = time.monotonic() + HANGS
    while not (answer := question()):
        ended = run is not None and run.process.poll() is not None and not question()
        assert not ended and time.monotonic() < end, problem() if callable(problem) else problem
        time.sleep(0.1)
    return answer


class Pause:
    """The first process that is about to move a file of that pattern into place waits there (see faults/)."""

    def __init__(self, folder, pattern):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.pattern = pattern
        self.environment = paused_at(self)

    def process(self):
        """Return the number of the process that waits, None where none has come so far."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.folder / "reached").read_text())

    def go(self):
        (self.folder / "go").touch()


def paused_at(*pauses):
    """Return the environment of a run with these pauses."""
    faults = ";".join(f"*{pause.pattern}:{pause.folder}" for pause in pauses)
    return {"PYTHONPATH": str(FAULTS), "FAULT_PAUSE": faults}


def as_in_a_terminal():
    """Let a new process end at SIGHUP and SIGINT, also where the tests run under nohup or in the background of a shell."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Run:
    """A command in the background, its output in a file."""

    def __init__(self, command, folder, output, **environment):
        self.output = Path(output)
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=as_in_a_terminal,
            )

    @property
    def text(self):
        return self.output.read_text()

    def wait_until_paused(self, pause):
        """Return the number of the process that waits."""
        return wait(pause.process, lambda: f"nothing has come to the pause: {self.text[-3000:]}", self)

    def finish(self):
        """Wait for the end, and return the exit status."""
        try:
            return self.process.wait(HANGS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"does not end: {self.text[-3000:]}") from None

    def kill(self, group=True):
        """kill -9, of the command with all that it started (but for jobs in sessions of their own), or of it alone."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.wait()


def bytes_of(results):
    """Return the content of every file that is the same whenever and wherever it is made, by its path."""
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in sorted(Path(results).rglob("*"))
        if path.is_file()
        and path.relative_to(results).parts[0] not in ("logs", "benchmarks")
        and path.name.removesuffix(".record").lstrip(".")
        not in ("provenance.json", "provenance.html", "ro-crate-metadata.json", "report.html", "snakemake_timestamp")
    }


def leftovers(folder):
    """Return the temporary files that were left."""
    return [str(path) for path in Path(folder).rglob("*.part")]
