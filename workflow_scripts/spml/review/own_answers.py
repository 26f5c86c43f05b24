"""A folder that keeps all answers of people: files are read and checked first, then copied into it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from spml.artifacts import manifest
from spml.artifacts.checksums import sha256
from spml.data import csv_table, image_folder
from spml.data.tars import index as of_tars
from spml.review import answer_files, answers
from spml.runtime.files import writing


def take(
    path: str,
    folder: str,
    kept: Sequence[str],
    table: str,
    categories: str | None = None,
    leave_out: bool = False,
    pool: str | None = None,
    tars: Sequence[str] = (),
) -> str:
    """Copy a file of answers into the folder, under a name that is free there; return what was done, in words.

    Parameters
    ----------
    path : the file.
    folder : where answers are kept.
    kept : the files of answers in it; a file with the same content is not copied again.
    table : the table of images that the answers are about.
    categories : the user's list of categories, if there is one.
    leave_out : whether answers about unknown images and categories are left out.
    pool : the folder or list of the images without labels, if there is one.
    tars : the tars that it names, where they hold these images.

    Raises
    ------
    InputError
        When the file has no format of answers, an answer is about something unknown, or two of a person contradict each other.
    """
    images = csv_table.read(table, list(csv_table.read_categories(categories)) if categories else None)
    index = of_tars(tars, looked_at=True) if tars else None
    pooled = [name for name, _ in image_folder.of_folder_or_list(pool, "pool.images", index)[0]] if pool else []
    image_id = images.path + [f"{manifest.POOL}{name}" for name in pooled]
    known = []
    for file in (*kept, path):
        checked = answers.check(answer_files.read(file), image_id, image_id, images.category)
        if not leave_out:
            checked.require_known()
        known += checked.known
    answers.merge(known)  # raises where a person says both, also in what is kept
    number = len(answers.merge(checked.known))
    count = f"{number:,} {'answer' if number == 1 else 'answers'}"
    if same := next((file for file in kept if sha256(file) == sha256(path)), None):
        return f"{path}: {count}, which {same} has already"
    given = Path(path)
    number, place = 1, Path(folder, given.name)
    while os.path.lexists(place):
        number += 1
        place = Path(folder, f"{given.stem}_{number}{given.suffix}")
    with writing(place) as part:
        shutil.copyfile(path, part)
    return f"{path}: {count}, kept as {place}"
