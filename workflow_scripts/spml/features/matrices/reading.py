"""Reading matrices of features that others computed. Rows are read a block at a time, and pickle is never read.

The first bytes of a file tell its format, not its name.
"""

import contextlib
import os
from collections.abc import Iterator

from spml.features.matrices import folder, hdf5, npy, parquet
from spml.features.matrices import source as sources
from spml.runtime.errors import InputError


@contextlib.contextmanager
def opening(source: sources.Source, ids: bool = True) -> Iterator[sources.Matrix]:
    """Yield a matrix; its ids are those of ``source.ids``, or its own; None where it has none, or none are asked for.

    Raises
    ------
    InputError
        When it cannot be read, is no matrix of numbers, or has another number of ids than of rows.
    """
    with contextlib.ExitStack() as stack:
        found = _opened(source, stack)
        read_ids = (lambda: npy.read_ids(source.ids)) if source.ids else found.ids
        names = read_ids() if ids and read_ids else None
        if names is not None and len(names) != found.shape[0]:
            raise InputError(
                f"{source.ids or source.path}: found {len(names):,} ids for the {found.shape[0]:,} rows of {source.path}; wanted an id "
                "per row"
            )
        yield sources.Matrix(source.path, found.shape, found.dtype, names, found.read)


def _opened(source: sources.Source, stack: contextlib.ExitStack) -> sources.Opened:
    """Return a matrix by the reader of its format."""
    if os.path.isdir(source.path):
        return folder.opened(source)
    head = sources.head(source.path, sources.WANTED)
    if head.startswith(npy.MAGIC):
        return npy.opened(source)
    if head.startswith(hdf5.MAGIC):
        return hdf5.opened(source, stack)
    if head.startswith(parquet.MAGIC):
        return parquet.opened(source, stack)
    kind = " (npz or another packed file; numpy.save writes npy)" if head.startswith(b"PK\x03\x04") else ""
    raise InputError(f"{source.path}: found a file of another kind{kind}; wanted {sources.WANTED}")
