"""What the log of a job says: how far it is, as Progress writes it, and why it failed."""

import os
import time

import pytest

from screen import job_logs
from spml.runtime import log

BEGIN = "vm: a processor, 1 of 2 cores\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.log"


def test_progress_is_read_from_what_jobs_write(path, monkeypatch, capsys):
    monkeypatch.setattr(log, "INTERVAL", 0.0)
    progress = log.Progress("unpacking a, b: c.zip", 2000, "files")
    progress.start -= 10
    progress.advance(500)
    written = capsys.readouterr().out
    path.write_text(BEGIN + written)
    now = os.stat(path).st_mtime
    found = job_logs.progress(str(path), now - 11, now + 4)
    assert found.share == 0.25 and found.left == pytest.approx(26, abs=1)
    progress.advance(1500)
    progress.finish()
    path.write_text(BEGIN + written + capsys.readouterr().out + "2,000 files\n")
    assert job_logs.progress(str(path), now - 11, now) is None


def test_a_log_of_an_earlier_run_says_nothing(path):
    path.write_text(f"{BEGIN}features: 1 of 2 images, 1/s, 0:00:01 left\nerror: earlier\n")
    os.utime(path, (1000, 1000))
    now = time.time()
    assert not job_logs.begun(str(path), now) and job_logs.begun(str(path), 999)
    assert job_logs.progress(str(path), now, now) is None
    assert job_logs.failure(str(path), now) is None and job_logs.failure(str(path.parent / "none"), now) is None


def test_the_error_of_a_mistake_is_its_sentence(path):
    path.write_text(f"{BEGIN}warning: w\nerror: a.csv: line 3: found x\nwanted y\n")
    assert job_logs.failure(str(path), 0) == job_logs.Failure(("error: a.csv: line 3: found x", "wanted y"), True)


def test_the_error_of_a_defect_is_its_last_traceback(path):
    trace = f'{job_logs.TRACEBACK}\n  File "a.py", line 1, in <module>\nValueError: x'
    path.write_text(f"{BEGIN}{trace}\n\nDuring handling of the above exception\n\n{trace}\n")
    failure = job_logs.failure(str(path), 0)
    assert failure == job_logs.Failure(tuple(trace.splitlines()), False)


def test_a_log_without_an_error_shows_its_last_lines(path):
    path.write_text("".join(f"line {number}\n" for number in range(50000)))
    failure = job_logs.failure(str(path), 0)
    assert failure.lines == tuple(f"line {number}" for number in range(49988, 50000)) and not failure.mistake
