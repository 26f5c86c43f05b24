"""What is told of tables and files before any work."""

import json

import numpy as np
import pytest
from PIL import Image

import layouts
import tiny
from spml.data import packing, precheck
from spml.data.precheck import Part


@pytest.fixture
def folder(tmp_path):
    """Pictures 0.png to 3.png for training and 4.png, 5.png for the test, no two alike."""
    random = np.random.RandomState(0)
    for number in range(6):
        part = tmp_path / ("train" if number < 4 else "test")
        part.mkdir(exist_ok=True)
        Image.fromarray(random.randint(0, 255, (8, 8, 3), np.uint8)).save(part / f"{number}.png")
    table(tmp_path, "train", "0.png,cat", "1.png,dog", "2.png,cat", "3.png,cow")
    table(tmp_path, "test", "4.png,cat", "5.png,dog")
    return tmp_path


def table(folder, part, *rows):
    (folder / f"{part}.csv").write_text("\n".join(["path,observed", *rows]) + "\n", encoding="utf-8")


def found(folder, *names, categories=None, missing="refuse"):
    tables = {name: str(folder / f"{name}.csv") for name in names or ("train", "test")}
    parts = {name: Part("table", path, tables["train"], str(folder / name)) for name, path in tables.items()}
    return precheck.find(parts, categories, False, missing)


def test_sound_data_have_no_findings(folder):
    assert found(folder) == precheck.Findings(pictures=6)
    assert found(folder, "train") == precheck.Findings(pictures=4)


def test_all_unknown_categories_of_a_test_table_are_in_one_message_with_the_remedy(folder):
    table(folder, "test", "4.png,cta;horse", "5.png,dog;zebra")
    (mistake,) = found(folder).mistakes
    assert (
        "found 3 unknown categories: 'cta' (line 2, did you mean cat?), 'horse' (line 2), 'zebra' (line 3)" in mistake
    )
    assert "wanted cat, cow, dog; rename them, take them out, or name them in a training row too" in mistake


def test_missing_pictures_are_counted_and_named(folder):
    table(folder, "train", *(f"{number}.png,cat" for number in range(12)))
    (mistake,) = found(folder, "train").mistakes
    assert f"8 of 12 pictures are not in {folder}/train: {folder}/train/10.png" in mistake and "and 3 more" in mistake
    assert found(folder, "train", missing="leave_out").mistakes == []


def test_pictures_that_cannot_be_read_are_named_with_the_reason(folder):
    (folder / "train/1.png").write_text("no picture")
    (mistake,) = found(folder).mistakes
    assert f"1 picture cannot be read: {folder}/train/1.png (" in mistake and "take it out" in mistake


def test_the_same_picture_in_both_parts_is_a_warning(folder):
    (folder / "test/5.png").write_bytes((folder / "train/2.png").read_bytes())
    findings = found(folder)
    (warning,) = findings.warnings
    assert findings.mistakes == [] and warning.startswith("1 picture of the training part is in the test part, too: ")
    assert f"{folder}/train/2.png ({folder}/test/5.png)" in warning


def test_every_kind_of_mistake_is_told_at_once(folder):
    (folder / "train/1.png").write_text("no picture")
    (folder / "train/2.png").unlink()
    table(folder, "test", "4.png,horse")
    mistakes = found(folder).mistakes
    assert [("are not in" in line, "cannot be read" in line, "'horse'" in line) for line in mistakes] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_a_training_table_that_is_no_table_is_one_mistake(folder):
    (folder / "train.csv").write_text("name,label\n")
    assert len(found(folder).mistakes) == 1


def test_a_list_of_categories_is_known_too(folder):
    (folder / "names.txt").write_text("cat\ndog\ncow\nhorse\n")
    table(folder, "test", "4.png,horse")
    assert found(folder, categories=str(folder / "names.txt")).mistakes == []


