"""The time left: by what jobs of the same rule took, what their logs say, and how many run at a time."""

import pytest

from screen import moving
from screen.job_logs import Progress
from screen.run import Job, Run


def job(number, rule="train", threads=1, start=0.0, remote=False, log="none.log"):
    return Job(number, rule, f"model {number}", log, threads, start, remote)


@pytest.fixture
def run():
    run = Run(cores=2)
    run.plan({"train": 10, "evaluate": 10})
    return run


def finish(run, number, seconds, **about):
    run.started(job(number, **about))
    run.counted(run.ended(number), seconds)


def test_nothing_is_said_before_anything_is_known(run):
    run.started(job(1))
    assert run.left(5.0, {}) is None


def test_a_job_takes_as_long_as_the_others_of_its_rule(run):
    finish(run, 1, 20.0)
    assert run.left(0.0, {}) == ((9 * 20 + 10 * 1) / 2, False)  # most of the jobs are not measured
    finish(run, 2, 2.0, rule="evaluate")
    assert run.left(0.0, {}) == ((9 * 20 + 9 * 2) / 2, True)


def test_a_job_takes_as_many_cores_as_it_has_threads(run):
    finish(run, 1, 20.0, threads=8)
    finish(run, 2, 2.0, rule="evaluate")
    assert run.left(0.0, {}) == ((9 * 20 * 2 + 9 * 2) / 2, True)


def test_what_a_log_says_of_its_job_counts(run):
    run.started(job(1))
    left, measured = run.left(100.0, {1: Progress(0.5, 600.0)})
    assert left == 600.0 and not measured
    finish(run, 2, 20.0)
    finish(run, 3, 1.0, rule="evaluate")
    assert run.left(100.0, {1: Progress(0.9, 10.0)}) == ((10 + 8 * 20 + 9) / 2, True)


def test_jobs_elsewhere_go_on_as_many_at_a_time_as_they_have(run):
    for number in range(4):
        run.started(job(number, remote=True))
    run.counted(run.ended(0), 20.0)
    finish(run, 5, 1.0, rule="evaluate", remote=True)
    assert run.left(0.0, {}) == ((9 * 20 + 9) / 4, True)


def test_jobs_that_a_checkpoint_adds_are_counted(run):
    for number in range(12):
        finish(run, number, 1.0)
    assert run.left(0.0, {}) == (5.0, False)


def test_the_moving_line_says_what_is_done_what_is_left_and_what_runs(run, tmp_path):
    log = tmp_path / "job.log"
    assert moving.line(Run(), 0.0, 1.0, False) == "planning"
    assert moving.line(Run(), 0.0, 30.0, False) == "planning, 30 s"
    run.started(job(1))
    assert moving.line(run, 0.0, 1.0, False) == "0 of 20 jobs | train model 1"
    log.write_text("features: 50 of 100 images, 1/s, 0:01:30 left\n")
    now = log.stat().st_mtime
    run.started(job(2, rule="extract", start=now - 20, log=str(log)))
    run.started(job(3, rule="far", start=now + 100, remote=True))
    run.started(job(4, rule="all", log=""))
    assert moving.line(run, 0.0, now, False).endswith("; 50 % extract model 2, 2 min left; 1 in the queue")
    assert moving.line(run, 0.0, now, True) == "stopping, waiting for train model 1; extract model 2; far model 3"
