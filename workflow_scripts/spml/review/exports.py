"""Pseudo-labels in the formats of other tools.

A format is a function of a folder and a ``Labelled`` that writes its files there. To add one: its function and its name in
FORMATS, that name in rules/common.smk, its row in docs/exports.md.
"""

import csv
import html
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

from spml.artifacts.spreadsheet import escaped
from spml.features import images
from spml.runtime.errors import InputError
from spml.runtime.files import writing

NAME_COLUMNS = ("image_id", "file_name")  # of the wide table, before those of the categories


@dataclass
class Labelled:
    """Row-aligned: N images with their labels of L categories, and what is known of these."""

    image_id: Sequence[str]
    file_name: Sequence[str]  # as in the annotations
    path: Sequence[str]  # to open, from the working directory
    category: Sequence[str]
    label: np.ndarray  # [N, L]: 1 present, 0 absent, -1 ignored; or targets, present from 0.5 on
    probability: np.ndarray  # [N, L], the teacher's
    observed: np.ndarray  # [N, L]: 1 present, 0 unobserved, -1 observed absent
    about: Mapping[str, str]  # where the labels come from: data set, rule, tau and so on

    def present(self) -> Iterator[np.ndarray]:
        """The categories of each image, the most probable first, int64 [n]."""
        for label, probability in zip(self.label, self.probability, strict=True):
            found = np.flatnonzero(label >= 0.5)
            yield found[np.argsort(-probability[found], kind="stable")]

    def names(self, columns: np.ndarray) -> list[str]:
        return [self.category[column] for column in columns]


def coco(folder: str | os.PathLike, of: Labelled) -> None:
    """``annotations.json``: images with width and height in pixels, categories from 1 on, an annotation a label with its score.

    Labels of whole images have no boxes. Ids that are all whole numbers stay numbers.
    """
    numbers = all(name.isascii() and name.isdecimal() and str(int(name)) == name for name in of.image_id)
    ids: list[int | str] = [int(name) if numbers else name for name in of.image_id]
    listed: list[dict] = []
    annotations: list[dict] = []
    for row, columns in enumerate(of.present()):
        with images.opened(of.path[row]) as picture:
            width, height = _upright_size(picture)
        listed.append({"id": ids[row], "file_name": of.file_name[row], "width": width, "height": height})
        for column in columns:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": ids[row],
                    "category_id": int(column) + 1,
                    "iscrowd": 0,
                    "score": _rounded(of.probability[row, column]),
                }
            )
    categories = [{"id": number + 1, "name": name} for number, name in enumerate(of.category)]
    document = {"info": dict(of.about), "images": listed, "annotations": annotations, "categories": categories}
    _write_json(Path(folder, "annotations.json"), document)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    turned = picture.getexif().get(0x0112, 1) >= 5  # EXIF orientations of a quarter turn
    return (picture.height, picture.width) if turned else picture.size


def wide(folder: str | os.PathLike, of: Labelled) -> None:
    """``labels.csv``, a row an image and a column a category: 1, 0, empty where ignored, or the target.

    UTF-8 with a mark at its begin, by which spreadsheets know it; names that look like formulas are escaped (spml.artifacts.spreadsheet).
    """
    if clash := sorted(set(NAME_COLUMNS) & set(of.category)):
        raise InputError(f"export wide: a category is named {clash[0]!r}, as a column of the table; use another format")
    target = of.label.dtype.kind == "f"
    with (
        writing(Path(folder, "labels.csv")) as part,
        open(part, "w", newline="", encoding="utf-8-sig") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*NAME_COLUMNS, *map(escaped, of.category)])
        for image_id, file_name, values in zip(of.image_id, of.file_name, of.label, strict=True):
            cells = [f"{value:.4f}" if target else "" if value < 0 else int(value) for value in values]
            writer.writerow([escaped(image_id), escaped(file_name), *cells])


