"""Linear heads compared on the sets of real_sets.py: Adam, L-BFGS with a grid of L2 penalties, and ridge regression.

    python benchmarks/linear_heads.py [--sets yeast demo] [--json linear_heads.json]

Each learns from one observed positive per image (``an``), and from the true labels (``full``). Adam is the head ``linear``
with the default recipe. L-BFGS is scikit-learn's logistic regression of each category on standardised features, the
penalty by validation mAP, one for all categories, as ridge regression has it. Figures are validation mAP over the
categories present, mean of five replicates, and processor seconds of all models.
"""

import time
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from common import Ratio, report
from methods import fit, predict
from real_sets import SEEDS, FeatureSet, available, sets_parser
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from plan.recipe import PENALTIES
from spml.evaluation.average_precision import average_precision, mean_average_precision

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of scikit-learn's C, the inverse of the penalty


def score(values: np.ndarray, true: np.ndarray) -> float:
    """Return the mAP over the categories present, in percent."""
    return mean_average_precision(average_precision(values.astype(np.float32), true))[1]


def logistic(features: np.ndarray, labels: np.ndarray, val_features: np.ndarray, val_true: np.ndarray) -> float:
    """Return the best validation mAP of logistic regressions over the grid of penalties."""
    mean, std = features.mean(0), features.std(0) + 1e-6
    rows, val_rows = (features - mean) / std, (val_features - mean) / std
    best = 0.0
    for strength in STRENGTHS:
        values = np.zeros(val_true.shape)
        for category in np.flatnonzero(labels.min(0) < labels.max(0)):
            model = LogisticRegression(C=strength, max_iter=300).fit(rows, labels[:, category])
            values[:, category] = model.decision_function(val_rows)
        best = max(best, score(values, val_true))
    return best


def ridge(features: np.ndarray, labels: np.ndarray, val_features: np.ndarray, val_true: np.ndarray) -> float:
    """Return the best validation mAP of ridge regressions over the penalties of the pipeline, by one decomposition."""
    mean, average = features.mean(0), labels.mean(0)
    centred = (features - mean).astype(np.float64)
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    projected = left.T @ (labels - average) * singular[:, None]
    squares = singular[:, None] ** 2
    return max(
        score(
            (val_features - mean) @ (right.T @ (projected / (squares + penalty * squares.mean()))) + average, val_true
        )
        for penalty in PENALTIES
    )


def heads(found: FeatureSet, seed: int, model: str) -> Iterator[tuple[str, float, float]]:
    """Yield name, validation mAP and processor seconds of each head."""
    rows, val = found.rows("train"), found.rows("val")
    labels = (found.true if model == "full" else found.observed(seed))[rows]
    data = found.features[rows], labels, found.features[val], found.true[val]
    start = time.process_time()
    trained = fit(found, labels, "bce" if model == "full" else "an", seed, {"head": "linear"})
    yield "Adam", score(predict(trained, data[2]), data[3]), time.process_time() - start
    for name, function in (("L-BFGS", logistic), ("ridge", ridge)):
        start = time.process_time()
        yield name, function(*data), time.process_time() - start


def main() -> None:
    options = sets_parser(__doc__).parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    ratios = []
    for found in available(options.sets):
        scores: dict[str, dict[str, list[float]]] = {}
        taken: dict[str, float] = {}
        for seed in SEEDS[: options.seeds]:
            for model in ("an", "full"):
                for name, value, spent in heads(found.with_split(seed), seed, model):
                    scores.setdefault(name, {}).setdefault(model, []).append(value)
                    taken[name] = taken.get(name, 0.0) + spent
        figures = {
            name: {model: float(np.mean(values)) for model, values in by_model.items()} | {"s": taken[name]}
            for name, by_model in scores.items()
        }
        for model in ("an", "full"):
            gains = np.subtract(scores["L-BFGS"][model], scores["ridge"][model])
            ratios.append(Ratio(f"{found.name}, {model}: L-BFGS above ridge", float(gains.mean()), "", 2))
        ratios.append(Ratio("    its time, times that of ridge", taken["L-BFGS"] / taken["ridge"], "", 1))
        report(f"{found.name}: validation mAP (%), {options.seeds} replicates", figures, [], options)
    report("All sets", {}, ratios, options)


if __name__ == "__main__":
    main()
