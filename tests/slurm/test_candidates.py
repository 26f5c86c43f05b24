"""Models whose backbone is trained, on a real Slurm: a candidate is a job of one GPU, which goes on after a requeue."""

import re

import pytest

from interrupted import leftovers, wait
from slurm.clone import ONE, Clone

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]
MODEL = "results/tiny/teachers/em/seed_1200"
CANDIDATE = f"{MODEL}/candidates/bs8_lr0.01"
EPOCHS = 60  # many short ones: a job is found in the middle of them, however slow the machine
TUNED = {"loss": "em", "mode": "end_to_end", "epochs": EPOCHS, "batch_sizes": [8], "learning_rates": [0.01]}


def candidate_files(clone):
    """The files of the candidate, by name."""
    return {path.name: path.read_bytes() for path in (clone.folder / CANDIDATE).iterdir() if path.name[0] != "."}


@pytest.fixture(scope="module")
def undisturbed(cluster, tmp_path_factory):
    """The files of the candidate, made without Slurm and without interruption."""
    clone = Clone(cluster, tmp_path_factory.mktemp("undisturbed") / "clone")
    clone.configure(ONE | {"teachers/em": TUNED})
    clone.run(f"{CANDIDATE}/checkpoint.safetensors", profile=None)
    return candidate_files(clone)


@pytest.mark.parametrize("how", ["requeued", "preempted"])
def test_a_candidate_goes_on_after_its_last_epoch_to_the_same_bytes(cluster, tmp_path, undisturbed, how):
    clone = Clone(cluster, tmp_path / "clone")
    clone.configure(ONE | {"teachers/em": TUNED})
    checkpoint = f"{CANDIDATE}/checkpoint.safetensors"
    run = clone.start(checkpoint)
    wait(lambda: (clone.folder / CANDIDATE / "state.safetensors").exists(), lambda: run.text[-3000:], run)
    job = cluster.wait_for_job(clone.folder, "train_candidate")
    if how == "requeued":
        cluster.run("scontrol", "requeue", job["JobId"])
    else:
        cluster.run("sbatch", "--partition=urgent", "--mem=60000", "--output=/dev/null", "--wrap", "sleep 5")
    assert run.finish() == 0, run.text[-3000:] + clone.logs()
    (record,) = clone.jobs("train_candidate")  # nothing was submitted again
    assert (record["JobId"], record["Restarts"], record["JobState"]) == (job["JobId"], "1", "COMPLETED")
    assert "gpu:1" in record["TresPerJob"] and record["TimeLimit"] == "01:00:00"
    (log,) = (clone.folder / "results/tiny/logs/train_candidate").rglob("*.log")
    text = log.read_text()
    done = re.search(rf"training goes on after epoch (\d+) of {EPOCHS}", text)
    assert done and 0 < int(done[1]) < EPOCHS, text
    assert candidate_files(clone) == undisturbed
    assert set(undisturbed) == {"checkpoint.safetensors", "history.csv"}
    assert leftovers(clone.folder) == []
