"""Shards of decoded pictures."""

import multiprocessing
from pathlib import Path

import h5py
import numpy as np
import pytest

import forge
from spml.artifacts import pictures
from spml.runtime.errors import InputError

SIZE, COUNTS = 8, (3, 1, 5)
PIXELS = np.random.RandomState(0).randint(0, 256, (sum(COUNTS), SIZE, SIZE, 3)).astype(np.uint8)
IDS = [f"{row:03}" for row in range(len(PIXELS))]


def write(folder, batch=2, pixels=PIXELS, preprocessing="plain"):
    """Write the pictures in shards of COUNTS, as results would hold them; return the paths."""
    paths, start = [], 0
    for number, count in enumerate(COUNTS):
        path = Path(folder, "results", "tiny", "pictures", f"{number:05}.h5")
        rows = range(start, start + count)
        batches = [pixels[first : min(first + batch, rows.stop)] for first in rows[::batch]]
        shape = pictures.write_shard(path, [IDS[row] for row in rows], batches, preprocessing)
        assert shape == (count, pixels.shape[1])
        paths.append(path)
        start += count
    return paths


@pytest.fixture
def paths(tmp_path):
    return write(tmp_path)


def read_all(paths):
    with pictures.reading(paths) as stored:
        return stored.read(np.arange(len(stored.image_id)))


def test_shards_are_read_as_one_in_any_order(paths):
    rows = np.array([8, 0, 3, 3, 4])
    with pictures.reading(paths) as stored:
        stored.prefetch(rows)
        found = stored.read(rows)
        assert (stored.image_id, stored.size, stored.preprocessing) == (IDS, SIZE, "plain")
        out = np.empty_like(found)
        assert np.shares_memory(stored.read(rows, out), out) and (out == found).all()
    assert found.dtype == np.uint8 and (found == PIXELS[rows]).all()


def test_other_programs_read_a_shard_as_hdf5(paths):
    with h5py.File(paths[0]) as file:
        assert (file["picture"][:] == PIXELS[:3]).all() and file["picture"].chunks is None
        assert list(file["image_id"].asstr()) == IDS[:3]


def test_the_size_of_a_batch_changes_no_byte(tmp_path):
    one, other = write(tmp_path / "one", 1), write(tmp_path / "other", 100)
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_picture_too_few_is_a_defect(tmp_path):
    with pytest.raises(RuntimeError, match="2 pictures came for 3 images"):
        pictures.write_shard(tmp_path / "a.h5", IDS[:3], [PIXELS[:2]], "plain")
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            {"pixels": PIXELS[:, :6, :6].copy()},
            "size: .*00000.h5 has 8, .*00001.h5 has 6; shards that are read together",
        ),
        ({"preprocessing": "bicubic"}, "preprocessing: .*00000.h5 has 'plain', .*00001.h5 has 'bicubic'"),
    ],
)
def test_shards_that_were_resized_otherwise_are_refused(paths, tmp_path, other, told):
    second = write(tmp_path / "other", **other)[1]
    with pytest.raises(InputError, match=told), pictures.reading([paths[0], second]):
        pass


def test_a_missing_shard_is_named_with_its_rule(paths):
    paths[1].unlink()
    with (
        pytest.raises(InputError, match=r"00001.h5: found no such shard of pictures; rule decode_pictures"),
        pictures.reading(paths),
    ):
        pass


def test_a_shard_at_the_place_of_another_is_refused(paths):
    forge.move(paths[0], paths[2])
    with pytest.raises(
        InputError, match=r"found results/tiny/pictures/00000.h5, wanted results/tiny/pictures/00002.h5"
    ):
        read_all(paths[2:])


def test_a_damaged_picture_is_told_with_file_and_row_when_it_is_read(paths):
    content = bytearray(paths[2].read_bytes())
    content[content.index(PIXELS[6].tobytes()) + 5] ^= 1
    paths[2].write_bytes(content)
    with pictures.reading(paths) as stored:
        stored.read(np.array([0, 5, 7]))
        with pytest.raises(
            InputError, match=r"00002.h5: row 2 differs from what rule decode_pictures wrote: .* delete"
        ):
            stored.read(np.array([5, 6]))


def test_every_byte_around_the_pictures_is_compared_before_the_first_is_read(paths):
    content = paths[0].read_bytes()
    pixels = content.index(PIXELS[:3].tobytes())
    around = [*range(0, pixels, 7), *range(pixels + PIXELS[:3].size, len(content), 7)]
    for byte in around:
        damaged = bytearray(content)
        damaged[byte] ^= 4
        paths[0].write_bytes(damaged)
        with pytest.raises(InputError, match=r"00000.h5: its bytes differ"), pictures.reading(paths):
            pass


@pytest.mark.parametrize("length", [0, 100, 700, -1])
def test_a_shard_that_was_cut_short_is_refused(paths, length):
    paths[0].write_bytes(paths[0].read_bytes()[:length])
    with pytest.raises(InputError, match=r"00000.h5: its bytes differ"):
        read_all(paths)


def test_a_picture_that_a_forked_process_compared_is_not_compared_again(paths):
    with pictures.reading(paths) as stored:
        process = multiprocessing.get_context("fork").Process(target=stored.read, args=(np.array([1, 8]),))
        process.start()
        process.join()
        assert process.exitcode == 0
        assert stored.mapped._checked.nonzero()[0].tolist() == [1, 8]
