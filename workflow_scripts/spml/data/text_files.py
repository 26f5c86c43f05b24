"""Text files of the user, by line; errors name the file and the line."""

from collections.abc import Iterable
from pathlib import Path

from spml.runtime.errors import InputError


def read(path: Path, wanted: str) -> str:
    """Return the text of a file in UTF-8; ``wanted`` names its expected content in messages.

    Raises
    ------
    InputError
        When it is missing or no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted {wanted}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8 ({error}); wanted {wanted}") from error


def lines(path: Path, wanted: str) -> list[str]:
    """Return the lines of a text file without blanks around them; empty ones at its end are left out.

    Raises
    ------
    InputError
        When it is missing, no text or empty.
    """
    text = read(path, wanted).rstrip().splitlines()
    if not text:
        raise InputError(f"{path}: found nothing, wanted {wanted}")
    return [line.strip() for line in text]


def require_once(path: Path, names: Iterable[str]) -> None:
    """Raise InputError where a line repeats the name of an earlier one."""
    line_of: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in line_of:
            raise InputError(f"{path}: line {number}: found {name!r}, also on line {line_of[name]}; wanted each once")
        line_of[name] = number
