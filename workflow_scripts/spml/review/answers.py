"""Answers of people, from the files of several tools: read, checked, and merged by question.

A reader is a record in READERS: its function reads the answers of a file. ``read`` takes the first that recognises the
file. To add a format, write its function and its record here, and its test in tests/exports.
"""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from spml.artifacts import manifest
from spml.artifacts.spreadsheet import restored
from spml.data import csv_table
from spml.labels.verdicts import COLUMNS, NO, UNDECIDED, YES
from spml.runtime.errors import InputError

WORDS = {  # in the column answer of a table
    **dict.fromkeys(("yes", "y", "1", "present", "true"), YES),
    **dict.fromkeys(("no", "n", "-1", "0", "absent", "false"), NO),
    **dict.fromkeys(("", "skip", "s"), ""),
}
SHOWN = 5  # answers in a message


class Answer(NamedTuple):
    """What one person said about one category of one picture, and where it is written."""

    image: str  # id, or else file name
    category: str
    answer: str  # YES or NO
    who: str
    when: str  # as in the file; later ones sort behind, as ISO 8601 does
    file: str
    position: str  # line 3, task 5, ...


class Question(NamedTuple):
    """A category of an image."""

    image_id: str
    category: str


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
        except (OSError, ValueError) as error:
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
    rows = csv_table.read_rows(path, "image_id or file_name, category, answer, and perhaps who and when")
    columns = list(rows[0]) if rows else ["none"]
    keys = [key for key in ("image_id", "file_name") if key in columns]
    if rows and (not keys or not {"category", "answer"} <= set(columns)):
        raise InputError(
            f"{path}: found columns {', '.join(columns)}, wanted image_id or file_name, category, answer, and perhaps who and when"
        )
    for row in rows:
        position, text = f"line {row.line}", row["answer"].strip().lower()
        if text not in WORDS:
            raise InputError(f"{path}: {position}, answer: found {row['answer']!r}, wanted yes, no or skip")
        if WORDS[text]:
            image = next((row[key] for key in keys if row[key]), "")
            who, when = (row.get(name, "").strip() for name in ("who", "when"))
            yield Answer(image, row["category"], WORDS[text], restored(who), when, path, position)


def label_studio(path: str, content: Any) -> Iterator[Answer]:
    """Yield the answers of a JSON export of Label Studio, tasks with annotations.

    Categories that are chosen are present. Suggested ones that are not chosen are absent. Nothing is said of all others.
    """
    for number, task in enumerate(content):
        data = task.get("data", {})
        image = data.get("image_id")
        position = f"task {task.get('id', number + 1)}"
        if not isinstance(image, str):
            raise InputError(
                f"{path}: {position}: found no image_id in its data, wanted tasks of the export label_studio"
            )
        suggested = data.get("suggested", [])
        for annotation in task.get("annotations", []):
            if annotation.get("was_cancelled"):
                continue
            results = (result.get("value", {}).get("choices", []) for result in annotation.get("result", []))
            chosen = {name for names in results for name in names}
            who = annotation.get("completed_by", "")
            who = str(who.get("email", who.get("id", ""))) if isinstance(who, dict) else str(who)
            when = str(annotation.get("updated_at") or annotation.get("created_at") or "")
            yield from _chosen(image, chosen, suggested, who, when, path, position)


def fiftyone(path: str, content: Any) -> Iterator[Answer]:
    """Yield the answers of labels.json of FiftyOne, a FiftyOneImageClassificationDataset with attributes.

    Labels that are there are present. Those that were suggested for the same image, and were deleted, are absent. An image
    whose labels are as suggested says nothing, since nothing tells whether a person looked at it. An image without any label
    says nothing either: the labels hold what was suggested.
    """
    for key, labels in content["labels"].items():
        if not labels:
            continue
        position = f"image {key!r}"
        entries = [label if isinstance(label, dict) else {"label": label} for label in labels]
        names = {content["classes"][name] if isinstance(name, int) else name for name in (e["label"] for e in entries)}
        attributes: dict[str, Any] = next((entry["attributes"] for entry in entries if entry.get("attributes")), {})
        image = attributes.get("image_id", unquote(key))
        suggested = attributes.get("suggested", [])
        if names == set(suggested):
            continue
        yield from _chosen(str(image), names, suggested, "", "", path, position)


