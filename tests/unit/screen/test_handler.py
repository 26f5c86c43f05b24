"""What the screen says of the events of a run, fed to it as Snakemake does."""

import io
import logging
import re
import sys
import time

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase

from screen import failures, handler, start
from screen.handler import Screen, Settings
from screen.terminal import Terminal

KILLED = "RuleException:\nCalledProcessError in file x, line 1:\nCommand 'python a.py' died with <Signals.SIGKILL: 9>."
FAILED = "RuleException:\nCalledProcessError in file x, line 1:\nCommand 'python a.py' returned non-zero exit status 1."


class Output(MockOutputSettings):
    def __init__(self, **changes):
        super().__init__()
        self.printshellcmds = False
        self.__dict__.update(changes)


class TestByTheInterface(TestLogHandlerBase):
    """Snakemake's own tests of a handler."""

    __test__ = True

    def get_log_handler_cls(self):
        return Screen

    def get_log_handler_settings(self):
        return Settings()


class Fed:
    """A screen that is fed events; ``text`` is what it wrote."""

    def __init__(self, monkeypatch, folder, terminal=False, quiet=None, nothing=str):
        self.stream = io.StringIO()
        self.stream.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", self.stream)
        monkeypatch.setattr(handler, "TICK", 0.0)
        monkeypatch.delenv("TERM", raising=False)
        self.screen = Screen(Output(quiet=quiet, nocolor=True), Settings("demo", nothing))
        self.folder = folder

    @property
    def text(self):
        return self.stream.getvalue()

    def feed(self, message="", level=logging.INFO, **about):
        record = logging.LogRecord("snakemake", level, "x.py", 1, message, (), None)
        record.__dict__.update(about)
        self.screen.handle(record)

    def plan(self, **jobs):
        self.feed("", event=LogEvent.RESOURCES_INFO, cores=2)
        self.feed("", event=LogEvent.RESOURCES_INFO)  # that rules are scaled down
        self.feed("Job stats", event=LogEvent.RUN_INFO, stats=jobs | {"total": sum(jobs.values())})

    def start(self, number, rule="train", local=True, log=True, **wildcards):
        self.feed(
            event=LogEvent.JOB_INFO,
            jobid=number,
            rule_name=rule,
            wildcards=wildcards | {"dataset": "demo"},
            log=[str(self.log(number))] if log else [],
            threads=1,
            local=local,
        )

    def log(self, number):
        return self.folder / f"{number}.log"

    def finish(self, number, done, total):
        self.feed(event=LogEvent.JOB_FINISHED, job_id=number)
        self.feed(event=LogEvent.PROGRESS, done=done, total=total)

    def fail(self, number, rule="train", text="", cause=FAILED, message=None, logs=()):
        if text:
            self.log(number).write_text(text)
        self.feed(cause, logging.ERROR, event=LogEvent.ERROR, exception="RuleException")
        self.feed(
            f"Error in rule {rule}",
            logging.ERROR,
            event=LogEvent.JOB_ERROR,
            jobid=number,
            rule_name=rule,
            rule_msg=message,
            log=[str(self.log(number)), *logs],
        )

    def end_badly(self):
        self.feed("Exiting because a job execution failed. Look above for error messages", logging.ERROR)
        self.feed("WorkflowError:\nAt least one job did not complete successfully.", event=LogEvent.ERROR)


@pytest.fixture
def fed(monkeypatch, tmp_path):
    def make(**about):
        return Fed(monkeypatch, tmp_path, **about)

    return make


def test_on_a_terminal_a_job_has_a_line_above_the_one_that_moves(fed):
    run = fed(terminal=True)
    run.plan(train=2, all=1)
    run.start(1, teacher="em", seed="1200")
    run.start(2, teacher="an", seed="1200")
    run.finish(1, 1, 3)
    assert run.text.endswith("\r\x1b[K1 of 3 jobs, at least 5 s left | train an, replicate 1200")
    assert "\r\x1b[K[1/3] train                   em, replicate 1200" in run.text
    run.finish(2, 2, 3)
    run.start(3, rule="all", log=False)
    run.finish(3, 3, 3)
    assert "] all" not in run.text  # a target is no job that anybody waits for
    assert "Done: 3 jobs in 0.0 s.\n" in run.text and run.text.endswith("\n")


def test_a_line_of_a_job_fits_80_columns_and_ends_with_its_seconds(fed, monkeypatch):
    run = fed(terminal=True)
    monkeypatch.setattr(Terminal, "columns", 80)
    run.plan(evaluate=119)
    run.start(1, rule="evaluate", model="students/paper/seed_1200/tau_0.75")
    run.start(2, rule="a_rule_of_a_name_that_is_longer", model=f"students/{'paper' * 20}/seed_1200/tau_0.75")
    run.finish(1, 1, 119)
    run.finish(2, 2, 119)
    one, other = re.findall(r"\[.*s\n", run.text.replace("\r\x1b[K", ""))
    assert one == "[  1/119] evaluate                student paper, τ 0.75, replicate 1200   0.0 s\n"
    assert other == f"[  2/119] a_rule_of_a_name_that…  student {'paper' * 6}… 0.0 s\n"
    assert len(one) == len(other) == 80


