"""Text files of the user, by line; errors name the file and the line."""

from collections.abc import Iterable
from pathlib import Path

from spml.artifacts import regular_files
from spml.runtime.errors import InputError

OTHERS = {  # first bytes of files that people take for text
    b"PK\x03\x04": "a spreadsheet (or another packed file)",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
SAVED = "saved as text in UTF-8 (Excel: CSV UTF-8)"


def read(path: Path, wanted: str, newlines: bool = True) -> str:
    """Return the text of a file in UTF-8; ``wanted`` names its expected content in messages.

    Lines end with a newline character, or as they do in the file where ``newlines`` is false.

    Raises
    ------
    InputError
        When it is missing, no regular file or no text: names the line that is no text.
    """
    content = b""
    try:
        with regular_files.open_to_read(path) as file:
            content = file.read()
        if kind := next((name for start, name in OTHERS.items() if content.startswith(start)), ""):
            raise InputError(f"{path}: found {kind}; wanted {wanted}, {SAVED}")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted {wanted}") from error
    except UnicodeDecodeError as error:
        line = _newlines(content[: error.start].decode("latin-1")).count("\n") + 1
        raise InputError(f"{path}: line {line}: no text in UTF-8 ({error}); wanted {wanted}, {SAVED}") from error
    return _newlines(text) if newlines else text


def _newlines(text: str) -> str:
    """Return text with every end of a line as one character, however the system that wrote it ends them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines(path: Path, wanted: str) -> list[str]:
    """Return the lines of a text file without blanks around them; empty ones at its end are left out.

    Raises
    ------
    InputError
        When it is missing, no text or empty.
    """
    text = read(path, wanted).rstrip().split("\n")
    if text == [""]:
        raise InputError(f"{path}: found nothing, wanted {wanted}")
    return [line.strip() for line in text]


def require_once(path: Path, names: Iterable[str]) -> None:
    """Raise InputError where a line repeats the name of an earlier one."""
    line_of: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in line_of:
            raise InputError(f"{path}: line {number}: found {name!r}, also on line {line_of[name]}; wanted each once")
        line_of[name] = number
