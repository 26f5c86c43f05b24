"""How pictures are resized and cropped, compared on the photographs of coco_mini with two real backbones.

    python benchmarks/preprocessing.py [--json preprocessing.json]

``squash`` makes the whole picture a square, ``crop`` takes its centre as the libraries do for one object, ``5`` and ``grid``
average the features of five crops. Figures are validation mAP over the categories present of ridge regressions (the
penalty by validation) from one observed positive per image (``an``) and from the true labels (``full``), mean of five
splits. Needs the folder that SPML_TEST_DATA names. About ten minutes on two cores.
"""

import numpy as np
from common import Ratio, parser, report
from linear_heads import ridge
from real_sets import SEEDS, FeatureSet, efficientnet_lite0, mobilenet_v2

BACKBONES = {"mobilenet_v2 at 320": mobilenet_v2, "efficientnet_lite0 at 224": efficientnet_lite0}
WAYS = {
    "squash": {"resize": "squash", "crops": 1},
    "crop": {"resize": "crop", "crops": 1},
    "squash, 5 crops": {"resize": "squash", "crops": 5},
    "squash, grid": {"resize": "squash", "crops": "grid"},
}


def scores(arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the mean validation mAP of ``an`` and ``full`` over the splits."""
    found: dict[str, list[float]] = {"an": [], "full": []}
    base = FeatureSet("", split=np.zeros(len(arrays["true"]), np.int8), **arrays)
    for seed in SEEDS:
        drawn = base.with_split(seed)
        train, val = drawn.rows("train"), drawn.rows("val")
        targets = {"an": (drawn.observed(seed) == 1).astype(np.float64), "full": (drawn.true == 1).astype(np.float64)}
        for name, target in targets.items():
            score = ridge(drawn.features[train], target[train], drawn.features[val], drawn.true[val])
            found[name].append(score)
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    options = parser(__doc__).parse_args()
    figures, ratios = {}, []
    for backbone, make in BACKBONES.items():
        base = None
        for way, keys in WAYS.items():
            found = scores(make(**keys))
            base = base or found
            figures[f"{backbone}: {way}"] = {f"{name} (%)": value for name, value in found.items()}
            ratios += [
                Ratio(f"{backbone}: {way}, {name}: to squash", found[name] / base[name], "", 3) for name in found
            ]
    report("Resizing and crops, validation mAP", figures, ratios, options)


if __name__ == "__main__":
    main()
