"""The figure of label quality: maps of precision and recall by category and τ."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from spml.evaluation import results
from spml.evaluation.label_quality import confusion_text, most_confused
from spml.reporting import numbers
from spml.reporting.figures import plt

SHOWN = 100  # categories that the figure lists


def draw(table: pd.DataFrame, pairs: pd.DataFrame, label: str, chosen: str) -> Figure:
    """Draw precision and recall by category and τ as two maps, and the most frequent confusion beside each category.

    Parameters
    ----------
    table : rows of tables/label_quality.csv of one entry
    pairs : rows of tables/confusions.csv of the same entry
    label : the label of the entry
    chosen : the variant whose confusions are shown
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
    for axes, metric in zip(panels, ("precision", "recall"), strict=False):
        mean = table.pivot_table(index="category", columns="tau", values=metric, dropna=False).reindex(order)
        axes.imshow(mean, aspect="auto", cmap="viridis", vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(mean.to_numpy()):
            text, colour = numbers.number(100 * value, ".0f"), "white" if value < 0.6 else "black"
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=colour)
        axes.set_xticks(range(len(taus)), [f"{tau:.2f}" for tau in taus], fontsize=8)
        axes.set_xlabel("threshold τ")
        axes.set_title(f"{metric} (%)", fontsize=9)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    panels[0].set_yticks(
        range(len(order)), [f"{category} ({images[category]:,.0f})" for category in order], fontsize=7.5
    )
    replicates, most = table["seed"].nunique(), most_confused(pairs, chosen)
    for row, category in enumerate(order):
        panels[2].text(0, row, confusion_text(most, category), va="center", fontsize=7.5)
    at = results.variant_label("", chosen).strip()
    panels[2].set_title(f"missing{f' at {at}' if at else ''}:\npresent instead (images)", fontsize=8, loc="left")
    panels[2].set_axis_off()
    figure.suptitle(
        f"{label}, training images, {numbers.replicates(replicates)}; in brackets: images known to have it"
        + f"; the {SHOWN} most frequent of {len(images):,} categories" * (len(images) > SHOWN),
        fontsize=8,
        color="0.35",
        x=0.01,
        ha="left",
    )
    return figure
