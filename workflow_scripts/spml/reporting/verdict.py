"""The verdict of a report: what the students reach, and where they are against their teacher and the baselines, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spml.evaluation import results
from spml.reporting import numbers

Row = Mapping[str, Any]
Method = tuple[str, str, str]  # kind, name, variant
UNTESTED = "No true label of a test image is known."
UNCLEAR = "no clear difference to"
CLEAR = (
    "A difference is clear where its 95 % interval over test images excludes 0, and where it exceeds its standard deviation "
    "over the replicates."
)


def sentences(
    comparison: pd.DataFrame,
    labels: Mapping[str, str],
    students: str,
    teachers: Sequence[Method],
    baselines: Sequence[str],
    scale: str,
    select_on: str,
    model: Method | None = None,
    validation: int = 0,
) -> list[str]:
    """Return the verdict, the sentence on the students first.

    Parameters
    ----------
    comparison : tables/comparison.csv
    labels : display names by kind/name
    students : name of the students of the figures
    teachers : kind, name and variant of the models that made their pseudo-labels
    baselines : names of the teachers that the figures show
    scale : the name of the mAP, with its unit
    select_on : as in the config
    model : kind, name and variant of the model that labels new pictures, if it is none of these students
    validation : the number of validation images
    """
    rows = _by_method(comparison)
    split = "test" if results.is_tested(comparison) else "val"
    present = scale.replace(" (%)", "").replace(", categories present", " over the categories present")
    metric = f"{'test' if split == 'test' else 'validation'} {present}"
    shown = _shown(rows, students)
    if shown is None:
        text = list(_of_teachers(rows, labels, split, metric))
    else:
        role = "their teacher " if len(teachers) == 1 else "the teacher "
        others = [(method, role if method in teachers else "") for method in _others(rows, teachers, baselines)]
        text = [_of_students(shown, others, rows, labels, split, metric)]
    if model and model in rows:
        text.append(_of_model(rows[model], shown, labels, split, metric))
    text += list(_limits(split, select_on, int(comparison["replicates"].max()), validation))
    return text


def table(
    comparison: pd.DataFrame,
    labels: Mapping[str, str],
    students: str,
    teachers: Sequence[Method],
    baselines: Sequence[str],
) -> pd.DataFrame:
    """Return the differences that the verdict speaks of, in points; a row per method, none without students."""
    rows = _by_method(comparison)
    others = _others(rows, teachers, baselines) if _shown(rows, students) else []
    return pd.DataFrame(
        [
            {
                "against": results.method_label(*method, labels),
                "difference": numbers.number(row["students_difference"], "+.2f"),
                "95 % interval": numbers.interval(row["students_low"], row["students_high"], "+.2f"),
                "std over replicates": numbers.number(row["students_std"]),
                "clear": "yes" if is_clear(row) else "no",
            }
            for method in others
            for row in [rows[method]]
        ]
    )


def _by_method(comparison: pd.DataFrame) -> dict[Method, Row]:
    """Return the rows of tables/comparison.csv by kind, name and variant."""
    rows: list[dict[Any, Any]] = comparison.to_dict("records")
    return {(row["kind"], row["name"], row["variant"]): row for row in rows}


def _shown(rows: Mapping[Method, Row], students: str) -> Row | None:
    """Return the row of these students at the variant that validation chose, if they are there."""
    own = (row for method, row in rows.items() if method[:2] == ("students", students) and row["chosen"])
    return next(own, None)


def _others(rows: Mapping[Method, Row], teachers: Sequence[Method], baselines: Sequence[str]) -> list[Method]:
    """Return the methods that the students are compared with: their teachers, then the baselines."""
    methods = [*teachers, *(("teachers", name, "") for name in baselines)]
    return [method for method in dict.fromkeys(methods) if method in rows]


def _of_students(
    shown: Row,
    others: Sequence[tuple[Method, str]],
    rows: Mapping[Method, Row],
    labels: Mapping[str, str],
    split: str,
    metric: str,
) -> str:
    """Return the sentence on the students: their mAP, and the difference to each of the other methods."""
    tau = shown["variant"].removeprefix("tau_") if shown["variant"].startswith("tau_") else ""
    several = len({name for kind, name, _ in rows if kind == "students"}) > 1
    name = f" {results.method_label('students', shown['name'], '', labels)}" if several else ""
    begin = f"The students{name}{f' at τ {tau}' if tau else ''} reach {_reached(shown, split)} % {metric}"
    parts: dict[str, list[str]] = {}  # a difference in words, to the methods that it holds for
    for method, role in others:
        row = rows[method]
        words = difference(row) if split == "test" else points(shown["val_map"] - row["val_map"])
        parts.setdefault(words, []).append(role + results.method_label(*method, labels))
    text = [f"{words} {(' or ' if words == UNCLEAR else ' and ').join(names)}" for words, names in parts.items()]
    return f"{begin}: {_listed(text)}." if text else f"{begin}."


def _of_model(row: Row, shown: Row | None, labels: Mapping[str, str], split: str, metric: str) -> str:
    """Return the sentence on the model that labels new pictures, against the students that are shown."""
    name = results.method_label(row["kind"], row["name"], row["variant"], labels)
    begin = f"{name}, the model that labels new pictures, reaches {_reached(row, split)} % {metric}"
    if shown is None:
        return f"{begin}."
    if split == "test":
        words = points(-row["students_difference"]) if is_clear(row) else UNCLEAR
    else:
        words = points(row["val_map"] - shown["val_map"])
    return f"{begin}, {words} these students."


def _of_teachers(rows: Mapping[Method, Row], labels: Mapping[str, str], split: str, metric: str) -> Iterator[str]:
    """Yield what can be said without students: the teacher with the highest validation mAP."""
    teachers = {method: row for method, row in rows.items() if method[0] == "teachers"}
    if teachers:
        method, row = max(teachers.items(), key=lambda item: item[1]["val_map"])
        yield (
            f"No student is shown. Of the teachers, {results.method_label(*method, labels)} has the highest validation mAP and "
            f"reaches {_reached(row, split)} % {metric}."
        )


def _reached(row: Row, split: str) -> str:
    """Return a mAP; of validation, where no difference has an interval, with its standard deviation over replicates."""
    return numbers.mean_std(row[f"{split}_map"], row["val_map_std"] if split == "val" else float("nan"), ".1f")


def _limits(split: str, select_on: str, replicates: int, validation: int) -> Iterator[str]:
    """Yield what the numbers do not say."""
    if split == "test":
        yield CLEAR if replicates > 1 else CLEAR.split(", and")[0] + "."
    else:
        spread = "; ± is the standard deviation over replicates" if replicates > 1 else ""
        yield (
            f"{UNTESTED} The numbers are of the {validation:,} validation images, which also chose the models{spread}. "
            "Differences have no interval."
        )
        if select_on == "observed_labels":
            yield (
                "Validation counts every label that nobody observed as absent. Its mAP ranks models and does not say how good "
                "they are."
            )
    if replicates == 1:
        yield "There is one replicate: how far another draw of labels and initial weights moves these numbers is not known."


def is_clear(row: Row) -> bool:
    """Return whether the students and the method of a row of tables/comparison.csv differ clearly on the test split."""
    outside = row["students_low"] > 0 or row["students_high"] < 0
    std = row["students_std"]
    return bool(outside and (np.isnan(std) or abs(row["students_difference"]) > std))


def difference(row: Row) -> str:
    """Return in words how the students differ from the method of a row: 3.1 points above, no clear difference to."""
    return points(row["students_difference"]) if is_clear(row) else UNCLEAR


def points(value: float) -> str:
    """Return a difference in words: 3.1 points above, 0.4 points below, level with."""
    form = ".1f" if abs(value) >= 0.095 else ".2f"
    size = numbers.number(abs(value), form)
    if not float(size):
        return "level with"
    return f"{size} points {'above' if value > 0 else 'below'}"


def _listed(parts: Sequence[str]) -> str:
    """Return parts of a sentence as a list in words."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
