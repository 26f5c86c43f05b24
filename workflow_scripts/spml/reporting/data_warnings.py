"""What the report says about the data: which files are used, and what is probably wrong."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spml.artifacts import left_out

DUPLICATES = {  # kind of a group in tables/duplicates.csv to what the report calls it
    "train and test": "pictures that are in the training part and in the test part",
    "train and val": "pictures that are in the splits train and val",
    "one split": "pictures that are there under several ids in one split",
}
SHOWN = 3  # names that a cell shows

LeftOut = Mapping[str, Sequence[tuple[str, str]]]  # part to its rows of file and reason


def pictures(used: Mapping[str, int], others: LeftOut) -> pd.DataFrame:
    """Return, by part, how many pictures are listed, used and left out."""
    rows = [
        (part, f"{number + len(others[part]):,}", f"{number:,}", f"{len(others[part]):,}")
        for part, number in used.items()
    ]
    return pd.DataFrame(rows, columns=["part", "listed", "used", "left out"])


def reasons(others: LeftOut) -> pd.DataFrame:
    """Return, by part, each reason to leave files out, with their number and the first names."""
    rows = [
        (part, reason.text, f"{reason.files:,}", reason.names)
        for part, files in others.items()
        for reason in left_out.by_reason(files)
    ]
    return pd.DataFrame(rows, columns=["part", "reason", "files", "first"])


def warnings(others: LeftOut, duplicates: pd.DataFrame, category_warnings: pd.DataFrame) -> pd.DataFrame:
    """Return what is probably wrong with the data, how often, and the first cases.

    ``duplicates`` is tables/duplicates.csv, ``category_warnings`` tables/category_warnings.csv.
    """
    rows = [
        (f"{part}: files left out, {reason.text}", reason.files, reason.names)
        for part, files in others.items()
        for reason in left_out.by_reason(files)
        if not reason.is_harmless
    ]
    for kind, text in DUPLICATES.items():
        members = duplicates[duplicates["kind"] == kind]
        groups = [" = ".join(map(str, group["path"])) for _, group in members.groupby("group", sort=False)]
        rows += [(text, len(groups), _first(groups))] if groups else []
    for warning, members in category_warnings.groupby("warning", sort=False):
        cases = [f"{names} ({position})" for names, position in zip(members["names"], members["position"], strict=True)]
        rows.append((str(warning), len(cases), _first(cases)))
    table = pd.DataFrame(rows, columns=["warning", "number", "first"])
    return table.assign(number=table["number"].map("{:,}".format))


def _first(cases: Sequence[str]) -> str:
    """Return the first cases as the text of a cell."""
    return "; ".join(cases[:SHOWN]) + ("; ..." if len(cases) > SHOWN else "")


def sentence(warnings: int, report: str) -> str:
    """Return the line of the terminal's summary about warnings; empty where there are none."""
    if not warnings:
        return ""
    return (
        f"{warnings:,} {'warning' if warnings == 1 else 'warnings'} about the data: see the section Data of {report}\n"
    )
