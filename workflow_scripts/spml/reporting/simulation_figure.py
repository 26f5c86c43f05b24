"""The figure of simulated answers: label F1 and test mAP over the answers per image, a curve per strategy."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from spml.evaluation.answer_curves import intervals
from spml.reporting import numbers
from spml.reporting.figures import COLOURS, CURVE_STYLES

REFERENCE = "random"
APART = 0.008  # of the width: curves stand beside each other, so that their intervals can be told apart
PANELS = (("f1", "F1 of the pseudo-labels (%)"), ("student_map", "test mAP of the student (%)"))


def over_answers(rounds: pd.DataFrame) -> Figure:
    """Draw the means over replicates with 95 % intervals of the difference to random, which has none.

    Parameters
    ----------
    rounds : rows with columns strategy, seed, answers, f1, student_map and full_map
    """
    figure, panels = plt.subplots(1, 2, figsize=(7.6, 3.6), layout="constrained")
    strategies = list(rounds["strategy"].unique())
    for axes, (value, label) in zip(panels, PANELS, strict=True):
        for number, (strategy, colour, style) in enumerate(zip(strategies, COLOURS, CURVE_STYLES, strict=False)):
            curve = intervals(rounds, value, strategy)
            moved = APART * (number - len(strategies) // 2) * rounds["answers"].max()
            axes.errorbar(
                curve["answers"] + moved,
                curve["mean"],
                None if strategy == REFERENCE else curve["half"].fillna(0.0),
                fmt=style,
                color=colour,
                markersize=4,
                capsize=2,
                linewidth=1.3,
                label=strategy,
            )
        axes.set_xlabel("answers per training picture")
        axes.set_ylabel(label)
    full = rounds["full_map"].mean()
    panels[1].axhline(full, linestyle="--", color="0.45", linewidth=1.1)
    panels[1].annotate("full supervision", (0, full), (0, 3), textcoords="offset points", va="bottom", fontsize=8)
    panels[0].legend(frameon=False, fontsize=8)
    note = numbers.replicates(rounds["seed"].nunique(), "mean and 95 % interval of the difference to random,")
    panels[0].set_title(note, loc="left", fontsize=8, color="0.35")
    return figure
