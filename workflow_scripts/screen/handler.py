"""The screen as a log handler of Snakemake's, by its interface of logger plugins."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase, OutputSettingsLoggerInterface

from screen import failures, moving, phrases, words
from screen.failures import Failed
from screen.run import Job, Run
from screen.terminal import Terminal

HELD = 2.0  # seconds that a failure waits for what explains it: a Ctrl-C, another try
SILENT = 30.0  # seconds without a line, where there is no terminal, after which one says how far the run is
TICK = 0.5  # seconds between looks at the logs of jobs
FAR = 5.0  # seconds between them where jobs run elsewhere: their logs lie on a file system that many share
SHORT = 10.0  # seconds; where there is no terminal, jobs that take less share a line per rule
RULE = 22  # columns of a rule's name
GO_ON = "Run the same command to go on: what is finished stays."


@dataclass
class Settings(LogHandlerSettingsBase):
    """What the screen is told of the workflow.

    Parameters
    ----------
    dataset : str
        The data set of the run, which lines do not repeat.
    nothing : callable
        Returns what to say after a run that had nothing to do: Snakemake calls no hook of the workflow then.
    """

    dataset: str = ""
    nothing: Callable[[], str] = field(default=str)


def quietness(output: OutputSettingsLoggerInterface) -> set[str]:
    """Return what --quiet names: all, host, progress, reason, rules."""
    return {str(getattr(kind, "name", kind)).lower() for kind in output.quiet or ()}


class Screen(LogHandlerBase):
    """One line a job, a moving line of what runs now, a block for what failed."""

    settings: Settings

    def __post_init__(self) -> None:
        self._quiet = bool({"progress", "rules"} & quietness(self.common_settings))
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.terminal = Terminal(stream, not self.common_settings.nocolor, os.environ)
        self.run = Run()
        self._start = self._wrote = time.time()
        self._looked = 0.0
        self._stopped = self._over = False
        self._causes: dict[int, tuple[str, float]] = {}  # by thread: the error that goes before the one of its job
        self._held: list[tuple[Failed, float]] = []
        self._advice: list[str] = []  # an entry per job that failed
        self._short: dict[str, list[float]] = {}
        self._end = threading.Event()

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def watch(self) -> None:
        """Look at the logs of jobs every TICK seconds from now on, until the handler is closed."""
        threading.Thread(target=self._watch, daemon=True).start()

    def explain(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        """Print an exception that nothing caught; a Ctrl-C while no job runs needs no traceback."""
        self.close()
        if issubclass(kind, KeyboardInterrupt):
            self.terminal.line(f"Stopped. {GO_ON}")
        else:
            sys.__excepthook__(kind, error, trace)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of Snakemake's."""
        try:
            self._take(record, record.getMessage() if record.msg else "")
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Say what is left to say, and take the moving line away."""
        with self.lock or threading.RLock():
            if not self._end.is_set():
                self._end.set()
                self._flush(at_once=True)
                self.terminal.move("")
        super().close()

    # -- records

    def _take(self, record: logging.LogRecord, message: str) -> None:
        """Say what a record means, if it means anything to a person."""
        event = getattr(record, "event", None)
        known: dict[Any, Callable[[Mapping[str, Any]], None]] = {
            LogEvent.RUN_INFO: self._planned,
            LogEvent.RESOURCES_INFO: self._resources,
            LogEvent.JOB_INFO: self._job_started,
            LogEvent.JOB_FINISHED: self._job_finished,
            LogEvent.PROGRESS: self._progress,
            LogEvent.JOB_ERROR: self._job_failed,
            LogEvent.GROUP_ERROR: self._group_failed,
        }
        if event in known:
            known[event](record.__dict__)
        elif event == LogEvent.ERROR:
            self._error(message, record.thread or 0)
        elif event is None:
            self._text(message, record.levelno)
        self._show()

    def _planned(self, record: Mapping[str, Any]) -> None:
        stats = dict(record["stats"])
        total = stats.pop("total", sum(stats.values()))
        self.run.plan(stats)
        self.run.total = total
        if not self._quiet:
            cores = f", {self.run.cores} cores" if self.run.cores > 1 else ""
            self._say(f"{words.jobs(total)}{cores}")

    def _resources(self, record: Mapping[str, Any]) -> None:
        self.run.cores = int(record.get("cores") or self.run.cores)

    def _job_started(self, record: Mapping[str, Any]) -> None:
        log = next(iter(record["log"]), "")
        about = words.of_job(record["wildcards"], self.settings.dataset)
        remote = not record["local"]
        now = time.time()
        self.run.started(Job(record["jobid"], record["rule_name"], about, log, record["threads"], now, remote))

    def _job_finished(self, record: Mapping[str, Any]) -> None:
        job = self.run.ended(record["job_id"])
        if job is None:
            return
        seconds = time.time() - job.start
        self.run.counted(job, seconds)
        self.run.done += 1
        if not job.log or self._quiet:  # a target has no log
            return
        if self.terminal.moves or seconds >= SHORT:
            self._line(job.rule, job.words, seconds)
        else:
            self._short.setdefault(job.rule, []).append(seconds)
        if self.run.finished[job.rule] >= self.run.planned[job.rule]:
            self._line_of_short(job.rule)

    def _progress(self, record: Mapping[str, Any]) -> None:
        self.run.done, self.run.total = record["done"], record["total"]
        if self.run.done == self.run.total:
            self._flush(at_once=True)
            self._say(f"Done: {words.jobs(self.run.total)} in {words.duration(time.time() - self._start)}.")

    def _job_failed(self, record: Mapping[str, Any]) -> None:
        now = time.time()
        unknown = Job(record["jobid"], record["rule_name"], "", "", 1, self._start)
        job = self.run.ended(record["jobid"]) or unknown
        cause, _ = self._causes.pop(record.get("thread", 0), ("", now))
        message = str(record.get("rule_msg") or "")
        self._held.append((Failed(job, now - job.start, message, cause, tuple(record["log"])), now))

    def _group_failed(self, record: Mapping[str, Any]) -> None:
        for job in record["job_error_info"]:
            self._job_failed(job | {"log": [*job["log"], *record["aux_logs"]]})

    def _error(self, message: str, thread: int) -> None:
        if failures.CAUSE in message:
            self._causes[thread] = message, time.time()
        elif phrases.ENDED in message:
            self._ended_badly()
        else:
            self._flush(at_once=True)
            self._say(failures.reported(message), "red")

    def _text(self, message: str, level: int) -> None:
        if message.startswith(phrases.INTERRUPTED):
            self._stopped = True
            self._held.clear()
            self._causes.clear()
        elif message.startswith(phrases.RESTART):
            self._restarted(int(message.removeprefix(phrases.RESTART).rstrip(".")))
        elif message.startswith(phrases.NOTHING):
            self._say("Nothing to do: what was asked for is there and up to date.")
            if said := self.settings.nothing():
                self._say(f"\n{said}")
        elif message and not message.startswith(phrases.CHATTER) and phrases.SUBMITTED not in message:
            style = "red" if level >= logging.ERROR else "yellow" if level >= logging.WARNING else ""
            self._say(message, style)

    def _restarted(self, number: int) -> None:
        """Say in one line that a job failed and is tried again."""
        for failed, _ in [entry for entry in self._held if entry[0].job.number == number]:
            about = f" ({failed.job.words})" if failed.job.words else ""
            self._say(f"{failed.job.rule} failed{about}, is tried again: {failures.in_a_line(failed)}", "yellow")
        self._held = [entry for entry in self._held if entry[0].job.number != number]

    def _ended_badly(self) -> None:
        """Say how a run ended whose jobs are not all done."""
        if self._over:
            return
        self._over = True
        if self._stopped:
            self._held.clear()
            self._causes.clear()
            self._flush(at_once=True)
            done = "" if self._quiet else f" with {self.run.done:,} of {self.run.total:,} jobs done"
            self._say(f"Stopped{done}. {GO_ON}")
            return
        self._flush(at_once=True)
        failed = f"{words.jobs(len(self._advice))} failed" if self._advice else "Not everything was made"
        done = "" if self._quiet else f"; {self.run.done:,} of {self.run.total:,} are done"
        self._say(" ".join([f"\n{failed}{done}.", *dict.fromkeys(self._advice)]))

    # -- lines

    def _line(self, rule: str, about: str, seconds: float) -> None:
        """Write the line of a finished job."""
        columns = min(self.terminal.columns - 1, 100)
        total = f"{self.run.total:,}"
        count = f"[{self.run.done:>{len(total)},}/{total}] "
        took = f" {words.duration(seconds)}"
        middle = columns - len(count) - len(took)
        name = words.pad(rule, min(RULE, middle))
        self._say(f"{count}{words.pad(f'{name}  {about}', middle)}{took}")

    def _line_of_short(self, rule: str) -> None:
        """Write the line of a rule's jobs that have had none of their own."""
        if seconds := self._short.pop(rule, None):
            self._line(rule, words.jobs(len(seconds)) if len(seconds) > 1 else "", sum(seconds))

    def _say(self, text: str, style: str = "") -> None:
        """Write a lasting line; it counts as a sign of life."""
        self.terminal.line(text, style)
        self._wrote = time.time()

    def _flush(self, at_once: bool = False) -> None:
        """Write the blocks of jobs that failed, once nothing else can explain it, and at the end the lines of short jobs."""
        now = time.time()
        if at_once:
            for rule in list(self._short):
                self._line_of_short(rule)
        if self._stopped:
            return
        for failed, moment in list(self._held):
            if at_once or now - moment > HELD:
                self._held.remove((failed, moment))
                first, *rest = failures.block(failed)
                self._say(f"\n{first}", "red")
                self._say("\n".join(rest))
                self._advice.append(failures.advice(failed))
        for thread, (cause, moment) in list(self._causes.items()):
            if at_once or now - moment > HELD:
                del self._causes[thread]
                self._say(failures.reported(cause), "red")

    def _watch(self) -> None:
        """Keep the moving line up to date, or, without a terminal, write a line where there was none for long."""
        while not self._end.wait(TICK):
            self.acquire()
            try:
                if not self._end.is_set():
                    self._flush()
                    self._show()
                    if not self.terminal.moves and time.time() - self._wrote > SILENT and not self._quiet:
                        self._say(self._now())
            finally:
                self.release()

    def _show(self) -> None:
        """Show the moving line as it is now, once a TICK at most."""
        if not self.terminal.moves or self._quiet or self._end.is_set():
            return
        if self._over or (self.run.done > 0 and self.run.done == self.run.total):
            self.terminal.move("")
        elif time.time() - self._looked >= (FAR if any(job.remote for job in self.run.running.values()) else TICK):
            self.terminal.move(self._now())
            self._looked = time.time()

    def _now(self) -> str:
        """Return the moving line."""
        return moving.line(self.run, self._start, time.time(), self._stopped)
