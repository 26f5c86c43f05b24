"""Answers of people, from the files of several tools: checked, and merged by question."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from spml.artifacts import manifest
from spml.artifacts.spreadsheet import restored
from spml.labels.verdicts import COLUMNS, NO, UNDECIDED, YES
from spml.review.answer_files import Answer
from spml.runtime.errors import InputError

SHOWN = 5  # answers in a message
NEVER = datetime.min.replace(tzinfo=UTC)  # the time of an answer without one


class Question(NamedTuple):
    """A category of an image."""

    image_id: str
    category: str


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
    """Return the answers with their questions, and what is said of those about an unknown image or category.

    Raises
    ------
    InputError
        When an answer has the id of one picture and the file name of another.
    """
    known, categories = set(image_id), set(category)
    id_of, name_of = dict(zip(file_name, image_id, strict=True)), dict(zip(image_id, file_name, strict=True))
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
            continue
        question = Question(image if image in known else id_of[image], name)
        _require_same_picture(answer, question.image_id, name_of[question.image_id], id_of)
        if name not in categories:
            near = "".join(f"; did you mean {close}?" for close in difflib.get_close_matches(name, category, 1))
            wanted = "one of the categories" if checked.unknown else f"one of {some}"
            checked.unknown.append(f"{answer.file}: {answer.position}: found category {name!r}, wanted {wanted}{near}")
        else:
            checked.known.append((question, answer))
    return checked


def _require_same_picture(answer: Answer, image_id: str, file_name: str, id_of: Mapping[str, str]) -> None:
    """Raise InputError where an answer names a file of another picture than the one with this id and file name.

    One of the names may begin with folders that the other leaves out, unless it is the name of another picture.
    """
    written = {answer.file_name, answer.file_name.strip()}  # a name may begin with a blank
    names = written | {restored(name) for name in written}
    own = file_name.removeprefix(manifest.POOL)
    if "" in names or own in names:
        return
    other = next((id_of[name] for name in names if name in id_of), None)
    if other is None and any(f"/{own}".endswith(f"/{name}") or name.endswith(f"/{own}") for name in names):
        return
    more = "" if other is None else f" (of {other!r})"
    raise InputError(
        f"{answer.file}: {answer.position}: found image_id {image_id!r}, whose file is {own!r}, with file_name "
        f"{answer.file_name!r}{more}; wanted both of the same picture: correct one of them, or leave its cell empty"
    )


class Merged(NamedTuple):
    """The last answer of each person to a question, and what they decide together."""

    answers: list[Answer]
    verdict: str  # YES, NO or UNDECIDED


def merge(answers: Iterable[tuple[Question, Answer]]) -> dict[Question, Merged]:
    """Return the verdict on each question, in order: the last answer of each person counts, and most people decide.

    Where as many say yes as no, it is UNDECIDED. The order of the answers does not matter.

    Raises
    ------
    InputError
        When one person says both at the latest time, or without a time; or a time is not written as ISO 8601 wants it.
    """
    latest: dict[Question, dict[str, list[Answer]]] = {}  # the answers of each person at the latest time
    times: dict[tuple[Question, str], datetime] = {}
    for question, answer in answers:
        time, key = _time(answer), (question, answer.who)
        if key not in times or time > times[key]:
            times[key] = time
            latest.setdefault(question, {})[answer.who] = [answer]
        elif time == times[key]:
            latest[question][answer.who].append(answer)
    merged = {}
    for question, people in latest.items():
        last = [_agreed(question, said) for said in people.values()]
        merged[question] = Merged(last, _verdict(last))
    return merged


def _time(answer: Answer) -> datetime:
    """Return when an answer was given: in UTC where it names no zone, before all others where it has no time."""
    if not answer.when:
        return NEVER
    try:
        time = datetime.fromisoformat(answer.when)
    except ValueError:
        raise InputError(
            f"{answer.file}: {answer.position}, when: found {answer.when!r}, wanted a time of ISO 8601, such as "
            "2026-01-31T09:30:00Z or 2026-01-31"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _agreed(question: Question, said: Sequence[Answer]) -> Answer:
    """Return the last of one person's answers at the same time; raise InputError where they contradict each other."""
    for answer in said:
        if answer.answer != said[0].answer:
            who = f"{answer.who} says" if answer.who else "found"
            raise InputError(
                f"{answer.file}: {answer.position}: {who} {answer.answer} to {question.category!r} of {question.image_id}, and "
                f"{said[0].answer} in {said[0].file}, {said[0].position}; wanted one answer, or times in the column when"
            )
    return said[-1]


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
