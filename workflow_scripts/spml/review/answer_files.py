"""Files of answers of people, in the formats of several tools.

A reader is a record in READERS: its function reads the answers of a file. ``read`` takes the first that recognises the
file. To add a format, write its function and its record here, and its test in tests/exports.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from spml.artifacts.spreadsheet import restored
from spml.data import csv_table, delimiters, text_files
from spml.labels.verdicts import NO, YES
from spml.runtime.errors import InputError

COLUMNS = "image_id or file_name, category, answer, and perhaps who and when"  # of a table
WORDS = {  # in the column answer of a table
    **dict.fromkeys(("yes", "y", "1", "present", "true"), YES),
    **dict.fromkeys(("no", "n", "-1", "0", "absent", "false"), NO),
    **dict.fromkeys(("", "skip", "s"), ""),
}
JSON_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
SHOWN = 60  # characters of a text in a message


class Answer(NamedTuple):
    """What one person said about one category of one picture, and where it is written."""

    image: str  # id, or else file name
    category: str
    answer: str  # YES or NO
    who: str
    when: str  # as in the file
    file: str
    position: str  # line 3, task 5, ...
    file_name: str = ""  # of the picture, where the file has it


@dataclass(frozen=True)
class Reader:
    """A format: whether a file is of it, by its name and content, and its answers."""

    name: str
    recognises: Callable[[str, Any], bool]
    function: Callable[[str, Any], Iterator[Answer]]
    description: str


def read(path: str) -> Iterator[Answer]:
    """Yield the answers of a file; raise InputError where it has none of the formats."""
    content: Any = None
    if path.lower().endswith(".json"):
        try:
            with open(path, encoding="utf-8-sig") as file:
                content = json.load(file)
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{path}: not a readable JSON file ({error}); wanted {_wanted()}") from error
    for reader in READERS.values():
        if reader.recognises(path, content):
            yield from reader.function(path, content)
            return
    raise InputError(f"{path}: found none of the formats of answers; wanted {_wanted()}")


def _wanted() -> str:
    return "; or ".join(reader.description for reader in READERS.values())


# -- formats


def table(path: str, content: None) -> Iterator[Answer]:
    """Yield the answers of a CSV file: image_id or file_name, category, answer, and perhaps who and when.

    Rows without an answer, or with ``skip``, are left out.
    """
    rows = csv_table.read_rows(path, COLUMNS)
    columns = list(rows[0]) if rows else _header(path)
    keys = [key for key in ("image_id", "file_name") if key in columns]
    if not keys or not {"category", "answer"} <= set(columns):
        raise InputError(f"{path}: found columns {', '.join(columns)}, wanted {COLUMNS}")
    for row in rows:
        position, text = f"line {row.line}", row["answer"].strip().lower()
        if row.cells <= columns.index("answer"):
            raise InputError(
                f"{path}: {position}: found {row.cells} of {len(columns)} cells, wanted one for answer, too"
            )
        if text not in WORDS:
            raise InputError(f"{path}: {position}, answer: found {row['answer']!r}, wanted yes, no or skip")
        if WORDS[text]:
            image = next((row[key] for key in keys if row[key]), "")
            who, when = (row.get(name, "").strip() for name in ("who", "when"))
            file_name = row.get("file_name", "")
            yield Answer(image, row["category"], WORDS[text], restored(who), when, path, position, file_name)


def _header(path: str) -> list[str]:
    """Return the columns of a table without a row; raise InputError where the file holds nothing."""
    text = text_files.read(Path(path), COLUMNS, newlines=False)
    reader, _, _ = delimiters.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = next((cells for cells in reader if cells), [])
    if not columns:
        raise InputError(f"{path}: found nothing, wanted a CSV file with {COLUMNS}")
    return columns


def label_studio(path: str, content: Any) -> Iterator[Answer]:
    """Yield the answers of a JSON export of Label Studio, tasks with annotations.

    Categories that are chosen are present. Suggested ones that are not chosen are absent. Nothing is said of all others.
    """
    for number, task in enumerate(content):
        position = f"task {task.get('id', number + 1)}"
        where = f"{path}: {position}"
        data = _field(task, "data", dict, where)
        image = data.get("image_id")
        if not isinstance(image, str):
            raise InputError(f"{where}: found no image_id in its data, wanted tasks of the export label_studio")
        suggested, file_name = _names(data, "suggested", where), _field(data, "file_name", str, where)
        for annotation in _objects(task, "annotations", where):
            if annotation.get("was_cancelled"):
                continue
            results = _objects(annotation, "result", where)
            values = (_field(result, "value", dict, where) for result in results)
            chosen = {name for value in values for name in _names(value, "choices", where)}
            who = annotation.get("completed_by")
            who = who.get("email", who.get("id")) if isinstance(who, dict) else who
            when = str(annotation.get("updated_at") or annotation.get("created_at") or "")
            said = "" if who is None else str(who), when, path, position, file_name
            yield from _chosen(image, chosen, suggested, said)


def fiftyone(path: str, content: Any) -> Iterator[Answer]:
    """Yield the answers of labels.json of FiftyOne, a FiftyOneImageClassificationDataset with attributes.

    Labels that are there are present. Those that were suggested for the same image, and were deleted, are absent. An image
    whose labels are as suggested says nothing, since nothing tells whether a person looked at it. An image without any label
    says nothing either: the labels hold what was suggested.
    """
    file = f"{path}: labels of FiftyOne"
    classes = [] if content["classes"] is None else _names(content, "classes", file)
    for key, labels in _field(content, "labels", dict, file).items():
        position = f"image {key!r}"
        where = f"{path}: {position}"
        if labels is None:
            continue
        _require(labels, list, where)
        entries = [label if isinstance(label, dict) else {"label": label} for label in labels]
        names = {_class(entry.get("label"), classes, where) for entry in entries}
        attributes = next(filter(None, (_attributes(entry, where) for entry in entries)), {})
        image = attributes.get("image_id", unquote(key))
        suggested, file_name = _names(attributes, "suggested", where), _field(attributes, "file_name", str, where)
        if names and names != set(suggested):
            yield from _chosen(str(image), names, suggested, ("", "", path, position, file_name))


def _attributes(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the attributes of a label of FiftyOne that have a value; those of a label that a person added have none."""
    attributes = {} if entry.get("attributes") is None else _field(entry, "attributes", dict, where)
    return {name: value for name, value in attributes.items() if value is not None}


