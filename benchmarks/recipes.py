"""Recipes of training compared on the sets of real_sets.py: held-out mAP and processor time, relative to the first recipe.

    python benchmarks/recipes.py [--sets yeast demo] [--recipes NAME ...] [--seeds 5] [--student] [--json recipes.json]
    python benchmarks/recipes.py --test --recipes before default    # once, after the choice

Every replicate holds another fifth of the training part out, selects candidate and epoch on a fifth of the other rows,
and scores the held-out fifth: the best of many validation scores would favor the recipe that jumps the most. The test
part is read with ``--test`` alone. It trains as the pipeline does, on the split of the set. mAP is over the categories
present, mean ± standard deviation over replicates. The student learns from the pseudo-labels of ``em`` at τ 0.75.
"""

import contextlib
import dataclasses
import io
import time
from collections.abc import Iterator

import numpy as np
import torch
from common import Ratio, report
from real_sets import SEEDS, FeatureSet, available, sets_parser

from plan.recipe import Training
from spml.evaluation.average_precision import average_precision, mean_average_precision
from spml.labels.pseudo_labels import probabilities
from spml.models.inference import predict
from spml.training.batches import BatchSource
from spml.training.engine import Trained, train
from spml.training.options import TrainingOptions

TAU = 0.75
TEACHERS: dict[str, tuple[str, dict]] = {"full": ("bce", {}), "an": ("an", {}), "em": ("em", {"alpha": 0.1})}
BEFORE: dict = {"batch_sizes": [16], "learning_rates": [1e-3, 3e-4, 1e-4]}
STOPPED: dict = {"batch_sizes": [64], "learning_rates": [3e-3, 1e-3, 3e-4], "epochs": 50, "patience": 5}
RECIPES: dict[str, dict] = {
    "before": BEFORE,
    "before, patience 5": BEFORE | {"patience": 5},
    "before, demo": {"batch_sizes": [128], "learning_rates": [1e-3, 3e-3], "epochs": 20, "hidden": 256, "dropout": 0.3},
    "no input dropout": STOPPED,
    "input .2": STOPPED | {"input_dropout": 0.2},
    "input .5": STOPPED | {"input_dropout": 0.5},
    "input .5, average .97": STOPPED | {"input_dropout": 0.5, "weight_average": 0.97},
    "input .5, average .99": STOPPED | {"input_dropout": 0.5, "weight_average": 0.99},
    "input .2, average .9": STOPPED | {"input_dropout": 0.2, "weight_average": 0.9},
    "input .2, average .97": STOPPED | {"input_dropout": 0.2, "weight_average": 0.97},
    "decay 1": STOPPED | {"weight_decay": 1.0},
    "auto": STOPPED | {"learning_rates": "auto"},
}


def options_of(recipe: str, loss: str, hyperparameters: dict) -> TrainingOptions:
    """Return the options of a recipe for an MLP; those of ``default`` are the defaults of the configuration."""
    default = {key: field.default for key, field in Training.model_fields.items() if key != "preset"}
    settings = dict(default)
    if recipe != "default":
        plain = {"input_dropout": 0.0, "weight_average": 0.0, "weight_decay": 0.0, "patience": None, "epochs": 25}
        settings |= {"head": "mlp", "hidden": 512, "dropout": 0.5, "standardize": True} | plain | RECIPES[recipe]
    settings |= {"loss": {"name": loss, **hyperparameters}, "select_on": "true_labels"}
    return TrainingOptions.from_config(settings)


@dataclasses.dataclass(frozen=True)
class Rows:
    """Features and true labels of the rows that a replicate trains on, selects on and is scored on; labels observed."""

    seed: int
    train: tuple[np.ndarray, np.ndarray]
    val: tuple[np.ndarray, np.ndarray]
    scored: tuple[np.ndarray, np.ndarray]
    observed: np.ndarray


