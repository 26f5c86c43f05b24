"""Feature sets that defaults are chosen on: drawn scenes, real photographs with two real backbones, and Yeast.

    python benchmarks/real_sets.py          # makes those that are missing, and prints their sizes

- ``demo``: the features of ``make run``, from results/demo.
- ``coco_mini_mobilenet_v2``, ``coco_mini_efficientnet_lite0``: 292 + 186 photographs of COCO with 80 categories, from the
  folder that SPML_TEST_DATA names; MobileNetV2 at 320 pixels, EfficientNet-Lite0 at 224.
- ``yeast``: 2,417 genes, 103 features, 14 functions; the last 917 rows are the test part, as published.

EfficientNet-Lite0 and Yeast come from packages among those of requirements.txt.
Sets whose data are not there are left out with a sentence. The others are kept in results/bench/sets.
"""

import argparse
import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import ROOT, parser

from spml.artifacts.codes import TrueLabel
from spml.data import yeast
from spml.data.splits import training_split

FOLDER = ROOT / "results" / "bench" / "sets"
SEEDS = (1200, 1201, 1202, 1203, 1204)  # replicates
SPLIT_SEED, VALIDATION = 1200, 0.2


def sets_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a benchmark on these sets: which of them, and how many replicates."""
    arguments = parser(description)
    arguments.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    arguments.add_argument("--seeds", type=int, default=len(SEEDS), help="number of replicates")
    return arguments


class NotHere(Exception):
    """The data of a set are not on this machine."""


@dataclass(frozen=True)
class FeatureSet:
    """Features float32 [N, D] and true labels int8 [N, L] of a training part with its ``split`` (0 train, 1 val), and of a test part."""

    name: str
    features: np.ndarray
    true: np.ndarray
    split: np.ndarray
    test_features: np.ndarray
    test_true: np.ndarray

    def observed(self, seed: int) -> np.ndarray:
        """Return one observed positive per row of the training part, int8 [N, L]: the uniform draw of a replicate."""
        from spml.labels.observation import UniformDraw

        return UniformDraw(seed).observe(self.true)

    def with_split(self, seed: int) -> "FeatureSet":
        """Return the set with another random split, so that few validation rows are not always the same."""
        return dataclasses.replace(self, split=training_split(len(self.true), VALIDATION, seed))

    def rows(self, split: str) -> np.ndarray:
        """Return the row numbers of the split ``train`` or ``val``."""
        return np.flatnonzero(self.split == ("train", "val").index(split))


def _demo() -> dict[str, np.ndarray]:
    from spml.artifacts import features, labels

    folder = ROOT / "results" / "demo"
    if not (folder / "features" / "efficientnet_lite0_96" / "test.h5").is_file():
        raise NotHere("no results/demo; wanted those of: make run")
    arrays: dict[str, np.ndarray] = {}
    for part, prefix in (("train", ""), ("test", "test_")):
        with features.reading(folder / "features" / "efficientnet_lite0_96" / f"{part}.h5") as stored:
            arrays[f"{prefix}features"] = stored.read(np.arange(len(stored.image_id)))
        with labels.opening(folder / "labels" / f"{part}.h5", "labels") as true:
            arrays[f"{prefix}true"] = true.values[:]
    return arrays


def _photographs(extract: Callable[[Sequence[str]], Iterator[np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the arrays of coco_mini; ``extract`` yields features of the pictures at these paths."""
    from spml.data import annotations

    folder = _test_data() / "coco_mini"
    arrays: dict[str, np.ndarray] = {}
    for part, prefix in (("train2017", ""), ("val2017", "test_")):
        listed = annotations.read(folder / "annotations" / f"instances_{part}.json")
        paths = [next(folder.rglob(Path(name).name)) for name in listed.file_name]
        arrays[f"{prefix}features"] = np.concatenate(list(extract(list(map(str, paths)))))
        arrays[f"{prefix}true"] = listed.label
    return arrays


def _test_data() -> Path:
    folder = os.environ.get("SPML_TEST_DATA")
    if not folder:
        raise NotHere("SPML_TEST_DATA names no folder; wanted the one with coco_mini and weights")
    return Path(folder)


def mobilenet_v2(**keys: object) -> dict[str, np.ndarray]:
    """Return the photographs' features of MobileNetV2; ``keys`` are further options of the backbone."""
    weights = str(_test_data() / "weights" / "mobilenet_v2_imagenet.pth")
    return _extracted(
        {"library": "torchvision", "model": "mobilenet_v2", "weights": weights, "image_size": 320} | keys, weights
    )


def efficientnet_lite0(**keys: object) -> dict[str, np.ndarray]:
    """Return the photographs' features of EfficientNet-Lite0; ``keys`` are further options of the backbone."""
    from spml.features import weights
    from spml.features.libraries import timm_models

    packaged = timm_models.packaged({"model": "tf_efficientnet_lite0"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.safetensors")
        weights.write(path, packaged.state, {"config": packaged.config})
        return _extracted({"library": "timm", "model": "tf_efficientnet_lite0", "image_size": 224} | keys, str(path))


def _extracted(backbone: dict[str, object], weights: str) -> dict[str, np.ndarray]:
    from spml.artifacts.features import averaged
    from spml.features.extraction import extract

    options = {"weights": None, "resize": "squash", "crops": 1, "view": "pooled", "precision": "float32"} | backbone
    return _photographs(
        lambda paths: map(averaged, extract(paths, options, weights, "cpu", os.cpu_count() or 1, 8).batches)
    )


def _yeast() -> dict[str, np.ndarray]:
    features, present, _ = yeast.read(yeast.file())
    true = present.astype(np.int8)
    train, test = yeast.PARTS["train"], yeast.PARTS["test"]
    return {"features": features[train], "true": true[train], "test_features": features[test], "test_true": true[test]}


SETS: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    "demo": _demo,
    "coco_mini_mobilenet_v2": mobilenet_v2,
    "coco_mini_efficientnet_lite0": efficientnet_lite0,
    "yeast": _yeast,
}


def load(name: str) -> FeatureSet:
    """Return a feature set, made now or read from results/bench/sets.

    Raises
    ------
    NotHere
        When its data are not on this machine.
    """
    path = FOLDER / f"{name}.npz"
    if not path.is_file():
        arrays = SETS[name]()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}")
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
        os.replace(temporary, path)
    with np.load(path) as stored:
        arrays = dict(stored)
    split = training_split(len(arrays["true"]), VALIDATION, SPLIT_SEED)
    return FeatureSet(name, split=split, **arrays)


def available(names: Sequence[str] = tuple(SETS)) -> Iterator[FeatureSet]:
    """Yield the sets whose data are here; print a sentence for each of the others."""
    for name in names:
        try:
            yield load(name)
        except NotHere as reason:
            print(f"{name} is left out: {reason}")


def main() -> None:
    parser(__doc__).parse_args()
    for found in available():
        train, val, test = len(found.rows("train")), len(found.rows("val")), len(found.test_true)
        positives = (found.true == TrueLabel.PRESENT).sum() / len(found.true)
        print(
            f"{found.name}: {train:,} + {val:,} training and validation rows, {test:,} test rows, "
            f"{found.features.shape[1]:,} features, {found.true.shape[1]} categories, {positives:.2f} positives per row"
        )


if __name__ == "__main__":
    main()
