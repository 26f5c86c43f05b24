"""The figures, drawn from the tables."""

import os
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spml.evaluation.results import name_of
from spml.runtime.files import writing

SIZE = (5.6, 3.6)  # inches: fits a column of text
STYLES = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))  # of reference lines: told apart in grey
GREYS = ("0.0", "0.45", "0.25", "0.55", "0.35")
INK = "#0b5394"
COLORS = ("0.0", "0.45", "#0b5394", "#b45f06", "#38761d", "#741b47")  # of curves, with STYLES_OF_CURVES
STYLES_OF_CURVES = ("s--", "^-.", "o-", "v:", "D-", "x--")
SHOWN = 100  # categories that a figure lists
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
    note: str = "",
) -> Figure:
    """Mean and standard deviation of ``value`` over replicates against tau, among labelled reference lines.

    Parameters
    ----------
    points : rows with columns tau, seed and ``value``
    lines : name, mean and deviation of each reference line (deviation 0: no band)
    label : what the points are
    axis : the name of the vertical axis, with its unit
    from_zero : whether the vertical axis begins at 0
    note : what else the reader must know, beside the number of replicates
    """
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    mean, deviation = _mean_std(points, value)
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
    over = f"mean ± standard deviation, {replicates} replicates" if replicates > 1 else "one replicate"
    _note(axes, f"{over}; {note}" if note else over)
    _label_lines(axes, [(name, height) for name, height, _ in lines])
    return figure


def _mean_std(points: pd.DataFrame, value: str) -> tuple[pd.Series, pd.Series]:
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


def _note(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=8, color="0.35")


def _over(replicates: int) -> str:
    return f"mean of {replicates} replicates" if replicates > 1 else "one replicate"


def forest(methods: pd.DataFrame, lines: Sequence[str], scale: str, note: str) -> Figure:
    """Differences to the reference with their intervals, a row per method, the last row on top.

    Parameters
    ----------
    methods : rows of tables/comparison.csv, in the order drawn
    lines : names of teachers that are drawn as vertical lines, too
    scale : what the test mAP is called, with its unit
    note : what else the reader must know, beside the number of replicates
    """
    figure, axes = plt.subplots(figsize=(6.4, 1.9 + 0.19 * len(methods)), layout="constrained")
    place = np.arange(len(methods))
    teacher = (methods["kind"] == "teachers").to_numpy()
    names = [name_of(*row) for row in methods[["kind", "name", "variant"]].itertuples(index=False)]
    reference, replicates = methods["reference"].iloc[0], methods["replicates"].max()
    axes.axvline(0, color="0.0", linewidth=0.9, label=f"{reference} (reference)", zorder=1)
    others = methods[teacher & methods["name"].isin(lines) & (methods["difference"] != 0)].iloc[::-1]
    for (_, other), style, grey in zip(others.iterrows(), STYLES, GREYS, strict=False):
        axes.axvline(other["difference"], linestyle=style, color=grey, linewidth=1.2, label=other["name"], zorder=1)
    for rows, marker, color, label in ((teacher, "s", "0.35", "teachers, baselines"), (~teacher, "o", INK, "students")):
        part = methods[rows]
        spread = [part["difference"] - part["difference_low"], part["difference_high"] - part["difference"]]
        axes.errorbar(
            part["difference"], place[rows], xerr=spread, fmt=marker, color=color, markersize=4, capsize=2, label=label
        )
    axes.set_yticks(place, names, fontsize=8)
    axes.set_ylim(-0.7, len(methods) - 0.3)
    axes.margins(x=0.05)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"difference in test {scale.replace('(%)', '(points)')}, 95 % interval")
    column = "± standard deviation" if replicates > 1 else ""
    _note(axes, f"{_over(replicates)}; {note}")
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
    for row, (mean, deviation) in enumerate(zip(methods["test_map"], methods["test_map_std"], strict=True)):
        text = f"{mean:.1f}" if pd.isna(deviation) else f"{mean:.1f} ± {deviation:.1f}"
        axes.annotate(
            text, (1.01, row), xycoords=axes.get_yaxis_transform(), fontsize=7, va="center", annotation_clip=False
        )
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def calibration(curves: Sequence[tuple[str, Mapping[str, np.ndarray], float]], replicates: int, note: str) -> Figure:
    """How often entries are present against their probability, by bin, and below how many entries each bin has.

    Parameters
    ----------
    curves : per method its name, its bins (sums ``entries``, ``probability``, ``present``, each [B]), its error in percent
    replicates : how many are pooled
    note : what else the reader must know
    """
    figure, (axes, below) = plt.subplots(
        2, 1, figsize=(4.8, 5.6), layout="constrained", sharex=True, height_ratios=(3, 1)
    )
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=0.9)
    for (name, bins, error), style, color in zip(curves, STYLES_OF_CURVES, COLORS, strict=False):
        filled = bins["entries"] > 0
        entries = bins["entries"][filled]
        x, y = bins["probability"][filled] / entries, bins["present"][filled] / entries
        axes.plot(x, y, style, color=color, markersize=4, linewidth=1.2, label=f"{name}: {error:.1f} %", clip_on=False)
        below.plot(x, entries / bins["entries"].sum(), style, color=color, markersize=3, linewidth=1)
    axes.set(ylabel="share present", xlim=(0, 1), ylim=(0, 1))
    pooled = f"{replicates} replicates pooled" if replicates > 1 else "one replicate"
    _note(axes, f"test split, all categories, {pooled};\n{note}")
    below.set(xlabel="predicted probability", ylabel="share of entries", yscale="log")
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