def test_without_a_terminal_short_jobs_of_a_rule_share_a_line(fed, monkeypatch):
    run = fed()
    run.plan(train=3, evaluate=1)
    for number in (1, 2):
        run.start(number, seed=f"{number}")
        run.finish(number, number, 4)
    assert run.text == "4 jobs, 2 cores\n"
    run.start(3, seed="3")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    run.finish(3, 3, 4)
    assert "[3/4] train                   replicate 3" in run.text and "61.0 s\n" in run.text.splitlines(True)[1]
    assert "[3/4] train                   2 jobs" in run.text.splitlines()[2]
    run.start(4, rule="evaluate")
    run.finish(4, 4, 4)
    assert run.text.splitlines()[3].startswith("[4/4] evaluate") and all(len(x) < 100 for x in run.text.splitlines())


def test_without_a_terminal_silence_ends_after_a_while(fed, monkeypatch):
    run = fed()
    monkeypatch.setattr(handler, "TICK", 0.01)
    run.plan(train=1)
    run.start(1, teacher="em")
    run.screen.watch()
    monkeypatch.setattr(handler, "SILENT", 0.0)
    end = time.time() + 30
    while "0 of 1 jobs | train em\n" not in run.text:
        assert time.time() < end, run.text
        time.sleep(0.01)
    run.screen.close()


def test_a_mistake_is_a_block_without_a_traceback(fed):
    run = fed()
    run.plan(train=2)
    run.start(1, teacher="em", seed="1200")
    run.fail(1, text="vm: 2 cores\nerror: tags.csv: line 3: found x, wanted y\n")
    assert "failed" not in run.text  # another try or a Ctrl-C may explain it
    run.end_badly()
    assert run.text == (
        "2 jobs, 2 cores\n"
        "\n"
        "train failed (em, replicate 1200):\n"
        "    error: tags.csv: line 3: found x, wanted y\n"
        f"Log: {run.log(1)}\n"
        "\n"
        f"1 job failed; 0 of 2 are done. {failures.ADVICE_MISTAKE}\n"
    )


def test_a_failure_is_told_though_others_run_on(fed, monkeypatch):
    run = fed()
    run.plan(train=2)
    run.start(1)
    run.start(2)
    run.fail(1, text="error: x\n")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3)
    run.finish(2, 1, 2)
    run.screen._flush()
    assert "train failed:\n    error: x\n" in run.text


def test_a_defect_keeps_its_traceback(fed):
    run = fed()
    run.plan(train=1)
    run.start(1)
    run.fail(1, text="Traceback (most recent call last):\n  File x\nValueError: y\n")
    run.end_badly()
    assert "    Traceback (most recent call last):\n      File x\n    ValueError: y\n" in run.text
    assert failures.ADVICE_DEFECT in run.text


def test_a_job_that_was_killed_says_by_what(fed):
    run = fed()
    run.plan(train=1)
    run.start(1)
    run.fail(1, text="vm: 2 cores\n", cause=KILLED)
    run.end_badly()
    assert "    ended by SIGKILL\n    vm: 2 cores\n" in run.text and failures.ADVICE_KILLED in run.text


def test_a_job_without_a_log_shows_what_snakemake_says(fed):
    run = fed()
    run.plan(train=1)
    run.start(1)
    run.fail(1)
    run.end_badly()
    assert "returned non-zero exit status 1." in run.text and "1.log (not written to)\n" in run.text


def test_a_job_that_is_tried_again_is_a_line(fed):
    run = fed()
    run.plan(train=1)
    run.start(1, local=False, teacher="em")
    run.feed("Job 1 has been submitted with SLURM jobid 7 (log: x).")
    run.fail(1, text="vm: 2 cores\nerror: ended by SIGTERM: cancelled\n", message="SLURM status is: 'TIMEOUT'")
    run.feed("Trying to restart job 1.")
    run.start(1, local=False, teacher="em")
    run.finish(1, 1, 1)
    assert run.text.startswith(
        "1 job, 2 cores\ntrain failed (em), is tried again: TIMEOUT, error: ended by SIGTERM: cancelled\n[1/1] train "
    )


def test_a_job_of_a_cluster_shows_what_the_cluster_says(fed):
    run = fed()
    run.plan(train=1)
    run.start(1, local=False)
    slurm = run.folder / "slurm.log"
    slurm.write_text("slurmstepd: error: Detected 1 oom_kill event\n")
    message = "SLURM status is: 'OUT_OF_MEMORY'For further error details see the cluster/cloud log and the log files."
    run.fail(1, message=message, logs=[str(slurm)])
    run.end_badly()
    assert "    SLURM status is: 'OUT_OF_MEMORY'\n    slurmstepd: error: Detected 1 oom_kill event\n" in run.text
    assert f"Log: {slurm}\n" in run.text and failures.ADVICE_KILLED in run.text


