"""What goes wrong on a cluster: nothing is lost, nothing is wrong, and the user is told. docs/reliability.md lists it."""

import os
import re
import signal
import subprocess
import time

import pytest

from interrupted import Pause, leftovers, wait
from slurm.clone import Clone

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]
LIST = "results/tiny/images/train.csv"
FEATURES = "results/tiny/features/random/train.h5"
SHARDS = [f"results/tiny/features/random/train/0000{number}.h5" for number in range(3)]


class Paused:
    """A run whose job of list_images waits where it is about to move its file in place; ``job`` is Slurm's record of it."""

    def __init__(self, cluster, folder, minutes=30):
        self.clone, self.pause = Clone(cluster, folder / "clone"), Pause(folder / "pause", LIST)
        options = ("--set-resources", f"list_images:runtime={minutes} * attempt")
        self.run = self.clone.start(LIST, *options, **self.pause.environment)

    def wait(self):
        self.process = self.run.wait_until_paused(self.pause)
        self.job = self.clone.cluster.wait_for_job(self.clone.folder, "list_images")

    def end(self):
        self.pause.go()
        self.run.kill()


@pytest.fixture
def paused(cluster, tmp_path):
    """A run that is paused."""
    one = Paused(cluster, tmp_path)
    one.wait()
    yield one
    one.end()


def tried_twice(one, state, times=("00:30:00", "01:00:00")):
    """Whether the run ended well, after a job that ended in that state and one with twice the memory and time."""
    clone, run = one.clone, one.run
    assert run.finish() == 0, run.text[-3000:]
    first, second = clone.jobs("list_images")
    assert (first["JobState"], second["JobState"]) == (state, "COMPLETED")
    megabytes = [int(job["MinMemoryNode"].removesuffix("M")) for job in (first, second)]
    assert megabytes[1] == 2 * megabytes[0] > 0
    assert (first["TimeLimit"], second["TimeLimit"]) == times
    assert f"list_images failed (train), is tried again: {state}" in run.text, run.text
    assert (clone.folder / LIST).exists() and leftovers(clone.folder) == []
    return True


def test_a_job_that_is_killed_or_cancelled_or_over_its_time_is_noticed_and_tried_again_with_more(cluster, tmp_path):
    """Three runs side by side: a job over its time takes more than a minute."""
    killed, cancelled = Paused(cluster, tmp_path / "killed"), Paused(cluster, tmp_path / "cancelled")
    late = Paused(cluster, tmp_path / "late", minutes=1)
    try:
        for one in (killed, cancelled):
            one.wait()
        os.kill(killed.process, signal.SIGKILL)
        cluster.run("scancel", cancelled.job["JobId"])
        assert tried_twice(killed, "FAILED")
        assert tried_twice(cancelled, "CANCELLED")
        assert tried_twice(late, "TIMEOUT", times=("00:01:00", "00:02:00"))
    finally:
        for one in (killed, cancelled, late):
            one.end()


def test_a_job_over_its_memory_is_tried_again_with_more(clone):
    target = SHARDS[0]
    run = clone.start(target, "--set-resources", "extract_features:mem_mb=400 + 4000 * (attempt - 1)")
    assert run.finish() == 0, run.text[-3000:]
    first, second = clone.jobs("extract_features")
    assert first["JobState"] in ("FAILED", "OUT_OF_MEMORY") and second["JobState"] == "COMPLETED"
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("400M", "4400M")
    assert "extract_features failed (random, train, shard 0), is tried again: " in run.text
    logs = "".join(path.read_text() for path in (clone.folder / ".snakemake/slurm_logs").rglob("*.log"))
    assert "memory limit" in logs.lower(), logs[-2000:]
    assert leftovers(clone.folder) == []


