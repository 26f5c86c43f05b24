import numpy as np
import pytest

from spml.artifacts.spreadsheet import Row
from spml.data import coco
from spml.data.csv_table import read_rows
from spml.labels.observation import WEIGHTS, UniformDraw, WeightedDraw, from_rows
from spml.runtime.errors import InputError

TRUE = (np.random.RandomState(0).rand(200, 12) < 0.3).astype(np.uint8)
TRUE[5], TRUE[6] = 0, 1


def observe_uniform(true, seed, *numbers):
    return UniformDraw(seed, *numbers).observe(true)


def observe_weighted(true, weights, seed, *numbers):
    return WeightedDraw(true.shape, seed, *numbers).observe(true, weights)


def published_weighted(true, weights, seed, positives, negatives):
    """The draw on whole matrices, with one stream: times of the positives of all rows, then of the negatives."""
    random = np.random.RandomState(seed)
    largest = np.where(true == 1, weights, 0).max(1, keepdims=True)
    relative = np.where(largest > 0, weights / np.where(largest > 0, largest, 1), 1.0)
    present = np.where(true == 1, random.standard_exponential(true.shape) / np.maximum(relative, 1e-9), np.inf)
    absent = np.where(true == 0, random.standard_exponential(true.shape), np.inf)
    observed = np.zeros(true.shape, np.int8)
    for row in range(len(true)):
        observed[row, absent[row].argsort(kind="stable")[:negatives]] = -1
        observed[row, true[row] != 0] = 0
        first = present[row].argsort(kind="stable")[:positives]
        observed[row, first[true[row, first] == 1]] = 1
    return observed


@pytest.mark.parametrize("size", [1, 7, 200])
@pytest.mark.parametrize("numbers", [(1, 0), (2, 3)])
def test_a_draw_in_blocks_is_the_draw_of_all_rows(size, numbers):
    weights = np.random.RandomState(1).rand(*TRUE.shape).astype(np.float32)
    uniform, weighted = UniformDraw(5, *numbers), WeightedDraw(TRUE.shape, 5, *numbers)
    parts = [slice(start, start + size) for start in range(0, len(TRUE), size)]
    assert (np.concatenate([uniform.observe(TRUE[rows]) for rows in parts]) == observe_uniform(TRUE, 5, *numbers)).all()
    drawn = np.concatenate([weighted.observe(TRUE[rows], weights[rows]) for rows in parts])
    assert (drawn == published_weighted(TRUE, weights, 5, *numbers)).all()


@pytest.mark.parametrize("draw", [observe_uniform, lambda *a: observe_weighted(a[0], np.ones(TRUE.shape), *a[1:])])
def test_so_many_positives_and_negatives_are_observed(draw):
    observed = draw(TRUE, 3, 2, 4)
    assert observed.dtype == np.int8
    assert ((observed == 1).sum(1) == np.minimum(TRUE.sum(1), 2)).all()
    assert ((observed == -1).sum(1) == np.minimum((TRUE == 0).sum(1), 4)).all()
    assert (TRUE[observed == 1] == 1).all() and (TRUE[observed == -1] == 0).all()
    assert (draw(TRUE, 3, 2, 4) == observed).all() and (draw(TRUE, 4, 2, 4) != observed).any()


def test_the_published_draw_is_the_same_with_more_positives():
    one, two = observe_uniform(TRUE, 1200), observe_uniform(TRUE, 1200, 2, 1)
    assert (two[one == 1] == 1).all()


def test_a_positive_is_as_likely_as_its_weight_says():
    true = np.tile([1, 0, 1, 1], (20000, 1)).astype(np.uint8)
    weights = np.tile([1.0, 9.0, 2.0, 5.0], (20000, 1))
    assert observe_weighted(true, weights, 1).mean(0) == pytest.approx([1 / 8, 0, 2 / 8, 5 / 8], abs=0.015)


def test_several_are_drawn_one_after_the_other_without_replacement():
    true, weights = np.ones((40000, 3), np.uint8), np.tile([1.0, 2.0, 3.0], (40000, 1))
    first_or_second = 1 / 6 + 2 / 6 * 1 / 4 + 3 / 6 * 1 / 3
    assert observe_weighted(true, weights, 1, 2).mean(0)[0] == pytest.approx(first_or_second, abs=0.015)