def test_pictures_that_a_rule_fetches_are_not_looked_for(folder):
    parts = {"train": Part("table", str(folder / "train.csv"), "", "")}
    assert precheck.find(parts, None, False, "refuse") == precheck.Findings()


def test_a_link_out_of_the_folder_is_a_mistake(folder):
    (folder / "train/1.png").unlink()
    (folder / "train/1.png").symlink_to(folder / "test/4.png")
    (mistake,) = found(folder, "train").mistakes
    assert "1 picture is a link out of" in mistake and "or copy them" in mistake


def test_lists_of_pictures_are_read(folder):
    (folder / "list.txt").write_text("train/0.png\ntrain/9.png\n")
    lists = {"predict.images": str(folder / "list.txt")}
    (mistake,) = precheck.find({}, None, False, "refuse", lists).mistakes
    assert "list.txt, line 2: found 'train/9.png', wanted the path of a file" in mistake


# -- a folder per category


@pytest.fixture
def folders(folder):
    """The same pictures in folders of categories, with files that systems leave there."""
    for part, names in {
        "train": {"0": "cat", "1": "dog", "2": "cat", "3": "cow"},
        "test": {"4": "cat", "5": "dog"},
    }.items():
        for number, category in names.items():
            (folder / part / category).mkdir(exist_ok=True)
            (folder / part / f"{number}.png").rename(folder / part / category / f"{number}.png")
        for name in (".DS_Store", "cat/Thumbs.db", "cat/notes.txt"):
            (folder / part / name).write_bytes(b"\0\1system" if name != "cat/notes.txt" else b"a note")
    return folder


def in_folders(folder):
    key = "datasets.mine.{}.images"
    parts = {name: Part("image_folder", key.format(name), "", str(folder / name)) for name in ("train", "test")}
    return precheck.find(parts, None, True, "refuse")


def test_files_of_systems_in_folders_of_categories_are_no_finding(folders, capsys):
    assert in_folders(folders) == precheck.Findings(pictures=6)
    assert capsys.readouterr().out == ""


def test_all_folders_that_only_the_test_part_has_are_in_one_message(folders):
    for name in ("Cat", "zebra"):
        (folders / "test" / name).mkdir()
        (folders / "test" / name / "6.png").write_bytes((folders / "test/cat/4.png").read_bytes())
    (mistake,) = in_folders(folders).mistakes
    assert (
        f"test: found 2 folders that {folders}/train does not have: 'Cat', 'zebra'; wanted some of cat, cow, dog"
        in mistake
    )


def test_damaged_pictures_and_the_same_picture_twice_in_folders_are_warnings(folders):
    (folders / "train/cat/0.png").write_bytes(b"")
    (folders / "test/dog/5.png").write_bytes((folders / "train/cat/2.png").read_bytes())
    findings = in_folders(folders)
    assert findings.mistakes == []
    lost, same = findings.warnings
    assert lost == f"{folders}/train: 1 left out, empty file: cat/0.png" and "in the test part, too" in same


def test_a_folder_without_folders_is_a_mistake(folder):
    first, second = in_folders(folder).mistakes, found(folder).mistakes
    assert "none in a folder in it; wanted a folder for each category" in first[0] and second == []


# -- the layouts of the field


@pytest.fixture(scope="module")
def tiny_data(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("tiny")) / "data"


def voc_parts(root, stems=("train", "val")):
    lists = [str(root / f"ImageSets/Main/{stem}.txt") for stem in stems]
    parts = [Part("voc", path, lists[0], str(root / "JPEGImages")) for path in lists]
    return dict(zip(("train", "test"), parts, strict=True))


def test_a_sound_voc_layout_has_no_findings(tiny_data, tmp_path):
    root = layouts.voc(tiny_data, tmp_path)
    findings = precheck.find(voc_parts(root), None, True, "refuse")
    assert findings.mistakes == [] and findings.pictures == sum(tiny.SIZES[part] for part in ("train", "test"))