def replicates(found: FeatureSet, seeds: int, test: bool) -> Iterator[Rows]:
    """Yield the rows of each replicate."""
    folds = np.random.RandomState(SEEDS[0]).permutation(len(found.true)) % len(SEEDS)
    for number, seed in enumerate(SEEDS[:seeds]):
        train, val = found.rows("train"), found.rows("val")
        scored = found.test_features, found.test_true
        if not test:
            others = np.random.RandomState(seed).permutation(np.flatnonzero(folds != number))
            val, train = np.split(others, [round(0.2 * len(others))])
            scored = found.features[folds == number], found.true[folds == number]
        parts = [(found.features[rows], found.true[rows]) for rows in (train, val)]
        yield Rows(seed, *parts, scored, found.observed(seed)[train])


def score(trained: Trained, rows: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the mAP over the categories present, in percent."""
    logits = predict({key: value.numpy() for key, value in trained.weights.items()}, rows[0])
    return mean_average_precision(average_precision(logits, rows[1]))[1]


def run(recipe: str, rows: Rows, student: bool) -> Iterator[tuple[str, Trained]]:
    """Yield the models of a replicate by name."""
    sources = {"full": rows.train[1], "an": rows.observed, "em": rows.observed}
    losses = dict(TEACHERS) | ({"student": TEACHERS["full"]} if student else {})
    for model, (loss, hyperparameters) in losses.items():
        options = options_of(recipe, loss, hyperparameters)
        training = BatchSource(rows.train[0], sources[model])
        with contextlib.redirect_stdout(io.StringIO()):  # progress
            trained = train(training, BatchSource(*rows.val), options, seed=rows.seed, name=model)
        yield model, trained
        if model == "em":
            weights = {key: value.numpy() for key, value in trained.weights.items()}
            sources["student"] = (probabilities(predict(weights, rows.train[0])) > TAU).astype(np.int8)


def main() -> None:
    arguments = sets_parser(__doc__)
    arguments.add_argument("--recipes", nargs="+", choices=[*RECIPES, "default"], default=[*RECIPES, "default"])
    arguments.add_argument("--student", action="store_true", help="train a student, too")
    arguments.add_argument("--test", action="store_true", help="score the test part")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    ratios: list[Ratio] = []
    for found in available(options.sets):
        figures: dict[str, dict[str, float]] = {}
        means: dict[str, np.ndarray] = {}
        for recipe in options.recipes:
            scores: dict[str, list[float]] = {}
            start, edges, epochs = time.process_time(), 0, 0
            for rows in replicates(found, options.seeds, options.test):
                for model, trained in run(recipe, rows, options.student):
                    scores.setdefault(model, []).append(score(trained, rows.scored))
                    edges += bool(trained.edges)
                    epochs += len(trained.history)
            took = time.process_time() - start
            figures[recipe] = {}
            for model, values in scores.items():
                figures[recipe] |= {model: float(np.mean(values)), f"± {model}": float(np.std(values, ddof=1))}
            figures[recipe] |= {"s": took, "edges": edges, "epochs": epochs}
            means[recipe] = np.mean(list(scores.values()), axis=0)  # over models, by replicate
            first = options.recipes[0]
            gain = means[recipe] - means[first]
            ratios += [
                Ratio(f"{found.name}, {recipe}: mean gain over {first}", float(gain.mean()), "", 2),
                Ratio("    its standard error over replicates", float(gain.std(ddof=1) / np.sqrt(len(gain))), "", 2),
                Ratio("    time, times that", took / figures[first]["s"], "", 2),
            ]
            shown = " ".join(f"{name} {value:.2f}" for name, value in figures[recipe].items())
            print(f"{found.name}, {recipe}: {gain.mean():+.2f}; {shown}", flush=True)
        split = "test part" if options.test else "held-out rows of the training part"
        report(f"{found.name}: mAP (%) on {split}, {options.seeds} replicates", figures, [], options)
    report("All sets", {}, ratios, options)


if __name__ == "__main__":
    main()
