"""The words of the screen: jobs, durations, and lines cut to a width."""

import unicodedata
from collections.abc import Mapping

MODEL = "model"  # the wildcard that is a folder: students/paper/seed_1200/tau_0.75
FIRST = ("teacher", "student", MODEL, "pseudo_labels", "backbone", "kernel", "archive", "reader")  # names come first
LAST = ("seed",)


def of_job(wildcards: Mapping[str, str], dataset: str = "") -> str:
    """Return the wildcards of a job in words: "em, replicate 1200"; ``dataset`` is the one that needs no mention."""
    rank = {name: number for number, name in enumerate(FIRST)} | {name: len(FIRST) + 1 for name in LAST}
    names = sorted(wildcards, key=lambda name: rank.get(name, len(FIRST)))
    return ", ".join(filter(None, (_of_wildcard(name, wildcards[name], dataset) for name in names)))


def _of_wildcard(name: str, value: str, dataset: str) -> str:
    """Return a wildcard in words; nothing where it says nothing."""
    if name == MODEL:
        kind, model, seed, *variant = value.split("/")
        parts = {kind.removesuffix("s"): f"{kind.removesuffix('s')} {model}", "seed": seed.removeprefix("seed_")}
        return of_job(parts | {"variant": "".join(variant)})
    if name == "dataset":
        return "" if value == dataset else value
    if name == "seed":
        return f"replicate {value}"
    if name == "shard":
        return f"shard {int(value)}" if value.isdecimal() else f"shard {value}"
    if name == "variant":
        return "" if value == "all" else value.replace("tau_", "τ ")
    return value


def jobs(number: int) -> str:
    """Return a number of jobs."""
    return "1 job" if number == 1 else f"{number:,} jobs"


def duration(seconds: float) -> str:
    """Return how long something took: "3.1 s", "4 min 05 s", "2 h 10 min"."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def about(seconds: float) -> str:
    """Return a coarse duration, for what is estimated: "20 s", "4 min", "2 h 10 min"."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(10 * round(minutes / 10), 60)
    return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(_columns(character) for character in text)


def cut(text: str, columns: int) -> str:
    """Return a text that takes at most that many columns; its end is cut and marked where it is longer."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for character in text:
        used += _columns(character)
        if used > columns - 1:
            break
        kept += character
    return f"{kept}…" if columns > 0 else ""


def pad(text: str, columns: int) -> str:
    """Return a text that takes that many columns, cut or followed by spaces."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def _columns(character: str) -> int:
    """Return how many columns a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
