import json

import numpy as np
import pytest

import tiny
from spml.data import annotations, coco
from spml.runtime.errors import InputError


@pytest.fixture
def dataset():
    return tiny.coco_dataset(6, 0)


def load(tmp_path, dataset):
    path = tmp_path / "train.json"
    path.write_text(dataset if isinstance(dataset, str) else json.dumps(dataset))
    return coco.load(path)


def test_labels_against_counting_by_hand(tmp_path, dataset):
    images = [{"id": 9, "file_name": "9.jpg"}, {"id": 10, "file_name": "10.jpg"}, {"id": 2, "file_name": "2.jpg"}]
    dataset |= {"categories": [{"id": 7, "name": "b"}, {"id": 3, "name": "a"}], "images": images}
    dataset["annotations"] = [
        {"id": 1, "image_id": 9, "category_id": 3},
        {"id": 2, "image_id": 9, "category_id": 3, "iscrowd": 1},
        {"id": 3, "image_id": 10, "category_id": 7},
        {"id": 4, "image_id": 10, "category_id": 3, "iscrowd": 1},
    ]
    loaded = load(tmp_path, dataset)
    assert coco.category_names(loaded) == ["b", "a"]  # order of the file
    assert coco.listed_images(loaded) == [("10", "10.jpg"), ("2", "2.jpg"), ("9", "9.jpg")]  # sorted as text
    assert (coco.true_labels(loaded, ["10", "9"])[:] == np.array([[1, 1], [0, 1]])).all()


def test_annotations_are_read_once_and_images_without_any_do_not_count(tmp_path, dataset):
    images = [{"id": 9, "file_name": "9.jpg"}, {"id": 10, "file_name": "10.jpg"}, {"id": 2, "file_name": "2.jpg"}]
    dataset |= {"images": images, "annotations": [{"id": 1, "image_id": image, "category_id": 20} for image in (9, 10)]}
    source = str(tmp_path / "train.json")
    (tmp_path / "train.json").write_text(json.dumps(dataset))
    stored = str(tmp_path / "results/train.h5")
    annotations.write(stored, annotations.of_coco(source))
    for path in (source, stored):
        read = annotations.read(path)
        assert (read.path, read.image_id, read.file_name) == (source, ["10", "9"], ["10.jpg", "9.jpg"])
        assert read.unannotated == ["2.jpg"] and read.category == ["red", "green", "blue", "white"]
        assert read.label[:].tolist() == [[0, 1, 0, 0]] * 2
        every = annotations.read(path, unannotated_count=True)
        assert every.image_id == ["10", "2", "9"] and every.unannotated == []
        assert every.label[:].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]


def test_pycocotools_prints_nothing_to_the_reader(tmp_path, dataset, capsys):
    load(tmp_path, dataset)
    assert "error" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: "{", r"not JSON .*truncated\? wanted a COCO annotation file"),
        (lambda d: json.dumps(d)[:-40], r"not JSON"),
        (lambda d: [], r"found a list at the top, wanted an object with categories, images, annotations"),
        (lambda d: {"shapes": []}, r"categories: found keys shapes, wanted a list"),
        (lambda d: d | {"annotations": {}}, r"annotations: found dict, wanted a list"),
        (lambda d: d | {"images": [3]}, r"images\[0\].id: found None, wanted a whole number or text"),
        (lambda d: d | {"images": [{"id": 1}]}, r"images\[0\].file_name: found None, wanted text"),
        (
            lambda d: d | {"categories": [{"id": "1", "name": "a"}]},
            r"categories\[0\].id: found '1', wanted a whole number",
        ),
        (lambda d: d | {"images": d["images"] * 2}, r"images\[6\].id: found 1, also in images\[0\]; wanted each once"),
        (
            lambda d: d | {"categories": [*d["categories"], {"id": 99, "name": "red"}]},
            r"categories\[4\].name: found 'red', also in categories\[0\]",
        ),
        (
            lambda d: d | {"annotations": [{"id": 1, "image_id": 77, "category_id": 10}]},
            r"annotations\[0\].image_id: found 77, wanted the id of one of the 6 images",
        ),
        (
            lambda d: d | {"annotations": [{"id": 1, "image_id": 1, "category_id": 5}]},
            r"annotations\[0\].category_id: found 5, wanted the id of one of the 4 categories",
        ),
        (lambda d: d | {"annotations": [{"image_id": 1, "category_id": 10}]}, r"annotations\[0\].id: found None"),
        (
            lambda d: d | {"images": [{"id": 1, "file_name": "../../etc/passwd"}]},
            r"images\[0\].file_name: found '../../etc/passwd'",
        ),
        (
            lambda d: d | {"images": [{"id": 1, "file_name": "/etc/passwd"}]},
            r"images\[0\].file_name: found '/etc/passwd', wanted a path inside the images folder",
        ),
    ],
)
def test_what_is_not_coco_is_refused_by_name(tmp_path, dataset, change, message):
    with pytest.raises(InputError, match=rf"train.json: {message}"):
        load(tmp_path, change(dataset))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.json: No such file or directory; wanted a COCO annotation file"):
        coco.load(tmp_path / "none.json")


def test_nan_and_lone_surrogates_are_read_as_json_reads_them(tmp_path, dataset):
    dataset["annotations"][0]["area"] = float("nan")
    assert np.isnan(load(tmp_path, dataset).dataset["annotations"][0]["area"])
    dataset["info"] = "\ud800"
    assert load(tmp_path, dataset).dataset["info"] == "\ud800"


@pytest.mark.parametrize("where", ["annotations", "images", "top"])
def test_a_key_that_stands_twice_in_an_object_is_named(tmp_path, dataset, where):
    old, new = {
        "annotations": ('"area"', '"category_id"'),
        "images": ('"width"', '"height"'),
        "top": ('"images"', '"annotations"'),
    }[where]
    text = json.dumps(dataset)
    with pytest.raises(InputError, match=rf"train.json: found the key '{json.loads(new)}' twice in one object"):
        load(tmp_path, text.replace(old, new, 1))
