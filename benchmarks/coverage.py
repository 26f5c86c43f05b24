"""How often 95 % intervals hold what they should: test sets drawn again and again from a large population.

    python benchmarks/coverage.py

Scores are normal, with a separation for each category; rates fall geometrically, so that some categories have one
positive in a test set and some have none; labels and scores are correlated within an image; the second method shares
most of its errors with the first. Prints the share of test sets, in percent, whose interval holds the mean mAP (and mean
difference) of test sets of this size with as many positives of each category, over the categories that are present. Rows
that end in "population" ask for the mAP of the population over the same categories, which no interval here is made for.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from common import Ratio, parser, report

from spml.evaluation.average_precision import average_precision
from spml.evaluation.intervals import Effects, difference_interval, map_effects, map_interval

IMAGES = 100_000  # of a population
EXACT = 12  # positives up to which each number has a mean of its own
NORMAL = NormalDist()


@dataclass(frozen=True)
class Case:
    """Test sets of ``images`` images; rates of the categories; the lowest and highest separation of their scores."""

    images: int
    categories: int
    rates: tuple[float, float]
    separation: tuple[float, float]

    @property
    def name(self) -> str:
        return f"{self.images} x {self.categories}" + (" easy" if self.separation[0] >= 2 else "")


CASES = (
    Case(200, 30, (0.3, 0.004), (0.8, 3.5)),
    Case(200, 80, (0.2, 0.002), (0.8, 3.5)),
    Case(200, 20, (0.3, 0.004), (2.0, 5.0)),
    Case(4000, 40, (0.3, 0.0003), (0.8, 3.5)),
    Case(4000, 80, (0.3, 0.0003), (0.8, 3.5)),
)


def population(case: Case, random: np.random.RandomState) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return labels [IMAGES, L] and the scores of two methods; an image's scene moves its labels and its scores."""
    size = (IMAGES, case.categories)
    thresholds = [NORMAL.inv_cdf(1 - rate) for rate in np.geomspace(*case.rates, case.categories)]
    scenes = random.randn(4, case.categories)
    scene = random.randn(IMAGES, 4) @ (scenes / np.linalg.norm(scenes, axis=0))
    labels = (np.sqrt(0.4) * scene + np.sqrt(0.6) * random.randn(*size) > thresholds).astype(np.int8)
    separation = random.uniform(*case.separation, case.categories)
    shared = random.randn(*size)
    scores = []
    for gain in (np.zeros(case.categories), random.normal(0.15, 0.25, case.categories)):
        noise = np.sqrt(0.7) * shared + np.sqrt(0.3) * random.randn(*size)
        scores.append(((separation + gain) * labels + 0.4 * scene + np.sqrt(0.84) * noise).astype(np.float32))
    return labels, scores


class Means:
    """Means of the average precision of a category over test sets of as many images and positives, by simulation."""

    def __init__(self, labels: np.ndarray, scores: np.ndarray, images: int) -> None:
        self._images, self._random = images, np.random.RandomState(0)
        self._known: dict[tuple[int, int], float] = {}
        self._share_above = []  # of the negatives of the population, for each of its positives
        for column, present in zip(scores.T, labels.T == 1, strict=True):
            negatives = np.sort(column[~present])
            self._share_above.append(1 - np.searchsorted(negatives, column[present]) / len(negatives))

    def mean(self, category: int, positives: int) -> float:
        """Return the mean, on a line through three simulated ones for many positives."""
        if positives <= EXACT:
            return self._simulated(category, positives)
        centre = len(self._share_above[category]) / IMAGES * self._images
        grid = [max(EXACT + index, round(centre + 2.5 * index * np.sqrt(centre))) for index in (-1, 0, 1)]
        line = np.polyfit(grid, [self._simulated(category, each) for each in grid], 1)
        return float(np.polyval(line, positives))

    def _simulated(self, category: int, positives: int) -> float:
        """Return the mean over draws: the negatives above each positive are those above the one before, and some more."""
        if (category, positives) not in self._known:
            draws = 5000 if positives <= EXACT else 500
            share = np.sort(self._random.choice(self._share_above[category], (draws, positives)))
            above, before, total = np.zeros(draws, int), np.zeros(draws), 0.0
            for index in range(positives):
                step = (share[:, index] - before) / np.maximum(1 - before, 1e-12)
                above += self._random.binomial(self._images - positives - above, np.clip(step, 0, 1))
                total += np.mean((index + 1) / (index + 1 + above))
                before = share[:, index]
            self._known[category, positives] = total / positives
        return self._known[category, positives]


