"""What answers gain over their number: intervals over replicates, and the answers that a curve needs for a value."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

QUANTILES = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
}  # Student's t, 97.5 %
NORMAL = 1.96


def intervals(rounds: pd.DataFrame, value: str, strategy: str, reference: str = "random") -> pd.DataFrame:
    """Return mean, and 95 % interval of the mean over replicates, by number of answers: columns answers, mean, half.

    The interval is that of the difference to the reference in the same replicate, so that strategies compare; that of the
    reference itself is of its value. ``half`` is NaN for one replicate.
    """
    table = rounds[rounds["strategy"] == strategy].pivot(index="answers", columns="seed", values=value)
    spread = table
    if strategy != reference:
        base = rounds[rounds["strategy"] == reference].pivot(index="answers", columns="seed", values=value)
        spread = table - base.reindex(table.index)
    count = spread.shape[1]
    error = spread.std(axis=1, ddof=1) / np.sqrt(count)
    half = error * QUANTILES.get(count - 1, NORMAL)
    return pd.DataFrame({"answers": table.index, "mean": table.mean(axis=1), "half": half}).reset_index(drop=True)


def answers_for(curve: pd.DataFrame, value: float) -> float:
    """Return the answers per image at which a curve (columns answers, mean) first reaches a value; NaN where it never does.

    Between two points the curve is a straight line.
    """
    answers, mean = curve["answers"].to_numpy(), curve["mean"].to_numpy()
    for number in range(len(mean)):
        if mean[number] >= value:
            if number == 0:
                return float(answers[0])
            share = (value - mean[number - 1]) / (mean[number] - mean[number - 1])
            return float(answers[number - 1] + share * (answers[number] - answers[number - 1]))
    return float("nan")


def gap_closed(rounds: pd.DataFrame, strategy: str, answers: float) -> float:
    """Return the share of the way from the first teacher without answers to full supervision, in test mAP.

    It is what the student gets with this many answers per image, or with the number nearest to it.
    """
    own = rounds[rounds["strategy"] == strategy]
    means = own.groupby("answers")[["first_map", "student_map", "full_map"]].mean()
    nearest = np.abs(means.index.to_numpy() - answers).argmin()
    start = means["first_map"].iloc[0]
    return float((means["student_map"].iloc[nearest] - start) / (means["full_map"].iloc[0] - start))


def conclusions(rounds: pd.DataFrame, reference: str = "random") -> Iterator[str]:
    """Yield sentences: how many answers each strategy needs for the label F1 of the reference, and what one per image closes."""
    base = intervals(rounds, "f1", reference)
    most = float(base["answers"].iloc[-1])
    way = "of the way from the first teacher without answers to full supervision, in test mAP"
    yield f"without answers the student is {100 * gap_closed(rounds, reference, 0.0):.0f} % {way}"
    for strategy in rounds["strategy"].unique():
        if strategy != reference:
            needed = answers_for(intervals(rounds, "f1", strategy), float(base["mean"].iloc[-1]))
            text = "never reaches" if np.isnan(needed) else f"reaches with {needed:.2f} answers per image"
            yield f"{strategy} {text} the label F1 of {reference} at {most:.2f}"
        yield f"{strategy}: with one answer per image it is {100 * gap_closed(rounds, strategy, 1.0):.0f} %"
