"""The page that asks a queue of questions: its data in scripts that a page opened from disk may load, a part at a time.

``questions/00000.js`` and so on hold the questions in order, ``pictures/00000.js`` their pictures. A picture that is asked
about twice is there once.
"""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from spml.artifacts.spreadsheet import restored
from spml.review import thumbnails
from spml.runtime.files import writing

COLUMNS = ("image_id", "file_name", "category", "suggestion", "probability", "why")
YES, NO = "yes", "no"
CHUNK = 1000  # questions in a script
BLOCK = 20  # pictures in a script
SIDE = 384  # pixels of the longer side of a picture, at most
MOST = 32768  # bytes of a picture, unless the lowest quality needs more


def write_questions(folder: str | os.PathLike, queue: Sequence[Mapping[str, str]]) -> tuple[list[str], dict[str, Any]]:
    """Write the scripts of the questions; return the ids of their pictures in order, and the data of the page itself.

    Parameters
    ----------
    folder : where the scripts go.
    queue : rows with ``COLUMNS``, those of a category together.
    """
    number_of: dict[str, int] = {}
    categories: list[dict[str, Any]] = []
    for number, row in enumerate(queue):
        name = restored(row["category"])
        if not categories or categories[-1]["name"] != name:
            categories.append({"name": name, "start": number, "count": 0})
        categories[-1]["count"] += 1
        number_of.setdefault(restored(row["image_id"]), len(number_of))
    for chunk, start in enumerate(range(0, len(queue), CHUNK)):
        rows = queue[start : start + CHUNK]
        columns = {
            "image": [restored(row["image_id"]) for row in rows],
            "file": [restored(row["file_name"]) for row in rows],
            "picture": [number_of[restored(row["image_id"])] for row in rows],
            "suggestion": [row["suggestion"] for row in rows],
            "probability": [float(row["probability"]) for row in rows],
            "why": [row["why"] for row in rows],
        }
        with writing(os.path.join(folder, "questions", f"{chunk:05}.js")) as part:
            part.write_text(f"questions({chunk}, {json.dumps(columns)});\n", encoding="ascii")
    key = hashlib.sha256(json.dumps([list(row.values()) for row in queue]).encode()).hexdigest()[:16]
    data = {"key": key, "categories": categories, "questions": len(queue), "chunk": CHUNK, "block": BLOCK}
    return list(number_of), data


def write_pictures(
    folder: str | os.PathLike, paths: Sequence[str], run: Callable[..., Iterable[bytes]] = map
) -> Iterator[int]:
    """Write the scripts of the pictures with these paths; yield the size of each in bytes; ``run`` as of write_blocks."""
    make = functools.partial(thumbnails.thumbnail, side=SIDE, most=MOST)
    yield from thumbnails.write_blocks(os.path.join(folder, "pictures"), paths, run, make, BLOCK)
