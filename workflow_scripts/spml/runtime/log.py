"""The log of a job: everything that it prints, with lines of progress that the screen reads."""

import atexit
import gc
import os
import signal
import socket
import sys
import time
import traceback
import warnings
from pathlib import Path

from spml.runtime import job, machine
from spml.runtime.errors import InputError

SELDOM = 10_000  # new objects after which Python looks for cycles; with its own 700, PyTorch takes half as long again to import
INTERVAL = 10.0  # seconds between progress lines, at most
ENDED = {  # signals that end a job as an exit, so that temporary files are removed
    signal.SIGTERM: "error: ended by SIGTERM: cancelled, over its time or memory, or preempted; the scheduler knows which",
    signal.SIGHUP: "error: ended by SIGHUP: its terminal was closed; run again, what is finished stays",
}
ENCODING, ERRORS = "utf-8", "backslashreplace"  # whatever the locale: a name must not end a job
_before = None  # stderr before the redirection


def _keep_objects():
    """Let the process end with all its objects: no look for cycles among them. Triton would report them as leaks."""
    if "triton" not in sys.modules:
        gc.freeze()


def redirect(snakemake):
    """Send stdout, stderr, warnings, tracebacks and the output of child processes to the rule's log from here on.

    An InputError ends the job with its message alone; any other exception keeps its traceback. SIGTERM and SIGHUP end the
    job as an exit, so that temporary files are removed. All text is UTF-8, whatever the locale. A job that would run the
    library of another clone ends here.
    """
    global _before
    job.begin(snakemake)
    gc.set_threshold(SELDOM)
    atexit.register(_keep_objects)
    _before = os.fdopen(os.dup(2), "w", encoding=ENCODING, errors=ERRORS)
    for number in ENDED:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, lambda number, frame: sys.exit(ENDED[signal.Signals(number)]))
    log = os.open(snakemake.log[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.reconfigure(encoding=ENCODING, errors=ERRORS)  # type: ignore[union-attr]
    os.environ["PYTHONIOENCODING"] = f"{ENCODING}:{ERRORS}"  # of child processes
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    warnings.showwarning = lambda message, category, *position: print(f"warning: {message}")
    sys.excepthook = _explain
    _require_own_library(snakemake.scriptdir)
    print(f"{socket.gethostname()}: {machine.processor()}, {snakemake.threads} of {os.cpu_count()} cores")


def _require_own_library(folder):
    """End the job where this library does not lie beside its script; one that was fetched by a git address has no folder."""
    library = Path(__file__).resolve().parents[2]
    if "://" not in folder and library != Path(folder).resolve():
        sys.exit(
            f"error: found the module spml in {library}, wanted the one in {folder}: PYTHONPATH or the environment names "
            "another clone; take it away there, then run again"
        )


def _explain(kind, error, trace):
    """Print an exception that nothing caught."""
    if issubclass(kind, InputError):
        text = f"error: {error}"
    elif issubclass(kind, ModuleNotFoundError) and str(error.name).partition(".")[0] != "spml":
        text = (
            f"error: {sys.executable} has no module {error.name}; wanted the Python environment of this workflow: run make once, "
            "then .venv/bin/snakemake, or install requirements.txt"
        )
    else:
        text = "".join(traceback.format_exception(kind, error, trace))
    try:
        sys.stdout.flush()
        print(text, file=sys.stderr, flush=True)
    except OSError as problem:  # a full disk has no room for the log either
        print(f"{text}\nerror: nor can this job's log be written: {problem.strerror}", file=_before, flush=True)


class Progress:
    """Print a line every INTERVAL seconds while work goes on: done, total, rate, time left; total None where it is unknown."""

    def __init__(self, what, total, unit):
        self.what, self.total, self.unit = what, total, unit
        self.done, self.start = 0, time.monotonic()
        self.printed = self.start

    def advance(self, by=1):
        """Count ``by`` more units as done."""
        self.done += by
        now = time.monotonic()
        if now - self.printed >= INTERVAL and self.done != self.total:
            self.printed = now
            rate = self.done / (now - self.start)
            line = f"{self.what}: {self.done:,} {self.unit}, {rate:,.4g}/s"
            if self.total is not None:
                left = _clock((self.total - self.done) / rate)
                line = f"{self.what}: {self.done:,} of {self.total:,} {self.unit}, {rate:,.4g}/s, {left} left"
            print(line)

    def finish(self):
        """Print how much was done, and in what time."""
        elapsed = time.monotonic() - self.start
        print(f"{self.what}: {self.done:,} {self.unit} in {elapsed:.1f} s ({self.done / max(elapsed, 1e-9):,.4g}/s)")


def _clock(seconds):
    """Return seconds as hours:minutes:seconds."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
