"""Matrices of features that others computed: every format gives the same rows, and what is no such matrix is refused."""

import contextlib

import h5py
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from spml.features.matrices import reading, writing
from spml.features.matrices import source as sources
from spml.features.matrices.source import Source
from spml.runtime.errors import InputError

ROWS, WIDTH = 23, 5
VALUES = np.random.RandomState(0).randn(ROWS, WIDTH).astype(np.float32)
IDS = [f"image {number}" for number in range(ROWS)]


def npy(folder, values=VALUES):
    np.save(folder / "matrix.npy", values)
    return Source(str(folder / "matrix.npy"))


def hdf5(folder, values=VALUES, **more):
    with h5py.File(folder / "matrix.h5", "w") as file:
        file["feature"] = values
        file["image_id"] = IDS
        for name, array in more.items():
            file[name] = array
    return Source(str(folder / "matrix.h5"))


def parquet_of_lists(folder, values=VALUES):
    columns = {"image_id": IDS, "embedding": list(values)}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "matrix.parquet", row_group_size=7)
    return Source(str(folder / "matrix.parquet"))


def parquet_of_fixed_lists(folder, values=VALUES):
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values.ravel()), WIDTH)
    pyarrow.parquet.write_table(pyarrow.table({"image_id": IDS, "vector": column}), folder / "fixed.parquet")
    return Source(str(folder / "fixed.parquet"))


def parquet_of_columns(folder, values=VALUES):
    frame = pd.DataFrame(values, columns=[f"x{number}" for number in range(WIDTH)])
    frame.insert(0, "image_id", IDS)
    frame.to_parquet(folder / "columns.parquet")
    return Source(str(folder / "columns.parquet"))


def folder_of_pieces(folder, values=VALUES):
    for number, start in enumerate(range(0, ROWS, 2)):  # twelve pieces: 10 comes after 9
        piece, columns = values[start : start + 2], {"image_id": IDS[start : start + 2]}
        writing.write_piece(folder / "pieces", number, 12, piece.shape, values.dtype, [piece[:1], piece[1:]], columns)
    return Source(str(folder / "pieces"))


FORMATS = (npy, hdf5, parquet_of_lists, parquet_of_fixed_lists, parquet_of_columns, folder_of_pieces)


def read(source, rows=None):
    with reading.opening(source) as matrix:
        blocks = list(matrix.read(np.arange(matrix.shape[0]) if rows is None else np.asarray(rows)))
        return matrix, np.concatenate(blocks)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("block", [1, 1 << 24], ids=["a row at a time", "all rows at once"])
def test_every_format_gives_the_same_rows_in_any_order(tmp_path, monkeypatch, form, block):
    monkeypatch.setattr(sources, "BLOCK", block)
    source = form(tmp_path)
    matrix, values = read(source)
    assert matrix.shape == (ROWS, WIDTH) and matrix.dtype == np.float32 and (values == VALUES).all()
    assert matrix.ids == (None if form is npy else IDS)
    rows = np.random.RandomState(1).permutation(ROWS)
    assert (read(source, rows)[1] == VALUES[rows]).all()
    far = [22, 0, 11]
    assert (read(source, far)[1] == VALUES[far]).all()


@pytest.mark.parametrize(
    "values",
    [
        np.asfortranarray(VALUES),
        VALUES.astype(np.float64),
        VALUES.astype(np.float16),
        VALUES.astype(">f4"),
        (VALUES * 10).astype(np.int8),
        VALUES > 0,
    ],
    ids=["fortran order", "float64", "float16", "big endian", "int8", "bool"],
)
def test_matrices_of_numbers_keep_their_values(tmp_path, values):
    for form in (npy, hdf5):
        matrix, found = read(form(tmp_path, values), [3, 1, 4])
        assert (found == values[[3, 1, 4]]).all() and matrix.dtype == values.dtype


