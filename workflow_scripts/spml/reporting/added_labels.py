"""What pseudo-labels, and answers of people, added to the observed labels, in words."""

from collections.abc import Iterator, Mapping

import pandas as pd

from spml.evaluation import label_counts, results


def sentences(
    counts: pd.DataFrame, left_out: Mapping[tuple[str, ...], str], students: str, labels: Mapping[str, str]
) -> list[str]:
    """Return a sentence for each variant of one entry of pseudo-labels: how many labels it added, and whether it is left out.

    ``counts`` are its rows of tables/label_counts.csv, ``left_out`` as ``results.left_out`` returns it; numbers are means
    over replicates. Other ``students`` that are left out have a sentence each, too.
    """
    own = counts["pseudo_labels"].iloc[0]
    name = results.pseudo_labels_label(own, "", labels)
    begin = f"Pseudo-labels {name}" if name == own else name  # a name of its own says what it is
    told = []
    for variant, mean in (
        results.with_found_tau(counts).groupby("variant", sort=False).mean(numeric_only=True).iterrows()
    ):
        added = label_counts.added_labels(mean["added_labels"], mean["images_with_added"], mean["images"])
        shown = results.variant_label("", str(variant)).strip()
        if not shown and not pd.isna(mean["tau"]):
            shown = f"τ {mean['tau']:.4f} on average"
        reason = left_out.get(("students", students, str(variant)), "")
        when = "" if not mean["added_labels"] else "in some replicate "
        skipped = f"; left out, since {when}{reason}" if reason else ""
        told.append(f"{begin}, {shown}, {added}{skipped}." if shown else f"{begin} {added}{skipped}.")
    for (_, other, variant), reason in left_out.items():
        if other != students:
            told.append(f"Students {results.variant_label(other, variant)} are left out, since {reason}.")
    return told


def answers(count: int, select_on: str) -> Iterator[str]:
    """Yield how many observed labels are answers, and what that means for metrics; ``select_on`` as in the config."""
    labels = "1 observed label is an answer" if count == 1 else f"{count:,} observed labels are answers"
    yield f"{labels} of people."
    if select_on == "observed_labels":
        yield (
            "Answers about validation pictures change the labels that models are judged on: do not compare validation mAP before "
            "and after them."
        )
