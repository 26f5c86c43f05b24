"""What a job prints: to its log file, with progress on the terminal as well."""

import os
import signal
import socket
import sys
import time
import traceback
import warnings

from spml.runtime import machine
from spml.runtime.errors import InputError

INTERVAL = 10.0  # seconds between progress lines, at most
TERMINATED = "error: ended by SIGTERM: cancelled, over its time or memory, or preempted; the scheduler knows which"
_before = None  # what stderr was before
_terminal = None


def redirect(snakemake):
    """From here on stdout, stderr, warnings, tracebacks and child processes write to the rule's log.

    An InputError ends the job with its message alone; any other exception keeps its traceback. SIGTERM ends it in
    order, so that temporary files are removed.
    """
    global _before, _terminal
    _before = os.fdopen(os.dup(2), "w")
    if os.isatty(2):
        _terminal = _before
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(TERMINATED))
    log = os.open(snakemake.log[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    warnings.showwarning = lambda message, category, *place: print(f"warning: {message}")
    sys.excepthook = _explain
    print(f"{socket.gethostname()}: {machine.processor()}, {snakemake.threads} of {os.cpu_count()} cores")


def _explain(kind, error, trace):
    text = (
        f"error: {error}" if issubclass(kind, InputError) else "".join(traceback.format_exception(kind, error, trace))
    )
    try:
        sys.stdout.flush()
        print(text, file=sys.stderr, flush=True)
    except OSError as full:  # a disk without room has none for the log either
        print(f"{text}\nerror: nor can this job's log be written: {full.strerror}", file=_before, flush=True)


class Progress:
    """A line every INTERVAL seconds while work goes on: done, total, rate, time left; total None where it is unknown."""

    def __init__(self, what, total, unit):
        self.what, self.total, self.unit = what, total, unit
        self.done, self.start = 0, time.monotonic()
        self.said = self.start

    def advance(self, by=1):
        self.done += by
        now = time.monotonic()
        if now - self.said >= INTERVAL and self.done != self.total:
            self.said = now
            rate = self.done / (now - self.start)
            line = f"{self.what}: {self.done:,} {self.unit}, {rate:,.4g}/s"
            if self.total is not None:
                left = _span((self.total - self.done) / rate)
                line = f"{self.what}: {self.done:,} of {self.total:,} {self.unit}, {rate:,.4g}/s, {left} left"
            print(line)
            if _terminal:
                print(line, file=_terminal, flush=True)

    def finish(self):
        took = time.monotonic() - self.start
        print(f"{self.what}: {self.done:,} {self.unit} in {took:.1f} s ({self.done / max(took, 1e-9):,.4g}/s)")


def _span(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
