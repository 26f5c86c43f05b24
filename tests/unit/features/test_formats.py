"""Which files are pictures follows from their content."""

import os

import pytest
from PIL import Image

from spml.artifacts import left_out
from spml.features import formats


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "HEIF"])
def test_a_picture_is_known_without_its_suffix(tmp_path, form):
    Image.new("RGB", (16, 16), "red").save(tmp_path / "picture", form)
    assert form in formats.FORMATS and formats.reason_against(str(tmp_path / "picture")) is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes", b"some notes: \xc3\xa9", left_out.TEXT),
        ("page.jpg", b"<html>404</html>", left_out.DAMAGED),
        ("half.heic", b"\0\0\0\x18ftypheic", left_out.DAMAGED),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", left_out.MOVIE),
        ("a.mkv", b"\x1a\x45\xdf\xa3....", left_out.MOVIE),
        ("a.bin", b"\x00\x01\xff\xfe" * 9, left_out.OTHER),
        ("a.psd", b"8BPS\0\1", left_out.FORMAT),
        ("a.svg", b"<?xml version='1.0'?><svg/>", left_out.FORMAT),
        ("a.cr3", b"\0\0\0\x18ftypcrx ", left_out.RAW),
        ("a.png", b"", left_out.EMPTY),
    ],
)
def test_what_is_no_picture_has_a_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    assert formats.reason_against(str(tmp_path / name)) == reason


def test_the_preview_in_a_raw_picture_is_not_taken_for_it(tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "a.nef", "TIFF")
    Image.new("RGB", (16, 16)).save(tmp_path / "dng.tif", "TIFF", tiffinfo={formats.DNG_VERSION: b"\1\4\0\0"})
    assert formats.reasons([str(tmp_path / "a.nef"), str(tmp_path / "dng.tif")], "looking") == [left_out.RAW] * 2


def test_a_pipe_and_a_dead_link_are_no_pictures(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to("nowhere")
    assert formats.reason_against(str(tmp_path / "pipe.jpg")) == left_out.SPECIAL
    assert formats.reason_against(str(tmp_path / "link.jpg")) == left_out.BROKEN_LINK
