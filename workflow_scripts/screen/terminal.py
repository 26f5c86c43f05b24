"""Lines on the terminal: lasting ones, and one at the bottom that moves; plain text where there is no terminal."""

import contextlib
import os
import re
import socket
import textwrap
from collections.abc import Mapping
from typing import TextIO
from urllib.parse import quote

from screen import words

NARROWEST, WITHOUT = 40, 100  # columns: the least that are used, and those where there is no terminal
ECHO = 3  # columns that the moving line leaves free: the terminal writes ^C there
STYLES = {"red": "31", "yellow": "33", "dim": "2", "bold": "1"}
ERASE = "\r\x1b[K"
PATH = re.compile(r"(?<![\w/.-])(?:results|resources|\.snakemake)/[^\s,;:()'\"]*[^\s,;:()'\".]")
LINKS = (
    "KITTY_WINDOW_ID",
    "WT_SESSION",
    "WEZTERM_PANE",
    "KONSOLE_VERSION",
    "GHOSTTY_RESOURCES_DIR",
)  # terminals that do
PROGRAMS = ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio", "Tabby")  # TERM_PROGRAM of such
VTE = 5000  # VTE_VERSION from which on GNOME's terminals do


def knows_links(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal shows links (OSC 8), by what it says of itself; FORCE_HYPERLINK=1 or 0 decides."""
    if forced := environment.get("FORCE_HYPERLINK"):
        return forced != "0"
    if environment.get("TMUX") or environment.get("TERM", "").startswith(("screen", "tmux", "dumb")):
        return False
    version = environment.get("VTE_VERSION", "")
    return (
        any(environment.get(name) for name in LINKS)
        or environment.get("TERM_PROGRAM") in PROGRAMS
        or (version.isdecimal() and int(version) >= VTE)
        or environment.get("TERM") in ("xterm-kitty", "alacritty", "foot", "xterm-ghostty")
    )


class Terminal:
    """A stream that a person reads.

    Parameters
    ----------
    stream : TextIO
        Where to write, most often sys.stderr.
    colored : bool
        Whether the user lets text be colored.
    environment : Mapping
        The variables NO_COLOR, TERM and those of ``knows_links``.
    """

    def __init__(self, stream: TextIO, colored: bool, environment: Mapping[str, str]) -> None:
        self.stream = stream
        self.moves = stream.isatty() and environment.get("TERM") != "dumb"
        self._colored = self.moves and colored and not environment.get("NO_COLOR")
        self._links = self.moves and knows_links(environment)
        self._shown = ""

    @property
    def columns(self) -> int:
        """Return the width of the terminal now, WITHOUT where there is none."""
        if not self.moves:
            return WITHOUT
        try:
            return max(NARROWEST, os.get_terminal_size(self.stream.fileno()).columns or WITHOUT)
        except OSError:  # a terminal that does not say
            return WITHOUT

    def line(self, text: str, style: str = "") -> None:
        """Write a lasting text of one or more lines, above the moving line; paths of files become links."""
        text = "\n".join(map(self._wrapped, text.splitlines()))
        text = PATH.sub(self._linked, text) if self._links else text
        if style and self._colored:
            text = "\n".join(f"\x1b[{STYLES[style]}m{line}\x1b[0m" for line in text.splitlines())
        moving, self._shown = self._shown, ""
        self._write(f"{ERASE if moving else ''}{text}\n")
        self.move(moving)

    def move(self, text: str) -> None:
        """Show a text as the moving line, in place of the one before; nothing without a terminal."""
        text = words.cut(text, self.columns - ECHO) if self.moves else ""
        if text != self._shown:
            self._shown = text
            self._write(ERASE + text)

    def _write(self, text: str) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):  # nobody reads, or the stream is closed
            self.stream.write(text)
            self.stream.flush()

    def _wrapped(self, line: str) -> str:
        """Return a line of prose in as many lines as the terminal needs; a table, whose columns spaces part, stays."""
        text = line.lstrip()
        if not self.moves or words.width(line) < self.columns or "  " in text:
            return line
        indent = line[: len(line) - len(text)]
        return textwrap.fill(
            text,
            self.columns - 1,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _linked(self, match: re.Match[str]) -> str:
        """Return a path as a link, where it is one of a file or folder."""
        path = match[0]
        if not os.path.exists(path):
            return path
        address = f"file://{socket.gethostname()}{quote(os.path.abspath(path))}"
        return f"\x1b]8;;{address}\x1b\\{path}\x1b]8;;\x1b\\"
