"""Tars of pictures: what is found in them, and what is refused."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from spml.artifacts import left_out, picture_files, tar_index
from spml.data import tars
from spml.runtime.errors import InputError

FILES = {"a.jpg": b"first", "kitchen/2.png": b"the second", "2.json": b"{}", "empty.jpg": b""}


def write(path, files, kind=tarfile.REGTYPE, form=tarfile.PAX_FORMAT, **more):
    """Write a tar of names and contents, or of entries of another kind."""
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            for key, value in more.items():
                setattr(entry, key, value)
            tar.addfile(entry, io.BytesIO(content))
    return str(path)


def content(path):
    with picture_files.open_picture(path) as file:
        return file.read()


LONG = "folder/" * 30 + "ünï.jpg"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_members_of_a_tar_are_read_where_they_lie(tmp_path, form):
    files = FILES | ({} if form == tarfile.USTAR_FORMAT else {LONG: b"long"})
    found = tars.members(write(tmp_path / "x.tar", files, form=form))
    assert [(entry.name, reason) for entry, reason in found] == [(name, "") for name in files]
    assert {entry.name: content(entry.path) for entry, _ in found} == files
    assert [entry.offset for entry, _ in found] == sorted(entry.offset for entry, _ in found)


def test_folders_are_skipped_and_names_lose_their_leading_dot(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        folder = tarfile.TarInfo("./kitchen")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        entry = tarfile.TarInfo("./kitchen/2.jpg")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"abc"))
    assert [entry.name for entry, _ in tars.members(str(tmp_path / "x.tar"))] == ["kitchen/2.jpg"]


REFUSED = {
    "a link": (
        {"files": {"a.jpg": b""}, "kind": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        "a link to '/etc/passwd'",
    ),
    "a hard link": ({"files": {"a.jpg": b""}, "kind": tarfile.LNKTYPE, "linkname": "b.jpg"}, "a link to 'b.jpg'"),
    "a pipe": ({"files": {"a.jpg": b""}, "kind": tarfile.FIFOTYPE}, "which is no plain file"),
    "a device": ({"files": {"a.jpg": b""}, "kind": tarfile.CHRTYPE}, "which is no plain file"),
    "an absolute name": ({"files": {"/etc/a.jpg": b"x"}}, "a path that leads out of it"),
    "a way out": ({"files": {"b/../../a.jpg": b"x"}}, "a path that leads out of it"),
    "a name twice": ({"files": {"a.jpg": b"x", "./a.jpg": b"y"}}, "found 'a.jpg' twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_plain_file_of_its_own_is_refused(tmp_path, case):
    settings, message = REFUSED[case]
    with pytest.raises(InputError, match="wanted regular files with names of their own") as error:
        tars.members(write(tmp_path / "x.tar", **settings))
    assert message in str(error.value)


def test_a_tar_that_is_cut_off_anywhere_is_refused(tmp_path):
    data = Path(write(tmp_path / "whole.tar", {"a.jpg": b"x" * 700, "b.jpg": b"y" * 600})).read_bytes()
    end = max(index for index, byte in enumerate(data) if byte) + 1
    for size in [*range(0, end, 100), 1536, 3584 - 512, -(-end // 512) * 512]:
        (tmp_path / "cut.tar").write_bytes(data[:size])
        with pytest.raises(InputError, match=r"cut\.tar"):
            tars.members(str(tmp_path / "cut.tar"))
    (tmp_path / "cut.tar").write_bytes(data[: -(-end // 512) * 512 + 512])  # one block of zeros is an end
    assert len(tars.members(str(tmp_path / "cut.tar"))) == 2


def test_joined_and_damaged_tars_are_refused(tmp_path):
    data = Path(write(tmp_path / "x.tar", {"a.jpg": b"x", "b.jpg": b"y"})).read_bytes()
    (tmp_path / "joined.tar").write_bytes(data + data)
    (tmp_path / "damaged.tar").write_bytes(data[:1024] + b"?" * 512 + data[1536:])  # the header of the second file
    for name in ("joined", "damaged"):
        with pytest.raises(
            InputError, match=r"neither a file nor the end of the tar at byte .* damaged, or tars were joined"
        ):
            tars.members(str(tmp_path / f"{name}.tar"))


def test_a_compressed_tar_and_another_file_are_refused(tmp_path):
    data = Path(write(tmp_path / "x.tar", FILES)).read_bytes()
    (tmp_path / "z.tar").write_bytes(gzip.compress(data))
    with pytest.raises(InputError, match="compressed by gzip; wanted a plain tar file of pictures"):
        tars.members(str(tmp_path / "z.tar"))
    (tmp_path / "text.tar").write_text("no tar " * 200)
    with pytest.raises(InputError, match="not a whole tar file"):
        tars.members(str(tmp_path / "text.tar"))


def test_the_same_name_in_two_tars_is_refused(tmp_path):
    paths = [write(tmp_path / f"{number}.tar", {"a.jpg": b"x"}) for number in range(2)]
    with pytest.raises(InputError, match=r"1.tar: found 'a.jpg', which .*0.tar has, too"):
        tars.index(paths)


def test_files_that_are_looked_at_are_pictures_or_left_out(tmp_path):
    path = write(tmp_path / "x.tar", FILES | {".hidden/a.jpg": b"x", "bad\n.jpg": b"x", "P.ppm": b"P6 1 1 255 abc"})
    index = tars.index([path], looked_at=True)
    assert list(index.path) == ["P.ppm"]
    assert dict(index.left_out) == {
        "a.jpg": left_out.DAMAGED,
        "kitchen/2.png": left_out.DAMAGED,
        "2.json": left_out.TEXT,
        "empty.jpg": left_out.EMPTY,
        ".hidden/a.jpg": left_out.HIDDEN,
        "bad\\n.jpg": left_out.NAME,
    }


def test_an_index_is_read_as_it_was_written(tmp_path):
    found = tars.members(write(tmp_path / "x.tar", FILES | {'ü, "quoted".jpg': b"z", "bad\udcff.jpg": b"x"}))
    tar_index.write(tmp_path / "000000.csv", found)
    index = tar_index.read([tmp_path / "000000.csv"])
    assert index.path == {entry.name: entry.path for entry, reason in found if not reason}
    assert index.left_out == [("bad\\udcff.jpg", left_out.NAME)]