def test_a_job_whose_output_is_missing_is_told_in_snakemakes_words(fed):
    run = fed()
    run.plan(train=1)
    run.start(1)
    run.feed("MissingOutputException in rule train:\na.h5 is missing", logging.ERROR, event=LogEvent.ERROR)
    run.end_badly()
    assert run.text == (
        "1 job, 2 cores\nMissingOutputException in rule train:\na.h5 is missing\n"
        "\nNot everything was made; 0 of 1 are done.\n"
    )


def test_all_jobs_of_a_group_are_told(fed):
    run = fed()
    run.plan(train=2)
    for number in (1, 2):
        run.start(number, local=False)
        run.log(number).write_text(f"error: {number}\n")
    jobs = [{"jobid": n, "rule_name": "train", "rule_msg": None, "log": [str(run.log(n))]} for n in (1, 2)]
    run.feed(level=logging.ERROR, event=LogEvent.GROUP_ERROR, job_error_info=jobs, aux_logs=[])
    run.end_badly()
    assert "error: 1\n" in run.text and "error: 2\n" in run.text and "2 jobs failed" in run.text


@pytest.mark.parametrize("late", [False, True])
def test_ctrl_c_is_one_sentence(fed, late):
    """The jobs get the signal, too, and may fail before Snakemake notices it."""
    run = fed()
    run.plan(train=3)
    for number in (1, 2):
        run.start(number)
    run.finish(1, 1, 3)
    steps = [
        lambda: run.feed("Terminating processes on user request, this might take some time."),
        lambda: run.fail(2, text="Traceback (most recent call last):\nKeyboardInterrupt\n", cause=KILLED),
    ]
    for step in reversed(steps) if late else steps:
        step()
    run.feed("WorkflowError:\nAt least one job did not complete successfully.", event=LogEvent.ERROR)
    run.screen.close()
    lines = run.text.splitlines()
    assert lines[0] == "3 jobs, 2 cores" and lines[1].startswith("[1/3] train")
    assert lines[2:] == [f"Stopped with 1 of 3 jobs done. {handler.GO_ON}"]


def test_ctrl_c_before_the_first_job_is_one_sentence(fed):
    run = fed()
    run.screen.explain(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert run.text == f"Stopped. {handler.GO_ON}\n"


def test_nothing_to_do_says_where_the_results_are(fed):
    run = fed(nothing=lambda: "Report: results/demo/report.html")
    run.feed("Nothing to be done (all requested files are present and up to date).")
    assert run.text.startswith("Nothing to do: ") and run.text.endswith("\n\nReport: results/demo/report.html\n")


def test_what_matters_to_a_person_is_never_lost(fed):
    run = fed()
    run.feed("Building DAG of jobs...")
    run.feed("Select jobs to execute...")
    run.feed("Some new sentence of Snakemake's.")
    run.feed("A warning.", logging.WARNING)
    run.feed("MissingInputException in rule a:\nMissing input files", logging.ERROR, event=LogEvent.ERROR)
    wrapped = "InputFunctionException in rule a, line 3:\nError:\n  InputError: a.csv: found x\nWildcards:\n\nTraceback:\n  File a"
    run.feed(wrapped, logging.ERROR, event=LogEvent.ERROR)
    assert run.text == (
        "Some new sentence of Snakemake's.\nA warning.\nMissingInputException in rule a:\nMissing input files\n"
        "error: a.csv: found x\n"
    )


def test_quiet_shows_errors_alone(fed):
    run = fed(quiet={"progress", "rules"}, terminal=True)
    run.plan(train=1)
    run.start(1)
    run.fail(1, text="error: x\n")
    run.end_badly()
    assert run.text.startswith("\ntrain failed:\n    error: x\n")
    assert run.text.endswith(f"\n\n1 job failed. {failures.ADVICE_MISTAKE}\n")


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({}, False),
        ({"quiet": {"progress", "rules"}}, False),
        ({"quiet": {"all"}}, True),
        ({"verbose": True}, True),
        ({"printshellcmds": True}, True),
        ({"debug_dag": True}, True),
        ({"dryrun": True}, True),
    ],
)
def test_snakemakes_own_text_comes_back(changes, own):
    logger, hook = logging.getLogger(start.SNAKEMAKE), sys.excepthook
    before = list(logger.handlers)
    default = logging.StreamHandler()
    default.name = start.DEFAULT
    logger.handlers = [default]
    try:
        start.begin(Output(**changes), "demo", str)
        assert (default in logger.handlers) == own and len(logger.handlers) == 1
        for there in logger.handlers:
            there.close()
    finally:
        logger.handlers, sys.excepthook = before, hook


def test_another_plugin_that_writes_is_left_alone():
    logger = logging.getLogger(start.SNAKEMAKE)
    before = list(logger.handlers)
    logger.handlers = [logging.NullHandler()]
    try:
        start.begin(Output(), "demo", str)
        assert [type(there) for there in logger.handlers] == [logging.NullHandler]
    finally:
        logger.handlers = before
