"""The state of a run: what is done, what runs, and how long the rest may take."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from screen.job_logs import Progress

FEW = 1.0  # seconds that a job of a rule takes at least, as long as none of its jobs is done
KNOWN = 0.7  # the share of the jobs left whose rules have been measured, from which on an estimate is one


@dataclass(frozen=True)
class Job:
    """A job that was started, or submitted where it is remote; ``log`` is empty where it has none, as a target."""

    number: int
    rule: str
    words: str
    log: str
    threads: int
    start: float
    remote: bool = False


@dataclass
class Run:
    """See the module; times are seconds of one clock."""

    cores: int = 1
    done: int = 0
    total: int = 0
    planned: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    running: dict[int, Job] = field(default_factory=dict)
    most: int = 1  # jobs at a time
    _seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _threads: dict[str, int] = field(default_factory=dict)

    def plan(self, jobs: Mapping[str, int]) -> None:
        """Take the number of jobs of each rule."""
        self.planned = Counter(jobs)
        self.total = sum(jobs.values())

    def started(self, job: Job) -> None:
        """Take a job that begins."""
        self.running[job.number] = job
        self.most = max(self.most, len(self.running))
        self._threads[job.rule] = job.threads

    def ended(self, number: int) -> Job | None:
        """Return a job that runs no longer, whether it is finished or failed."""
        return self.running.pop(number, None)

    def counted(self, job: Job, seconds: float) -> None:
        """Take how long a finished job took."""
        self.finished[job.rule] += 1
        self.planned[job.rule] = max(self.planned[job.rule], self.finished[job.rule])
        self._seconds[job.rule] += seconds

    def left(self, now: float, progress: Mapping[int, Progress]) -> tuple[float, bool] | None:
        """Return the seconds left, and whether most of them are measured; None before anything is known.

        A job takes as long as the others of its rule did, or FEW seconds where none is done. A running job takes what its log
        says, where that is more. Jobs share the cores; jobs elsewhere go on as many at a time as they have so far.
        """
        waiting = {rule: count - self.finished[rule] for rule, count in self.planned.items()}
        remote = any(job.remote for job in self.running.values())
        places = self.most if remote else self.cores
        work = longest = 0.0
        for job in self.running.values():
            waiting[job.rule] = waiting.get(job.rule, 0) - 1
            rest = max(0.0, self._mean(job.rule) - (now - job.start))
            if job.number in progress:
                rest = progress[job.number].left
            work += rest * self._share(job.rule, places, remote)
            longest = max(longest, rest)
        open_jobs = {rule: count for rule, count in waiting.items() if count > 0}
        for rule, count in open_jobs.items():
            work += count * self._mean(rule) * self._share(rule, places, remote)
        if not self.finished and not progress:
            return None
        known = sum(count for rule, count in open_jobs.items() if self.finished[rule])
        measured = known >= KNOWN * sum(open_jobs.values())
        return max(longest, work / max(places, 1)), measured

    def _mean(self, rule: str) -> float:
        """Return the seconds that a job of a rule takes, as far as is known."""
        return self._seconds[rule] / self.finished[rule] if self.finished[rule] else FEW

    def _share(self, rule: str, places: int, remote: bool) -> int:
        """Return the places that a job of a rule takes."""
        return 1 if remote else min(self._threads.get(rule, 1), places)
