"""The formats of pictures that are read, and which files are such pictures: by their content, not by their names."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import pillow_heif
from PIL import Image

from spml.artifacts import left_out, picture_files
from spml.runtime.errors import InputError
from spml.runtime.log import Progress

pillow_heif.register_heif_opener()
FORMATS = (  # no documents, no programs
    *("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM"),
    "HEIF",
)
NAMES = frozenset(  # suffixes of these formats: such a file that is no picture is worth a warning
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
        *(".avif", ".jp2", ".j2k", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".heic", ".heif", ".hif"),
    ]
)
RAW = frozenset(  # suffixes of cameras' raw pictures; many are TIFF, with a small preview as their first picture
    [
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mrw", ".nef", ".nrw", ".orf"),
        *(".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srw", ".x3f"),
    ]
)
OTHER_FORMATS = (  # first bytes of pictures that are not read: PSD, PostScript, ICO, QOI, XCF, DDS, Sun, EXR, BPG, JPEG XL, FITS
    *(b"8BPS", b"%!PS", b"\0\0\x01\0", b"qoif", b"gimp xcf", b"DDS ", b"\x59\xa6\x6a\x95", b"v/1\x01", b"BPG\xfb"),
    *(b"\xff\x0a", b"\0\0\0\x0cJXL ", b"SIMPLE  ="),
)
ENDINGS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}  # what a whole picture has near its end
MOVIES = (b"\x1a\x45\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")
DNG_VERSION = 50706  # a tag of TIFF that Adobe's raw pictures have
HEAD = 4096  # bytes that tell text from the rest
READERS = 8  # files that are looked at at once: the time goes into waiting for the disk


def reasons(paths: Sequence[str], what: str) -> list[str | None]:
    """Return for each file None if it is a picture that can be read, else the reason why not (spml.artifacts.left_out)."""
    progress = Progress(what, len(paths), "files")
    found = []
    with ThreadPoolExecutor(READERS) as pool:
        for reason in pool.map(reason_against, paths):
            found.append(reason)
            progress.advance()
    progress.finish()
    return found


def reason_against(path: str) -> str | None:
    """Return None if a file is a picture in one of ``FORMATS``, else the reason why it is none; only its beginning is read."""
    try:
        with picture_files.open_picture(path, HEAD) as file:
            head = file.read(HEAD)
            file.seek(0)
            return _reason(head, file, os.path.splitext(path)[1].lower())
    except InputError:
        return left_out.SPECIAL
    except FileNotFoundError:
        return left_out.BROKEN_LINK if os.path.islink(path) else left_out.MISSING
    except OSError:
        return left_out.UNREADABLE


def _reason(head: bytes, file: BinaryIO, suffix: str) -> str | None:
    if not head:
        return left_out.EMPTY
    try:
        with Image.open(file, formats=FORMATS) as picture:
            tags = getattr(picture, "tag_v2", {})
            is_raw = picture.format == "TIFF" and (DNG_VERSION in tags or head[8:10] == b"CR" or suffix in RAW)
            return left_out.RAW if is_raw else None
    except Image.DecompressionBombError:
        return None  # a picture; who decodes it refuses it by its size
    except (OSError, SyntaxError, ValueError):
        pass
    if suffix in RAW:
        return left_out.RAW
    if head.startswith(OTHER_FORMATS) or b"<svg" in head:
        return left_out.FORMAT
    if suffix in NAMES:
        return left_out.DAMAGED
    if head.startswith(MOVIES) or head[4:8] == b"ftyp" or head[8:12] == b"AVI ":
        return left_out.MOVIE
    return left_out.TEXT if _is_text(head) else left_out.OTHER


def is_cut_off(path: str) -> bool:
    """Return whether the end of a picture is missing; one that lacks the last bytes of its format is decoded to see."""
    try:
        with picture_files.open_picture(path) as file, Image.open(file, formats=FORMATS) as picture:
            ending = ENDINGS.get(picture.format or "", b"")
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - HEAD))
            if ending in file.read():
                return False  # cameras write more behind it
            file.seek(0)
            with Image.open(file, formats=FORMATS) as again:
                again.load()
    except Image.DecompressionBombError:
        return False  # who decodes it refuses it by its size
    except (OSError, SyntaxError, ValueError):
        return True
    return False


def _is_text(head: bytes) -> bool:
    """Return whether the beginning of a file is text in UTF-8; its last character may be cut."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode()
    return "\0" not in text
