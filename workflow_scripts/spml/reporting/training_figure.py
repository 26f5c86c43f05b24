"""The figure of training: loss and validation mAP of every model, a panel per method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from spml.reporting.figures import INK, plt

COLUMNS = 3  # panels side by side
PANEL = (2.5, 2.7)  # inches
CANDIDATE = ["batch_size", "learning_rate"]


@dataclass(frozen=True)
class Run:
    """The training of one head with the candidate that was chosen: epochs, or for ridge regression penalties.

    Parameters
    ----------
    steps : int or float64 [n]
        Epochs, counted on through the stages, or penalties in ascending order.
    loss, val_map : float64 [n]
        The mean loss, and the validation mAP in percent.
    chosen : the index of the best step
    stages : the last epoch of each stage but the last
    is_path : whether the steps are penalties
    is_kept : whether the model is this head at its best step
    """

    steps: np.ndarray
    loss: np.ndarray
    val_map: np.ndarray
    chosen: int
    stages: Sequence[int] = ()
    is_path: bool = False
    is_kept: bool = True


@dataclass
class Method:
    """A method with its runs over the same kind of steps, each with the name of its variant (empty for a teacher)."""

    label: str
    runs: list[tuple[str, Run]] = field(default_factory=list)


def runs(history: pd.DataFrame) -> list[Run]:
    """Return the run of the chosen candidate of each head in a history.csv; the first of equals was kept.

    A student that is left out was not trained and has none.
    """
    if "left_out" in history:
        return []
    if "head" not in history:
        return [_path(history) if "penalty" in history else _epochs(history)]
    kept = history["head"].iloc[_best(history)]
    return [
        replace((_path if head == "ridge" else _epochs)(rows), is_kept=head == kept)
        for head, rows in history.groupby("head", sort=False)
    ]


def _best(history: pd.DataFrame) -> int:
    """Return the position of the row with the highest validation mAP, the first of equals."""
    return int(np.nanargmax(history["val_map"].to_numpy()))


def _path(history: pd.DataFrame) -> Run:
    """Return the run over the penalties of a ridge regression."""
    order = np.argsort(history["penalty"].to_numpy(), kind="stable")
    path = history.iloc[order]
    chosen = int(np.flatnonzero(order == _best(history))[0])
    return Run(path["penalty"].to_numpy(), path["loss"].to_numpy(), path["val_map"].to_numpy(), chosen, is_path=True)


def _epochs(history: pd.DataFrame) -> Run:
    """Return the run over epochs, of each stage the chosen candidate."""
    stages = history["stage"] if "stage" in history else pd.Series(1, history.index)
    parts: list[pd.DataFrame] = []
    ends: list[int] = []
    chosen = 0
    for _, stage in history.groupby(stages):
        best = stage.iloc[_best(stage)]
        own = stage[(stage[CANDIDATE] == best[CANDIDATE]).all(axis=1)]
        before = ends[-1] if ends else 0
        chosen = before + int(np.flatnonzero(own["epoch"] == best["epoch"])[0])
        parts.append(own)
        ends.append(before + len(own))
    whole = pd.concat(parts)
    steps = np.arange(1, len(whole) + 1)
    return Run(steps, whole["loss"].to_numpy(), whole["val_map"].to_numpy(), chosen, ends[:-1])


def draw(methods: Sequence[Method]) -> Figure:
    """Draw validation mAP above loss for each method, a line per variant and replicate, with a dot at what was chosen."""
    columns = 2 if len(methods) == 4 else min(COLUMNS, len(methods))
    rows = -(-len(methods) // columns)
    figure = plt.figure(figsize=(PANEL[0] * columns + 0.4, PANEL[1] * rows + 0.5), layout="constrained")
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[2, 1] * rows)
    variants = sorted({name for method in methods for name, _ in method.runs if name})
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(variants)))
    colours: dict[str, Any] = {"": INK} | dict(zip(variants, shades, strict=True))
    for number, method in enumerate(methods):
        row, column = divmod(number, columns)
        above = figure.add_subplot(grid[2 * row, column])
        below = figure.add_subplot(grid[2 * row + 1, column], sharex=above)
        _draw_method(above, below, method, colours)
        if not column:
            above.set_ylabel("validation mAP (%)", fontsize=8)
            below.set_ylabel("loss", fontsize=8)
    handles = [Line2D([], [], color=colours[name], label=name) for name in variants]
    handles.append(Line2D([], [], color="0.3", marker="o", markersize=4, linestyle="", label="kept"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(6, len(handles)), fontsize=8, frameon=False)
    return figure


def _draw_method(above: Axes, below: Axes, method: Method, colours: Mapping[str, Any]) -> None:
    """Draw the runs of a method."""
    for name, own in method.runs:
        colour = colours[name]
        above.plot(own.steps, own.val_map, color=colour, linewidth=0.9, alpha=0.8)
        if own.is_kept:
            above.plot(own.steps[own.chosen], own.val_map[own.chosen], "o", color=colour, markersize=3.5, zorder=3)
        below.plot(own.steps, own.loss, color=colour, linewidth=0.9, alpha=0.8)
        for end in own.stages:
            for axes in (above, below):
                axes.axvline(end + 0.5, color="0.7", linewidth=0.7, linestyle="--", zorder=0)
        if len(own.steps) == 1:  # a line of one point is none
            below.plot(own.steps, own.loss, ".", color=colour, markersize=4)
    is_path = method.runs[0][1].is_path
    if is_path:
        below.set_xscale("log")
        below.xaxis.set_major_formatter("{x:g}")
    else:
        below.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    above.set_title(method.label, fontsize=8.5, loc="left", wrap=True)
    below.set_xlabel("penalty" if is_path else "epoch", fontsize=8)
    for axes in (above, below):
        axes.tick_params(labelsize=7)
    above.tick_params(labelbottom=False)
