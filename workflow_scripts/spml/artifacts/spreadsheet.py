"""CSV files of people: rows that know their line, and names that no spreadsheet takes for a formula.

Files that only the pipeline reads hold names as they are.
"""

from collections.abc import Iterable

FORMULA = tuple("=+-@＝＋－＠")  # first characters of a formula, East Asian full widths included


class Row(dict[str, str]):
    """A row by column, and the line of the file on which it begins."""

    def __init__(self, cells: Iterable[tuple[str, str]], line: int) -> None:
        super().__init__(cells)
        self.line = line


def escaped(text: str) -> str:
    """Return the text, with an apostrophe before it if a spreadsheet could take it for a formula; numbers stay as they are.

    Source: OWASP, CSV injection. ``restored`` gives the text back.
    """
    return f"'{text}" if _formula(text) else text


def restored(text: str) -> str:
    """Return the text that ``escaped`` turned into this one."""
    return text[1:] if text.startswith("'") and _formula(text) else text


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