def label_studio(folder: str | os.PathLike, of: Labelled) -> None:
    """``tasks.json``, a task an image with its labels as a prediction, and ``config.xml``, the labeling interface for them.

    Pictures are addressed as local files, by their path from the root that Label Studio is given (docs/exports.md).
    """
    choices = "".join(f"    <Choice value={_attribute(name)}/>\n" for name in of.category)
    config = (
        '<View>\n  <Image name="image" value="$image"/>\n  <Choices name="labels" toName="image" choice="multiple">\n'
        f"{choices}  </Choices>\n</View>\n"
    )
    version = ", ".join(f"{key} {value}" for key, value in of.about.items())
    tasks = []
    for row, columns in enumerate(of.present()):
        result = {
            "id": f"labels-{row}",
            "from_name": "labels",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": of.names(columns)},
        }
        prediction = {
            "model_version": version,
            "score": _rounded(of.probability[row, columns].min()) if len(columns) else 0.0,  # the least sure label
            "result": [result] if len(columns) else [],
        }
        local = quote(os.path.abspath(of.path[row]).removeprefix(os.path.join(os.getcwd(), "")).lstrip("/"))
        observed = ", ".join(of.names(np.flatnonzero(of.observed[row] == 1)))
        data = {"image": f"/data/local-files/?d={local}", "image_id": of.image_id[row], "observed": observed}
        tasks.append({"data": data, "predictions": [prediction]})
    _write_json(Path(folder, "tasks.json"), tasks)
    with writing(Path(folder, "config.xml")) as part:
        part.write_text(config, encoding="utf-8")


def _attribute(text: str) -> str:
    return f'"{html.escape(text, quote=True)}"'


def fiftyone(folder: str | os.PathLike, of: Labelled) -> None:
    """``labels.json`` and ``data.json``: FiftyOneImageClassificationDataset with several classifications an image."""
    keys = [quote(name, safe="").replace(".", "%2E") for name in of.image_id]  # FiftyOne cuts what follows a dot
    classified = {
        key: [{"label": of.category[column], "confidence": _rounded(of.probability[row, column])} for column in columns]
        for row, (key, columns) in enumerate(zip(keys, of.present(), strict=True))
    }
    paths = {key: os.path.relpath(path, folder) for key, path in zip(keys, of.path, strict=True)}
    _write_json(Path(folder, "labels.json"), {"classes": list(of.category), "labels": classified})
    _write_json(Path(folder, "data.json"), paths)


def parquet(folder: str | os.PathLike, of: Labelled) -> None:
    """``labels.parquet``, a row an image: image_id, file_name, path, labels and their probabilities, observed, ignored."""
    text, texts, numbers = pyarrow.string(), pyarrow.list_(pyarrow.string()), pyarrow.list_(pyarrow.float32())
    present = list(of.present())
    columns = {
        "image_id": (list(of.image_id), text),
        "file_name": (list(of.file_name), text),
        "path": (list(of.path), text),
        "labels": ([of.names(found) for found in present], texts),
        "probabilities": ([of.probability[row, found] for row, found in enumerate(present)], numbers),
        "observed": ([of.names(np.flatnonzero(values == 1)) for values in of.observed], texts),
        "ignored": ([of.names(np.flatnonzero(values < 0)) for values in of.label], texts),
    }
    schema = pyarrow.schema(
        [(name, kind) for name, (_, kind) in columns.items()],
        metadata={**of.about, "categories": json.dumps(list(of.category), ensure_ascii=False)},
    )
    table = pyarrow.table({name: pyarrow.array(values, kind) for name, (values, kind) in columns.items()}, schema)
    with writing(Path(folder, "labels.parquet")) as part:
        pyarrow.parquet.write_table(table, part, compression="zstd")


def _rounded(probability: np.floating) -> float:
    return round(float(probability), 4)


def _write_json(path: Path, document: object) -> None:
    with writing(path) as part, open(part, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


FORMATS: dict[str, Callable[[str | os.PathLike, Labelled], None]] = {
    "coco": coco,
    "wide": wide,
    "label_studio": label_studio,
    "fiftyone": fiftyone,
    "parquet": parquet,
}