@pytest.mark.parametrize("how", ["requeued", "preempted"])
def test_an_extraction_that_is_requeued_repeats_its_shard_alone(clone, tmp_path, how):
    pause = Pause(tmp_path / "pause", SHARDS[1])
    run = clone.start(FEATURES, **pause.environment)
    run.wait_until_paused(pause)
    others = [clone.folder / shard for shard in (SHARDS[0], SHARDS[2])]
    wait(
        lambda: [one["JobState"] for one in clone.jobs("extract_features")].count("COMPLETED") == 2,
        lambda: run.text[-3000:],
    )
    before = [path.stat().st_ino for path in others]
    (job,) = [one for one in clone.jobs("extract_features") if one["Comment"].endswith("_00001")]
    assert job["JobState"] == "RUNNING"
    if how == "requeued":
        clone.cluster.run("scontrol", "requeue", job["JobId"])
    else:
        clone.cluster.run("sbatch", "--partition=urgent", "--mem=60000", "--output=/dev/null", "--wrap", "sleep 5")
    assert run.finish() == 0, run.text[-3000:]
    jobs = clone.jobs("extract_features")
    assert len(jobs) == 3  # nothing was submitted again
    assert {one["JobId"]: one["Restarts"] for one in jobs}[job["JobId"]] == "1"
    assert [path.stat().st_ino for path in others] == before  # the same files: not written anew
    assert (clone.folder / FEATURES).exists() and leftovers(clone.folder) == []


def test_a_controller_that_is_away_for_a_minute_harms_no_job(paused):
    """Its job goes on. A run that asked for its state meanwhile may have stopped asking: end it, at worst with kill -9."""
    clone, run, pause, job = paused.clone, paused.run, paused.pause, paused.job
    clone.cluster.run("scontrol", "update", f"JobId={job['JobId']}", "TimeLimit=30")
    clone.cluster.kill("slurmctld", signal.SIGTERM)  # in order: it saves the state of its jobs
    try:
        pause.go()
        wait((clone.folder / LIST).exists, "the job does not end")
        time.sleep(60)
        assert run.process.poll() is None, run.text[-3000:]
    finally:
        clone.cluster.start_controller()
    wait(lambda: clone.jobs("list_images")[0]["JobState"] == "COMPLETED", "the job is not on record")
    content = (clone.folder / LIST).read_bytes()
    try:
        assert run.process.wait(40) == 0, run.text[-3000:]
    except subprocess.TimeoutExpired:
        run.process.send_signal(signal.SIGINT)
        try:
            run.process.wait(60)
        except subprocess.TimeoutExpired:
            run.kill()
            clone.run("--unlock")
        clone.run(LIST)
    assert (clone.folder / LIST).read_bytes() == content and leftovers(clone.folder) == []


def test_a_drained_node_is_waited_for_and_squeue_says_why(clone):
    node = f"NodeName={clone.cluster.host}"
    clone.cluster.run("scontrol", "update", node, "State=DRAIN", "Reason=maintenance")
    try:
        run = clone.start(LIST)
        job = clone.cluster.wait_for_job(clone.folder, "read_annotations", "PENDING")
        reason = wait(
            lambda: [r for r in [clone.jobs("read_annotations")[0]["Reason"]] if r not in ("None", "Priority")],
            "no reason is given",
        )
        assert re.match("Resources|ReqNodeNotAvail|Nodes_required_for_job_are_DOWN", reason[0]), reason
        assert run.process.poll() is None
    finally:
        clone.cluster.run("scontrol", "update", node, "State=RESUME")
    assert run.finish() == 0, run.text[-3000:]
    assert [one["JobId"] for one in clone.jobs("read_annotations")] == [job["JobId"]]


def test_snakemake_killed_while_its_jobs_run(clone, tmp_path):
    """Cancel what the killed run left in the queue, unlock, start again."""
    pause = Pause(tmp_path / "pause", LIST)
    run = clone.start(LIST, **pause.environment)
    run.wait_until_paused(pause)
    run.kill()
    job = clone.cluster.wait_for_job(clone.folder, "list_images")
    locked = clone.start(LIST)
    assert locked.finish() == 1 and "Directory cannot be locked" in locked.text
    clone.cluster.run("scancel", job["JobId"])
    wait(lambda: clone.jobs("list_images")[0]["JobState"] == "CANCELLED", "the job is not cancelled")
    assert not (clone.folder / LIST).exists()
    clone.run("--unlock")
    clone.run(LIST)
    assert (clone.folder / LIST).exists() and leftovers(clone.folder) == []