def resampled(scores: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the mAP on resamples, [B], over the categories with positives there; ``counts`` [N, B] are draws of images."""
    values = []
    for column, present in zip(scores.T, labels.T == 1, strict=True):
        order = np.argsort(-column)
        hits = np.where(present[order, None], counts[order], 0)
        found = np.cumsum(hits, axis=0)
        with np.errstate(invalid="ignore"):
            precision = (hits * found / np.maximum(np.cumsum(counts[order], axis=0), 1)).sum(0)
            values.append(precision / found[-1])
    return 100 * np.nanmean(values, axis=0)


def bootstrap_intervals(value: float, resamples: np.ndarray, effects: Effects) -> dict[str, tuple[float, float]]:
    """Return the intervals that were tried: percentiles, reflected, by the standard error, and BCa (Efron 1987)."""
    low, high = np.percentile(resamples, [2.5, 97.5])
    error = 1.96 * resamples.std()
    share = np.clip(np.mean(resamples < value), 1 / len(resamples), 1 - 1 / len(resamples))
    bias = NORMAL.inv_cdf(float(share))
    skewness = (effects.images**3).sum() / max((effects.images**2).sum(), 1e-30) ** 1.5 / 6
    shifts = [bias + sign * 1.96 for sign in (-1, 1)]
    levels = [100 * NORMAL.cdf(bias + shift / (1 - skewness * shift)) for shift in shifts]
    return {
        "percentiles": (low, high),
        "reflected": (2 * value - high, 2 * value - low),
        "resampled std": (value - error, value + error),
        "BCa": tuple(np.percentile(resamples, levels)),
    }


def coverage(case: Case, trials: int, bootstrapped: int, resamples: int) -> dict[str, float]:
    """Return the share of trials, in percent, whose interval holds the mean, by quantity and method."""
    random = np.random.RandomState(1)
    labels, scores = population(case, random)
    means = [Means(labels, each, case.images) for each in scores]
    final = [average_precision(each, labels) for each in scores]
    held: dict[str, list[bool]] = {}
    for trial in range(trials):
        rows = random.randint(0, IMAGES, case.images)
        drawn, own = labels[rows], [each[rows] for each in scores]
        positives = (drawn == 1).sum(0)
        present = np.flatnonzero(positives)
        first, second = (map_effects(each, drawn) for each in own)
        gain = second - first
        wanted = [100 * np.mean([mean.mean(c, positives[c]) for c in present]) for mean in means]
        truth = [100 * each[present].mean() for each in final]
        quantities = {
            "mAP": (first, map_interval(first), wanted[0], truth[0]),
            "difference": (gain, difference_interval(gain), wanted[1] - wanted[0], truth[1] - truth[0]),
        }
        if trial < bootstrapped:
            draws = random.multinomial(case.images, np.full(case.images, 1 / case.images), resamples).T.astype(np.int32)
            one, other = (resampled(each[:, present], drawn[:, present], draws) for each in own)
            by_resample = {"mAP": one, "difference": other - one}
        for name, (effects, interval, at_size, of_all) in quantities.items():
            intervals = {"jackknife": interval}
            if trial < bootstrapped:
                value = 100 * effects.average_precision.mean()
                intervals |= bootstrap_intervals(value, by_resample[name], effects)
            for method, (low, high) in intervals.items():
                held.setdefault(f"{name}, {method}", []).append(bool(low <= at_size <= high))
            held.setdefault(f"{name}, jackknife, population", []).append(bool(interval[0] <= of_all <= interval[1]))
    return {name: 100 * float(np.mean(values)) for name, values in sorted(held.items())}


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--trials", type=int, default=1000)
    made.add_argument("--bootstrapped", type=int, default=200, help="trials with a bootstrap, too")
    made.add_argument("--resamples", type=int, default=300)
    made.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="numbers of the cases, from 0")
    options = made.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for case in [CASES[number] for number in options.cases]:
        for name, share in coverage(case, options.trials, options.bootstrapped, options.resamples).items():
            figures.setdefault(name, {})[case.name] = share
    ratios = [
        Ratio(f"coverage of the {name}, {case}", share, "95 ± 2")
        for name in ("mAP", "difference")
        for case, share in figures[f"{name}, jackknife"].items()
    ]
    title = (
        f"Coverage in percent, {options.trials:,} test sets of images x categories, {options.bootstrapped} bootstrapped"
    )
    report(title, figures, ratios, options)


if __name__ == "__main__":
    main()
