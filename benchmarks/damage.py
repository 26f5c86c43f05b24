"""Damage that nobody would see: single flipped bits in every kind of artifact, and what its reader says.

A reader refuses a file (InputError), ends in another exception, or takes it as it is. 300 bits are flipped one after the
other in each kind of artifact, spread over the whole file, and in its record. Then the cost: reading with the checks,
relative to the same reading without them.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from common import Ratio, parser, report, seconds

from spml.artifacts import (
    checkpoints,
    decompositions,
    documents,
    features,
    labels,
    manifest,
    pictures,
    priors,
    records,
    tables,
)
from spml.artifacts.checksums import sha256
from spml.runtime.errors import InputError

FLIPS = 300
IMAGES, CATEGORIES, WIDTH = 40, 6, 16
IDS, NAMES = [f"{row:06}" for row in range(IMAGES)], [f"category {column}" for column in range(CATEGORIES)]
SETTINGS = {name: "x" for name in features.SETTINGS if name != "storage"}


def read_features(path: Path) -> None:
    """Read every row of a file of features."""
    with features.reading(path) as stored:
        stored.read(np.arange(len(stored.image_id)))


def read_pictures(path: Path) -> None:
    """Read every picture of a shard."""
    with pictures.reading([path]) as stored:
        stored.read(np.arange(len(stored.image_id)))


def artifacts(folder: Path) -> dict[str, tuple[Path, Callable[[Path], object]]]:
    """Write one artifact of each kind; return its path and its reader by kind."""
    random = np.random.RandomState(0)
    codes = (random.rand(IMAGES, CATEGORIES) < 0.3).astype(np.int8)
    numbers = random.rand(IMAGES, CATEGORIES).astype(np.float32)
    split = (np.arange(IMAGES) % 5 == 0).astype(np.uint8)
    found: dict[str, tuple[Path, Callable[[Path], object]]] = {}
    for kind, values in (
        ("annotations", codes),
        ("labels", codes),
        ("observed", codes),
        ("pseudo_labels", codes),
        ("observation_weights", numbers),
        ("logits", numbers),
    ):
        path = folder / f"{kind}.h5"
        labels.write(str(path), kind, IDS, NAMES, values, split if kind == "labels" else None)
        found[kind] = path, lambda path, kind=kind: labels.read(str(path), kind)
    shard, joined = folder / "train" / "00000.h5", folder / "train.h5"
    features.write_shard(shard, IDS, [random.rand(IMAGES, WIDTH).astype(np.float32)], "float16", **SETTINGS)
    features.join(joined, [shard])
    found["features"] = joined, read_features
    found["feature_shard"] = shard, lambda path: read_features(joined)
    found["shard to join"] = shard, lambda path: features.join(folder / "again.h5", [path])
    pixels = random.randint(0, 256, (IMAGES, 8, 8, 3)).astype(np.uint8)
    pictures.write_shard(folder / "pictures.h5", IDS, [pixels], "x")
    found["picture_shard"] = folder / "pictures.h5", read_pictures
    weights = {"output.weight": numbers, "output.bias": numbers[0]}
    checkpoints.save(folder / "checkpoint.safetensors", weights, {"categories": NAMES, "val_map": 50.0})
    found["checkpoint"] = folder / "checkpoint.safetensors", checkpoints.load
    parts = numbers[0].astype(float), numbers[0].astype(float), numbers[:CATEGORIES].T.astype(float)
    decompositions.write(folder / "decomposition.h5", decompositions.Decomposition(*parts, 1.0))
    found["decomposition"] = folder / "decomposition.h5", decompositions.read
    decompositions.write_landmarks(folder / "landmarks.h5", numbers[0], numbers, numbers[0, :1])
    found["landmarks"] = folder / "landmarks.h5", decompositions.read_landmarks
    manifest.write(folder / "images.csv", [(name, f"{name}.jpg", f"data/{name}.jpg") for name in IDS])
    found["manifest"] = folder / "images.csv", manifest.read
    tables.write(folder / "map.csv", pd.DataFrame({"name": NAMES, "test_map": numbers[0]}))
    found["table"] = folder / "map.csv", tables.read
    priors.write(folder / "priors.csv", NAMES, numbers[0] / 2, numbers[0])
    found["priors"] = folder / "priors.csv", lambda path: priors.read(path, NAMES)
    documents.write(folder / "metrics.json", "metrics", {"val": {"map": 51.2}, "test": {"map": 49.0}})
    found["metrics"] = folder / "metrics.json", lambda path: documents.read(path, "metrics")
    return found


def outcomes(path: Path, read: Callable[[], object], flips: int) -> dict[str, float]:
    """Flip bits of a file one after the other; return how often its reader refused it, took it, or failed otherwise."""
    content = path.read_bytes()
    counts: dict[str, float] = {"refused": 0, "silent": 0, "other error": 0}
    for bit in np.linspace(0, 8 * len(content) - 1, flips).astype(int).tolist():
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        records.forget()
        try:
            read()
        except InputError:
            counts["refused"] += 1
        except Exception as error:
            print(f"{path.name}, bit {bit}: {type(error).__name__}: {error}")
            counts["other error"] += 1
        else:
            counts["silent"] += 1
    path.write_bytes(content)
    records.forget()
    read()
    return counts


def every_outcome(folder: Path, flips: int) -> dict[str, dict[str, float]]:
    """Return the outcomes for every kind of artifact, and for the record of each."""
    rows: dict[str, dict[str, float]] = {}
    for kind, (path, read) in artifacts(folder).items():
        for what, file in ((kind, path), (f"record of {kind}", records.path_of(path))):
            if kind in ("feature_shard", "picture_shard") and file != path:
                continue  # a reader compares checksums that lie elsewhere; the record is for whoever makes more of it
            rows[what] = outcomes(file, lambda path=path, read=read: read(path), flips)
    return rows


def cost(folder: Path, repeats: int) -> list[Ratio]:
    """Return the time of a checksum, relative to reading the file with its values, at COCO's size."""
    random = np.random.RandomState(0)
    ids, names = [str(row) for row in range(40_137)], [str(column) for column in range(80)]
    logits = random.randn(len(ids), len(names)).astype(np.float32)
    labels.write(str(folder / "logits.h5"), "logits", ids, names, logits)
    labels.write(str(folder / "labels.h5"), "labels", ids, names, (logits > 2).astype(np.int8))
    ratios = []
    for kind in ("labels", "logits"):
        path = folder / f"{kind}.h5"
        check = min(seconds(lambda path=path: sha256(path)) for _ in range(repeats))
        whole = min(
            seconds(lambda path=path, kind=kind: (records.forget(), labels.read(str(path), kind)))
            for _ in range(repeats)
        )
        ratios.append(Ratio(f"checksum of {kind}, share of reading them", check / whole, digits=3))
    matrix = random.rand(20_000, 2048).astype(np.float32)
    features.write_shard(folder / "f" / "0.h5", ids[: len(matrix)], [matrix], "float16", **SETTINGS)
    features.join(folder / "f.h5", [folder / "f" / "0.h5"])

    def twice() -> tuple[float, float]:
        with features.reading(folder / "f.h5") as stored:
            rows = np.arange(len(matrix))
            return seconds(lambda: stored.read(rows)), seconds(lambda: stored.read(rows))

    first, second = np.min([twice() for _ in range(repeats)], axis=0)
    ratios.append(Ratio("features read for the first time (checked), relative to later", first / second, digits=2))
    return ratios


if __name__ == "__main__":
    options = parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = every_outcome(Path(scratch, "results"), FLIPS)
        report(f"{FLIPS} flipped bits in each", found, cost(Path(scratch, "cost"), options.repeats), options)
