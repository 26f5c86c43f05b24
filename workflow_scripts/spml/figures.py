"""The paper's two figures, drawn from the tables."""

import os
from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spml.files import writing

SIZE = (5.6, 3.6)  # inches: fits a column of text
STYLES = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))  # of reference lines: told apart in grey
GREYS = ("0.0", "0.45", "0.25", "0.55", "0.35")
INK = "#0b5394"
plt.rcParams.update(
    {
        "font.size": 9,
        "svg.fonttype": "none",
        "svg.hashsalt": "pseudo-multi-labels",
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


def over_tau(
    points: pd.DataFrame,
    value: str,
    lines: Sequence[tuple[str, float, float]],
    label: str,
    axis: str,
    from_zero: bool = False,
) -> Figure:
    """Mean and standard deviation of ``value`` over replicates against tau, among labelled reference lines.

    Parameters
    ----------
    points : rows with columns tau, seed and ``value``
    lines : name, mean and deviation of each reference line (deviation 0: no band)
    label : what the points are
    axis : the name of the vertical axis, with its unit
    from_zero : whether the vertical axis begins at 0
    """
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    mean, deviation = _mean_deviation(points, value)
    for (name, height, spread), style, grey in zip(lines, STYLES, GREYS, strict=False):
        axes.axhline(height, linestyle=style, color=grey, linewidth=1.1, label=name, zorder=1)
        if spread:
            axes.axhspan(height - spread, height + spread, color=grey, alpha=0.12, linewidth=0, zorder=0)
    axes.errorbar(
        mean.index,
        mean,
        deviation,
        marker="o",
        color=INK,
        markersize=5,
        capsize=3,
        linewidth=1.6,
        zorder=2,
    )
    axes.set_xlabel("threshold τ (probability)")
    axes.set_ylabel(axis)
    axes.set_xticks(list(mean.index), [f"{tau:.2f}" for tau in mean.index])
    axes.margins(x=0.06, y=0.12)
    if from_zero:
        axes.set_ylim(bottom=0)
    best = int(mean.to_numpy().argmax())
    axes.annotate(
        label,
        (mean.index[best], mean.iloc[best] + deviation.iloc[best]),
        (0, 4),
        textcoords="offset points",
        ha="left" if best == 0 else "center",
        va="bottom",
        color=INK,
    )
    replicates = points["seed"].nunique()
    note = f"mean ± standard deviation, {replicates} replicates" if replicates > 1 else "one replicate"
    axes.set_title(note, loc="left", fontsize=8, color="0.35")
    _label_lines(axes, [(name, height) for name, height, _ in lines])
    return figure


def _mean_deviation(points: pd.DataFrame, value: str) -> tuple[pd.Series, pd.Series]:
    """Over replicates, by tau; the deviation of one replicate is 0."""
    grouped = points.groupby("tau")[value]
    return grouped.mean(), grouped.std(ddof=1).fillna(0.0)


def _label_lines(axes: Axes, lines: Sequence[tuple[str, float]]) -> None:
    """Names at the right-hand end of the lines, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    step = 0.062 * (high - low)
    placed: list[float] = []
    for name, height in sorted(lines, key=lambda line: line[1]):
        place = height if not placed else max(height, placed[-1] + step)
        placed.append(place)
        axes.annotate(
            name,
            (1.0, height),
            (1.04, place),
            xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0},
        )


def save(figure: Figure, *paths: str | os.PathLike) -> None:
    """Write the figure in the format that each path's ending names, without a date."""
    for path in paths:
        kind = str(path).rpartition(".")[2]
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        with writing(path) as part:
            figure.savefig(part, format=kind, dpi=200, metadata=metadata)
    plt.close(figure)
