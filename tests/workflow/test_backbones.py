"""Networks of three libraries side by side: a CNN out of a package, a ViT of a hub, the image tower of an image-text model."""

import csv
import json
import subprocess
import sys

import h5py
import numpy as np
import onnxruntime
import open_clip
import pandas as pd
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

import loopback_hub
import tiny
from spml.features.preprocessing import of_document, resized

pytestmark = pytest.mark.xdist_group("backbones")
CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
NAMES = ("cnn", "vit", "clip")


def save_vit(folder):
    """A small vision transformer with random weights, saved by timm as for its hub."""
    torch.manual_seed(0)
    own = {"img_size": 32, "depth": 2, "embed_dim": 32, "num_heads": 2}
    model = timm.create_model("vit_tiny_patch16_224", num_classes=3, **own)
    timm.models.save_for_hf(model, folder, model_args=own, safe_serialization=True)


def save_clip(folder):
    """A small image-text model with random weights, in the layout of OpenCLIP's hub."""
    torch.manual_seed(1)
    folder.mkdir(parents=True)
    preprocess = {
        "mean": [0.4, 0.5, 0.6],
        "std": [0.3, 0.3, 0.3],
        "interpolation": "bicubic",
        "size": 32,
        "mode": "RGB",
    }
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": CLIP, "preprocess_cfg": preprocess}))
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    safetensors.torch.save_file(model.state_dict(), folder / "open_clip_model.safetensors")


def configuration(folder):
    """One teacher for each network, and a student whose pseudo-labels are of all."""
    backbones = {
        "cnn": {"library": "timm", "model": "tf_efficientnet_lite0", "weights": "package", "image_size": 32},
        "vit": {"library": "timm", "model": "hf-hub:someone/vit@v1", "view": "cls_mean", "resize": "crop"},
        "clip": {"library": "open_clip", "model": f"local-dir:{folder}/hub/someone/clip", "crops": "grid"},
    }
    changes = {f"backbones/{name}": entry | {"precision": "float32"} for name, entry in backbones.items()}
    changes |= {f"teachers/em_{name}": {"loss": "em", "backbone": name} for name in NAMES}
    changes |= {
        "datasets/tiny/backbone": "cnn",
        "seeds": [1200],
        "training/learning_rates": [0.01],
        "pseudo_labels/paper/teacher": [f"em_{name}" for name in NAMES],
        "predict": {"images": "data/test", "model": "em_cnn"},
    }
    return tiny.changed(tiny.CONFIG, changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a finished run, and its output; the hub is gone afterwards."""
    folder = tiny.make(tmp_path_factory.mktemp("backbones") / "work")
    save_vit(folder / "hub/someone/vit")
    save_clip(folder / "hub/someone/clip")
    tiny.configure(folder, configuration(folder))
    with loopback_hub.serving(folder / "hub") as address:
        output = tiny.snakemake(folder, "all", "predict", "model", HF_ENDPOINT=address)
    return folder, output


def features(folder, name):
    with h5py.File(folder / f"results/tiny/features/{name}/test.h5") as file:
        return file["feature"].shape, dict(file.attrs)


def test_three_networks_are_compared(run):
    folder, _ = run
    table = pd.read_csv(folder / "results/tiny/tables/comparison.csv")
    assert {f"em_{name}" for name in NAMES} <= set(table["name"])
    shapes = {name: features(folder, name)[0][1] for name in NAMES}
    assert shapes == {"cnn": 1280, "vit": 64, "clip": 16}


def test_preprocessing_is_that_of_the_weights_and_recorded(run):
    folder, _ = run
    how = {name: json.loads(features(folder, name)[1]["preprocessing"]) for name in NAMES}
    assert how["cnn"]["size"] == 32 and how["cnn"]["mean"] == [127 / 255] * 3
    assert how["vit"]["interpolation"] == "bicubic" and how["vit"]["resize"] == "crop" and how["vit"]["kept"] == 0.9
    assert how["clip"]["mean"] == [0.4, 0.5, 0.6] and how["clip"]["crops"] == "grid"
    assert features(folder, "vit")[1]["view"] == "cls_mean"
    assert features(folder, "vit")[1]["backbone"] == "timm hf-hub:someone/vit@v1"
    report = (folder / "results/tiny/report.html").read_text()
    assert "hf-hub:someone/vit@v1" in report


def test_crops_are_kept_for_texts_and_their_mean_is_the_feature(run):
    folder, _ = run
    with h5py.File(folder / "results/tiny/features/clip/test/00000.h5") as file:
        crops, mean = file["crop_feature"][:], file["feature"][:]
    assert crops.shape == (len(mean), 5, 16)
    np.testing.assert_allclose(crops.astype(np.float32).mean(1), mean, atol=2e-3)


def test_weights_are_safetensors_that_say_where_they_come_from(run):
    folder, _ = run
    with safetensors.safe_open(folder / "resources/weights/vit.safetensors", "np") as file:
        told = json.loads(file.metadata()["pseudo_multi_labels"])
    assert told["source"].endswith("/someone/vit@v1/model.safetensors") and len(told["source_sha256"]) == 64
    assert told["config"]["architecture"] == "vit_tiny_patch16_224"
    assert not tiny.planned(folder, "all", "predict", "model")  # and nothing is fetched again


@pytest.mark.parametrize("name", NAMES)
def test_a_network_goes_from_pictures_to_predictions_and_to_a_program_that_agrees(run, name, tmp_path):
    folder = tiny.copy_run(run[0], tmp_path / "work") if name != "cnn" else run[0]
    if name != "cnn":
        tiny.configure(folder, tiny.changed(configuration(run[0]), {"predict/model": f"em_{name}"}))
        tiny.snakemake(folder, "predict", "model", HF_ENDPOINT="http://127.0.0.1:9")
    model = folder / "results/tiny/model"
    choice = json.loads((model / "model.json").read_text())
    with open(folder / "results/tiny/predictions/predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    categories = list(choice["thresholds"])
    session = onnxruntime.InferenceSession(model / "model.onnx", providers=["CPUExecutionProvider"])
    program = torch.export.load(model / "model.pt2").module()
    how = of_document(choice["backbone"]["preprocessing"])
    for row in rows[:3]:
        picture = resized(Image.open(folder / "data/test" / row["image"]).convert("RGB"), how)[None]
        (found,) = session.run(None, {"pictures": picture})
        wanted = [float(row[category]) for category in categories]
        np.testing.assert_allclose(found[0], wanted, atol=5e-3)  # of features stored as float16
        np.testing.assert_allclose(program(torch.tensor(picture)).numpy(), found, atol=1e-5)
    done = subprocess.run(
        [sys.executable, "predict.py", str(folder / "data/test" / rows[0]["image"])],
        cwd=model,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and rows[0]["image"] in done.stdout, done.stderr
    card = (model / "README.md").read_text().replace("\\", "")
    assert {"cnn": "tf_efficientnet_lite0", "vit": "hf-hub:someone/vit@v1", "clip": "5 crops (grid)"}[name] in card


def test_without_a_connection_the_hub_and_a_way_around_it_are_named(run, tmp_path):
    for name in ("config.yaml", "data", "hub"):
        (tmp_path / name).symlink_to(run[0] / name)
    code, output = tiny.snakemake(
        tmp_path, "resources/weights/vit.safetensors", check=False, HF_ENDPOINT="http://127.0.0.1:9"
    )
    assert code == 1 and "Without network: fetch model.safetensors by other means" in output
    assert "backbones.vit.weights" in output and "Traceback" not in output
