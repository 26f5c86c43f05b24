"""HDF5 artifacts: matrices with a row per image, written whole, checked when read."""

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from spml.artifacts import records
from spml.runtime.errors import InputError

LAYOUT = 4  # raised when the meaning of files changes
RULES = {  # kind of file to the rule that makes it
    "annotations": "read_annotations",
    "labels": "make_labels",
    "observed": "make_observed_labels or make_pool_observed_labels",
    "observation_weights": "make_observation_weights",
    "matched_rows": "match_rows",
    "feature_shard": "extract_features or convert_features",
    "features": "index_features",
    "logits": "predict_logits or evaluate",
    "picture_shard": "decode_pictures",
    "text_features": "embed_prompts",
    "landmarks": "choose_landmarks",
    "decomposition": "decompose_features",
    "pseudo_labels": "make_pseudo_labels",
}
ABOUT = ("artifact", "kind", "layout")  # attributes that do not describe the content
CHUNK = 1 << 18  # bytes, about: whole rows
DEFLATED = 1100  # deflate makes data smaller by a factor of 1,032 at most

Path = str | os.PathLike


@contextlib.contextmanager
def creating(path: Path, kind: str, **attributes: Any) -> Iterator[h5py.File]:
    """Yield a new file of that kind to write to; it is in place once the block ends without an error."""
    with records.writing(path, kind) as part, filling(part, path, kind, **attributes) as file:
        yield file


@contextlib.contextmanager
def filling(part: Path, path: Path, kind: str, *, userblock: int = 0, **attributes: Any) -> Iterator[h5py.File]:
    """Yield a new file of that kind at ``part``, which becomes ``path``; ``userblock`` bytes before its data stay free."""
    about = {"artifact": records.name_of(path), "kind": kind, "layout": LAYOUT}
    with h5py.File(part, "w", userblock_size=userblock) as file:  # h5py stores no times: the same bytes again
        file.attrs.update(attributes | about)
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
def reading(path: Path, kind: str, verify: Callable[[Path, str], object] = records.verify) -> Iterator[h5py.File]:
    """Yield the file, checked to be the one that its rule wrote, and of that kind; ``verify`` compares its bytes.

    Raises
    ------
    InputError
        When it is damaged, moved, of another kind, from another version of the pipeline, or reads other files.
    """
    _require_version(path, kind)
    verify(path, kind)
    with _opened(path, kind) as file:
        records.require_name(path, _attribute(file, "artifact"), advice(path, kind))
        for dataset in _members(path, kind, file):
            _require_own(path, kind, dataset)
        yield file


def attributes(file: h5py.File) -> dict[str, Any]:
    """Return the attributes that describe the content, sorted by name."""
    return {name: value for name, value in sorted(file.attrs.items()) if name not in ABOUT}


def kind_of(path: Path) -> str:
    """Return the kind of a file; raise InputError where it is no HDF5 file of this pipeline."""
    with _opened(path, "") as file:
        kind = str(_attribute(file, "kind"))
    if kind not in RULES:
        raise InputError(f"{path}: found kind {kind!r}, wanted {', '.join(RULES)}")
    return kind


def advice(path: Path, kind: str) -> str:
    """Return what to do about a broken file of that kind."""
    return f"delete {path}, rule {RULES[kind]} makes it again in the next run" if kind in RULES else "it cannot be used"


def dataset(file: h5py.File, name: str, shape: tuple[int | None, ...], types: str) -> h5py.Dataset:
    """Return a data set of a file, checked: there, of that shape (None: any length), of one of these NumPy kinds.

    Raises
    ------
    InputError
        When it is missing or different.
    """
    member = file.get(name)
    if not isinstance(member, h5py.Dataset):
        raise InputError(f"{file.filename}: found no data set {name!r}; {_advice(file)}")
    if len(member.shape) != len(shape) or any(
        wanted is not None and length != wanted for length, wanted in zip(member.shape, shape, strict=True)
    ):
        expected = ", ".join("any" if length is None else str(length) for length in shape)
        raise InputError(f"{file.filename}: {name} has shape {member.shape}, wanted ({expected}); {_advice(file)}")
    if member.dtype.kind not in types:
        raise InputError(f"{file.filename}: {name} holds {member.dtype}, wanted another type; {_advice(file)}")
    return member


def strings(file: h5py.File, name: str) -> list[str]:
    """Return a data set of strings, decoded; raise InputError where it is missing or no text in UTF-8."""
    member = dataset(file, name, (None,), "OS")
    try:
        return list(member.asstr()[:])
    except (UnicodeDecodeError, TypeError) as error:
        raise InputError(
            f"{file.filename}: {name} is no text in UTF-8 ({error}); {advice(file.filename, str(file.attrs['kind']))}"
        ) from error


def _advice(file: h5py.File) -> str:
    return advice(file.filename, str(file.attrs["kind"]))


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


@contextlib.contextmanager
def _opened(path: Path, kind: str) -> Iterator[h5py.File]:
    """Yield the file; raise InputError where it is not HDF5."""
    try:
        file = h5py.File(path, "r", locking=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: not a readable HDF5 file ({error}); {advice(path, kind)}") from error
    with file:
        yield file


def _attribute(file: h5py.File, name: str) -> Any:
    """Return an attribute of the file; None where there is none that can be read."""
    try:
        return file.attrs.get(name)
    except (OSError, RuntimeError, TypeError, ValueError):
        return None


def _require_version(path: Path, kind: str) -> None:
    """Raise InputError where a file without a record, as earlier versions wrote, names another layout."""
    if records.path_of(path).is_file() or not os.path.isfile(path):
        return
    with _opened(path, kind) as file:
        layout = _attribute(file, "layout")
    if layout != LAYOUT:
        older = isinstance(layout, int | np.integer) and layout < LAYOUT
        version = "an earlier" if older else "another"
        raise InputError(
            f"{path}: made by {version} version of this pipeline (layout {layout}, wanted {LAYOUT}); delete "
            "results/<dataset> and run again"
        )


def _members(path: Path, kind: str, file: h5py.File) -> Iterator[h5py.Dataset]:
    """Yield the data sets of a file; raise InputError at groups, and at links, which may lead to other files."""
    for name in file:
        link = file.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise InputError(f"{path}: {name} is a link to other data; wanted the data itself; {advice(path, kind)}")
        member = file[name]
        if not isinstance(member, h5py.Dataset):
            raise InputError(f"{path}: {name} is no data set; {advice(path, kind)}")
        yield member


def _require_own(path: Path, kind: str, member: h5py.Dataset) -> None:
    """Raise InputError where a data set lies in other files, or claims more memory than its bytes can fill."""
    name = member.name.strip("/")
    if member.external or (member.is_virtual and kind != "features"):
        raise InputError(f"{path}: {name} reads other files; wanted the data itself; {advice(path, kind)}")
    if member.is_virtual:
        return  # for other programs: features.py reads the shards themselves
    stored = member.id.get_storage_size()
    declared = math.prod(member.shape) * member.dtype.itemsize
    if declared > stored * (DEFLATED if member.chunks else 1):
        raise InputError(
            f"{path}: {name} declares {declared:,} bytes, its file holds {stored:,} of them; {advice(path, kind)}"
        )
