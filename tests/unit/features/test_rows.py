"""Which row of a matrix is of which image."""

import pytest

from spml.features import rows
from spml.runtime.errors import InputError

ID, NAME = ["9", "25", "30"], ["COCO_9.jpg", "COCO_25.jpg", "COCO_30.jpg"]


@pytest.mark.parametrize(
    "ids",
    [
        ["30", "9", "7", "25"],
        ["COCO_30.jpg", "COCO_9.jpg", "COCO_7.jpg", "COCO_25.jpg"],
        ["train2014/COCO_30.jpg", "train2014/COCO_9.jpg", "train2014/COCO_7.jpg", "train2014/COCO_25.jpg"],
    ],
    ids=["ids", "file names", "paths, as in the published lists"],
)
def test_images_are_found_by_id_file_name_or_path(ids):
    assert rows.by_ids("ids.npy", ids, ID, NAME).tolist() == [1, 3, 0]


def test_an_image_without_a_row_is_named():
    with pytest.raises(
        InputError, match=r"ids\.npy: found no row for 1 of 3 images by their id, the first: '30' .*as '25'"
    ):
        rows.by_ids("ids.npy", ["25", "9"], ID, NAME)


def test_rows_that_share_an_id_are_refused_where_an_image_needs_them():
    with pytest.raises(InputError, match="found several rows with the id '9'; wanted one per image"):
        rows.by_ids("ids.npy", ["9", "25", "30", "9"], ID, NAME)
    assert rows.by_ids("ids.npy", ["9", "25", "30", "7", "7"], ID, NAME).tolist() == [0, 1, 2]


def test_file_names_that_are_the_same_in_several_folders_do_not_tell_images_apart():
    with pytest.raises(InputError, match="found ids that are the file name without folders of several images"):
        rows.by_ids("ids.npy", ["x/1.jpg"], ["a", "b"], ["one/1.jpg", "two/1.jpg"])


def test_rows_without_ids_follow_the_published_order():
    identity = ["1", "10", "2"]  # as text
    assert rows.by_order("m.npy", 3, "listed", None, identity, "images.csv").tolist() == [0, 1, 2]
    assert rows.by_order("m.npy", 3, "number", None, identity, "images.csv").tolist() == [0, 2, 1]
    assert rows.by_order("m.npy", 4, "table", ["2", "7", "1", "10"], identity, "mine.csv").tolist() == [2, 3, 0]


def test_another_number_of_rows_and_an_unknown_order_are_refused():
    with pytest.raises(
        InputError, match=r"m.npy: found 4 rows and no ids, but images.csv has 3 images; wanted a row for each"
    ):
        rows.by_order("m.npy", 4, "listed", None, ID, "images.csv")
    with pytest.raises(InputError, match="no published order of the images; wanted a file of ids beside the matrix"):
        rows.by_order("m.npy", 3, "", None, ID, "images.csv")
