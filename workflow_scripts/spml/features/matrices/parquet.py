"""Matrices in Parquet files: a column of lists, or a column of numbers per feature."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from spml.features.matrices import source as sources
from spml.runtime.errors import InputError

MAGIC = b"PAR1"


def opened(source: sources.Source, stack: contextlib.ExitStack) -> sources.Opened:
    """Return the features of a Parquet file, which the stack closes; raise InputError where it has no such columns."""
    try:
        file = stack.enter_context(pyarrow.parquet.ParquetFile(source.path))
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{source.path}: not a readable Parquet file ({error}); wanted {sources.WANTED}") from error
    schema = file.schema_arrow
    for key, name in (("column", source.column), ("id_column", source.id_column)):
        if name and name not in schema.names:
            raise InputError(
                f"{source.path}: found no column {name!r}, but {sources.some(schema.names)}; wanted one of them as {key}"
            )
    id_name = source.id_column or next((name for name in sources.IDS if name in schema.names), "")
    names = _columns(source, schema, id_name)
    first = next(file.iter_batches(batch_size=1, columns=names), None)
    if first is None or not len(first):
        raise InputError(f"{source.path}: found no row; wanted {sources.WANTED}")
    columns = _Columns(source.path, file, names, len(names))
    kinds = [schema.field(name).type for name in names]
    if _is_list(kinds[0]):
        columns = _Columns(source.path, file, names, len(first.column(0)[0] or ()))
        kinds = [kinds[0].value_type]
    dtype = np.result_type(*(kind.to_pandas_dtype() for kind in kinds))
    ids = (lambda: _ids(file, id_name)) if id_name else None
    shape = (file.metadata.num_rows, columns.width)
    return sources.Opened(shape, dtype, lambda rows: columns.blocks(rows, dtype), ids)


def _ids(file: pyarrow.parquet.ParquetFile, name: str) -> list[str]:
    return [str(value) for value in file.read(columns=[name]).column(0).to_pylist()]


def _columns(source: sources.Source, schema: Any, id_name: str) -> list[str]:
    """Return the columns of the features: one of lists, or all of numbers."""
    lists = [entry.name for entry in schema if _is_list(entry.type)]
    name = source.column or next((name for name in sources.FEATURES if name in lists), "")
    name = name or (lists[0] if len(lists) == 1 else "")
    if name and name not in lists:
        raise InputError(
            f"{source.path}: found column {name!r} of {schema.field(name).type}; wanted one of lists of numbers"
        )
    numbers = [entry.name for entry in schema if entry.name != id_name and _is_number(entry.type)]
    if not name and (lists or not numbers):
        raise InputError(
            f"{source.path}: found columns {sources.some(schema.names)}; wanted one of lists of numbers, named as column, or a column "
            "of numbers per feature"
        )
    return [name] if name else numbers


def _is_list(kind: Any) -> bool:
    """Return whether a type of Arrow is a list of numbers."""
    types = pyarrow.types
    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return is_list and _is_number(kind.value_type)


def _is_number(kind: Any) -> bool:
    """Return whether a type of Arrow is a number, or true and false."""
    types = pyarrow.types
    return types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind)


@dataclass(frozen=True)
class _Columns:
    """The columns of features of an open file; ``width`` is the number of features."""

    path: str
    file: Any
    names: Sequence[str]
    width: int

    def blocks(self, rows: np.ndarray, dtype: np.dtype) -> Iterator[np.ndarray]:
        """Yield these rows in one block: a pass over the groups of rows that hold some of them fills it."""
        features = np.empty((len(rows), self.width), dtype)
        order = np.argsort(rows, kind="stable")
        rising = rows[order]
        size = max(1, sources.BLOCK // max(self.width * dtype.itemsize, 1))
        start = 0
        for group in range(self.file.num_row_groups):
            end = start + self.file.metadata.row_group(group).num_rows
            low, high = np.searchsorted(rising, (start, end))
            batches = self.file.iter_batches(size, row_groups=[group], columns=list(self.names)) if low < high else ()
            for batch in batches:
                low, high = np.searchsorted(rising, (start, start + len(batch)))
                if low < high:
                    features[order[low:high]] = self._values(batch, start)[rising[low:high] - start]
                start += len(batch)
            start = end
        yield features

    def _values(self, batch: Any, start: int) -> np.ndarray:
        """Return the features of a batch [n, width]; ``start`` is the number of its first row."""
        if not _is_list(batch.schema.field(self.names[0]).type):
            return np.column_stack([self._numbers(batch.column(name), name, start, 1) for name in self.names])
        column = batch.column(self.names[0])
        lengths = pyarrow.compute.list_value_length(column).fill_null(-1).to_numpy(zero_copy_only=False)
        if len(wrong := np.flatnonzero(lengths != self.width)):
            found = "nothing" if lengths[wrong[0]] < 0 else f"{lengths[wrong[0]]:,} numbers"
            raise InputError(
                f"{self.path}: row {start + wrong[0]}, {self.names[0]}: found {found}; wanted {self.width:,} numbers, as in row 0"
            )
        return self._numbers(column.flatten(), self.names[0], start, self.width).reshape(len(column), self.width)

    def _numbers(self, values: Any, name: str, start: int, width: int) -> np.ndarray:
        """Return values of Arrow, ``width`` per row, as an array; raise InputError where one is missing."""
        if values.null_count:
            row = start + int(np.argmin(values.is_valid().to_numpy(zero_copy_only=False))) // width
            raise InputError(f"{self.path}: row {row}, {name}: found no value, wanted a number")
        return values.to_numpy(zero_copy_only=False)
