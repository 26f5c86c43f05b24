"""Pseudo-labels in the formats of other tools.

A format is a record in FORMATS; its function writes a ``Labelled`` to files in a folder. To add one, write its function and
its record here, and its test in tests/exports. The plan reads the records, so this module imports no library before its
first use.
"""

from __future__ import annotations  # with lazy np, annotations must not be evaluated

import html
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from spml.artifacts import blocks
from spml.artifacts.codes import POSITIVE_TARGET, ObservedLabel, PseudoLabel
from spml.artifacts.spreadsheet import category_columns, escaped
from spml.runtime.files import write_csv, write_json, writing
from spml.runtime.lazy import np

if TYPE_CHECKING:
    from PIL import Image

NAME_COLUMNS = ("image_id", "file_name", "split")  # of the wide table, before those of the categories


@dataclass(frozen=True)
class Export:
    """A format: its name in paths, its function, the tools that read it, and what it needs of pictures.

    ``needs``: nothing (empty), ``pictures`` (also those in tars), or ``files`` (the tools open a file for each).
    """

    name: str
    function: Callable[[str | os.PathLike, Labelled], None]
    description: str
    needs: str = ""


class LabelledImage(NamedTuple):
    """The categories of one image, int64 [n] each: those present, the most probable first; observed; ignored."""

    present: np.ndarray
    probability: np.ndarray  # of those present
    observed: np.ndarray
    ignored: np.ndarray


@dataclass
class Labelled:
    """Row-aligned: N images with their labels of L categories, and where the labels come from."""

    image_id: Sequence[str]
    file_name: Sequence[str]  # as in the annotations
    path: Sequence[str]  # to open, from the working directory
    split: Sequence[str]  # train, or val: models are chosen on these, and none learns from them
    category: Sequence[str]
    label: blocks.Rows  # [N, L]: PseudoLabel; or targets, present from 0.5 on
    probability: blocks.Rows  # [N, L], the teacher's
    observed: blocks.Rows  # [N, L]: ObservedLabel
    about: Mapping[str, str]  # origin of the labels: data set, rule, tau and so on

    def images(self) -> Iterator[LabelledImage]:
        """Yield the labels of each image; a block of rows is in memory at a time."""
        for rows in blocks.row_blocks(self.label.shape):
            matrices = self.label[rows], self.probability[rows], self.observed[rows]
            for label, probability, observed in zip(*matrices, strict=True):
                columns = np.flatnonzero(label >= POSITIVE_TARGET)
                columns = columns[np.argsort(-probability[columns], kind="stable")]
                marked = np.flatnonzero(observed == ObservedLabel.PRESENT)
                ignored = np.flatnonzero(label == PseudoLabel.IGNORED)
                yield LabelledImage(columns, probability[columns], marked, ignored)

    def names(self, columns: np.ndarray) -> list[str]:
        """Return the names of these categories."""
        return [self.category[column] for column in columns]


def coco(folder: str | os.PathLike, labelled: Labelled) -> None:
    """Write ``annotations.json``: images with width and height in pixels, categories from 1 on, an annotation per label.

    Annotations have the probability as their score, and no boxes. Ids that are all whole numbers stay numbers.
    """
    from spml.features import images

    numbers = all(name.isascii() and name.isdecimal() and str(int(name)) == name for name in labelled.image_id)
    ids: list[int | str] = [int(name) if numbers else name for name in labelled.image_id]
    listed: list[dict] = []
    annotations: list[dict] = []
    for row, image in enumerate(labelled.images()):
        with images.opened(labelled.path[row]) as picture:
            width, height = _upright_size(picture)
        size = {"width": width, "height": height}
        listed.append({"id": ids[row], "file_name": labelled.file_name[row], "split": labelled.split[row]} | size)
        for column, probability in zip(image.present, image.probability, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": ids[row],
                    "category_id": int(column) + 1,
                    "iscrowd": 0,
                    "score": _rounded(probability),
                }
            )
    categories = [{"id": number + 1, "name": name} for number, name in enumerate(labelled.category)]
    document = {"info": dict(labelled.about), "images": listed, "annotations": annotations, "categories": categories}
    write_json(Path(folder, "annotations.json"), document)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    """Return width and height of a picture as it is shown, without decoding it."""
    turned = picture.getexif().get(0x0112, 1) >= 5  # EXIF orientations of a quarter turn
    return (picture.height, picture.width) if turned else picture.size


def wide(folder: str | os.PathLike, labelled: Labelled) -> None:
    """Write ``labels.csv``, a row per image and a column per category: 1, 0, empty where ignored, or the target.

    UTF-8 with a byte order mark for spreadsheets; names that look like formulas are escaped, and those that another column
    has are prefixed (spml.artifacts.spreadsheet).
    """
    write_csv(Path(folder, "labels.csv"), _wide_rows(labelled), encoding="utf-8-sig")


def _wide_rows(labelled: Labelled) -> Iterator[list[object]]:
    """Yield the rows of the wide table, the header first."""
    yield [*NAME_COLUMNS, *category_columns(labelled.category, NAME_COLUMNS)]
    ignored = PseudoLabel.IGNORED.value
    for rows in blocks.row_blocks(labelled.label.shape):
        block = labelled.label[rows]
        target = block.dtype.kind == "f"
        names = zip(labelled.image_id[rows], labelled.file_name[rows], labelled.split[rows], strict=True)
        for (image_id, file_name, split), values in zip(names, block, strict=True):
            cells = [f"{value:.4f}" if target else "" if value == ignored else int(value) for value in values]
            yield [escaped(image_id), escaped(file_name), split, *cells]


