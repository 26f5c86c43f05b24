"""CSV files of people: rows that know their line, and names that no spreadsheet takes for a formula.

Files that only the pipeline reads hold names as they are.
"""

from collections.abc import Collection, Iterable, Sequence

PREFIX = "category: "
FORMULA = tuple("=+-@＝＋－＠")  # first characters of a formula, East Asian full widths included


class Row(dict[str, str]):
    """A row by column, the line of the file on which it begins, and how many cells it has there, if fewer than columns."""

    def __init__(self, cells: Iterable[tuple[str, str]], line: int, count: int | None = None) -> None:
        super().__init__(cells)
        self.line = line
        self.cells = len(self) if count is None else count


def escaped(text: str) -> str:
    """Return the text, with an apostrophe before it if a spreadsheet could take it for a formula; numbers stay as they are.

    Source: OWASP, CSV injection. ``restored`` gives the text back.
    """
    return f"'{text}" if _formula(text) else text


def restored(text: str) -> str:
    """Return the text that ``escaped`` turned into this one."""
    return text[1:] if text.startswith("'") and _formula(text) else text


def category_columns(category: Sequence[str], others: Collection[str]) -> list[str]:
    """Return the names of a table's columns of categories, escaped, none of which is the name of one of its other columns.

    A category with the name of another column, or one that begins with PREFIX, gets PREFIX before its name: no two agree.
    """
    taken = {*others}
    return [escaped(f"{PREFIX}{name}" if name in taken or name.startswith(PREFIX) else name) for name in category]


def _formula(text: str) -> bool:
    """Return whether the text begins like a formula, apart from apostrophes and blanks before it."""
    begins = text.lstrip("'").lstrip()
    if not begins.startswith(FORMULA):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False
