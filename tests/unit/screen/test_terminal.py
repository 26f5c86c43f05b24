"""Lasting lines and the moving line, on a terminal and without one."""

import io
import os
import socket

import pytest

from screen.terminal import Terminal, knows_links


class Screen(io.StringIO):
    """A terminal of 80 columns."""

    def __init__(self, monkeypatch, columns=80):
        super().__init__()
        monkeypatch.setattr(os, "get_terminal_size", lambda number: os.terminal_size((columns, 24)))

    def isatty(self):
        return True

    def fileno(self):
        return 2


@pytest.fixture
def screen(monkeypatch):
    return Screen(monkeypatch)


def test_without_a_terminal_there_are_lines_alone():
    stream = io.StringIO()
    terminal = Terminal(stream, True, {"FORCE_HYPERLINK": "1"})
    terminal.move("moves")
    terminal.line("x" * 300, "red")
    terminal.line("results")
    assert stream.getvalue() == f"{'x' * 300}\nresults\n" and not terminal.moves


def test_a_line_goes_above_the_moving_line(screen):
    terminal = Terminal(screen, True, {})
    terminal.move("moves")
    terminal.line("stays")
    terminal.move("moves")  # the same again
    terminal.move("")
    assert screen.getvalue() == "\r\x1b[Kmoves\r\x1b[Kstays\n\r\x1b[Kmoves\r\x1b[K"


def test_the_moving_line_never_fills_the_terminal(screen):
    terminal = Terminal(screen, True, {})
    terminal.move("x" * 200)
    assert screen.getvalue() == f"\r\x1b[K{'x' * 76}…"


@pytest.mark.parametrize(("colored", "environment"), [(False, {}), (True, {"NO_COLOR": "1"}), (True, {"TERM": "dumb"})])
def test_colors_are_left_out_where_they_are_not_wanted(screen, colored, environment):
    Terminal(screen, colored, environment).line("text", "red")
    assert screen.getvalue() == "text\n"


def test_each_line_is_colored_for_itself(screen):
    Terminal(screen, True, {}).line("a\nb", "red")
    assert screen.getvalue() == "\x1b[31ma\x1b[0m\n\x1b[31mb\x1b[0m\n"


def test_prose_is_wrapped_between_words_and_a_table_is_not(screen):
    prose, table = f"    {'word ' * 20}".rstrip(), f"name  {'1 ' * 60}".rstrip()
    Terminal(screen, True, {}).line(f"{prose}\n{table}")
    lines = screen.getvalue().splitlines()
    assert len(lines) == 3 and all(line.startswith("    word") and len(line) < 80 for line in lines[:2])
    assert lines[2] == table


def test_paths_that_are_there_are_links(screen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "results/demo/a.html"
    path.parent.mkdir(parents=True)
    path.touch()
    terminal = Terminal(screen, True, {"FORCE_HYPERLINK": "1"})
    terminal.line("Report: results/demo/a.html, results/demo/b.html.")
    link = f"\x1b]8;;file://{socket.gethostname()}{path}\x1b\\results/demo/a.html\x1b]8;;\x1b\\"
    assert screen.getvalue() == f"Report: {link}, results/demo/b.html.\n"


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"VTE_VERSION": "7006"}, True),
        ({"VTE_VERSION": "4000"}, False),
        ({"TERM_PROGRAM": "vscode"}, True),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM_PROGRAM": "vscode", "TMUX": "/tmp/tmux"}, False),
        ({"TERM_PROGRAM": "vscode", "FORCE_HYPERLINK": "0"}, False),
        ({"TMUX": "/tmp/tmux", "FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_a_terminal_says_whether_it_knows_links(environment, known):
    assert knows_links(environment) == known