def test_all_mistakes_of_a_voc_layout_are_told(tiny_data, tmp_path):
    root = layouts.voc(tiny_data, tmp_path)
    listed = (root / "ImageSets/Main/train.txt").read_text().split()
    (root / f"JPEGImages/{listed[0]}.png").unlink()
    (root / f"JPEGImages/{listed[1]}.png").write_text("no picture")
    of_test = (root / "ImageSets/Main/val.txt").read_text().split()
    for identity, name in zip(of_test, ("pink", "mauve"), strict=False):
        path = root / f"Annotations/{identity}.xml"
        path.write_text(
            path.read_text().replace("<name>red<", f"<name>{name}<").replace("<name>blue<", f"<name>{name}<")
        )
    mistakes = precheck.find(voc_parts(root), None, True, "refuse").mistakes
    assert [any(word in line for line in mistakes) for word in ("pictures are not in", "cannot be read")] == [
        True,
        True,
    ]
    (line,) = [line for line in mistakes if "that the training part does not have" in line]
    assert "val.txt: found " in line and "wanted some of blue, green, red" in line


def test_a_missing_annotation_of_a_voc_layout_is_told(tiny_data, tmp_path):
    root = layouts.voc(tiny_data, tmp_path)
    next((root / "Annotations").iterdir()).unlink()
    assert (
        "No such file or directory; wanted the annotation of image"
        in precheck.find(voc_parts(root), None, True, "refuse").mistakes[0]
    )


@pytest.mark.parametrize("layout", ["nuswide", "cub"])
def test_sound_layouts_have_no_findings_and_a_missing_picture_is_told(layout, tiny_data, tmp_path):
    made = getattr(layouts, layout)(tiny_data, tmp_path)
    if layout == "cub":
        lists, folder = dict.fromkeys(("train", "test"), made / "images.txt"), made / "images"
    else:
        lists = {part: made / f"ImageList/{part.capitalize()}Imagelist.txt" for part in ("train", "test")}
        folder = made / "Flickr"
    parts = {name: Part(layout, str(path), str(lists["train"]), str(folder)) for name, path in lists.items()}
    findings = precheck.find(parts, None, True, "refuse")
    assert findings.mistakes == [] and findings.pictures == sum(tiny.SIZES[part] for part in ("train", "test"))
    next(path for path in sorted(folder.rglob("*.png"))).unlink()
    (mistake,) = precheck.find(parts, None, True, "refuse").mistakes
    assert "1 of " in mistake and f"pictures are not in {folder}" in mistake


def test_coco_files_of_other_categories_are_told_by_their_names(tiny_data, tmp_path):
    other = json.loads((tiny_data / "test.json").read_text())
    other["categories"][0]["name"] = "pink"
    (tmp_path / "test.json").write_text(json.dumps(other))
    files = {"train": tiny_data / "train.json", "test": tmp_path / "test.json"}
    parts = {name: Part("table", str(path), "", str(tiny_data / name)) for name, path in files.items()}
    (mistake,) = precheck.find(parts, None, False, "refuse").mistakes
    assert f"{files['test']}: found the categories of {files['train']} without 'red' and with 'pink' besides" in mistake


# -- what people write


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("train/0.png", "found '0.png' in that folder"),
        ("0.PNG", "found '0.png' in that folder"),
        ("0", "found '0.png' in that folder"),
        ("C:\\pictures\\0.png", "found '0.png' in that folder"),
        ("https://x.org/0.png", "no address is fetched"),
        ("nowhere.png", ""),
    ],
)
def test_a_missing_picture_that_is_there_under_nearly_its_name_is_named(folder, name, hint):
    table(folder, "train", f"{name},cat", "1.png,dog")
    (mistake,) = found(folder, "train").mistakes
    assert "1 of 2 pictures are not in" in mistake and hint in mistake
    assert hint or "in that folder" not in mistake


def test_a_table_without_a_category_is_a_mistake(folder):
    table(folder, "train", "0.png,", "1.png,")
    (mistake,) = found(folder, "train").mistakes
    assert "train.csv: found no image with a category" in mistake


