"""Writing features for other tools in clip-retrieval's layout: img_emb/img_emb_0.npy, metadata/metadata_0.parquet and so on.

Source: https://github.com/rom1504/clip-retrieval, clip_inference/writer.py.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from spml.runtime.files import writing


def write_piece(
    folder: str | os.PathLike,
    number: int,
    pieces: int,
    shape: tuple[int, int],
    dtype: np.dtype,
    blocks: Iterable[np.ndarray],
    columns: Mapping[str, Sequence[str]],
) -> None:
    """Write one of the pieces of a matrix, rows in blocks as they come, and the text of its images by column.

    Names have the number of the piece, with as many digits for all ``pieces``, so that they sort.
    """
    name = str(number).zfill(len(str(pieces - 1)))
    with writing(Path(folder, "img_emb", f"img_emb_{name}.npy")) as part, open(part, "wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
    table = pyarrow.table({key: pyarrow.array(list(values), pyarrow.string()) for key, values in columns.items()})
    with writing(Path(folder, "metadata", f"metadata_{name}.parquet")) as part:
        pyarrow.parquet.write_table(table, part, compression="zstd")