def test_a_weight_of_nothing_comes_last_and_rows_without_weights_are_uniform():
    true = np.ones((6000, 3), np.uint8)
    weights = np.tile([0.0, 1.0, 0.0], (6000, 1))
    assert observe_weighted(true, weights, 1).mean(0).tolist() == [0, 1, 0]
    assert (observe_weighted(true, weights, 1, 3) == 1).all()
    assert observe_weighted(true, np.zeros((6000, 3)), 1).mean(0) == pytest.approx([1 / 3] * 3, abs=0.03)


def annotated(tmp_path, **changes):
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 2, "bbox": [0, 0, 10, 10], "area": 60.0},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [30, 0, 10, 10], "area": 40},
        {"id": 3, "image_id": 1, "category_id": 3, "bbox": [45, 45, 10, 10], "area": 100.0},
    ]
    annotations[1] |= changes
    data = coco.COCO()
    data.dataset = {
        "categories": [{"id": 2, "name": "cat"}, {"id": 3, "name": "dog"}],
        "images": [{"id": 1, "file_name": "1.png", "width": 100, "height": 100}],
        "annotations": annotations,
    }
    data.createIndex()
    return data


def test_weights_by_size_and_by_location(tmp_path):
    data = annotated(tmp_path)
    size = coco.annotation_weights("f.json", data, ["1"], WEIGHTS["size"])
    assert size.tolist() == [[100.0, 100.0]]
    location = coco.annotation_weights("f.json", data, ["1"], WEIGHTS["location"])
    wanted = 1 / np.hypot(45, 45) + 1 / np.hypot(15, 45)
    assert location == pytest.approx(np.array([[wanted, 1 / 0.0005]]), rel=1e-6)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("bbox", None, r"annotations\[1\].bbox: found None, wanted \[x, y, width, height\]"),
        ("bbox", [1, 2, "3", 4], r"annotations\[1\].bbox: found \[1, 2, '3', 4\]"),
        ("area", None, r"annotations\[1\].area: found None, wanted square pixels"),
        ("area", -1, r"annotations\[1\].area: found -1"),
    ],
)
def test_annotations_without_box_or_area_are_named(tmp_path, key, value, message):
    with pytest.raises(InputError, match=message):
        coco.annotation_weights("f.json", annotated(tmp_path, **{key: value}), ["1"], WEIGHTS["size"])


def test_images_without_a_size_are_named(tmp_path):
    data = annotated(tmp_path)
    del data.imgs[1]["width"]
    with pytest.raises(InputError, match="image 1, width: found None, wanted pixels"):
        coco.annotation_weights("f.json", data, ["1"], WEIGHTS["location"])


IMAGES, FILES, CATEGORIES = ["7", "8"], ["a.png", "b.png"], ["cat", "dog"]


def given(rows):
    rows = [Row(row.items(), line) for line, row in enumerate(rows, 2)]
    return from_rows("mine.csv", rows, IMAGES, FILES, CATEGORIES)


def test_labels_observed_in_reality():
    rows = [
        {"image_id": "8", "category": "dog", "observed": "-1"},
        {"image_id": "7", "category": "cat", "observed": ""},
    ]
    assert given(rows).tolist() == [[1, 0], [0, -1]]
    assert given([{"file_name": "b.png", "category": "cat"}] * 2).tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "found no row, wanted rows with image_id or file_name, category"),
        ([{"picture": "7", "category": "cat"}], "found picture, category, wanted rows with image_id"),
        ([{"image_id": "9", "category": "cat"}], "line 2, image_id: found '9', wanted one of the 2 images"),
        ([{"image_id": "7", "category": "cow"}], "line 2, category: found 'cow', wanted one of cat, dog"),
        ([{"image_id": "7", "category": "cat", "observed": "yes"}], "line 2, observed: found 'yes', wanted 1"),
        (
            [{"image_id": "7", "category": "cat", "observed": sign} for sign in ("1", "-1")],
            "line 3: 7 has 'cat' as present and as absent",
        ),
    ],
)
def test_a_wrong_row_is_named(rows, message):
    with pytest.raises(InputError, match=f"mine.csv.*{message}"):
        given(rows)


def test_a_table_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "mine.csv").write_bytes("\ufeffimage_id,category\n7,cat\n".encode())
    assert read_rows(str(tmp_path / "mine.csv"), "columns") == [{"image_id": "7", "category": "cat"}]


@pytest.mark.parametrize("content", [b"image_id,category\n7,caf\xe9\n", b'image_id,category\n7,"cat\n'])
def test_a_file_that_is_no_table_in_utf_8_is_refused(tmp_path, content):
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.csv: line 2: (no text in UTF-8|not a CSV file)"):
        read_rows(str(tmp_path / "mine.csv"), "columns")
