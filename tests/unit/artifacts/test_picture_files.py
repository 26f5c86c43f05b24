"""Pictures as files of their own, and as members of tars, read alike."""

import hashlib
import io
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from spml.artifacts import picture_files
from spml.artifacts.picture_files import Member
from spml.features.images import read_batches, read_image
from spml.features.preprocessing import Preprocessing
from spml.runtime.errors import InputError


@pytest.fixture
def both(tmp_path):
    """Paths of the same pictures in a folder and in a tar, in protocol order."""
    random = np.random.RandomState(0)
    files, members = [], []
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for number in range(9):
            path = tmp_path / f"{number}.{'png' if number % 2 else 'jpg'}"
            pixels = random.randint(0, 255, (40, 30 + number, 3), np.uint8)
            Image.fromarray(pixels).resize((400, 300)).save(path)
            tar.add(path, path.name)
            files.append(str(path))
    with tarfile.open(tmp_path / "x.tar") as tar:
        members = [Member(str(tmp_path / "x.tar"), entry.offset_data, entry.size, entry.name).path for entry in tar]
    return files, members


def test_pictures_in_a_tar_are_those_in_a_folder(both):
    files, members = both
    assert [picture_files.sha256(path) for path in members] == [picture_files.sha256(path) for path in files]
    assert [picture_files.size(path) for path in members] == [os.path.getsize(path) for path in files]
    how = Preprocessing(64)
    for one, other in zip(read_batches(files, how, 4, 2), read_batches(members, how, 4, 2), strict=True):
        assert np.array_equal(one, other)
    back = list(read_batches(members[::-1], how, 4, 2))  # out of the order of the tar: reads jump
    assert np.array_equal(np.concatenate(back)[::-1], np.concatenate(list(read_batches(files, how, 9, 1))))


def test_threads_share_an_open_tar(both):
    files, members = both
    wanted = [picture_files.sha256(path) for path in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(picture_files.sha256, members * 20)) == wanted * 20


@pytest.mark.parametrize("block", [1, 7, picture_files.WHOLE])
def test_a_member_is_read_as_a_file_of_its_bytes(tmp_path, block):
    (tmp_path / "x.tar").write_bytes(bytes(range(200)))
    with picture_files.open_picture(f"{tmp_path}/x.tar//50+100//a", block) as file:
        like = io.BytesIO(bytes(range(50, 150)))
        for position, whence, count in [
            (0, 0, 3),
            (10, 1, 5),
            (-7, 2, 20),
            (99, 0, 2),
            (100, 0, 1),
            (130, 0, 1),
            (0, 0, -1),
        ]:
            assert file.seek(position, whence) == like.seek(position, whence)
            assert file.read(count) == like.read(count) and file.tell() == like.tell()


def test_the_ending_of_a_tar_may_be_in_capitals():
    assert picture_files.member("a/B.TAR//512+10//x.png") == ("a/B.TAR", 512, 10, "x.png")


def test_a_path_names_a_member_as_it_was_written():
    for member in (Member("a b/x.tar", 512, 3, "k/ü//1+2//y.jpg"), Member("s3://bucket/p/x.tar", 0, 0, "x.tar")):
        assert picture_files.member(member.path) == member
    for path in ("a/b.jpg", "x.tar", "x.tar/1+2/a.jpg", "x.zip//1+2//a.jpg"):
        assert picture_files.member(path) is None


def test_a_tar_that_became_shorter_is_refused(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"0" * 100)
    with pytest.raises(InputError, match="has 100 bytes, fewer than when it was indexed"):
        read_image(f"{tmp_path}/x.tar//90+20//a.jpg", Preprocessing(8))
    with pytest.raises(InputError, match="no such file"):
        read_image(f"{tmp_path}/y.tar//90+20//a.jpg", Preprocessing(8))


def test_tars_of_storage_lie_where_the_job_has_them():
    paths = ["s3://b/a/x.tar//1+2//k.jpg", "s3://b/y.tar//3+4//l.jpg", "plain/file.jpg", "local/z.tar//5+6//m.jpg"]
    files = ["local/z.tar", ".snakemake/storage/s3/b/a/x.tar", ".snakemake/storage/s3/b/y.tar", "other/y.tar"]
    assert picture_files.located(paths, files) == [
        ".snakemake/storage/s3/b/a/x.tar//1+2//k.jpg",
        ".snakemake/storage/s3/b/y.tar//3+4//l.jpg",
        "plain/file.jpg",
        "local/z.tar//5+6//m.jpg",
    ]
    with pytest.raises(InputError, match=r"s3://b/a/x.tar: found 1 tars among the inputs"):
        picture_files.located(paths, ["local/z.tar"])


def test_neighbours_are_read_ahead_as_one_block():
    members = [Member("x.tar", 1024 * number, 500, str(number)) for number in range(5)]
    far = Member("x.tar", 10_000_000, 5, "far")
    blocks = list(picture_files._blocks([*members[::-1], Member("a.tar", 512, 9, "a"), far]))
    assert blocks == [("a.tar", 512, 521), ("x.tar", 0, 4 * 1024 + 500), ("x.tar", 10_000_000, 10_000_005)]


def test_the_checksum_of_a_member_is_that_of_its_bytes(tmp_path):
    (tmp_path / "x.tar").write_bytes(bytes(range(256)) * 8)
    wanted = hashlib.sha256((bytes(range(256)) * 8)[100:1500]).hexdigest()
    assert picture_files.sha256(f"{tmp_path}/x.tar//100+1400//a.jpg") == wanted