def test_a_matrix_larger_than_a_block_is_never_held_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", 3 * WIDTH * 4)
    with reading.opening(npy(tmp_path)) as matrix:
        assert [len(block) for block in matrix.read(np.arange(ROWS))] == [3] * 7 + [2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (VALUES.astype(object), "holds Python objects, which only pickle reads"),
        (VALUES[0], r"found float32 of shape \(5,\); wanted a matrix of numbers"),
        (VALUES[:0], r"found float32 of shape \(0, 5\)"),
        (VALUES[None], r"found float32 of shape \(1, 23, 5\)"),
        (VALUES.astype(str), r"found <U32 of shape"),
        (VALUES + 1j, "found complex64 of shape"),
    ],
    ids=["objects", "a vector", "no rows", "three dimensions", "text", "complex"],
)
def test_an_npy_file_of_something_else_is_refused(tmp_path, values, message):
    with pytest.raises(InputError, match=message), reading.opening(npy(tmp_path, values)):
        pass


def cut(source):
    path = source.path
    with open(path, "r+b") as file:
        file.truncate(file.seek(0, 2) - 60)
    return source


BROKEN = {
    "half an npy file": (lambda folder: cut(npy(folder)), "not a readable npy file"),
    "half a Parquet file": (lambda folder: cut(parquet_of_lists(folder)), "not a readable Parquet file"),
    "half an HDF5 file": (lambda folder: cut(hdf5(folder)), "not a readable HDF5 file"),
    "no file": (lambda folder: Source(str(folder / "none.npy")), "No such file"),
    "an empty folder": (lambda folder: Source(str(folder)), r"found no img_emb/\*.npy in the folder"),
    "a column of an npy file": (
        lambda folder: Source(npy(folder).path, column="a"),
        "found column 'a', but an npy file has no columns",
    ),
    "an HDF5 file without the data set": (
        lambda folder: Source(hdf5(folder).path, column="clip"),
        "found no data set 'clip', but 'feature', 'image_id'; wanted the name of the features there, as column",
    ),
    "an HDF5 file with the ids as matrix": (
        lambda folder: Source(hdf5(folder).path, id_column="feature"),
        "found no data set 'feature' of text or whole numbers",
    ),
    "a Parquet file without the column": (
        lambda folder: Source(parquet_of_lists(folder).path, column="clip"),
        "found no column 'clip', but 'image_id', 'embedding'; wanted one of them as column",
    ),
    "a Parquet column of text": (
        lambda folder: Source(parquet_of_lists(folder).path, column="image_id"),
        "found column 'image_id' of string; wanted one of lists of numbers",
    ),
}


