"""Pictures: from a file of any common format to an RGB array of one size."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps

from spml.runtime.errors import InputError

PIXELS = 1 << 27  # at most per picture: a decoded pixel takes up to 8 bytes, and a small file can claim far more
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM")  # no documents, no programs


@contextlib.contextmanager
def opened(path: str) -> Iterator[Image.Image]:
    """Yield the picture, not decoded yet.

    Raises
    ------
    InputError
        When the file is missing, truncated or no picture, or larger than ``PIXELS`` (checked before it is decoded).
    """
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                raise InputError(
                    f"{path}: found {picture.width:,} x {picture.height:,} pixels, wanted at most {PIXELS:,} in all"
                )
            yield picture
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; wanted a picture") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a readable picture ({error}); wanted {', '.join(FORMATS)}") from error


def upright(picture: Image.Image) -> Image.Image:
    """Return the picture decoded, turned upright (EXIF), RGB."""
    return _rgb(ImageOps.exif_transpose(picture))


def read_image(path: str, size: int) -> np.ndarray:
    """Return the picture as uint8 [size, size, 3]: upright, RGB, resized bilinearly without its aspect ratio; errors as ``opened``."""
    with opened(path) as picture:
        return np.asarray(upright(picture).resize((size, size), Image.Resampling.BILINEAR))


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits: Pillow would clip, not scale
        picture = Image.fromarray((np.asarray(picture).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
    if picture.mode in ("P", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode == "RGBA":  # transparent parts become white, as most viewers show them
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def read_batches(
    paths: Sequence[str], size: int, batch_size: int, workers: int, unreadable: dict[str, str] | None = None
) -> Iterator[np.ndarray]:
    """Yield batches uint8 [B, size, size, 3] in order; ``workers`` threads decode the next batch meanwhile.

    A picture that cannot be read raises InputError. With a dict ``unreadable`` it is black instead, and the message is
    stored there by its path.
    """
    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    with ThreadPoolExecutor(workers) as pool:

        def submit(batch: Sequence[str]) -> list:
            return [pool.submit(_read, path, size, unreadable) for path in batch]

        waiting = submit(batches[0]) if batches else []
        for number in range(len(batches)):
            ready, waiting = waiting, submit(batches[number + 1]) if number + 1 < len(batches) else []
            try:
                yield np.stack([future.result() for future in ready])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _read(path: str, size: int, unreadable: dict[str, str] | None) -> np.ndarray:
    try:
        return read_image(path, size)
    except InputError as error:
        if unreadable is None:
            raise
        unreadable[path] = str(error)
        return np.zeros((size, size, 3), np.uint8)