def label_studio(folder: str | os.PathLike, labelled: Labelled) -> None:
    """Write ``tasks.json``, a task per image with its labels as a prediction, and ``config.xml``, the labeling interface.

    Pictures are addressed as local files, by their path from the root that Label Studio is configured with (docs/exports.md).
    """
    choices = "".join(f"    <Choice value={_attribute(name)}/>\n" for name in labelled.category)
    config = (
        '<View>\n  <Image name="image" value="$image"/>\n  <Choices name="labels" toName="image" choice="multiple">\n'
        f"{choices}  </Choices>\n</View>\n"
    )
    version = ", ".join(f"{key} {value}" for key, value in labelled.about.items())
    tasks = []
    for row, image in enumerate(labelled.images()):
        result = {
            "id": f"labels-{row}",
            "from_name": "labels",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": labelled.names(image.present)},
        }
        prediction = {
            "model_version": version,
            "score": _rounded(image.probability.min()) if len(image.present) else 0.0,  # of the least probable label
            "result": [result] if len(image.present) else [],
        }
        local = quote(os.path.abspath(labelled.path[row]).removeprefix(os.path.join(os.getcwd(), "")).lstrip("/"))
        observed = ", ".join(labelled.names(image.observed))
        data = {
            "image": f"/data/local-files/?d={local}",
            "image_id": labelled.image_id[row],
            "file_name": labelled.file_name[row],  # answers are refused where it is that of another picture by then
            "observed": observed,
            "split": labelled.split[row],
            "suggested": labelled.names(image.present),  # what spml.review.answer_files compares the choices with
        }
        tasks.append({"data": data, "predictions": [prediction]})
    write_json(Path(folder, "tasks.json"), tasks)
    with writing(Path(folder, "config.xml")) as part:
        part.write_text(config, encoding="utf-8")


def _attribute(text: str) -> str:
    """Return text as the value of an XML attribute."""
    return f'"{html.escape(text, quote=True)}"'


def fiftyone(folder: str | os.PathLike, labelled: Labelled) -> None:
    """Write ``labels.json`` and ``data.json``: FiftyOneImageClassificationDataset with several classifications per image."""
    keys = [quote(name, safe="").replace(".", "%2E") for name in labelled.image_id]  # FiftyOne cuts what follows a dot
    classified = {}
    named = zip(labelled.image_id, labelled.file_name, strict=True)
    for key, (image_id, file_name), image in zip(keys, named, labelled.images(), strict=True):
        # what spml.review.answer_files needs: FiftyOne keeps attributes of labels, not of images
        attributes = {"image_id": image_id, "file_name": file_name, "suggested": labelled.names(image.present)}
        classified[key] = [
            {"label": labelled.category[column], "confidence": _rounded(probability), "attributes": attributes}
            for column, probability in zip(image.present, image.probability, strict=True)
        ]
    paths = {key: os.path.relpath(path, folder) for key, path in zip(keys, labelled.path, strict=True)}
    write_json(Path(folder, "labels.json"), {"classes": list(labelled.category), "labels": classified})
    write_json(Path(folder, "data.json"), paths)


def parquet(folder: str | os.PathLike, labelled: Labelled) -> None:
    """Write ``labels.parquet``, a row per image: image_id, file_name, path, split, labels with probabilities, observed, ignored."""
    import pyarrow
    import pyarrow.parquet

    text, texts, floats = pyarrow.string(), pyarrow.list_(pyarrow.string()), pyarrow.list_(pyarrow.float32())
    listed = list(labelled.images())
    columns = {
        "image_id": (list(labelled.image_id), text),
        "file_name": (list(labelled.file_name), text),
        "path": (list(labelled.path), text),
        "split": (list(labelled.split), text),
        "labels": ([labelled.names(image.present) for image in listed], texts),
        "probabilities": ([image.probability for image in listed], floats),
        "observed": (
            [labelled.names(image.observed) for image in listed],
            texts,
        ),
        "ignored": (
            [labelled.names(image.ignored) for image in listed],
            texts,
        ),
    }
    schema = pyarrow.schema(
        [(name, kind) for name, (_, kind) in columns.items()],
        metadata={**labelled.about, "categories": json.dumps(list(labelled.category), ensure_ascii=False)},
    )
    table = pyarrow.table({name: pyarrow.array(values, kind) for name, (values, kind) in columns.items()}, schema)
    with writing(Path(folder, "labels.parquet")) as part:
        pyarrow.parquet.write_table(table, part, compression="zstd")


def _rounded(probability: np.floating) -> float:
    """Return a probability with four decimals."""
    return round(float(probability), 4)


FORMATS: dict[str, Export] = {
    export.name: export
    for export in (
        Export("coco", coco, "COCO JSON, for pycocotools and as a data set of this pipeline", "pictures"),
        Export("wide", wide, "a CSV table with a column per category, for spreadsheets and pandas"),
        Export(
            "label_studio", label_studio, "tasks with predictions and a labeling interface, for Label Studio", "files"
        ),
        Export("fiftyone", fiftyone, "image classifications, for FiftyOne", "files"),
        Export("parquet", parquet, "a Parquet table with lists, for pandas and pyarrow"),
    )
}
