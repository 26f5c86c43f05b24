"""Every file of a folder is used or left out with a reason."""

import os

import pytest
from PIL import Image

from spml.artifacts import left_out
from spml.data import image_folder, layout
from spml.runtime.errors import InputError


def picture(path, form="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(path, form)


def test_listed_is_used_and_left_out(tmp_path):
    root = tmp_path / "pictures"
    picture(root / "cat/1.heic", "HEIF")
    picture(root / "cat/2.jfif", "JPEG")
    picture(root / "dog/3")
    picture(tmp_path / "outside.png")
    wanted = {
        "loose.txt": left_out.TEXT,
        "dog/.DS_Store": left_out.HIDDEN,
        "dog/Thumbs.db": left_out.HIDDEN,
        ".git/": left_out.HIDDEN,
        "cat/empty.png": left_out.EMPTY,
        "cat/pipe.png": left_out.SPECIAL,
        "cat/out.png": left_out.OUTER_LINK,
        "cat/dead.png": left_out.BROKEN_LINK,
        "linked/": left_out.FOLDER_LINK,
        "cat/new\nline.png": left_out.NAME,
        "cat/\udcff.png": left_out.NAME,
    }
    (root / "loose.txt").write_text("notes")
    (root / "dog/.DS_Store").write_bytes(b"x")
    (root / "dog/Thumbs.db").write_bytes(b"x")
    picture(root / ".git/hidden.png")
    (root / "cat/empty.png").touch()
    os.mkfifo(root / "cat/pipe.png")
    (root / "cat/out.png").symlink_to(tmp_path / "outside.png")
    (root / "cat/dead.png").symlink_to("nowhere")
    (root / "linked").symlink_to("cat")
    picture(root / "cat/new\nline.png")
    picture(root / "cat/\udcff.png")
    folder = image_folder.of_folder(str(root))
    assert folder.pictures == ["cat/1.heic", "cat/2.jfif", "dog/3"] and dict(folder.left_out) == wanted
    left_out.write(tmp_path / "left_out.csv", folder.left_out)
    rows = left_out.read(tmp_path / "left_out.csv")
    assert (
        sorted(reason for _, reason in rows) == sorted(wanted.values()) and ("cat/\\udcff.png", left_out.NAME) in rows
    )


def test_a_folder_without_a_picture_names_what_it_has(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(InputError, match=r"found no picture .* left out: 1 no picture: text \(a\.txt\)"):
        image_folder.of_folder(str(tmp_path))


def test_two_folders_of_one_category_are_refused(tmp_path):
    picture(tmp_path / "in/red/1.png")
    picture(tmp_path / "in/red /2.png")
    conversion = layout.Conversion("", "", str(tmp_path / "in"), "key")
    with pytest.raises(InputError, match="found the folders 'red' and 'red ', which name the same category"):
        image_folder.convert(conversion, "train", str(tmp_path / "train.csv"))