def test_categories_that_look_like_mistakes_are_warnings(folder):
    table(folder, "train", "0.png,cat", "1.png,Cat", '2.png,"cat, dog"', "3.png,dog")
    twins, several = found(folder, "train").warnings
    assert "differ by case" in twins and f"'Cat', 'cat' ({folder}/train.csv, lines 2 and 3)" in twins.replace(
        "3 and 2", "2 and 3"
    )
    assert "looks like several" in several and "'cat, dog'" in several


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_picture_whose_end_is_missing_is_told_and_one_with_more_behind_it_is_not(folder, suffix):
    noise = Image.fromarray(np.random.RandomState(1).randint(0, 255, (64, 64, 3), np.uint8))
    noise.save(folder / f"train/whole.{suffix}")
    content = (folder / f"train/whole.{suffix}").read_bytes()
    (folder / f"train/more.{suffix}").write_bytes(content + bytes(10_000))
    (folder / f"train/cut.{suffix}").write_bytes(content[: len(content) // 2])
    table(folder, "train", *(f"{name}.{suffix},cat" for name in ("whole", "more", "cut")))
    (mistake,) = found(folder, "train").mistakes
    assert f"1 picture cannot be read: {folder}/train/cut.{suffix} (a picture whose end is missing)" in mistake


def test_folders_of_parts_are_not_taken_for_categories_in_silence(folder):
    for part in ("train", "test"):
        (folder / "all" / part).mkdir(parents=True)
        (folder / "all" / part / "1.png").write_bytes((folder / "train/1.png").read_bytes())
    (warning,) = precheck.find(
        {"train": Part("image_folder", "key", "", str(folder / "all"))}, None, True, "refuse"
    ).warnings
    assert "found the folders test, train, which are taken for categories" in warning


def test_names_and_cut_pictures_in_folders_of_categories_are_told(folders):
    (folders / "train/Dog").mkdir()
    content = (folders / "train/dog/1.png").read_bytes()
    (folders / "train/Dog/6.png").write_bytes(content[: len(content) // 2])
    findings = in_folders(folders)
    assert f"'Dog', 'dog' ({folders}/train)" in findings.warnings[0]
    assert (
        "1 picture cannot be read: " in findings.mistakes[0]
        and "Dog/6.png (a picture whose end" in findings.mistakes[0]
    )


def test_pictures_in_tars_are_looked_for_and_looked_at(folder):
    for part in ("train", "test"):
        pictures, _ = packing.listed(str(folder / part))
        for _ in packing.pack(pictures, str(folder / f"{part}_tars"), part, 10**6):
            pass
        (folder / part).rename(folder / f"unpacked_{part}")
    tars = {part: [str(folder / f"{part}_tars/{part}-000000.tar")] for part in ("train", "test")}

    def in_tars():
        parts = {
            part: Part("table", str(folder / f"{part}.csv"), str(folder / "train.csv"), f"{part}_tars", tars[part])
            for part in tars
        }
        return precheck.find(parts, None, False, "refuse")

    assert in_tars() == precheck.Findings(pictures=6)
    table(folder, "test", "4.png,cat", "5.png,dog", "kitchen/6.png,cow")
    (mistake,) = in_tars().mistakes
    assert "1 of 3 pictures are not in test_tars: test_tars/kitchen/6.png" in mistake
    table(folder, "test", "4.png,cat", "5.png,dog")
    same = [("4.png", str(folder / "unpacked_train/1.png")), ("5.png", str(folder / "train.csv"))]
    for _ in packing.pack(same, str(folder / "other"), "test", 10**6):
        pass
    tars["test"] = [str(folder / "other/test-000000.tar")]
    findings = in_tars()
    assert "1 picture cannot be read: " in findings.mistakes[0] and "//5.png (" in findings.mistakes[0]
    assert "1 picture of the training part is in the test part, too: " in findings.warnings[0]
