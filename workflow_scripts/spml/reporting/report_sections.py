"""The sections of a report, each with what there is to say: figures and columns without content are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spml.evaluation import results
from spml.reporting import data_warnings, numbers, report, verdict
from spml.reporting.report import Figure, Samples, Section, Table


@dataclass(frozen=True)
class Findings:
    """What a report is made from.

    Parameters
    ----------
    tables : the tables of tables/ by name
    models : the rows of ``results.read_map``
    figures : those that there is something to see on, by name
    labels : display names by kind/name
    students, pseudo_labels, variant : names of the students of the figures and of their pseudo-labels, and the chosen variant
    teachers : kind, name and variant of the models that made these pseudo-labels
    baselines : names of the teachers that the figures show
    select_on : as in the config
    model : kind, name and variant of the model that labels new pictures, if one is named
    has_soft : whether some pseudo-labels are soft targets
    known, tested : share of the true labels of the training images, and of the test images, that is known
    replicates : their number
    validation : the number of validation images
    """

    tables: Mapping[str, pd.DataFrame]
    models: pd.DataFrame
    figures: Mapping[str, Figure]
    labels: Mapping[str, str]
    students: str
    pseudo_labels: str
    variant: str
    teachers: Sequence[tuple[str, str, str]]
    baselines: Sequence[str]
    select_on: str
    model: tuple[str, str, str] | None
    has_soft: bool
    known: float
    tested: float
    replicates: int
    validation: int

    @property
    def scale(self) -> str:
        """The name of the mAP, with its unit."""
        return str(self.models["scale"].iloc[0])

    @property
    def is_tested(self) -> bool:
        """Whether a true label of a test image is known."""
        return results.is_tested(self.models)

    @property
    def measured(self) -> str:
        """A sentence on what metrics are measured on, where these are not the true labels of all test images."""
        if not self.is_tested and self.select_on == "observed_labels":
            return " No true label is known: what was observed counts as present, all else as absent."
        if not self.is_tested:
            return " No true label of a test image is known."
        if self.tested < 1:
            return f" {100 * self.tested:.3g} % of the true labels of test images are known; metrics are on these."
        return ""

    @property
    def shown_labels(self) -> str:
        """The name of the pseudo-labels that the students of the figures learn from."""
        return results.pseudo_labels_label(self.pseudo_labels, self.variant, self.labels)

    @property
    def verdict(self) -> list[str]:
        """The verdict in words, the sentence on the students first."""
        return verdict.sentences(
            self.tables["comparison"],
            self.labels,
            self.students,
            self.teachers,
            self.baselines,
            self.scale,
            self.select_on,
            self.model,
            self.validation,
        )

    def figure(self, name: str) -> list[Figure]:
        """Return a figure, if there is something to see on it."""
        return [self.figures[name]] if name in self.figures else []

    def over_replicates(self, what: str) -> str:
        """Return what is shown over the replicates, for a caption; empty for one replicate."""
        return f", {what} over {self.replicates} replicates" if self.replicates > 1 else ""

    @property
    def judged(self) -> str:
        """A sentence on the known true labels of training images where some are unknown."""
        if not 0 < self.known < 1:
            return ""
        return f" {100 * self.known:.3g} % of the true labels are known; precision and recall are on these."


def sample_pictures(findings: Findings, samples: Sequence[Any], shown_labels: str) -> Section:
    """Return the section of sample pictures (spml.review.samples); ``shown_labels`` names their pseudo-labels."""
    signs = (
        "✓ right, ✗ wrong, ○ missing" if findings.known else "✓ observed, + added by the teacher, ○ observed and lost"
    )
    caption = (
        f"Training pictures with their pseudo-labels ({shown_labels}) and the teacher's probabilities, drawn at random "
        f"among those that the teacher added a label to: {signs}."
    )
    return Section("Sample pictures", [Samples(samples, caption)] if samples else [])


def results_section(findings: Findings) -> Section:
    """Return the section on every method."""
    methods, labels = findings.tables["comparison"], findings.labels
    split = "test split" if findings.is_tested else "validation split"
    spread = findings.over_replicates("mean ± standard deviation")
    intervals = " 95 % intervals over test images; differences in points." if findings.is_tested else ""
    against = verdict.table(methods, labels, findings.students, findings.teachers, findings.baselines)
    return Section(
        "Results",
        [
            *findings.figure("figure_1a"),
            *(
                [
                    Table(
                        report.filled(against),
                        f"{results.method_label('students', findings.students, findings.variant, labels)} against its teacher "
                        "and the baselines: how much higher its mAP is, in points.",
                        ("against", "clear"),
                    )
                ]
                if findings.is_tested and len(against)
                else []
            ),
            Table(
                report.filled(report.methods(methods, labels)),
                f"Every method, the best on the {split} first. {findings.scale}{spread}.{intervals}{findings.measured}",
                ("method", "chosen τ"),
            ),
            *findings.figure("comparison"),
            Table(
                report.filled(report.metrics(findings.models, methods, labels)),
                f"Metrics on the {split} of each teacher, and of each student at its chosen τ{spread}. Chosen thresholds are those of "
                "predictions: each model's own, by validation.",
                ("method",),
            ),
        ],
    )


def published_section(published: pd.DataFrame | None) -> Section:
    """Return the section on published numbers (``spml.evaluation.published``); empty where there are none."""
    if published is None:
        return Section("Published numbers", [])
    shown = pd.DataFrame(
        {
            "method": published["label"],
            "published": [numbers.number(value) for value in published["published_map"]],
            "ours": list(map(numbers.mean_std, published["test_map"], published["test_map_std"])),
            "replicates": published["replicates"].astype(str),
        }
    )
    source, mode = published["source"].iloc[0], published["mode"].iloc[0]
    return Section("Published numbers", [Table(shown, f"Test mAP (%) of {source} and ours, mode {mode}.", ("method",))])


def pseudo_labels_section(findings: Findings) -> Section:
    """Return the section on every set of pseudo-labels."""
    chosen = findings.pseudo_labels, findings.variant
    frame = report.label_counts(findings.tables["label_counts"], findings.labels, chosen)
    percents = (
        "precision and recall in percent, the rest per image or in images"
        if findings.known
        else "per image or in images"
    )
    caption = f"Pseudo-labels of the training images, without validation{findings.over_replicates('mean')}; {percents}.{findings.judged}"
    if findings.has_soft:
        caption += " Soft targets count by their value in positives per image, precision and recall, and from 0.5 on in labels added."
    table = Table(report.filled(frame), caption, ("pseudo-labels", "chosen τ"))
    return Section("Pseudo-labels", [*findings.figure("figure_1b"), table])


def categories_section(findings: Findings) -> Section:
    """Return the section on the categories of the pseudo-labels that validation chose."""
    tables = findings.tables
    frame = report.categories(tables["label_quality"], tables["confusions"], findings.pseudo_labels, findings.variant)
    told = (
        "; precision and recall in percent; the category most often present where this one is missing"
        if findings.known
        else ""
    )
    mean = findings.over_replicates("mean")
    caption = f"{findings.shown_labels}, in training images{mean}{told}.{findings.judged}"
    table = Table(report.filled(frame), caption, ("category", "most often instead (images)"))
    return Section("Categories", [*findings.figure("label_quality"), table])


def data_section(
    used: Mapping[str, int], others: data_warnings.LeftOut, warnings: pd.DataFrame, has_pictures: bool
) -> Section:
    """Return the section on the pictures, or rows of features, and on what is probably wrong with them."""
    listed = (
        "Pictures that are listed, used and left out; images/*_left_out.csv names each that is left out."
        if has_pictures
        else "Images without pictures, by their rows of features: how many are listed, used and left out."
    )
    parts = [Table(data_warnings.pictures(used, others), listed, ("part",))]
    if len(reasons := data_warnings.reasons(others)):
        parts.append(Table(reasons, "Files that are left out, by reason.", ("part", "reason", "first")))
    if len(warnings):
        caption = "Warnings about the data; tables/duplicates.csv and tables/category_warnings.csv have all cases."
        parts.append(Table(warnings, caption, ("warning", "first")))
    return Section("Data", parts)


def costs_section(costs: pd.DataFrame) -> Section:
    """Return the section on runtime and memory."""
    caption = (
        "From the benchmarks of the jobs that made these files; memory of the largest job. A job of about a second or less "
        "ends before its memory is measured."
    )
    return Section("Runtime and memory", [Table(costs, caption, ("rule",), total=True)])
