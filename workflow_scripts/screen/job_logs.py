"""What the log of a job says: how far it is, and why it failed."""

import os
import re
from dataclasses import dataclass

TAIL = 16384  # bytes of a log's end that are read
SHOWN = 12  # lines of a log's end, where it names no error
CLOCKS = 2.0  # seconds that the clocks of two machines may differ
TRACEBACK = "Traceback (most recent call last):"
_PROGRESS = re.compile(
    r"^.+: (?P<done>[\d,]+) of (?P<total>[\d,]+) .+, [\d.,e+]+/s, (?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d) left$"
)
_ENDED = re.compile(r"^.+: [\d,]+ .+ in [\d.,]+ s \(.+/s\)$")


@dataclass(frozen=True)
class Progress:
    """How far a job is: its share from 0 to 1, and the seconds left."""

    share: float
    left: float


@dataclass(frozen=True)
class Failure:
    """Why a job failed: lines of its log, and whether they tell a mistake that the user can correct."""

    lines: tuple[str, ...]
    mistake: bool


def _tail(path: str, since: float) -> tuple[list[str], float] | None:
    """Return the last lines of a log and the time of its last write; None where it is not of a job begun ``since``."""
    try:
        with open(path, "rb") as file:
            about = os.fstat(file.fileno())
            if about.st_mtime < since - CLOCKS:
                return None
            file.seek(max(0, about.st_size - TAIL))
            text = file.read()
    except OSError:  # a log that is not there, or no longer
        return None
    return text.decode("utf-8", "replace").splitlines(), about.st_mtime


def begun(path: str, since: float) -> bool:
    """Return whether a job has written to its log since that time."""
    return _tail(path, since) is not None


def progress(path: str, since: float, now: float) -> Progress | None:
    """Return how far the log says its job is; None where it does not say."""
    tail = _tail(path, since)
    if tail is None:
        return None
    lines, modified = tail
    for line in reversed(lines):
        if _ENDED.match(line):
            return None
        if match := _PROGRESS.match(line):
            done, total = (int(match[name].replace(",", "")) for name in ("done", "total"))
            left = 3600 * int(match["hours"]) + 60 * int(match["minutes"]) + int(match["seconds"])
            return Progress(done / max(total, 1), max(0.0, left - max(0.0, now - modified)))
    return None


def failure(path: str, since: float) -> Failure | None:
    """Return why the log says its job failed; None where the job has not written to it."""
    tail = _tail(path, since)
    if tail is None:
        return None
    lines = [line.rstrip() for line in tail[0] if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith("error: ")]
    if starts:
        return Failure(tuple(lines[starts[-1] :]), mistake=True)
    traces = [number for number, line in enumerate(lines) if line == TRACEBACK]
    return Failure(tuple(lines[traces[-1] :] if traces else lines[-SHOWN:]), mistake=False)