def label_quality(table: pd.DataFrame, pairs: pd.DataFrame, name: str) -> Figure:
    """Precision and recall by category and τ as two maps, and beside each category what is most often present instead.

    Parameters
    ----------
    table : rows of tables/label_quality.csv of one entry
    pairs : rows of tables/confusions.csv of the same entry
    name : of the entry
    """
    images = table.groupby("category")["true"].mean()
    order = images.sort_values(ascending=False, kind="stable").index[:SHOWN]
    taus = sorted(table["tau"].unique())
    figure, panels = plt.subplots(
        1,
        3,
        figsize=(4.4 + 0.85 * len(taus), 1.2 + 0.19 * len(order)),
        layout="constrained",
        width_ratios=(len(taus), len(taus), 3.2),
        sharey=True,
    )
    for axes, measure in zip(panels, ("precision", "recall"), strict=False):
        mean = table.pivot_table(index="category", columns="tau", values=measure, dropna=False).reindex(order)
        axes.imshow(mean, aspect="auto", cmap="viridis", vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(mean.to_numpy()):
            text, dark = ("–", False) if np.isnan(value) else (f"{100 * value:.0f}", value < 0.6)
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color="white" if dark else "black")
        axes.set_xticks(range(len(taus)), [f"{tau:.2f}" for tau in taus], fontsize=8)
        axes.set_xlabel("threshold τ")
        axes.set_title(f"{measure} (%)", fontsize=9)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    panels[0].set_yticks(
        range(len(order)), [f"{category} ({images[category]:,.0f})" for category in order], fontsize=7.5
    )
    sums = table.groupby("tau")[["right", "judged", "true"]].sum()
    best = (2 * sums["right"] / (sums["judged"] + sums["true"])).idxmax()
    replicates = table["seed"].nunique()
    found = pairs[pairs["tau"] == best].groupby(["missing", "instead"])["images"].sum().reset_index()
    found = found.sort_values("images", ascending=False, kind="stable").drop_duplicates("missing").set_index("missing")
    for row, category in enumerate(order):
        if category in found.index:
            number = found.loc[category, "images"] / replicates
            text = f"{found.loc[category, 'instead']} ({number:,.{int(number < 10)}f})"
            panels[2].text(0, row, text, va="center", fontsize=7.5)
    panels[2].set_title(f"missing at τ {best:.2f}:\npresent instead (images)", fontsize=8, loc="left")
    panels[2].set_axis_off()
    figure.suptitle(
        f"pseudo-labels {name}, training images, {_over(replicates)}; in brackets: images known to have it"
        + f"; the {SHOWN} most frequent of {len(images):,} categories" * (len(images) > SHOWN),
        fontsize=8,
        color="0.35",
        x=0.01,
        ha="left",
    )
    return figure


def left_out(title: str, why: str) -> Figure:
    """In the place of a figure that nothing can be drawn for: what it would be, and why it is not."""
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
