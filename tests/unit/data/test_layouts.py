"""The layouts of the field: read right from small files in their real formats, refused by name where they are broken."""

import json

import numpy as np
import pytest

import layouts
import tiny
from spml.data import annotations, cub, nuswide, voc
from spml.runtime.errors import InputError


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The tiny data set: annotations and pictures."""
    folder = tmp_path_factory.mktemp("data")
    for seed, (part, images) in enumerate(tiny.SIZES.items()):
        dataset = tiny.coco_dataset(images, seed)
        tiny.draw(dataset, folder / part)
        (folder / f"{part}.json").write_text(json.dumps(dataset))
    return folder


def wanted(data, part):
    """True labels of all images of the tiny data set, in the order of their numbers, and the categories."""
    dataset = json.loads((data / f"{part}.json").read_text())
    ids = [entry["id"] for entry in dataset["categories"]]
    matrix = np.zeros((len(dataset["images"]), len(ids)), np.int8)
    for entry in dataset["annotations"]:
        matrix[entry["image_id"] - 1, ids.index(entry["category_id"])] = 1
    return matrix, [entry["name"] for entry in dataset["categories"]]


def through_json(part, tmp_path):
    """As the workflow reads it on: written as COCO JSON, checked by the reader of that, every image counting."""
    part.write(tmp_path / "part.json", {"description": "test"})
    return annotations.read(tmp_path / "part.json", unannotated_count=True)


def test_voc_difficult_objects_are_no_positives_and_every_listed_image_counts(data, tmp_path):
    matrix, names = wanted(data, "train")
    image = int(np.flatnonzero(matrix.sum(1) == 1)[0])  # its only object becomes difficult
    name = names[int(matrix[image].argmax())]
    at = layouts.voc(data, tmp_path, difficult={(image + 1, name)})
    lists = {part: str(at / f"ImageSets/Main/{stem}.txt") for part, stem in layouts.PARTS.items()}
    read = through_json(voc.read(lists["train"], lists["train"]), tmp_path)
    matrix[image] = 0
    order = [names.index(category) for category in read.category]
    assert read.category == sorted(names) and len(read.image_id) == tiny.SIZES["train"]
    assert read.image_id[0] == "2008_000001" and read.file_name[0] == "2008_000001.png"
    assert (read.label[:] == matrix[:, order]).all() and not read.label[:][image].any() and not read.label[:][-1].any()
    of_test = through_json(voc.read(lists["test"], lists["train"]), tmp_path)
    assert of_test.category == read.category and (of_test.label[:] == wanted(data, "test")[0][:, order]).all()


def test_voc_boxes_begin_at_0_and_have_an_area(data, tmp_path):
    listing = str(layouts.voc(data, tmp_path) / "ImageSets/Main/train.txt")
    entry = voc.read(listing, listing).annotations[0]
    first = json.loads((data / "train.json").read_text())["annotations"][0]
    assert entry["bbox"] == first["bbox"] and entry["area"] == first["area"]


def test_nuswide_keeps_images_without_any_concept(data, tmp_path):
    root = layouts.nuswide(data, tmp_path)
    for part in ("train", "test"):
        matrix, names = wanted(data, part)
        read = through_json(nuswide.read(str(root / f"ImageList/{part.capitalize()}Imagelist.txt")), tmp_path)
        assert read.category == names and (read.label[:] == matrix).all() and not read.label[:][-1].any()
        assert read.image_id[0] == f"actor/0001_{part}" and read.file_name[0] == f"actor/0001_{part}.png"


def test_cub_attributes_by_the_published_split(data, tmp_path):
    at = layouts.cub(data, tmp_path)
    for part in ("train", "test"):
        matrix, names = wanted(data, part)
        read = through_json(cub.read(str(at / "images.txt"), part), tmp_path)
        assert read.category == [f"has_colour::{name}" for name in names]
        order = [int(image) - 1 - (0 if part == "train" else tiny.SIZES["train"]) for image in read.image_id]
        assert read.image_id == sorted(read.image_id) and (read.label[:] == matrix[order]).all()
    (tmp_path / "attributes.txt").rename(at / "attributes/attributes.txt")  # where some copies have it
    assert cub.read(str(at / "images.txt"), "train").category[0] == "has_colour::red"


def test_lists_are_found_from_the_folder_that_they_lie_in(data, tmp_path, monkeypatch):
    monkeypatch.chdir(layouts.voc(data, tmp_path / "voc") / "ImageSets/Main")
    assert len(voc.read("train.txt", "train.txt").images) == tiny.SIZES["train"]
    monkeypatch.chdir(layouts.nuswide(data, tmp_path / "nuswide") / "ImageList")
    assert len(nuswide.read("TrainImagelist.txt").images) == tiny.SIZES["train"]
    monkeypatch.chdir(layouts.cub(data, tmp_path))
    assert len(cub.read("images.txt", "train").images) == tiny.SIZES["train"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ImageSets/Main/train.txt", "", r"train\.txt: found nothing, wanted the id of an image on each line"),
        ("ImageSets/Main/train.txt", "2008_000001  1\n", r"train\.txt: line 1: found '2008_000001  1', wanted the id"),
        ("ImageSets/Main/train.txt", "../../x\n", r"train\.txt: line 1: found '../../x'"),
        ("ImageSets/Main/train.txt", "2008_000001\n" * 2, r"line 2: found '2008_000001', also on line 1"),
        (
            "ImageSets/Main/train.txt",
            "2008_000099\n",
            r"2008_000099\.xml: No such file.*annotation of image 2008_000099",
        ),
        ("Annotations/2008_000001.xml", "<annotation><object>", r"2008_000001\.xml: not XML"),
        ("Annotations/2008_000001.xml", "<html/>", r"found element 'html', wanted annotation"),
        ("Annotations/2008_000001.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "found a document type"),
        (
            "Annotations/2008_000001.xml",
            "<!DOCTYPE a><annotation/>".encode("utf-16"),
            "found a document type, an entity",
        ),
        ("Annotations/2008_000001.xml", "<annotation><object/></annotation>", r"object 1, name: found '', wanted"),
        (
            "Annotations/2008_000001.xml",
            "<annotation><object><name>red</name><bndbox><xmin>one</xmin></bndbox></object></annotation>",
            r"object 1, bndbox/xmin: found 'one', wanted a number of pixels",
        ),
        (
            "Annotations/2008_000001.xml",
            "<annotation><object><name>red</name><difficult>maybe</difficult></object></annotation>",
            r"object 1, difficult: found 'maybe', wanted 0 or 1",
        ),
        (
            "Annotations/2011_000001.xml",
            layouts.XML.format(
                identity="x", objects=layouts.OBJECT.format(name="pink", difficult=0, left=1, top=1, right=2, bottom=2)
            ),
            r"val.txt: found 1 category that .* 'pink' \(.*2011_000001\.xml, object 1\); wanted some of",
        ),
    ],
)
def test_a_broken_voc_file_is_named(data, tmp_path, name, text, message):
    at = layouts.voc(data, tmp_path)
    (at / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        voc.read(str(at / "ImageSets/Main/val.txt"), str(at / "ImageSets/Main/train.txt"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ImageList/TrainImagelist.txt", "", r"TrainImagelist\.txt: found nothing"),
        ("Groundtruth/TrainTestLabels/Labels_blue_Train.txt", "0\n" * 39, r"found 39 lines, wanted 40, one for each"),
        (
            "Groundtruth/TrainTestLabels/Labels_blue_Train.txt",
            "0\n2\n" * 20,
            r"Train\.txt: line 2: found '2', wanted 0 or 1",
        ),
        ("ConceptsList/Concepts81.txt", "red\npink\n", r"Labels_pink_Train\.txt: No such file or directory"),
        ("ConceptsList/Concepts81.txt", "red\nred\n", r"Concepts81\.txt: line 2: found 'red', also on line 1"),
    ],
)
def test_a_broken_file_of_nuswide_is_named(data, tmp_path, name, text, message):
    root = layouts.nuswide(data, tmp_path)
    (root / name).write_text(text)
    with pytest.raises(InputError, match=message):
        nuswide.read(str(root / "ImageList/TrainImagelist.txt"))


def test_a_list_of_another_name_is_not_of_nuswide(tmp_path):
    with pytest.raises(
        InputError, match=r"found the name 'mine\.txt', wanted TrainImagelist\.txt or TestImagelist\.txt"
    ):
        nuswide.read(str(tmp_path / "mine.txt"))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("images.txt", lambda text: text + "1 again.png\n", r"images\.txt: line 65: found '1', also on line 1"),
        ("images.txt", lambda text: text + "65\n", r"images\.txt: line 65: found '65', wanted an id and the path"),
        ("images.txt", lambda text: text + "65 more.png\n", r"split\.txt: found nothing for image 65"),
        ("train_test_split.txt", lambda text: text.replace("2 1", "2 7"), r"split\.txt: found 2 7, wanted an id"),
        (
            "attributes/image_attribute_labels.txt",
            lambda text: text[: text.rindex("64 4")],
            r"found no line for image 64 with attribute 4, wanted",
        ),
        (
            "attributes/image_attribute_labels.txt",
            lambda text: text + "1 1 0 3 9.5\n",
            r"line 257: found image 1 with attribute 1 again, wanted each once",
        ),
        ("attributes/image_attribute_labels.txt", lambda text: text.replace("1 2 ", "1 9 ", 1), r"line 2: found '1 9"),
        ("attributes/image_attribute_labels.txt", lambda text: "", r"found no line for image 1 with attribute 1"),
    ],
)
def test_a_broken_file_of_cub_is_named(data, tmp_path, name, change, message):
    at = layouts.cub(data, tmp_path)
    (at / name).write_text(change((at / name).read_text()))
    with pytest.raises(InputError, match=message):
        cub.read(str(at / "images.txt"), "train")
