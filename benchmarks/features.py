"""Extraction of features: pictures to pooled features, against the plain way of doing it.

    python benchmarks/features.py [--device cuda] [--json features.json]

The baseline decodes one picture after the other and runs the library's model eagerly in float32, contiguous. Weights are
random (they do not change the speed), pictures are drawn. All times include decoding. On a GPU the pipeline is held
against the bare forward pass, its data on the device. Where SPML_TEST_DATA is set, features in bfloat16 are compared
with those in float32 on real pictures.
"""

import itertools
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import open_clip
import timm
import torch
import torchvision
from common import Ratio, fastest, parser, report, seconds
from PIL import Image
from synthetic import write_shard

from spml.artifacts import features
from spml.features import backbones, images, weights
from spml.features.devices import choose_precision
from spml.features.extractor import CPU_BATCH, Extractor, Scaled
from spml.features.libraries import timm_models
from spml.features.libraries.catalog import Built
from spml.features.preprocessing import Preprocessing


def draw_pictures(folder: Path, count: int) -> list[str]:
    """JPEG pictures of COCO's size, smooth with some grain."""
    random = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8)).resize(
            (640, 480), Image.Resampling.BICUBIC
        )
        grain = random.normal(0, 6, (480, 640, 3))
        paths.append(str(folder / f"{number}.jpg"))
        Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def built(library: str, model: str, path: Path, size: int | None) -> Built:
    """A network with the weights in a file, as the pipeline loads it."""
    options = {"library": library, "model": model, "weights": str(path), "image_size": size}
    return backbones.load(options | {"resize": "squash", "crops": 1, "view": "pooled"}, str(path))


def random_backbone(library: str, model: str, folder: Path, size: int) -> Built:
    """A network with seeded random weights out of a file."""
    torch.manual_seed(0)
    if library == "torchvision":
        drawn = torchvision.models.get_model(model, weights=None)
    elif library == "timm":
        drawn = timm.create_model(model)
    else:
        drawn = open_clip.create_model(model, pretrained_text=False)
    path = folder / "weights.safetensors"
    weights.write(path, drawn.state_dict(), {})
    return built(library, model, path, size)


@torch.inference_mode()
def plain(backbone: Built, paths: list[str], options) -> None:
    torch.set_num_threads(options.threads)
    scaled = Scaled(backbone.preprocessing)
    for start in range(0, len(paths), options.batch_size):
        names = paths[start : start + options.batch_size]
        batch = np.stack([images.read_image(path, backbone.preprocessing) for path in names])
        backbone.model(scaled(torch.from_numpy(batch)).contiguous())


def pipeline(extractor: Extractor, paths: list[str], how: Preprocessing, options) -> None:
    torch.set_num_threads(1)
    batches = images.read_batches(paths, how, CPU_BATCH, options.threads)
    assert sum(len(batch) for batch in extractor(batches)) == len(paths)


def on_cpu(options, folder: Path) -> None:
    model = random_backbone(options.library, options.model, folder, options.size)
    paths = draw_pictures(folder, options.pictures)
    runs = {"plain": lambda: seconds(lambda: plain(model, paths, options)) / len(paths)}
    for precision in ("float32", "bfloat16"):
        extractor = Extractor(model, precision, "cpu", options.threads)
        runs[precision] = lambda of=extractor: (
            seconds(lambda: pipeline(of, paths, model.preprocessing, options)) / len(paths)
        )
    decoding = seconds(lambda: [images.read_image(path, model.preprocessing) for path in paths]) / len(paths)
    found = fastest(options.repeats, runs)
    figures = {name: {"images/s": 1 / value} for name, value in found.items()}
    figures["decoding alone, one thread"] = {"images/s": 1 / decoding}
    auto = choose_precision("auto", "cpu")
    ratios = [
        Ratio(
            f"{name}: times the plain way", found["plain"] / found[name], ">= 4" if name == auto == "bfloat16" else ""
        )
        for name in ("float32", "bfloat16")
    ]
    shape = f"{options.library} {options.model} at {options.size}, {options.threads} threads"
    report(f"Features on the CPU: {shape}; auto is {auto}", figures, ratios + fidelity(options), options)