@pytest.mark.parametrize(("made", "message"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_named_with_what_is_wanted(tmp_path, made, message):
    with pytest.raises(InputError, match=message), reading.opening(made(tmp_path)):
        pass


def test_packed_arrays_are_refused_with_what_to_do(tmp_path):
    np.savez(tmp_path / "matrix.npz", VALUES)
    with pytest.raises(InputError, match=r"npz or another packed file; numpy.save writes npy"):
        read(Source(str(tmp_path / "matrix.npz")))


def test_lists_of_another_length_name_their_row(tmp_path):
    lists = [row.tolist() for row in VALUES]
    for value, found in ((lists[9][:4], "4 numbers"), (None, "nothing")):
        columns = {"image_id": IDS, "feature": [*lists[:9], value, *lists[10:]]}
        pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "lists.parquet")
        with pytest.raises(InputError, match=f"row 9, feature: found {found}; wanted 5 numbers, as in row 0"):
            read(Source(str(tmp_path / "lists.parquet")))


@pytest.mark.parametrize("of_lists", [True, False], ids=["lists", "columns"])
def test_missing_values_name_their_row(tmp_path, of_lists):
    values = VALUES.astype(np.int32).tolist()
    values[9][2] = None
    frame = (
        {"feature": values}
        if of_lists
        else {f"x{column}": list(cells) for column, cells in enumerate(zip(*values, strict=True))}
    )
    pyarrow.parquet.write_table(pyarrow.table(frame), tmp_path / "missing.parquet")
    with pytest.raises(InputError, match=r"row 9, (feature|x2): found no value, wanted a number"):
        read(Source(str(tmp_path / "missing.parquet")))


def test_ids_that_are_no_text_are_refused(tmp_path):
    source = hdf5(tmp_path)
    with h5py.File(source.path, "r+") as file:
        del file["image_id"]
        file["image_id"] = np.full(ROWS, b"\xff\xfe", "S2")
    with pytest.raises(InputError, match="image_id is no text in UTF-8"):
        read(source)


def test_several_columns_of_lists_need_a_name(tmp_path):
    lists = [row.tolist() for row in VALUES]
    pyarrow.parquet.write_table(pyarrow.table({"clip": lists, "dino": lists}), tmp_path / "two.parquet")
    path = str(tmp_path / "two.parquet")
    with pytest.raises(InputError, match="wanted one of lists of numbers, named as column"):
        read(Source(path))
    matrix, values = read(Source(path, column="dino"))
    assert matrix.ids is None and (values == VALUES).all()


@pytest.mark.parametrize("form", ["npy", "npy of bytes", "npy of numbers", "text"])
def test_ids_of_a_file_are_those_of_the_rows(tmp_path, form):
    path, ids = tmp_path / "ids", IDS
    if form == "text":
        path.write_text("\n".join(IDS) + "\n", encoding="utf-8")
    else:
        array = np.array(IDS)
        array = array.astype("S") if form == "npy of bytes" else array
        array = np.arange(ROWS) if form == "npy of numbers" else array
        ids = [str(number) for number in range(ROWS)] if form == "npy of numbers" else ids
        with open(path, "wb") as file:
            np.save(file, array)
    assert read(Source(npy(tmp_path).path, ids=str(path)))[0].ids == ids
    assert read(Source(hdf5(tmp_path).path, ids=str(path)))[0].ids == ids  # they come before the file's own


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: np.save(path, np.array(IDS, object)), "holds Python objects"),
        (lambda path: np.save(path, VALUES), r"found float32 of shape \(23, 5\); wanted ids of images"),
        (
            lambda path: np.save(path, np.array(IDS[:-1])),
            "found 22 ids for the 23 rows of .*matrix.npy; wanted an id per row",
        ),
    ],
    ids=["objects", "a matrix", "more rows than ids"],
)
def test_ids_that_are_none_are_refused(tmp_path, write, message):
    write(tmp_path / "ids.npy")
    with pytest.raises(InputError, match=message):
        read(Source(npy(tmp_path).path, ids=str(tmp_path / "ids.npy")))


def test_pieces_of_different_width_are_refused(tmp_path):
    source = folder_of_pieces(tmp_path)
    np.save(tmp_path / "pieces/img_emb/img_emb_05.npy", VALUES[:2, :3])
    with pytest.raises(InputError, match=r"img_emb_05\.npy: found 3 features of float32; wanted 5 of float32"):
        read(source)


def test_pieces_are_read_by_other_programs(tmp_path):
    folder_of_pieces(tmp_path)
    names = sorted(path.name for path in (tmp_path / "pieces/img_emb").iterdir())
    assert names == [f"img_emb_{number:02}.npy" for number in range(12)]
    values = np.concatenate([np.load(tmp_path / "pieces/img_emb" / name) for name in names])
    tables = [pd.read_parquet(path) for path in sorted((tmp_path / "pieces/metadata").iterdir())]
    assert (values == VALUES).all() and list(pd.concat(tables)["image_id"]) == IDS


def test_a_matrix_is_closed_after_use(tmp_path):
    source = hdf5(tmp_path)
    with contextlib.suppress(RuntimeError), reading.opening(source):
        raise RuntimeError
    with h5py.File(source.path, "r+") as file:  # refused while it is open elsewhere
        file["other"] = 1
