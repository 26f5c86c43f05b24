"""What the screen says of a job that failed, and of an error that Snakemake reports."""

import re
from dataclasses import dataclass

from screen import job_logs
from screen.run import Job

CAUSE = "CalledProcessError"  # Snakemake's error where the script of a job ended with an error of its own
SIGNAL = re.compile(r"died with <Signals\.(\w+): \d+>|exit status (\d+)\.")
STATUS = re.compile(r"SLURM status is: '(\w+)'")
BOILERPLATE = re.compile(r"\s*For further error details see the cluster/cloud log.*", re.S)
KILLED = 128  # a shell's exit status is this and the signal's number where a signal ended its command
ADVICE_MISTAKE = "Correct it, then run the same command: what is finished stays."
ADVICE_DEFECT = "This looks like a defect of the pipeline; its log has it in full. What is finished stays."
ADVICE_KILLED = "Most often memory or time ran out. Run the same command to try again: what is finished stays."
INPUT_ERROR = re.compile(
    r"^\s*(?:spml\.runtime\.errors\.)?InputError: (.+?)(?=\nWildcards:|\nTraceback|\Z)", re.M | re.S
)


@dataclass(frozen=True)
class Failed:
    """A job that failed: when, and what Snakemake says of it; ``logs`` has those of a cluster, too."""

    job: Job
    seconds: float
    message: str
    cause: str
    logs: tuple[str, ...]


def signal_of(cause: str) -> str:
    """Return the signal that ended a job, by Snakemake's message; empty where it ended by itself."""
    match = SIGNAL.search(cause)
    if not match:
        return ""
    if match[1]:
        return match[1]
    return f"signal {int(match[2]) - KILLED}" if int(match[2]) > KILLED else ""


def in_a_line(failed: Failed) -> str:
    """Return in one line why a job failed: what its cluster says, and what its log does."""
    said = [match[1]] if (match := STATUS.search(failed.message)) else []
    told = [found for log in failed.logs if (found := job_logs.failure(log, failed.job.start)) and found.lines]
    if told:
        said.append(told[0].lines[0] if told[0].mistake else told[0].lines[-1].strip())
    elif signal := signal_of(failed.cause):
        said.append(signal)
    return ", ".join(said) or "its log says nothing"


def block(failed: Failed) -> list[str]:
    """Return the lines that say which job failed, why, and where its log lies."""
    found = [(log, job_logs.failure(log, failed.job.start)) for log in failed.logs]
    told = [(log, failure) for log, failure in found if failure and failure.lines]
    told = [(log, failure) for log, failure in told if failure.mistake][:1] or told  # the log of a cluster repeats it
    signal = signal_of(failed.cause)
    lines = [f"{failed.job.rule} failed{f' ({failed.job.words})' if failed.job.words else ''}:"]
    if signal:
        lines.append(f"    ended by {signal}")
    message = BOILERPLATE.sub("", failed.message)
    lines += [f"    {line}" for line in message.splitlines()]
    for _, failure in told:
        lines += [f"    {line}" for line in failure.lines]
    if not told and not signal and not failed.message:
        lines += [f"    {line}" for line in failed.cause.splitlines()] or ["    its log says nothing"]
    lines += [f"Log: {log}" for log, failure in found if failure is not None] or [
        f"Log: {log} (not written to)" for log in failed.logs
    ]
    return lines


def advice(failed: Failed) -> str:
    """Return what to do."""
    told = [job_logs.failure(log, failed.job.start) for log in failed.logs]
    if any(failure and failure.mistake for failure in told):
        return ADVICE_MISTAKE
    return ADVICE_KILLED if signal_of(failed.cause) or failed.job.remote else ADVICE_DEFECT


def reported(message: str) -> str:
    """Return an error that Snakemake reports, without traceback where it is a mistake of the user's."""
    if match := INPUT_ERROR.search(message):
        return f"error: {match[1].strip()}"
    return message
