"""Which row of a matrix holds the features of an image: by its id or file name, or by the order of a published list."""

from collections.abc import Iterable, Sequence

import numpy as np

from spml.runtime.errors import InputError


def by_ids(path: str, ids: Sequence[str], image_id: Sequence[str], file_name: Sequence[str]) -> np.ndarray:
    """Return the row of each image, int64 [n]; ``ids`` are those of the rows, of the matrix at ``path``.

    Ids are the images' ids, their file names, or paths that end in these: the first of the three that has a row for every
    image. Rows of other images are allowed.

    Raises
    ------
    InputError
        When an image has no row, or several: names it.
    """
    ways = (
        ("id", ids, image_id),
        ("file name", ids, file_name),
        ("file name without folders", [_last(name) for name in ids], [_last(name) for name in file_name]),
    )
    missing: list[tuple[int, str, str]] = []  # number of images without a row, the first of them, and the way
    for way, keys, wanted in ways:
        row_of = {key: row for row, key in enumerate(keys)}
        without = [name for name in wanted if name not in row_of]
        if not without:
            return _once(path, way, keys, row_of, wanted)
        missing.append((len(without), without[0], way))
    count, first, way = min(missing, key=lambda entry: entry[0])
    raise InputError(
        f"{path}: found no row for {count:,} of {len(image_id):,} images by their {way}, the first: {first!r} (ids there are as "
        f"{ids[0]!r}); wanted a row for each image"
    )


def _once(path: str, way: str, keys: Sequence[str], row_of: dict[str, int], wanted: Sequence[str]) -> np.ndarray:
    """Return the rows of images; raise InputError where one has several, or one row is of several images."""
    if len(row_of) < len(keys) or len(set(wanted)) < len(wanted):
        counted: set[str] = set()
        repeated = {key for key in keys if key in counted or counted.add(key)}  # type: ignore[func-returns-value]
        for name in wanted:
            if name in repeated:
                raise InputError(f"{path}: found several rows with the {way} {name!r}; wanted one per image")
        if len(set(wanted)) < len(wanted):
            raise InputError(
                f"{path}: found ids that are the {way} of several images; wanted ids that tell images apart"
            )
    return numbers(row_of[name] for name in wanted)


def _last(name: str) -> str:
    """Return the last part of a path."""
    return name.replace("\\", "/").rpartition("/")[2]


def by_order(
    path: str, rows: int, order: str, table: Sequence[str] | None, image_id: Sequence[str], listing: str
) -> np.ndarray:
    """Return the row of each image, int64 [n], of a matrix at ``path`` that has no ids.

    Parameters
    ----------
    rows : their number in the matrix
    order : of the rows: ``listed`` (as ``image_id``), ``number`` (by ids that are numbers), ``table``, or empty: unknown
    table : the images of the user's table in its order, where the rows follow that
    listing : the file that names the images, for messages

    Raises
    ------
    InputError
        When the matrix has another number of rows than there are images, or no order is known.
    """
    if not order:
        raise InputError(
            f"{path}: found no ids of its rows, and no published order of the images; wanted a file of ids beside the matrix, as ids"
        )
    by_number = order == "number"
    expected = table if table is not None else sorted(image_id, key=int) if by_number else image_id
    if rows != len(expected):
        raise InputError(
            f"{path}: found {rows:,} rows and no ids, but {listing} has {len(expected):,} images; wanted a row for each, in that "
            "order, or the ids of the rows, as ids"
        )
    row_of = {name: row for row, name in enumerate(expected)}
    return numbers(row_of[name] for name in image_id)


def numbers(rows: Iterable[int]) -> np.ndarray:
    """Return row numbers as an array, int64 [n]."""
    return np.fromiter(rows, np.int64)
