"""Networks of every library, from pictures to features: preprocessing, views, weights that fit and weights that do not."""

import json

import numpy as np
import open_clip
import pytest
import timm
import torch
import torchvision

from spml.features import backbones, weights
from spml.features.extractor import Extractor, Scaled
from spml.features.folding import folded
from spml.features.libraries import catalog, timm_layers, timm_models
from spml.features.preprocessing import Preprocessing
from spml.runtime.errors import InputError


def options(library, model, path=None, **more):
    """The options of a backbone, with the defaults of the configuration."""
    named = {"library": library, "model": model, "weights": None if path is None else str(path)}
    return named | {"image_size": None, "view": "pooled", "resize": "squash", "crops": 1} | more


def load(library, model, path, **more):
    return backbones.load(options(library, model, path, **more), str(path))


def drawn(size, count=2):
    return np.random.RandomState(0).randint(0, 256, (count, size, size, 3), dtype=np.uint8)


def extracted(built, precision="float32", pictures=None):
    pictures = drawn(built.preprocessing.size) if pictures is None else pictures
    return next(iter(Extractor(built, precision, "cpu")([pictures])))


def cosine(one, other):
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def saved(model, path):
    torch.save(model.state_dict(), path)
    return path


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("resnet18", 512),
        ("mobilenet_v2", 1280),
        ("shufflenet_v2_x0_5", 1024),
        ("densenet121", 1024),
        ("regnet_y_400mf", 440),
        ("vit_b_16", 768),
    ],
)
def test_torchvision_gives_pooled_features(tmp_path, name, width):
    model = torchvision.models.get_model(name, weights=None, num_classes=5).eval()
    built = load("torchvision", name, saved(model, tmp_path / "w.pth"), image_size=224 if name == "vit_b_16" else 64)
    pictures = drawn(built.preprocessing.size)
    found = extracted(built)
    assert found.shape == (2, width) and found.dtype == np.float32
    assert cosine(found, extracted(built, "bfloat16")).min() > 0.999
    with torch.inference_mode():  # the classifier on these features gives what the whole model gives
        classifier = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
        wanted = model(Scaled(built.preprocessing)(torch.from_numpy(pictures)))
        torch.testing.assert_close(classifier(torch.from_numpy(found)), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "size", "width"),
    [
        ("resnet18", 64, 512),
        ("tf_efficientnet_lite0", 96, 1280),
        ("convnext_atto", 64, 320),
        ("vit_tiny_patch16_224", 64, 192),
        ("vit_small_patch16_dinov3", 64, 384),
        ("vit_base_patch16_siglip_224", 64, 768),
        ("swin_tiny_patch4_window7_224", 64, 768),
    ],
)
def test_timm_gives_what_its_network_gives(tmp_path, name, size, width):
    torch.manual_seed(0)
    entry = timm.models.get_pretrained_cfg(name)
    own = {"img_size": size} if entry.fixed_input_size else {}
    model = timm.create_model(name, **own).eval()
    built = load("timm", name, saved(model, tmp_path / "w.pth"), image_size=size)
    assert built.preprocessing == Preprocessing(
        size,
        kept=entry.crop_pct,
        interpolation=entry.interpolation,
        mean=tuple(entry.mean),
        std=tuple(entry.std),
    )
    found = extracted(built)
    assert found.shape == (2, width)
    with torch.inference_mode():
        model.reset_classifier(0)
        wanted = model(Scaled(built.preprocessing)(torch.from_numpy(drawn(size))))
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-3, atol=1e-4)
    assert cosine(found, extracted(built, "bfloat16")).min() > 0.999


