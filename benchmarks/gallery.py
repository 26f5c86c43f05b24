"""The gallery at the size of COCO: bytes and seconds of the page's data against every label, of thumbnails against whole pictures.

    python benchmarks/gallery.py [--json gallery.json]

Pictures are random blobs of 640 x 480 pixels; labels are drawn at COCO's 2.9 positives per image. How fast the page opens and
filters is for a browser to say, not for this file (docs/performance.md).
"""

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from common import Ratio, fastest, parser, report, seconds
from PIL import Image

from spml.features import images
from spml.features.preprocessing import Preprocessing
from spml.review import gallery, thumbnails

TAUS = (0.65, 0.75, 0.85, 0.9, 0.95)


def drawn(count: int, categories: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, observed and true labels, [N, L] each."""
    random = np.random.RandomState(0)
    true = (random.rand(count, categories) < 2.9 / categories).astype(np.int8)
    probability = np.clip(0.5 + 0.125 * random.randn(count, categories) + 0.3 * true, 0, 1)
    observed = np.zeros_like(true)
    rows = np.arange(count)
    observed[rows, true.argmax(1)] = true[rows, true.argmax(1)]
    return probability, observed, true


def size(columns: dict[str, list[int]]) -> int:
    return len(json.dumps(columns, separators=(",", ":")))


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--images", type=int, default=80_000)
    made.add_argument("--categories", type=int, default=80)
    made.add_argument("--pictures", type=int, default=200)
    options = made.parse_args()
    probability, observed, true = drawn(options.images, options.categories)
    pseudo = [(probability > tau).astype(np.int8) for tau in TAUS]
    everything = np.ones_like(true)  # as if every label were worth a look
    data = {
        "labels worth a look": lambda: gallery.entries(probability, pseudo, observed, true),
        "every label": lambda: gallery.entries(probability, [everything, *pseudo], observed, true),
    }
    figures, sizes = {}, {}
    for name, run in data.items():
        sizes[name] = size(run())
        figures[name] = {"s": seconds(run), "MB": sizes[name] / 1e6}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.threads) as pool:
        paths = []
        for number in range(options.pictures):
            small = np.random.RandomState(number).randint(0, 255, (12, 16, 3), np.uint8)
            paths.append(str(Path(folder, f"{number}.jpg")))
            Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
        found = fastest(
            options.repeats,
            {
                "thumbnails": lambda: seconds(lambda: list(pool.map(thumbnails.thumbnail, paths))),
                "whole pictures at 448": lambda: seconds(lambda: [None for _ in pool.map(whole, paths)]),
            },
        )
        kept = sum(len(thumbnails.thumbnail(path)) for path in paths) / len(paths)
    figures |= {name: {"images/s": options.pictures / taken} for name, taken in found.items()}
    figures["a thumbnail"] = {"MB": kept / 1e6}
    ratios = [
        Ratio(
            "every label: bytes, times those worth a look", sizes["every label"] / sizes["labels worth a look"], "> 2"
        ),
        Ratio("whole pictures: seconds, times thumbnails", found["whole pictures at 448"] / found["thumbnails"]),
    ]
    report(
        f"Gallery: {options.images:,} images, {options.categories} categories, {len(TAUS)} variants",
        figures,
        ratios,
        options,
    )


def whole(path: str) -> np.ndarray:
    return images.read_image(path, Preprocessing(448))


if __name__ == "__main__":
    main()
