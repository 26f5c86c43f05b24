"""The figures, drawn from the tables."""

import os
import textwrap
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spml.evaluation import results
from spml.reporting import numbers
from spml.runtime.files import writing

SIZE = (5.6, 3.6)  # inches: fits a column of text
STYLES = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))  # of reference lines
GREYS = ("0.0", "0.45", "0.25", "0.55", "0.35")
INK = "#0b5394"
SPREAD = "#e69138"
COLOURS = ("0.0", "0.45", "#0b5394", "#b45f06", "#38761d", "#741b47")  # of curves, with CURVE_STYLES
CURVE_STYLES = ("s--", "^-.", "o-", "v:", "D-", "x--")
LINE = 16  # characters of a line of a label
plt.rcParams.update(
    {
        "font.size": 9,
        "text.parse_math": False,  # a $ in a name is a $
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
    note: str = "",
    chosen: float | None = None,
) -> Figure:
    """Draw mean and standard deviation of ``value`` over replicates against tau, among labelled reference lines.

    Parameters
    ----------
    points : rows with columns tau, seed and ``value``
    lines : label, mean and standard deviation of each reference line (NaN: no band)
    label : the label of the points
    axis : the name of the vertical axis, with its unit
    from_zero : whether the vertical axis begins at 0
    note : shown beside the number of replicates
    chosen : the tau that validation chose, marked by a ring
    """
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    spread = results.mean_std(points, "tau", value)
    mean, std = spread["mean"], spread["std"].fillna(0.0)  # no bar for one replicate
    for (name, height, band), style, grey in zip(lines, STYLES, GREYS, strict=False):
        axes.axhline(height, linestyle=style, color=grey, linewidth=1.1, label=name, zorder=1)
        if band > 0:
            axes.axhspan(height - band, height + band, color=grey, alpha=0.12, linewidth=0, zorder=0)
    axes.errorbar(
        mean.index,
        mean,
        std,
        marker="o",
        color=INK,
        markersize=5,
        capsize=3,
        linewidth=1.6,
        zorder=2,
    )
    if chosen is not None:
        axes.plot(chosen, mean.loc[chosen], "o", markersize=10, markerfacecolor="none", color=INK, zorder=2)
        note = f"{note};\nring: the τ that validation chose".removeprefix(";\n")
    axes.set_xlabel("threshold τ (probability)")
    axes.set_ylabel(axis)
    axes.set_xticks(list(mean.index), [f"{tau:.2f}" for tau in mean.index])
    axes.margins(x=0.06, y=0.12)
    if from_zero:
        axes.set_ylim(bottom=0)
    best = int(mean.to_numpy().argmax())
    axes.annotate(
        label,
        (mean.index[best], mean.iloc[best] + std.iloc[best]),
        (0, 4),
        textcoords="offset points",
        ha="left" if best == 0 else "center",
        va="bottom",
        color=INK,
    )
    summary = numbers.replicates(points["seed"].nunique(), "mean ± standard deviation,")
    _note(axes, f"{summary}; {note}" if note else summary)
    _label_lines(axes, [(name, height) for name, height, _ in lines])
    return figure


def _label_lines(axes: Axes, lines: Sequence[tuple[str, float]]) -> None:
    """Write names at the right-hand end of the lines, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    step = 0.062 * (high - low)
    top = -np.inf  # of the name below
    for name, height in sorted(lines, key=lambda line: line[1]):
        rows = name.splitlines() if "\n" in name else textwrap.wrap(name, LINE)
        centre = max(height, top + step * len(rows) / 2)
        top = centre + step * len(rows) / 2
        axes.annotate(
            "\n".join(rows),
            (1.0, height),
            (1.04, centre),
            xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0},
        )


def _note(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=8, color="0.35")


def forest(methods: pd.DataFrame, baselines: Sequence[str], scale: str, note: str, labels: Mapping[str, str]) -> Figure:
    """Draw differences to the reference, a row per method, the last row on top, with the two ways in which they vary.

    A line with ends is the interval over test images; the bar below it is the standard deviation over replicates.

    Parameters
    ----------
    methods : rows of tables/comparison.csv, in the order drawn, the reference among them
    baselines : names of teachers that are drawn as vertical lines, too
    scale : the name of the test mAP, with its unit
    note : shown beside the number of replicates
    labels : display names by kind/name
    """
    figure, axes = plt.subplots(figsize=(6.4, 2.0 + 0.24 * len(methods)), layout="constrained")
    height = np.arange(len(methods))
    reference = results.reference_label(methods, labels)
    fewest, replicates = methods["replicates"].min(), methods["replicates"].max()
    over = "mean of" if fewest == replicates else f"mean of {fewest} to"
    methods = methods.assign(label=results.method_labels(methods, labels))
    teacher = (methods["kind"] == "teachers").to_numpy()
    axes.axvline(0, color="0.0", linewidth=0.9, label=f"{reference} (reference)", zorder=1)
    others = methods[teacher & methods["name"].isin(baselines) & (methods["difference"] != 0)].iloc[::-1]
    for (_, other), style, grey in zip(others.iterrows(), STYLES, GREYS, strict=False):
        axes.axvline(other["difference"], linestyle=style, color=grey, linewidth=1.2, label=other["label"], zorder=1)
    for rows, marker, colour, label in (
        (teacher, "s", "0.35", "teachers, baselines"),
        (~teacher, "o", INK, "students"),
    ):
        part = methods[rows]
        spread = [part["difference"] - part["difference_low"], part["difference_high"] - part["difference"]]
        axes.errorbar(
            part["difference"],
            height[rows],
            xerr=spread,
            fmt=marker,
            color=colour,
            markersize=4,
            capsize=2,
            label=label,
        )
    varied = methods["difference_std"].gt(0).to_numpy()  # more than one replicate, and not the reference
    if varied.any():
        mean, std = methods["difference"][varied], methods["difference_std"][varied]
        label = "± std over replicates"
        axes.barh(height[varied] - 0.27, 2 * std, 0.16, mean - std, color=SPREAD, label=label, zorder=2)
    axes.set_yticks(height, methods["label"], fontsize=8)
    axes.set_ylim(-0.7, len(methods) - 0.3)
    axes.use_sticky_edges = False  # a bar that ends at the frame would look cut off
    axes.margins(x=0.05)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"difference in test {scale.replace('(%)', '(points)')}, 95 % interval over images")
    column = "± standard deviation" if replicates > 1 else ""
    _note(axes, f"{numbers.replicates(replicates, over)}; {note}")
    axes.annotate(
        f"test {scale}\n{column}".strip(),
        (1.01, 1),
        (0, 3),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=7,
        color="0.35",
        va="bottom",
        annotation_clip=False,
    )
    for row, (mean, std) in enumerate(zip(methods["test_map"], methods["test_map_std"], strict=True)):
        text = numbers.mean_std(mean, std, ".1f")
        axes.annotate(
            text, (1.01, row), xycoords=axes.get_yaxis_transform(), fontsize=7, va="center", annotation_clip=False
        )
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def calibration(curves: Sequence[tuple[str, Mapping[str, np.ndarray], float]], replicates: int, note: str) -> Figure:
    """Draw the share of present entries against their probability, by bin; below, the share of entries in each bin.

    Parameters
    ----------
    curves : label, bins (see spml.evaluation.calibration) and calibration error in percent of each method
    replicates : number of replicates that are pooled
    note : shown beside the number of replicates
    """
    figure, (axes, below) = plt.subplots(
        2, 1, figsize=(4.8, 5.6), layout="constrained", sharex=True, height_ratios=(3, 1)
    )
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=0.9)
    for (name, bins, error), style, colour in zip(curves, CURVE_STYLES, COLOURS, strict=False):
        filled = bins["entries"] > 0
        entries = bins["entries"][filled]
        x, y = bins["probability"][filled] / entries, bins["present"][filled] / entries
        axes.plot(x, y, style, color=colour, markersize=4, linewidth=1.2, label=f"{name}: {error:.1f} %", clip_on=False)
        below.plot(x, entries / bins["entries"].sum(), style, color=colour, markersize=3, linewidth=1)
    axes.set(ylabel="share present", xlim=(0, 1), ylim=(0, 1))
    pooled = f"{replicates} replicates pooled" if replicates > 1 else "one replicate"
    _note(axes, f"test split, all categories, {pooled};\n{note}")
    below.set(xlabel="predicted probability", ylabel="share of entries", yscale="log")
    below.yaxis.set_major_formatter("{x:g}")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        title="expected calibration error",
        fontsize=8,
        title_fontsize=8,
        ncols=2,
        frameon=False,
        loc="outside lower center",
    )
    return figure


def left_out(title: str, why: str) -> Figure:
    """Draw a note in place of a figure that cannot be drawn: its title, and why it is left out."""
    figure, axes = plt.subplots(figsize=(SIZE[0], 1.2), layout="constrained")
    axes.set_axis_off()
    axes.text(0, 0.5, f"{title}: left out, since\n{why}.", va="center", color="0.35")
    return figure


def save(figure: Figure, *paths: str | os.PathLike) -> None:
    """Write the figure in the format that each path's ending names, without a date."""
    for path in paths:
        kind = str(path).rpartition(".")[2]
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        with writing(path) as part:
            figure.savefig(part, format=kind, dpi=200, metadata=metadata)
    plt.close(figure)
