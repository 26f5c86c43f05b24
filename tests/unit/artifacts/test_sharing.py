"""The key of shared features: equal only where the bytes of all pictures are."""

import os

import pytest

from spml.artifacts import manifest, sharing
from spml.runtime.errors import InputError


@pytest.fixture
def listed(tmp_path):
    """A manifest of two files, and their paths."""
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    for path in paths:
        with open(path, "w") as file:
            file.write(path[-5])
    where = str(tmp_path / "00000.csv")
    manifest.write(where, [(os.path.basename(path), os.path.basename(path), path) for path in paths])
    return where, paths


def test_other_bytes_of_the_same_size_and_time_are_another_key(listed):
    where, paths = listed
    before, status = sharing.pictures(where), os.stat(paths[0])
    assert sharing.pictures(where) == before
    with open(paths[0], "w") as file:
        file.write("c")
    os.utime(paths[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert sharing.pictures(where) != before


def test_the_order_of_pictures_counts(listed):
    where, paths = listed
    before = sharing.pictures(where)
    manifest.write(where, [(name, name, path) for name, path in zip("ab", reversed(paths), strict=True)])
    assert sharing.pictures(where) != before


def test_a_picture_that_cannot_be_read_is_equal_to_nothing(listed):
    where, paths = listed
    os.unlink(paths[1])
    assert sharing.pictures(where) != sharing.pictures(where)


def test_a_picture_that_changed_meanwhile_is_refused(listed):
    where, paths = listed
    shared = sharing.key(where, [where], {"shard": "00000"})
    sharing.require_same(where, paths, shared)
    with open(paths[1], "w") as file:
        file.write("c")
    with pytest.raises(InputError, match=r"00000.csv: its pictures changed while features were computed"):
        sharing.require_same(where, paths, shared)


def test_checksums_that_were_damaged_are_made_again(listed):
    where, _ = listed
    before = sharing.pictures(where)
    with open(where.replace(".csv", ".checksums.json"), "w") as file:
        file.write("{")
    assert sharing.pictures(where) == before
