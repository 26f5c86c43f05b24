"""COCO 2014 by its own rules, from a server on the loopback interface that holds a tiny stand-in for it."""

import hashlib
import json
import zipfile

import pytest

import loopback
import tiny
from unit.plan import dag

pytestmark = pytest.mark.xdist_group("bad input")
NAMES = {"train": "train2014", "test": "val2014"}
TARGETS = [f"results/coco/{name}.h5" for name in ("labels/train", "features/fetched/train", "features/fetched/test")]


@pytest.fixture
def served(tmp_path):
    """Yield a folder with COCO's three archives and a backbone's weights, and the address that serves it."""
    made, root = tiny.make(tmp_path / "made"), tmp_path / "served"
    root.mkdir()
    with zipfile.ZipFile(root / "annotations_trainval2014.zip", "w") as file:
        for part, name in NAMES.items():
            file.write(made / f"data/{part}.json", f"annotations/instances_{name}.json")
        file.writestr("annotations/captions_train2014.json", "{}")
    for part, name in NAMES.items():
        with zipfile.ZipFile(root / f"{name}.zip", "w") as file:
            file.mkdir(name)
            for path in (made / "data" / part).iterdir():
                file.write(path, f"{name}/{path.name}")
    (root / "weights.pth").write_bytes((made / "data/random.pth").read_bytes())
    with loopback.serving(root) as address:
        yield root, address


def configured(tmp_path, address, root=None, more=()):
    def download(name):
        checksum = hashlib.sha256((root / name).read_bytes()).hexdigest() if root else None
        return {"url": f"{address}/{name}", "sha256": checksum}

    downloads = {part: download(f"{name}.zip") for part, name in NAMES.items()}
    downloads["annotations"] = download("annotations_trainval2014.zip")
    backbone = {
        "library": "torchvision",
        "model": "shufflenet_v2_x0_5",
        "weights": "IMAGENET1K_V1",
        "image_size": 32,
        "download": download("weights.pth"),
    }
    changes = {
        "dataset": "coco",
        "datasets/coco": {"source": "coco2014", "backbone": "fetched", "downloads": downloads},
        "backbones/fetched": backbone,
    }
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    tiny.configure(folder, tiny.changed(tiny.CONFIG, changes | dict(more)))
    return folder


def test_coco_is_fetched_unpacked_and_used_and_not_fetched_twice(served, tmp_path):
    root, address = served
    folder = configured(tmp_path, address, root)
    tiny.snakemake(folder, *TARGETS)
    fetched = folder / "resources/coco"
    assert json.loads((fetched / "annotations/instances_train2014.json").read_text())["images"]
    assert not (fetched / "annotations/captions_train2014.json").exists()
    assert len(list((fetched / "val2014").iterdir())) == tiny.SIZES["test"]
    assert (fetched / "fetched/train.csv").read_text().startswith("path,bytes\n")
    log = (fetched / "logs/fetch_archive/train.log").read_text()
    assert "sha256" in log and "40 files" in log
    assert tiny.planned(folder, *TARGETS) == {}


def test_local_copies_are_used_and_nothing_is_fetched(served, tmp_path):
    folder = configured(tmp_path, "http://127.0.0.1:9")
    data = tmp_path / "made/data"
    parts = {part: {"annotations": str(data / f"{part}.json"), "images": str(data / part)} for part in NAMES}
    changes = {f"datasets/coco/{part}": place for part, place in parts.items()} | {
        "dataset": "coco",
        "datasets/coco/source": "coco2014",
        "datasets/coco/backbone": "random",
        "backbones/random/weights": str(data / "random.pth"),
    }
    config = tiny.changed(tiny.CONFIG, changes)
    tiny.configure(folder, config)
    tiny.snakemake(folder, "results/coco/labels/train.h5")
    assert not (folder / "resources").exists()
    assert not {"fetch_archive", "fetch_weights"} & {job.rule for job in dag.jobs(config).values()}


NEEDS_NETWORK = {  # a target -> its address, and what else may be done
    "resources/coco/fetched/annotations.csv": ("annotations_trainval2014.zip", "datasets.<name>.train"),
    "resources/coco/fetched/test.csv": ("val2014.zip", "datasets.<name>.train"),
    "resources/voc/fetched/archive.csv": ("VOC2012.tar", "datasets.<name>.train"),
    "resources/weights/fetched.safetensors": ("weights.pth", "backbones.fetched.weights"),
}


def test_without_network_the_errors_name_address_target_and_what_to_do(tmp_path):
    """All at once: each waits between its tries."""
    archive = {"archive": {"url": "http://127.0.0.1:9/VOC2012.tar"}}
    voc = {"datasets/voc": {"source": "voc2012", "backbone": "random", "downloads": archive}}
    folder = configured(tmp_path, "http://127.0.0.1:9", more=voc)
    code, output = tiny.snakemake(folder, *NEEDS_NETWORK, "--keep-going", "--cores", "4", check=False)
    assert code == 1 and "Traceback" not in output
    for name, advice in NEEDS_NETWORK.values():
        (line,) = {
            line for line in output.splitlines() if f"error: http://127.0.0.1:9/{name}: cannot be fetched" in line
        }
        assert "cannot be fetched to resources/" in line and "Connection refused" in line and advice in line


def test_a_wrong_checksum_stops_the_run(served, tmp_path):
    root, address = served
    folder = configured(tmp_path, address, root)
    (root / "weights.pth").write_bytes(b"something else")
    code, output = tiny.snakemake(folder, "resources/weights/fetched.safetensors", check=False)
    assert code == 1 and "found sha256" in output and "wanted" in output
    assert not list((folder / "resources").rglob("*.pth*"))
