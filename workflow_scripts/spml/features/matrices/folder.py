"""Matrices in a folder as clip-retrieval writes it: img_emb/img_emb_0.npy, metadata/metadata_0.parquet and so on."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet

from spml.features.matrices import npy
from spml.features.matrices import source as sources
from spml.runtime.errors import InputError


def opened(source: sources.Source) -> sources.Opened:
    """Return the matrices of a folder as one, with the ids of its tables; raise InputError where they do not fit."""
    sources.without_columns(sources.Source(source.path, source.column), "such a folder")
    paths, tables = (numbered(source.path, *kind) for kind in (("img_emb", ".npy"), ("metadata", ".parquet")))
    if not paths:
        raise InputError(f"{source.path}: found no img_emb/*.npy in the folder; wanted {sources.WANTED}")
    matrices = [sources.require_matrix(str(path), npy.mapped(str(path), sources.WANTED)) for path in paths]
    width, dtype = matrices[0].shape[1], matrices[0].dtype
    for path, matrix in zip(paths, matrices, strict=True):
        if (matrix.shape[1], matrix.dtype) != (width, dtype):
            raise InputError(
                f"{path}: found {matrix.shape[1]:,} features of {matrix.dtype}; wanted {width:,} of {dtype}, as in {paths[0].name}"
            )
    starts = np.cumsum([0, *(len(matrix) for matrix in matrices)])
    ids = (lambda: _ids(source, tables)) if tables else None
    return sources.Opened((int(starts[-1]), width), dtype, lambda rows: _blocks(matrices, starts, rows), ids)


def numbered(folder: str, name: str, ending: str) -> list[Path]:
    """Return the files that end so in a folder of that name, by the numbers in their names."""
    paths = [path for path in Path(folder, name).glob(f"*{ending}") if not path.name.startswith(".")]
    return sorted(paths, key=lambda path: ([int(digits) for digits in re.findall(r"\d+", path.stem)], path.name))


def _ids(source: sources.Source, tables: Sequence[Path]) -> list[str]:
    """Return the ids of the images of all tables."""
    names = pyarrow.parquet.read_schema(tables[0]).names
    name = source.id_column or next((name for name in sources.IDS if name in names), "")
    if name not in names:
        raise InputError(
            f"{tables[0]}: found columns {sources.some(names)}; wanted the name of the ids there, as id_column"
        )
    columns = (pyarrow.parquet.read_table(path, columns=[name]).column(0).to_pylist() for path in tables)
    return [str(value) for column in columns for value in column]


def _blocks(matrices: Sequence[np.ndarray], starts: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield rows of matrices that follow each other, in blocks; ``starts`` are the numbers of their first rows."""
    width, dtype = matrices[0].shape[1], matrices[0].dtype
    for block in sources.row_blocks(rows, width * dtype.itemsize):
        features = np.empty((len(block), width), dtype)
        index = np.searchsorted(starts, block, "right") - 1
        for number in np.unique(index):
            members = index == number
            features[members] = matrices[number][block[members] - starts[number]]
        yield features
