"""HDF5 artifacts: matrices with a row per image, written whole, checked when read."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from spml.runtime.errors import InputError
from spml.runtime.files import writing

LAYOUT = 2  # raised when the meaning of files changes
KEPT_LAYOUTS = {"feature_shard": 1, "features": 1}  # kinds of file that have not changed since this earlier layout
RULES = {  # kind of file to the rule that makes it
    "labels": "make_labels",
    "observed": "make_observed_labels",
    "observation_weights": "make_observation_weights",
    "feature_shard": "extract_features",
    "features": "index_features",
    "logits": "predict_logits",
    "pseudo_labels": "make_pseudo_labels",
}
CHUNK = 1 << 18  # bytes, about: whole rows

Path = str | os.PathLike


@contextlib.contextmanager
def creating(path: Path, kind: str, **attributes: object) -> Iterator[h5py.File]:
    """Yield a new file of that kind to write to; it is in place once the block ends without an error."""
    with writing(path) as part, h5py.File(part, "w") as file:  # h5py stores no times: the same bytes again
        file.attrs.update(attributes | {"kind": kind, "layout": layout_of(kind)})
        yield file


def add_strings(file: h5py.File, name: str, strings: Sequence[str]) -> None:
    """Add a data set of UTF-8 strings, [len(strings)]."""
    file.create_dataset(name, data=list(strings), dtype=h5py.string_dtype())


def add_matrix(file: h5py.File, name: str, shape: tuple[int, ...], dtype: type | np.dtype) -> h5py.Dataset:
    """Add an empty data set [N, ...], chunked by rows and compressed, and return it."""
    width = int(np.prod(shape[1:], dtype=np.int64)) * np.dtype(dtype).itemsize
    rows = min(shape[0], max(1, CHUNK // max(width, 1)))
    if not rows or not width:  # nothing to chunk
        return file.create_dataset(name, shape, dtype)
    return file.create_dataset(name, shape, dtype, chunks=(rows, *shape[1:]), compression=1, shuffle=True)


def write(
    path: Path, kind: str, matrices: dict[str, np.ndarray], strings: dict[str, Sequence[str]], **attributes: object
) -> None:
    """Write matrices [N, ...] and string lists in one file of that kind."""
    with creating(path, kind, **attributes) as file:
        for name, values in strings.items():
            add_strings(file, name, values)
        for name, matrix in matrices.items():
            add_matrix(file, name, matrix.shape, matrix.dtype)[...] = matrix


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[h5py.File]:
    """Yield the file, checked to be whole and of that kind.

    Raises
    ------
    InputError
        When it is not HDF5 (truncated, for example), of another kind, or from another version of the pipeline.
    """
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise InputError(f"{path}: not a readable HDF5 file ({error}); {advice(kind)}") from error
    with file:
        file_kind, layout = file.attrs.get("kind"), file.attrs.get("layout")
        if file_kind != kind:
            raise InputError(f"{path}: found kind {file_kind!r}, wanted kind {kind!r}; {advice(kind)}")
        if layout != layout_of(kind):
            raise InputError(f"{path}: {_other_version(layout, kind)}")
        yield file


def layout_of(kind: str) -> int:
    """Return the layout of the files of that kind that this version writes and reads."""
    return KEPT_LAYOUTS.get(kind, LAYOUT)


def _other_version(layout: object, kind: str) -> str:
    """Return the message for a file of that kind with another layout: what is wrong, and what to do."""
    older = isinstance(layout, int | np.integer) and layout < layout_of(kind)
    return (
        f"made by {'an earlier' if older else 'another'} version of this pipeline (layout {layout}, wanted "
        f"{layout_of(kind)}); delete results/<dataset>, or all in it but images/ and features/, and run again"
    )


def attributes(file: h5py.File) -> dict[str, Any]:
    """Return the attributes that describe the content, sorted by name: all but kind and layout."""
    return {name: value for name, value in sorted(file.attrs.items()) if name not in ("kind", "layout")}


def advice(kind: str) -> str:
    """Return what to do about a broken file of that kind."""
    return f"delete it, rule {RULES[kind]} makes it again in the next run"


def strings(file: h5py.File, name: str) -> list[str]:
    """Return a data set of strings, decoded."""
    return list(file[name].asstr()[:])


def require_same(
    name: str, first: Path, first_values: Sequence[str], second: Path, second_values: Sequence[str]
) -> None:
    """Raise InputError unless two files agree on ``name`` (image_id, category), naming the first difference."""
    if len(first_values) != len(second_values):
        raise InputError(
            f"{name}: {first} has {len(first_values):,}, {second} has {len(second_values):,}; they must be the same: "
            "the two come from different runs or settings, delete the older, the next run makes it again"
        )
    for row, (one, other) in enumerate(zip(first_values, second_values, strict=True)):
        if one != other:
            raise InputError(
                f"{name}: row {row} is {one!r} in {first}, but {other!r} in {second}; they must be the same: "
                "the two come from different runs or settings, delete the older, the next run makes it again"
            )
