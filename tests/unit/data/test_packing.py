"""Pictures that are packed into tars: in order, of limited size, the same bytes again."""

import os
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from PIL import Image

import tiny
from spml.artifacts import manifest, picture_files
from spml.data import packing, tars
from spml.runtime.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Pictures of about 30 kB, one of them in a subfolder with a long name, and a text."""
    random = np.random.RandomState(0)
    for name in ("b.png", "a.png", "10.png", "9.png", f"kitchen/{'ü' * 60}.png"):
        path = tmp_path / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.randint(0, 255, (100, 100, 3), np.uint8)).save(path)
    (tmp_path / "train/notes.txt").write_text("notes")
    return tmp_path


def pack(folder, to, limit=80_000, source="train"):
    pictures, others = packing.listed(str(folder / source))
    return list(packing.pack(pictures, str(folder / to), "train", limit)), others


def test_tars_hold_the_pictures_in_order_and_no_more_than_the_limit(folder):
    packed, others = pack(folder, "shards")
    paths = sorted((folder / "shards").iterdir())
    assert [tar.name for tar in packed] == [path.name for path in paths] and len(paths) == 3
    assert all(path.stat().st_size == tar.size <= 80_000 for path, tar in zip(paths, packed, strict=True))
    index = tars.index(list(map(str, paths)), looked_at=True)
    assert list(index.path) == ["10.png", "9.png", "a.png", "b.png", f"kitchen/{'ü' * 60}.png"]
    assert others == [("notes.txt", "no picture: text")]
    for name, path in index.path.items():
        assert picture_files.sha256(path) == picture_files.sha256(str(folder / "train" / name))


def test_a_manifest_gives_its_order(folder):
    names = ["b.png", "10.png"]
    rows = [(str(number), name, str(folder / "train" / name)) for number, name in enumerate(names)]
    manifest.write(folder / "images.csv", rows)
    pack(folder, "shards", source="images.csv")
    assert list(tars.index([f"{folder}/shards/train-000000.tar"]).path) == names


def test_the_bytes_depend_on_names_and_pictures_alone(folder):
    pack(folder, "one")
    for path in (folder / "train").rglob("*.png"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    pack(folder, "other")
    for path in (folder / "one").iterdir():
        assert path.read_bytes() == (folder / "other" / path.name).read_bytes()
    with tarfile.open(folder / "one/train-000000.tar") as tar:
        assert {(entry.mtime, entry.uid, entry.uname, entry.mode) for entry in tar} == {(0, 0, "", 0o644)}


def test_a_picture_larger_than_the_limit_has_a_tar_of_its_own(folder):
    packed, _ = pack(folder, "shards", limit=1)
    assert [tar.pictures for tar in packed] == [1] * 5


def test_the_folder_is_there_once_all_tars_are(folder, monkeypatch):
    pictures, _ = packing.listed(str(folder / "train"))
    (folder / "train/b.png").unlink()
    with pytest.raises(InputError, match=r"train/b\.png"):
        list(packing.pack(pictures, str(folder / "shards"), "train", 80_000))
    assert not (folder / "shards").exists()
    pack(folder, "shards")  # what was left behind does not matter
    assert len(list((folder / "shards").iterdir())) == 2 and not (folder / ".shards.part").exists()
    with pytest.raises(InputError, match="not empty; wanted a new folder"):
        pack(folder, "shards")


def test_names_that_webdataset_takes_for_one_are_counted():
    assert packing.shared_keys(["a.jpg", "a.png", "b/a.jpg", "c.1.jpg", "c.2.jpg", "d.jpg"]) == 2


def test_the_command_says_what_to_write_into_the_configuration(folder):
    command = [sys.executable, str(tiny.ROOT / "workflow_scripts/pack_pictures.py")]
    done = subprocess.run(
        command,
        env=os.environ | {"IMAGES": "train", "TO": "shards", "MB": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "images: shards/train-{000000..000000}.tar" in done.stdout
    assert "6 listed, 5 used, 1 left out" in done.stdout
    done = subprocess.run(
        command, env=os.environ | {"IMAGES": "", "TO": ""}, cwd=folder, capture_output=True, text=True
    )
    assert (
        done.returncode == 1
        and done.stderr == "Error: found no IMAGES or no TO; wanted make shards IMAGES=pictures TO=shards\n"
    )
