"""Names in CSV files for people, so that no spreadsheet takes one for a formula.

Files that only the pipeline reads hold names as they are.
"""

FORMULA = tuple("=+-@＝＋－＠")  # first characters of a formula, East Asian full widths included


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