def _class(label: Any, classes: Sequence[str], where: str) -> str:
    """Return the name of a label of FiftyOne: a name, or a number of one of the classes."""
    if isinstance(label, str):
        return label
    if isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(classes):
        return classes[label]
    numbers = f", or a number from 0 to {len(classes) - 1}" if classes else ""
    raise InputError(f"{where}, label: found {_shown(label)}, wanted the name of a class{numbers}")


def _field(entry: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    """Return a field of an object, empty where it has none; raise InputError where it is of another kind."""
    value = entry.get(name, kind())
    _require(value, kind, f"{where}, {name}")
    return value


def _objects(entry: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    return _list(entry, name, dict, where)


def _names(entry: Mapping[str, Any], name: str, where: str) -> list[str]:
    return _list(entry, name, str, where)


def _list(entry: Mapping[str, Any], name: str, kind: type, where: str) -> list[Any]:
    """Return a field of an object that is a list whose entries are of this kind."""
    values: list[Any] = _field(entry, name, list, where)
    for number, value in enumerate(values, 1):
        _require(value, kind, f"{where}, {name}, entry {number}")
    return values


def _require(value: Any, kind: type, where: str) -> None:
    if not isinstance(value, kind):
        raise InputError(f"{where}: found {_shown(value)}, wanted {JSON_KINDS[kind]}")


def _shown(value: Any) -> str:
    """Return what a message says of a value that was read from JSON."""
    if value is None:
        return "nothing"
    text = JSON_KINDS[type(value)] if isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _chosen(
    image: str, chosen: Iterable[str], suggested: Iterable[str], rest: tuple[str, str, str, str, str]
) -> Iterator[Answer]:
    """Yield an answer for each category that was chosen, or suggested and not chosen; ``rest``: its fields from who on."""
    for name in sorted(chosen):
        yield Answer(image, name, YES, *rest)
    for name in sorted(set(suggested) - set(chosen)):
        yield Answer(image, name, NO, *rest)


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader(
            "csv",
            lambda path, content: path.lower().endswith(".csv"),
            table,
            "a CSV file with image_id or file_name, category and answer",
        ),
        Reader(
            "label_studio",
            lambda path, content: isinstance(content, list) and all(isinstance(task, dict) for task in content),
            label_studio,
            "a JSON export of Label Studio (a list of tasks)",
        ),
        Reader(
            "fiftyone",
            lambda path, content: isinstance(content, dict) and {"classes", "labels"} <= set(content),
            fiftyone,
            "labels.json of FiftyOne (classes and labels)",
        ),
    )
}
