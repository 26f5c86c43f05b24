"""What is told of tables and files before any work."""

import numpy as np
import pytest
from PIL import Image

from spml.data import precheck
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
    parts = {name: Part(str(folder / f"{name}.csv"), str(folder / name)) for name in names or ("train", "test")}
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
    assert f"1 picture cannot be read: {folder}/train/1.png (" in mistake and "take its rows out" in mistake


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
