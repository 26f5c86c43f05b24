"""Pictures: from a file of any common format to what a backbone sees of it.

Pictures of more than 8 bits per channel become 8 bits by this rule, each picture by itself:

- Whole numbers that use 16 bits keep the upper 8 of them.
- Other values that are not negative use the fewest of 8, 10, 12, 14, 16 or more bits that hold the largest value; they keep
  the upper 8 of these. Most cameras and scanners of 12 bits write 12 bits into 16.
- Floating-point values up to 1: 1 is white.
- Where a value is negative: the smallest is black, the largest white.
- NaN and infinity are refused. So are several channels of 16 bits whose values use at most 12: only the upper 8 bits of such
  channels are at hand (Pillow), so that nearly nothing would be left.

All but the first are assumptions, which ``read_batches`` counts in the log.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps

from spml.artifacts import picture_files
from spml.features.formats import FORMATS
from spml.features.preprocessing import Preprocessing, resized
from spml.runtime.errors import InputError

PIXELS = 1 << 27  # at most per picture: a decoded pixel takes up to 8 bytes, and a small file can claim far more
BITS = (8, 10, 12, 14, 16)  # of the values of a picture; larger values have as many as they need


@contextlib.contextmanager
def opened(path: str) -> Iterator[Image.Image]:
    """Yield the picture, not decoded yet.

    Raises
    ------
    InputError
        When the file is missing, truncated, no regular file or no picture, or larger than ``PIXELS`` (checked before it is
        decoded).
    """
    try:
        with picture_files.open_picture(path) as file, Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                raise InputError(
                    f"{path}: found {picture.width:,} x {picture.height:,} pixels, wanted at most {PIXELS:,} in all"
                )
            yield picture
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; wanted a picture") from error
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{path}: not a readable picture (no known format); wanted {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a readable picture ({error}); wanted {', '.join(FORMATS)}") from error


def upright(picture: Image.Image, assumed: list[str] | None = None) -> Image.Image:
    """Return the picture decoded, turned upright (EXIF), RGB; what is assumed of its values is added to ``assumed``.

    Raises
    ------
    ValueError
        When a value is NaN or infinite, or too few of 16 bits per channel are used; ``opened`` adds the path.
    """
    assumed = [] if assumed is None else assumed
    is_deep = any(";16" in str(tile[3]) for tile in getattr(picture, "tile", ())) and picture.mode in (
        "RGB",
        "RGBA",
        "RGBX",
        "LA",
    )
    turned = ImageOps.exif_transpose(picture)
    if is_deep:
        assumed += _check_upper_bits(turned)
    if turned.mode.startswith("I") or turned.mode == "F":
        values, text = _eight_bits(np.asarray(turned))
        assumed += [text] if text else []
        return Image.fromarray(values).convert("RGB")
    return _rgb(turned)


def read_image(path: str, how: Preprocessing, assumed: list[str] | None = None) -> np.ndarray:
    """Return the picture upright, RGB, as spml.features.preprocessing.resized does; errors as ``opened``."""
    with opened(path) as picture:
        return resized(upright(picture, assumed), how)


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("P", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode == "RGBA":  # transparent parts become white, as most viewers show them
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def _eight_bits(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Return grey values as uint8 by the rule above, and what is assumed; empty text where nothing is."""
    is_float = values.dtype.kind == "f"
    if is_float and not np.isfinite(values).all():
        raise ValueError("found values that are NaN or infinite, wanted numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0:
        grey = (values.astype(np.float64) - low) * (255 / (high - low or 1))
        return grey.round().astype(np.uint8), "negative values, scaled from the smallest to the largest"
    if is_float and high <= 1:
        grey = (values.astype(np.float64) * 255).round()
        return grey.astype(np.uint8), "floating-point values up to 1, which is taken for white" if high else ""
    needed = int(high).bit_length()
    bits = next((bits for bits in BITS if needed <= bits), needed)
    top = np.floor(values / 2 ** (bits - 8)) if is_float else values.astype(np.int64) >> (bits - 8)
    text = f"values that use {bits} bits, {2**bits - 1:,} is taken for white"
    return top.astype(np.uint8), text if high and (is_float or bits != 16) else ""


def _check_upper_bits(picture: Image.Image) -> list[str]:
    """Return what is assumed of a picture whose channels have 16 bits, of which it holds the upper 8."""
    bands = picture.getextrema()[: 1 if picture.mode == "LA" else 3]
    high = max(int(band[1]) for band in bands)  # type: ignore[index]
    if 0 < high < 1 << 4:
        raise ValueError(
            f"found 16 bits per channel, of which the values use {high.bit_length() + 8} at most, wanted all 16 or pictures of 8 bits; "
            "scale and save it again"
        )
    if 0 < high < 1 << 6:
        return [f"16 bits per channel, of which the values use {high.bit_length() + 8}; the picture is dark"]
    return []


def read_batches(
    paths: Sequence[str], how: Preprocessing, batch_size: int, workers: int, unreadable: dict[str, str] | None = None
) -> Iterator[np.ndarray]:
    """Yield batches of pictures in order, uint8 [B, S, S, 3], or [B, K, S, S, 3] of K crops; ``workers`` threads decode the next batch meanwhile.

    A picture that cannot be read raises InputError. With a dict ``unreadable`` it is black instead, and the message is
    stored there by its path. What was assumed of pictures of more than 8 bits is printed at the end, with counts.
    """
    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    assumed: dict[str, list[str]] = {}
    with ThreadPoolExecutor(workers) as pool:

        def submit(batch: Sequence[str]) -> list:
            picture_files.prefetch(batch)
            return [pool.submit(_read, path, how, unreadable, assumed) for path in batch]

        waiting = submit(batches[0]) if batches else []
        for number in range(len(batches)):
            ready, waiting = waiting, submit(batches[number + 1]) if number + 1 < len(batches) else []
            try:
                yield np.stack([future.result() for future in ready])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    _print_assumed(paths, assumed)


def _read(
    path: str, how: Preprocessing, unreadable: dict[str, str] | None, assumed: dict[str, list[str]]
) -> np.ndarray:
    texts: list[str] = []
    try:
        pixels = read_image(path, how, texts)
    except InputError as error:
        if unreadable is None:
            raise
        unreadable[path] = str(error)
        return resized(Image.new("RGB", (1, 1)), how)
    if texts:
        assumed[path] = texts
    return pixels


def _print_assumed(paths: Sequence[str], assumed: Mapping[str, Sequence[str]]) -> None:
    """Print each assumption with the number of its pictures and the first of them."""
    by_text: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        for text in assumed.get(path, ()):
            by_text.setdefault(text, []).append(path)
    for text, members in by_text.items():
        print(f"warning: {len(members):,} pictures have {text}; the first: {members[0]}")
