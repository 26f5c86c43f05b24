"""Batches of pictures: what they hold, and the processes that prepare them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from spml.artifacts import pictures
from spml.finetuning.batches import PictureBatches
from spml.runtime.errors import InputError
from spml.training import seeds

COUNT, SIZE, CATEGORIES = 23, 12, 5
IDS = [f"image {row}" for row in range(COUNT)]
PIXELS = np.random.RandomState(0).randint(0, 256, (COUNT, SIZE, SIZE, 3)).astype(np.uint8)
LABELS = np.random.RandomState(1).randint(-1, 2, (COUNT, CATEGORIES)).astype(np.int8)
CHANGES = ("random_resized_crop", "flip", "randaugment")


def write(folder):
    """Write the pictures in two shards; return their paths."""
    paths = [Path(folder, f"{number:05}.h5") for number in range(2)]
    for path, part in zip(paths, (slice(10), slice(10, None)), strict=True):
        pictures.write_shard(path, IDS[part], [PIXELS[part]], "plain")
    return paths


@pytest.fixture
def paths(tmp_path):
    return write(tmp_path)


@pytest.fixture
def stored(paths):
    with pictures.reading(paths) as stored:
        yield stored


def source(stored, **options):
    return PictureBatches(stored, np.arange(COUNT), LABELS, **options)


def by_row(batches):
    """Return what came of each row: the bytes of its picture, its labels, and its view."""
    found = {}
    for batch in batches:
        assert batch.pictures.is_contiguous(memory_format=torch.channels_last)
        for number, row in enumerate(batch.rows.tolist()):
            view = batch.view.box[number].tolist(), bool(batch.view.flipped[number])
            found[row] = batch.pictures[number].numpy().tobytes(), batch.labels[number].tolist(), *view
    return found


def test_rows_in_order_come_as_they_are(stored):
    batches = list(source(stored, augment=CHANGES).in_order(10))
    assert [len(batch.rows) for batch in batches] == [10, 10, 3]
    assert torch.cat([batch.rows for batch in batches]).tolist() == list(range(COUNT))
    assert (torch.cat([batch.pictures for batch in batches]).permute(0, 2, 3, 1).numpy() == PIXELS).all()
    assert (torch.cat([batch.labels for batch in batches]).numpy() == LABELS).all()
    for batch in batches:
        assert (batch.view.box == torch.tensor([0.0, 0, 1, 1])).all() and not batch.view.flipped.any()


def test_an_epoch_is_shuffled_as_for_heads_and_keeps_the_last_rows(stored):
    batches = list(source(stored).shuffled(1200, 4, 3))
    assert [len(batch.rows) for batch in batches] == [4] * 5 + [3]
    assert torch.cat([batch.rows for batch in batches]).tolist() == seeds.shuffle(COUNT, 1200, 4, 3).tolist()
    for batch in batches:
        assert (batch.pictures.permute(0, 2, 3, 1).numpy() == PIXELS[batch.rows]).all()
        assert (batch.labels.numpy() == LABELS[batch.rows]).all()


def test_rows_of_a_source_may_be_any_pictures_in_any_order(stored):
    chosen = np.array([20, 3, 11, 0])
    some = PictureBatches(stored, chosen, LABELS[chosen], augment=CHANGES)
    assert len(some) == 4 and (torch.cat(list(some.labels())).numpy() == LABELS[chosen]).all()
    batch = next(some.in_order(4))
    assert batch.rows.tolist() == [0, 1, 2, 3]
    assert (batch.pictures.permute(0, 2, 3, 1).numpy() == PIXELS[chosen]).all()
    found, whole = by_row(some.shuffled(1200, 2, 1)), by_row(source(stored, augment=CHANGES).shuffled(1200, 2, 1))
    assert [found[row] for row in range(4)] == [whole[row] for row in chosen]


def test_labels_come_in_blocks(stored, monkeypatch):
    monkeypatch.setattr("spml.finetuning.batches.ROWS_IN_ORDER", 10)
    blocks = list(source(stored).labels())
    assert [len(block) for block in blocks] == [10, 10, 3] and (torch.cat(blocks).numpy() == LABELS).all()


def test_neither_workers_nor_batch_size_nor_order_change_a_picture_or_view(stored):
    expected = by_row(source(stored, augment=CHANGES).shuffled(1200, 4, 1))
    assert len(expected) == COUNT
    assert sum(picture != PIXELS[row].transpose(2, 0, 1).tobytes() for row, (picture, *_) in expected.items()) == COUNT
    for workers, batch_size in ((0, 1), (0, COUNT), (1, 4), (3, 4), (2, 7), (40, 9)):
        found = by_row(source(stored, augment=CHANGES, workers=workers).shuffled(1200, batch_size, 1))
        assert found == expected, (workers, batch_size)
    assert by_row(source(stored, augment=CHANGES).shuffled(1200, 4, 2)) != expected


def test_batches_of_workers_come_in_the_same_order(stored):
    alone, helped = ([batch.rows.tolist() for batch in source(stored, workers=w).shuffled(1, 2, 1)] for w in (0, 3))
    assert alone == helped
    assert [batch.rows.tolist() for batch in source(stored, workers=2).in_order(9)][2] == [18, 19, 20, 21, 22]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_generators_of_the_process_stay_as_they_are(stored, workers):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for _ in source(stored, augment=CHANGES, workers=workers).shuffled(1200, 4, 1):
        assert (torch.get_rng_state() == before).all()
    assert (torch.get_rng_state() == before).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_picture_is_told_with_file_and_row(paths, workers):
    content = bytearray(paths[1].read_bytes())
    content[content.index(PIXELS[14].tobytes()) + 5] ^= 1
    paths[1].write_bytes(content)
    with (
        pictures.reading(paths) as stored,
        pytest.raises(InputError, match=rf"^{paths[1]}: row 4 differs from what rule decode_pictures wrote: [^\n]*$"),
    ):
        list(source(stored, workers=workers).shuffled(1200, 4, 1))
    assert not children()


def children():
    """Return the ids of the processes that this process started and that run."""
    return {process.pid for process in multiprocessing.active_children()}


def ended_within(seconds):
    """Return the ids of processes that this process started and that still run after this time at most."""
    deadline = time.monotonic() + seconds
    while children() and time.monotonic() < deadline:
        time.sleep(0.05)
    return children()


def test_no_worker_outlives_an_epoch_that_ended_or_was_given_up(stored):
    for _ in source(stored, workers=2).shuffled(1200, 4, 1):
        assert len(children()) == 2
    assert not children()
    batches = source(stored, workers=2).shuffled(1200, 4, 1)
    next(batches)
    assert len(children()) == 2
    batches.close()
    assert not children()


def test_no_worker_outlives_an_error_in_training(stored):
    def train():
        for batch in source(stored, workers=2).shuffled(1200, 4, 1):
            raise ValueError(len(batch.rows))

    with pytest.raises(ValueError, match="4"):
        train()
    assert not children()


def test_the_death_of_a_worker_is_an_error_and_no_endless_wait(stored):
    start = time.monotonic()
    # PyTorch says the one or the other, by whether the signal or the empty queue is noticed first.
    with pytest.raises(RuntimeError, match=r"DataLoader worker .* (killed by signal: Killed|exited unexpectedly)"):
        for _ in source(stored, augment=CHANGES, workers=2).shuffled(1200, 1, 1):
            for worker in sorted(children())[:1]:
                os.kill(worker, signal.SIGKILL)
            time.sleep(0.2)
    assert time.monotonic() - start < 300 and not ended_within(30)


def test_workers_end_when_their_training_is_killed(tmp_path):
    write(tmp_path)
    program = (
        "import multiprocessing, time, numpy as np\n"
        "from spml.artifacts import pictures\n"
        "from spml.finetuning.batches import PictureBatches\n"
        f"with pictures.reading([{str(tmp_path / '00000.h5')!r}]) as stored:\n"
        "    for batch in PictureBatches(stored, np.arange(10), np.zeros((10, 2), np.int8), workers=2).in_order(1):\n"
        "        print(*(process.pid for process in multiprocessing.active_children()), flush=True)\n"
        "        time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tiny.ROOT / "workflow_scripts")}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment) as job:
        workers = [int(pid) for pid in job.stdout.readline().split()]
        assert len(workers) == 2 and all(Path(f"/proc/{pid}").exists() for pid in workers)
        job.kill()
    deadline = time.monotonic() + 30
    while any(runs(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [pid for pid in workers if runs(pid)]


def runs(pid):
    """Return whether a process runs; one that ended may wait for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
