"""Class priors without true labels: each estimator against the hidden truth, per teacher and rows.

    python benchmarks/priors.py [--sets yeast] [--json priors.json]

Sets and replicates are those of real_sets.py: a replicate is another draw of the observed labels, and another split.
Teachers are trained on the training rows and selected on the observed labels of the validation rows. Estimators see
logits and observed labels alone: of the training rows, of the validation rows, which the teacher was not trained on, or
of both. The truth is the rate of each category over all these rows. ``user`` is told the true number of labels per
image, ``user x 0.75`` and ``user x 1.33`` a wrong one. Figures are means over replicates:

- error: mean absolute error of the rates, in percent of images, over categories; weighted: by the true rates
- k: expected labels per image; k error: its mean absolute error, in percent of the true number
- rank: Spearman's correlation with the true rates
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import real_sets
import torch
from common import report

from spml.artifacts.codes import TrueLabel
from spml.labels import priors
from spml.models.heads import apply_heads
from spml.training.batches import BatchSource
from spml.training.engine import train
from spml.training.options import TrainingOptions

TEACHERS = {"an": {}, "em": {"alpha": 0.1}}
RECIPE = {"epochs": 20, "batch_sizes": (64,), "learning_rates": (1e-3, 3e-4), "hidden": 512, "dropout": 0.5}


def logits(found: real_sets.FeatureSet, observed: np.ndarray, teacher: str, seed: int) -> np.ndarray:
    """Return the logits [N, L] of a teacher on the training and validation rows."""
    options = TrainingOptions(
        teacher,
        "mlp",
        standardize=True,
        hyperparameters=TEACHERS[teacher],
        supervision="observed",
        select_on="observed_labels",
        **RECIPE,
    )
    rows, val = found.rows("train"), found.rows("val")
    trained = train(
        BatchSource(found.features[rows], observed[rows]),
        BatchSource(found.features[val], observed[val]),
        options,
        seed=seed,
        name=teacher,
    )
    weights = {key: value[None] for key, value in trained.weights.items()}
    with torch.no_grad():
        return apply_heads(weights, torch.from_numpy(found.features).float())[0].numpy()


def estimates(found: real_sets.FeatureSet, seed: int, true: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each estimator with its rates [L]."""
    observed = found.observed(seed)
    rates, k = priors.observed_rates(observed), true.sum()
    yield "observed", rates
    for name, factor in (("user", 1.0), ("user x 0.75", 0.75), ("user x 1.33", 4 / 3)):
        yield name, priors.scaled_rates(rates, factor * k)
    for teacher in TEACHERS:
        scores = logits(found, observed, teacher, seed)
        for name, rows in (("train", found.rows("train")), ("val", found.rows("val")), ("all", np.arange(len(scores)))):
            yield f"crisp, {teacher}, {name}", priors.crisp_rates(scores[rows], observed[rows])
            fixed = priors.fixed_point_rates(scores[rows], observed[rows])
            yield f"fixed point, {teacher}, {name}", fixed
            yield f"scaled to it, {teacher}, {name}", priors.scaled_rates(rates, fixed.sum())


def figures(true: np.ndarray, rates: np.ndarray) -> dict[str, float]:
    """Return the figures of rates [L] beside the true ones."""
    error = np.abs(rates - true)
    return {
        "error": 100 * error.mean(),
        "weighted": 100 * (error * true).sum() / true.sum(),
        "k": rates.sum(),
        "k error": 100 * abs(rates.sum() - true.sum()) / true.sum(),
        "rank": pd.Series(rates).corr(pd.Series(true), method="spearman"),
    }


def main() -> None:
    options = real_sets.sets_parser(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    for found in real_sets.available(options.sets):
        true = (found.true == TrueLabel.PRESENT).mean(0)
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in real_sets.SEEDS[: options.seeds]:
            for name, rates in estimates(found.with_split(seed), seed, true):
                rows.setdefault(name, []).append(figures(true, rates))
        means = {
            name: {key: float(np.mean([row[key] for row in each])) for key in each[0]} for name, each in rows.items()
        }
        title = f"{found.name}: {len(found.true):,} rows, {len(true)} categories, true k {true.sum():.2f}"
        report(title, means, [], options)


if __name__ == "__main__":
    main()
