"""Text in the cells of CSV files, so that no spreadsheet takes a name for a formula."""

FORMULA = tuple("=+-@＝＋－＠")  # what a formula begins with, in East Asian widths, too


def escaped(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet could take it for a formula; numbers stay as they are.

    Source: OWASP, CSV injection. ``restored`` gives the text back.
    """
    return f"'{text}" if _formula(text) else text


def restored(text: str) -> str:
    """The text that ``escaped`` was given."""
    return text[1:] if text.startswith("'") and _formula(text) else text


def _formula(text: str) -> bool:
    """Whether the text begins like a formula, apostrophes and blanks before it or not."""
    begins = text.lstrip("'").lstrip()
    if not begins.startswith(FORMULA):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False
