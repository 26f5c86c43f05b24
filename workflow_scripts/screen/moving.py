"""The moving line: jobs done of all, the time left, and what runs now with its own progress."""

from screen import job_logs, words
from screen.job_logs import Progress
from screen.run import Job, Run

SOON = 5.0  # seconds from which on the line says for how long a job has been running


def line(run: Run, start: float, now: float, stopped: bool) -> str:
    """Return the moving line of a run that began at ``start``; ``stopped``: it waits for its jobs to end."""
    if not run.total:
        return f"planning, {words.about(now - start)}" if now - start > SOON else "planning"
    jobs = sorted((job for job in run.running.values() if job.log), key=lambda job: job.start)
    waiting = [job for job in jobs if job.remote and not job_logs.begun(job.log, job.start)]
    far = {}
    for job in jobs:
        if found := job_logs.progress(job.log, job.start, now):
            far[job.number] = found
    if stopped:
        names = "; ".join(f"{job.rule} {job.words}".rstrip() for job in jobs)
        return f"stopping, waiting for {names}" if names else "stopping"
    text = _counts(run, far, now)
    parts = [_part(job, far.get(job.number), now) for job in jobs if job not in waiting]
    if waiting:
        parts.append(f"{len(waiting):,} in the queue")
    return f"{text} | {'; '.join(parts)}" if parts else text


def _counts(run: Run, far: dict[int, Progress], now: float) -> str:
    """Return how many jobs are done, and the time left where something is known of it."""
    text = f"{run.done:,} of {run.total:,} jobs"
    if estimate := run.left(now, far):
        left, measured = estimate
        text += f", {'about' if measured else 'at least'} {words.about(left)} left"
    return text


def _part(job: Job, far: Progress | None, now: float) -> str:
    """Return what runs, after how far it is: the end of the line is what a narrow terminal cuts."""
    name = f"{job.rule} {job.words}".rstrip()
    if far is not None:
        return f"{100 * far.share:.0f} % {name}, {words.about(far.left)} left"
    return f"{name}, {words.about(now - job.start)}" if now - job.start > SOON else name