def test_views_of_tokens(tmp_path):
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", img_size=64).eval()
    path = saved(model, tmp_path / "w.pth")
    found = {
        view: extracted(load("timm", "vit_tiny_patch16_224", path, image_size=64, view=view))
        for view in ("pooled", "cls", "mean", "cls_mean")
    }
    with torch.inference_mode():
        scaled = Scaled(Preprocessing(64, mean=(0.5,) * 3, std=(0.5,) * 3))(torch.from_numpy(drawn(64)))
        tokens = model.forward_features(scaled).numpy()
    np.testing.assert_allclose(found["cls"], tokens[:, 0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["pooled"], found["cls"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["mean"], tokens[:, 1:].mean(1), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(found["cls_mean"], np.concatenate([found["cls"], found["mean"]], 1))


def test_a_network_that_normalises_after_pooling_does_so_in_every_view(tmp_path):
    torch.manual_seed(0)
    model = timm.create_model("beit_base_patch16_224", img_size=64, depth=2).eval()
    torch.nn.init.uniform_(model.fc_norm.weight, 0.5, 2)
    weights.write(
        tmp_path / "w.safetensors",
        model.state_dict(),
        {
            "config": {
                "architecture": "beit_base_patch16_224",
                "model_args": {"depth": 2},
                "pretrained_cfg": {"fixed_input_size": True, "num_classes": 1000, "classifier": "head"},
            }
        },
    )
    found = {
        view: extracted(load("timm", "hf-hub:x/y", tmp_path / "w.safetensors", image_size=64, view=view))
        for view in ("pooled", "mean")
    }
    np.testing.assert_allclose(found["mean"], found["pooled"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("library", "name", "view", "reason"),
    [
        ("timm", "resnet18", "cls", "which has no tokens; wanted pooled"),
        ("timm", "vit_base_patch16_siglip_224", "cls_mean", "which has no class token; wanted pooled or mean"),
        ("torchvision", "resnet18", "mean", "which gives one vector for a picture; wanted pooled"),
        ("open_clip", "RN50", "cls", "whose tokens OpenCLIP does not give; wanted pooled"),
    ],
)
def test_a_view_that_a_network_lacks_is_refused(tmp_path, library, name, view, reason):
    make = {"timm": timm.create_model, "torchvision": torchvision.models.get_model, "open_clip": open_clip.create_model}
    path = saved(make[library](name), tmp_path / "w.pth")
    with pytest.raises(InputError, match=f"view: found {view} for {name}, .*{reason}"):
        load(library, name, path, view=view)


def test_position_embeddings_are_interpolated(tmp_path):
    models = {
        "timm": ("vit_tiny_patch16_224", timm.create_model("vit_tiny_patch16_224")),
        "torchvision": ("vit_b_16", torchvision.models.vit_b_16(num_classes=3)),
        "open_clip": ("ViT-B-32", open_clip.create_model("ViT-B-32")),
    }
    for library, (name, model) in models.items():
        path = saved(model, tmp_path / f"{library}.pth")
        assert extracted(load(library, name, path, image_size=96)).shape[0] == 2, library
        assert load(library, name, path).preprocessing.size == 224


def test_open_clip_gives_its_image_features(tmp_path):
    torch.manual_seed(0)
    model = open_clip.create_model("ViT-B-32").eval()
    built = load("open_clip", "ViT-B-32", saved(model, tmp_path / "w.pth"))
    assert built.preprocessing.interpolation == "bicubic" and built.preprocessing.mean == open_clip.OPENAI_DATASET_MEAN
    found = extracted(built)
    with torch.inference_mode():
        wanted = model.encode_image(Scaled(built.preprocessing)(torch.from_numpy(drawn(224)))).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    assert cosine(found, extracted(built, "bfloat16")).min() > 0.999
    both = extracted(load("open_clip", "ViT-B-32", tmp_path / "w.pth", view="cls_mean"))
    assert both.shape == (2, 2 * 768)


def test_tags_of_open_clip_bring_their_activation_and_normalisation(tmp_path):
    path = saved(open_clip.create_model("ViT-B-32"), tmp_path / "w.pth")
    built = backbones.load(options("open_clip", "ViT-B-32") | {"weights": "openai"}, str(path))
    kinds = {type(layer).__name__ for layer in built.model.modules()}
    assert "QuickGELU" in kinds
    assert "QuickGELU" not in {type(layer).__name__ for layer in load("open_clip", "ViT-B-32", path).model.modules()}


def test_the_packaged_network_knows_what_pictures_show(tmp_path, real_data):
    """Top-1 of EfficientNet-Lite0 on photographs whose one category is a class of ImageNet, against chance of one in a thousand."""
    packaged = timm_models.packaged({"model": "tf_efficientnet_lite0"})
    weights.write(tmp_path / "w.safetensors", packaged.state, {"config": packaged.config})
    built = load("timm", "tf_efficientnet_lite0", tmp_path / "w.safetensors")
    assert built.preprocessing.size == 224 and built.preprocessing.mean == (127 / 255,) * 3
    annotations = json.loads((real_data / "coco_mini/annotations/instances_train2017.json").read_text())
    names = {entry["id"]: entry["name"] for entry in annotations["categories"]}
    present = {}
    for entry in annotations["annotations"]:
        present.setdefault(entry["image_id"], set()).add(names[entry["category_id"]])
    classes = {
        "zebra": {340},
        "banana": {954},
        "broccoli": {937},
        "pizza": {963},
        "elephant": {385, 386},
        "bus": {779, 874, 654},
        "toilet": {861},
        "laptop": {620, 681},
        "airplane": {404},
        "train": {820, 466, 705, 829},
    }
    single = [
        (image["file_name"], classes[next(iter(found))])
        for image in annotations["images"]
        if len(found := present.get(image["id"], set())) == 1 and next(iter(found)) in classes
    ]
    from spml.features.images import read_batches

    paths = [str(next((real_data / "coco_mini").rglob(name.rsplit("/")[-1]))) for name, _ in single]
    features = np.concatenate(
        [extracted(built, pictures=batch) for batch in read_batches(paths, built.preprocessing, 8, 2)]
    )
    head = packaged.state["classifier.weight"].numpy(), packaged.state["classifier.bias"].numpy()
    top = (features @ head[0].T + head[1]).argmax(1)
    right = np.mean([found in wanted for found, (_, wanted) in zip(top, single, strict=True)])
    assert len(single) >= 10 and right > 0.3, (len(single), right)


def test_crops_are_averaged_by_who_asks(tmp_path):
    path = saved(torchvision.models.resnet18(num_classes=2), tmp_path / "w.pth")
    built = load("torchvision", "resnet18", path, image_size=32, crops="grid")
    pictures = np.random.RandomState(0).randint(0, 256, (3, 5, 32, 32, 3), dtype=np.uint8)
    found = extracted(built, pictures=pictures)
    assert found.shape == (3, 5, 512)
    np.testing.assert_allclose(found[1, 2], extracted(built, pictures=pictures[1, 2:3])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv3_small_100", "tf_mixnet_s", "resnetv2_50"])
@pytest.mark.parametrize("size", [64, 75])
def test_plain_layers_change_nothing(name, size):
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=0).eval()
    values = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        wanted = model(values)
        found = timm_layers.plain(model, size)(values)
    assert torch.equal(found, wanted)
    traced = folded(model)
    with torch.inference_mode():
        torch.testing.assert_close(traced(values), wanted, rtol=1e-3, atol=1e-4)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    path = saved(torchvision.models.resnet18(), tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"w.pth: these weights do not fit torchvision's mobilenet_v2: \d+ layers missing"
    ):
        load("torchvision", "mobilenet_v2", path)
    with pytest.raises(
        InputError, match=r"w.pth: these weights do not fit timm's mobilenetv3_small_100: \d+ layers missing"
    ):
        load("timm", "mobilenetv3_small_100", path)
    with pytest.raises(InputError, match=r"w.pth: these weights do not fit OpenCLIP's ViT-B-32"):
        load("open_clip", "ViT-B-32", path)
    with pytest.raises(InputError, match=r"model: squeezenet1_0 has no linear layer"):
        load("torchvision", "squeezenet1_0", path)
    path.write_text("no")
    with pytest.raises(InputError, match=r"w.pth: not a readable PyTorch state dict"):
        load("torchvision", "resnet18", path)
    torch.save({"model": 3}, path)
    with pytest.raises(InputError, match=r"w.pth: found dict, wanted a state dict"):
        load("torchvision", "resnet18", path)
    (tmp_path / "w.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match=r"w.safetensors: not a readable safetensors file"):
        load("timm", "resnet18", tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("library", "model", "named", "message"),
    [
        ("torchvision", "resnet19", None, "model: found 'resnet19', wanted one of torchvision's: alexnet"),
        (
            "torchvision",
            "resnet50",
            "imagenet",
            "weights: found 'imagenet' for resnet50, wanted one of torchvision's, IMAGENET1K_V1",
        ),
        ("timm", "vit_base_patch14_dinov9", None, "model: found 'vit_base_patch14_dinov9', .*near it: "),
        ("timm", "resnet50.none", None, "timm has no weights 'resnet50.none'; wanted one of resnet50"),
        ("timm", "resnet50", "a1_in1k", "a tag is part of timm's names"),
        ("timm", "resnet18", "package", "weights: found package for resnet18, wanted it for tf_efficientnet_lite0"),
        ("open_clip", "ViT-B-99", "openai", "model: found 'ViT-B-99', wanted one of OpenCLIP's"),
        ("open_clip", "ViT-B-16", "laion3b", "weights: found 'laion3b' for ViT-B-16, wanted one of OpenCLIP's, openai"),
    ],
)
def test_an_unknown_name_is_refused_before_anything_is_fetched(library, model, named, message):
    module = catalog.module(library)
    wanted = options(library, model) | {"weights": named}
    with pytest.raises(InputError, match=message):
        (module.packaged if named == "package" else module.remote)(wanted)


def test_libraries_tell_where_their_weights_lie():
    def remote(library, model, named=None):
        return catalog.module(library).remote(options(library, model) | {"weights": named})

    assert remote("torchvision", "resnet50", "IMAGENET1K_V1").url.endswith("resnet50-0676ba61.pth")
    assert remote("torchvision", "resnet50").url.endswith("resnet50-11ad3fa6.pth")  # its default is the second version
    assert remote("torchvision", "resnet50").sha256 == "11ad3fa6"
    dino = remote("timm", "vit_base_patch14_dinov2.lvd142m")
    assert dino.repository == "timm/vit_base_patch14_dinov2.lvd142m" and "model.safetensors" in dino.names
    hub = remote("timm", "hf-hub:someone/network@v2")
    assert (hub.repository, hub.config) == ("someone/network@v2", "config.json")
    clip = remote("open_clip", "ViT-B-16", "laion2b_s34b_b88k")
    assert clip.repository == "laion/CLIP-ViT-B-16-laion2B-s34B-b88K" and clip.names[0].endswith(".safetensors")


class Malice:
    def __reduce__(self):
        import os

        return os.mkdir, ("pwned",)


@pytest.mark.parametrize(
    ("library", "name"), [("torchvision", "resnet18"), ("timm", "resnet18"), ("open_clip", "ViT-B-32")]
)
def test_weights_cannot_run_code(tmp_path, monkeypatch, library, name):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Malice()}, "w.pth")
    with pytest.raises(InputError, match=r"w.pth: not a readable PyTorch state dict"):
        load(library, name, "w.pth")
    assert not (tmp_path / "pwned").exists()


def test_weights_keep_their_description_and_are_the_same_bytes(tmp_path):
    state = {"b": torch.arange(3.0), "a": torch.ones(2, 2).T}
    for name in ("1.safetensors", "2.safetensors"):
        weights.write(tmp_path / name, state, {"config": {"z": 1, "a": [2]}, "source": "here"})
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "2.safetensors").read_bytes()
    found, description = weights.read(tmp_path / "1.safetensors")
    assert torch.equal(found["b"], state["b"]) and description == {"config": {"z": 1, "a": [2]}, "source": "here"}


@pytest.mark.parametrize("name", ["vit_b_16", "maxvit_t"])
def test_a_size_that_a_network_does_not_take_is_refused(tmp_path, name):
    path = saved(torchvision.models.get_model(name, weights=None), tmp_path / "w.pth")
    with pytest.raises(InputError, match=f"image_size: found 100, which torchvision's {name} does not take"):
        load("torchvision", name, path, image_size=100)