def fidelity(options) -> list[Ratio]:
    """Mean cosine of bfloat16 to float32 features on the pictures of coco_mini, of the two networks with real weights here."""
    data = os.environ.get("SPML_TEST_DATA")
    if not data:
        print("SPML_TEST_DATA is not set: features are not compared on real pictures")
        return []
    networks = [built("torchvision", "mobilenet_v2", Path(data) / "weights/mobilenet_v2_imagenet.pth", 320)]
    with tempfile.TemporaryDirectory() as folder:
        lite = timm_models.packaged({"model": "tf_efficientnet_lite0"})
        weights.write(Path(folder, "lite.safetensors"), lite.state, {"config": lite.config})
        networks.append(built("timm", "tf_efficientnet_lite0", Path(folder, "lite.safetensors"), None))
    paths = sorted(map(str, (Path(data) / "coco_mini").rglob("*.jpg")))[: options.fidelity]
    ratios = []
    for name, network in zip(("MobileNetV2", "EfficientNet-Lite0"), networks, strict=True):
        one, other = (
            np.concatenate(
                list(
                    Extractor(network, precision, "cpu", options.threads)(
                        images.read_batches(paths, network.preprocessing, CPU_BATCH, options.threads)
                    )
                )
            )
            for precision in ("float32", "bfloat16")
        )
        cosine = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
        what = f"{name}, bfloat16 to float32 on {len(paths)} real pictures: "
        ratios += [
            Ratio(what + "mean cosine", float(cosine.mean()), ">= 0.999", 5),
            Ratio(what + "lowest", float(cosine.min()), "", 5),
        ]
    return ratios


def on_gpu(options, folder: Path) -> None:
    model = random_backbone(options.library, options.model, folder, options.size)
    paths = draw_pictures(folder, options.pictures)
    precision = choose_precision("auto", "cuda")
    extractor = Extractor(model, precision, "cuda")
    shape = (options.batch_size, 3, options.size, options.size)
    values = torch.randn(shape, device="cuda", dtype=getattr(torch, precision)).to(memory_format=torch.channels_last)
    decoded = np.stack([images.read_image(path, model.preprocessing) for path in paths[: options.batch_size]])
    repeats = 30

    @torch.inference_mode()
    def bare() -> float:
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(repeats):
            extractor.model(values)
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / repeats / options.batch_size

    def from_memory() -> float:
        batches = itertools.repeat(decoded, repeats)
        return seconds(lambda: list(extractor(batches))) / repeats / len(decoded)

    def from_disk() -> float:
        return seconds(lambda: pipeline(extractor, paths, model.preprocessing, options)) / len(paths)

    found = fastest(
        options.repeats, {"bare forward pass": bare, "pictures in memory": from_memory, "from disk": from_disk}
    )
    figures = {name: {"images/s": 1 / value} for name, value in found.items()}
    base, memory, disk = found.values()
    ratios = [
        Ratio("pictures in memory: share of the bare forward pass", base / memory, ">= 0.9", 2),
        Ratio("from disk: share of the bare forward pass", base / disk, ">= 0.9", 2),
    ]
    shape = f"{options.library} {options.model} at {options.size}, {precision}, batch {options.batch_size}, {options.threads} workers"
    report(f"Features on {torch.cuda.get_device_name()}: {shape}", figures, ratios, options)


def on_disk(options, folder: Path) -> None:
    """Shards shown as one matrix, or copied into one file."""
    random = np.random.default_rng(0)
    rows, width, count = 65664, 2048, 8
    part = random.standard_normal((rows // count, width), np.float32)
    shards = [folder / f"{number}.h5" for number in range(count)]
    for number, shard in enumerate(shards):
        ids = [f"{number}_{row}" for row in range(len(part))]
        write_shard(shard, ids, [part])
    joined, copied = folder / "joined.h5", folder / "copied.h5"

    def read(path: Path) -> float:
        with features.reading(path) as stored:
            return seconds(
                lambda: [stored.read(np.arange(start, start + 4096)) for start in range(0, rows - 4096, 4096)]
            )

    def copy() -> None:
        with features.reading(joined) as stored:
            every = (stored.read(np.arange(start, start + len(part))) for start in range(0, rows, len(part)))
            write_shard(copied, stored.image_id, every)

    joining, copying = seconds(lambda: features.join(joined, shards)), seconds(copy)
    whole = folder / "whole.h5"
    features.join(whole, [copied])
    found = fastest(options.repeats, {"shown as one": lambda: read(joined), "one file": lambda: read(whole)})
    figures = {
        "shown as one": {"join, s": joining, "read, s": found["shown as one"], "more MB": joined.stat().st_size / 1e6},
        "one file": {"join, s": copying, "read, s": found["one file"], "more MB": copied.stat().st_size / 1e6},
    }
    ratio = Ratio("reading shards shown as one, times one file", found["shown as one"] / found["one file"], "", 2)
    report(f"Joining {count} shards of {rows:,} x {width:,} float16", figures, [ratio], options)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--library", default="torchvision", choices=["torchvision", "timm", "open_clip"])
    made.add_argument("--model", default="resnet50")
    made.add_argument("--size", type=int, default=448)
    made.add_argument("--batch-size", type=int, default=16)
    made.add_argument("--pictures", type=int, default=96)
    made.add_argument("--fidelity", type=int, default=200, help="real pictures to compare on")
    made.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    made.add_argument("--storage", action="store_true", help="measure shards shown as one against one file instead")
    options = made.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        run = on_disk if options.storage else on_cpu if options.device == "cpu" else on_gpu
        run(options, Path(folder))


if __name__ == "__main__":
    main()