def _chosen(
    image: str, chosen: Iterable[str], suggested: Iterable[str], who: str, when: str, path: str, position: str
) -> Iterator[Answer]:
    """Yield an answer for each category that was chosen, or suggested and not chosen."""
    for name in sorted(chosen):
        yield Answer(image, name, YES, who, when, path, position)
    for name in sorted(set(suggested) - set(chosen)):
        yield Answer(image, name, NO, who, when, path, position)


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


# -- merging


class Checked(NamedTuple):
    """Answers with their questions, and a line for each answer about an unknown image or category."""

    known: list[tuple[Question, Answer]]
    unknown: list[str]

    def require_known(self) -> None:
        """Raise InputError where an answer is about an unknown image or category: names the first ones, and what to do."""
        if not self.unknown:
            return
        more = f"; and {len(self.unknown) - SHOWN:,} more" if len(self.unknown) > SHOWN else ""
        count = f"{len(self.unknown):,} answers are about what is not there: " if len(self.unknown) > 1 else ""
        raise InputError(
            f"{count}{'; '.join(self.unknown[:SHOWN])}{more}; correct these answers, take them out, or leave them out by "
            "review: {unknown_answers: leave_out} in the configuration"
        )


def of_part(answers: Iterable[Answer], part: str) -> Iterator[Answer]:
    """Yield the answers about images of a part, train or pool: those of a pool have ids that say so."""
    for answer in answers:
        if answer.image.startswith(manifest.POOL) == (part == "pool"):
            yield answer


def check(
    answers: Iterable[Answer],
    image_id: Sequence[str],
    file_name: Sequence[str],
    category: Sequence[str],
    part: str = "train",
) -> Checked:
    """Return the answers with their questions, and what is said of those about an unknown image or category."""
    known, categories = set(image_id), set(category)
    id_of = dict(zip(file_name, image_id, strict=True))
    checked = Checked([], [])
    some = ", ".join(category[:20]) + (f", ... ({len(category):,})" if len(category) > 20 else "")
    for answer in answers:
        image = next((name for name in (answer.image, restored(answer.image)) if name in known or name in id_of), None)
        name = answer.category if answer.category in categories else restored(answer.category)
        if image is None:
            checked.unknown.append(
                f"{answer.file}: {answer.position}: found image {answer.image!r}, wanted an image_id or file_name of the "
                f"{len(known):,} images of the {'pool' if part == 'pool' else 'training part'}"
            )
        elif name not in categories:
            near = "".join(f"; did you mean {close}?" for close in difflib.get_close_matches(name, category, 1))
            wanted = "one of the categories" if checked.unknown else f"one of {some}"
            checked.unknown.append(f"{answer.file}: {answer.position}: found category {name!r}, wanted {wanted}{near}")
        else:
            checked.known.append((Question(image if image in known else id_of[image], name), answer))
    return checked


class Merged(NamedTuple):
    """The last answer of each person to a question, and what they decide together."""

    answers: list[Answer]
    verdict: str  # YES, NO or UNDECIDED


def merge(answers: Iterable[tuple[Question, Answer]]) -> dict[Question, Merged]:
    """Return the verdict on each question, in order: the last answer of each person counts, and most people decide.

    Where as many say yes as no, it is UNDECIDED.

    Raises
    ------
    InputError
        When one person says both at the same time, or without a time.
    """
    by_person: dict[Question, dict[str, Answer]] = {}
    for question, answer in answers:
        people = by_person.setdefault(question, {})
        before = people.get(answer.who)
        if before and before.answer != answer.answer and before.when == answer.when:
            who = f"{answer.who} says" if answer.who else "found"
            raise InputError(
                f"{answer.file}: {answer.position}: {who} {answer.answer} to {question.category!r} of {question.image_id}, and "
                f"{before.answer} in {before.file}, {before.position}; wanted one answer, or times in the column when"
            )
        if before is None or answer.when >= before.when:
            people[answer.who] = answer
    return {
        question: Merged(list(people.values()), _verdict(people.values())) for question, people in by_person.items()
    }


def _verdict(answers: Iterable[Answer]) -> str:
    score = sum(1 if answer.answer == YES else -1 for answer in answers)
    return YES if score > 0 else NO if score < 0 else UNDECIDED


def rows(merged: Mapping[Question, Merged], file_name: Mapping[str, str]) -> Iterator[Sequence[str]]:
    """Yield the rows of the table of answers, the header first, names as they are."""
    yield COLUMNS
    for question, (answers, verdict) in merged.items():
        for answer in answers:
            name = file_name[question.image_id]
            own = answer.answer, answer.who, answer.when, verdict, answer.file, answer.position
            yield [question.image_id, name, question.category, *own]
