"""The content of an artifact, in lines of text for a terminal: counts, categories, or the row of one image."""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spml.artifacts import checkpoints, hdf5, labels, manifest, records, tables
from spml.artifacts.codes import POSITIVE_TARGET, ObservedLabel, PseudoLabel, TrueLabel
from spml.labels.pseudo_labels import probabilities
from spml.review import lines
from spml.runtime.errors import InputError

SHOWN = 20  # categories or rows, at most
CODES: dict[str, type[ObservedLabel] | type[TrueLabel] | type[PseudoLabel]] = {  # by kind of file
    "observed": ObservedLabel,
    "labels": TrueLabel,
    "pseudo_labels": PseudoLabel,
}
OTHERS = {  # kind of file to the third code, and the name of its count
    "observed": (ObservedLabel.ABSENT, "observed absent"),
    "labels": (TrueLabel.UNKNOWN, "unknown"),
    "pseudo_labels": (PseudoLabel.IGNORED, "ignored"),
}
NAMES = {"observed": "observed", "labels": "true", "pseudo_labels": "pseudo"}  # kind of file to the name of a column


def describe(path: str | os.PathLike, image: str | None = None, every: bool = False) -> Iterator[str]:
    """Return lines that describe an artifact (.h5, .csv or .safetensors), or the row of one image in it.

    Parameters
    ----------
    path : a file that the pipeline made.
    image : an image id, or a file name as in the annotations; None describes the whole file.
    every : show all categories or rows, not only the first ``SHOWN``.

    Raises
    ------
    InputError
        When the file was not made by the pipeline, or has no such image.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; wanted an artifact, such as results/demo/labels/train.h5")
    limit = None if every else SHOWN
    if path.suffix == ".h5":
        return _hdf5(path, image, limit)
    if path.suffix == ".csv":
        return _csv(path, image, limit)
    if path.suffix == ".safetensors" and image is None:
        return _checkpoint(path)
    raise InputError(
        f"{path}: found {path.suffix or 'no suffix'}, wanted .h5 or .csv (or .safetensors, without an image)"
    )


def _hdf5(path: Path, image: str | None, limit: int | None) -> Iterator[str]:
    kind = hdf5.kind_of(path)
    with hdf5.reading(path, kind) as file:
        made_with = hdf5.attributes(file)
    if kind in ("features", "feature_shard", "picture_shard"):
        yield from _rows(path, kind, made_with, image)
    elif kind == "text_features":
        yield from _texts(path, kind, made_with)
    else:
        matrix = labels.read(os.fspath(path), kind)
        if image is None:
            made = ", ".join(f"{name} {value}" for name, value in made_with.items())
            yield from _matrix(
                matrix, kind, {"file": path, "kind": kind} | ({"made with": made} if made else {}), limit
            )
        else:
            yield from _row_of_matrix(matrix, kind, image, limit)


def _texts(path: Path, kind: str, made_with: dict[str, Any]) -> Iterator[str]:
    with hdf5.reading(path, kind) as file:
        category, texts = hdf5.strings(file, "category"), hdf5.strings(file, "text")
    yield from lines.facts({"file": path, "kind": kind, **made_with})
    yield ""
    yield from lines.table(
        ("category", "texts"), [(name, "; ".join(json.loads(own))) for name, own in zip(category, texts, strict=True)]
    )


def _matrix(matrix: labels.Matrix, kind: str, facts: dict[str, Any], limit: int | None) -> Iterator[str]:
    values = matrix.values
    facts |= {"images": len(values), "categories": len(matrix.category)}
    if matrix.split is not None:
        facts["split"] = ", ".join(
            f"{int((matrix.split == number).sum()):,} {labels.SPLITS[number]}" for number in (0, 1)
        )
    scores, known = values.dtype.kind == "f", np.ones(values.shape, bool)
    if kind == "logits":
        values = probabilities(values)
        facts["values"] = f"logits from {matrix.values.min(initial=0):.2f} to {matrix.values.max(initial=0):.2f}"
    if scores:
        facts["mean"] = f"{values.mean() if values.size else 0:.4f}" + (" (probability)" if kind == "logits" else "")
        column, unit = values.mean(0) if len(values) else np.zeros(len(matrix.category)), "mean"
    else:
        if kind == "labels":
            known = values != TrueLabel.UNKNOWN
        positive = values == CODES[kind].PRESENT
        per_image = positive.sum(1)[known.any(1)]
        facts["positives"] = (
            f"{per_image.sum():,}: {per_image.mean() if len(per_image) else 0:.3f} per image, "
            f"from {per_image.min(initial=len(matrix.category))} to {per_image.max(initial=0)}"
            if known.any()
            else "unknown"
        )
        facts["images without a positive"] = int((per_image == 0).sum()) if known.any() else "unknown"
        code, name = OTHERS[kind]
        if count := int((values == code).sum()):
            facts[name] = count
        column, unit = positive.sum(0), "positives"
    yield from lines.facts(facts)
    order = np.argsort(-column, kind="stable")
    rows = [
        (
            matrix.category[c],
            f"{column[c]:.4f}" if scores else f"{column[c]:,}" if known[:, c].any() else "unknown",
            _share(column[c], known[:, c].sum(), scores),
        )
        for c in order[:limit]
    ]
    yield ""
    yield from lines.table(("category", unit, "" if scores else "% of images"), rows)
    yield from lines.more(len(order), len(rows), "categories")


def _share(count: float, images: int, scores: bool) -> str:
    return "" if scores or not images else f"{100 * count / images:.1f}"


def _row_of_matrix(matrix: labels.Matrix, kind: str, image: str, limit: int | None) -> Iterator[str]:
    row, names = _row(Path(matrix.path), matrix.image_id, image)
    split = {} if matrix.split is None else {"split": labels.SPLITS[matrix.split[row]]}
    yield from lines.facts({"file": matrix.path, "row": row, "image_id": matrix.image_id[row]} | names | split)
    yield ""
    values = matrix.values[row]
    if values.dtype.kind == "f":
        order = np.argsort(-values, kind="stable")[:limit]
        heading = ("category", "logit", "probability") if kind == "logits" else ("category", labels.TARGET)
        score = probabilities(values)
        yield from lines.table(
            heading,
            [
                (matrix.category[c], f"{values[c]:.4f}", *([f"{score[c]:.4f}"] if kind == "logits" else []))
                for c in order
            ],
        )
        yield from lines.more(len(values), len(order), "categories")
        return
    marked = np.flatnonzero(values)
    if (values == TrueLabel.UNKNOWN).all() and kind == "labels":
        yield f"all {len(values):,} categories: unknown"
        return
    meaning = [CODES[kind](int(values[c])).name.lower() for c in marked]
    yield from lines.table(
        ("category", NAMES[kind]), list(zip([matrix.category[c] for c in marked], meaning, strict=True))
    )
    yield f"all other {len(values) - len(marked):,} categories: {'unobserved' if kind == 'observed' else 'absent'}"


def _row(path: Path, image_id: Sequence[str], image: str) -> tuple[int, dict[str, str]]:
    """Return the row of an image by its id, or by its file name where the manifest of the file's part has it."""
    if manifest_path := _manifest(path):
        images = manifest.read(manifest_path)
        names = dict(zip(images.image_id, images.file_name, strict=True))
        if image not in image_id and image in images.file_name:
            image = images.image_id[images.file_name.index(image)]
        if image in image_id:
            return image_id.index(image), {"file_name": names[image]} if image in names else {}
    if image in image_id:
        return image_id.index(image), {}
    some = ", ".join(image_id[:3])
    raise InputError(
        f"{path}: found no image {image!r}, wanted one of its {len(image_id):,} ids ({some}, ...) or their file names"
    )


def _manifest(path: Path) -> Path | None:
    """Return the manifest of the part that a file belongs to: in images/ of the nearest folder above that has one."""
    part = "test" if "test" in (path.stem.rpartition("_")[2], path.parent.name) else "train"
    candidates = (folder / "images" / f"{part}.csv" for folder in path.resolve().parents)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _rows(path: Path, kind: str, made_with: dict[str, Any], image: str | None) -> Iterator[str]:
    """Yield the facts of a file of features or pictures, or of one row of it."""
    with hdf5.reading(path, kind) as file:
        image_id, matrix = hdf5.strings(file, "image_id"), file["picture" if kind == "picture_shard" else "feature"]
        facts: dict[str, Any] = {"file": path, "kind": kind} | made_with
        if kind == "picture_shard":
            facts |= {"images": len(image_id), "size": f"{matrix.shape[1]} x {matrix.shape[2]} pixels"}
        else:
            facts |= {"images": len(image_id), "features": int(matrix.shape[1])}
        facts["stored as"] = str(matrix.dtype)
        if kind == "features":
            facts["shards"] = len(file["shard"])
        if image is not None:
            row, names = _row(path, image_id, image)
            values = matrix[row].astype(np.float32).ravel()
            facts |= {"row": row, "image_id": image_id[row]} | names
            facts["values"] = (
                f"mean {values.mean():.4f}, from {values.min():.4f} to {values.max():.4f}, {int((values == 0).sum()):,} are 0"
            )
            facts["first"] = " ".join(f"{value:.4f}" for value in values[:8])
        yield from lines.facts(facts)


def _csv(path: Path, image: str | None, limit: int | None) -> Iterator[str]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            columns = next(csv.reader(file), [])
        if not columns:
            raise InputError(f"{path}: found no columns, wanted a table of the pipeline")
        if records.path_of(path).is_file():
            records.verify(path)
        table = tables.parse(path)  # also what a rule writes for people alone, which has no record
    except (ValueError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV table ({error})") from error
    if image is not None:
        keys = [key for key in ("image_id", "file_name") if key in table]
        if not keys:
            raise InputError(
                f"{path}: found columns {', '.join(columns)}, wanted image_id or file_name to look for an image"
            )
        match = np.logical_or.reduce([table[key].astype(str) == image for key in keys])
        if not match.any():
            raise InputError(
                f"{path}: found no row with {' or '.join(keys)} {image!r}; the first is {table[keys[0]].iloc[0] if len(table) else 'missing'!r}"
            )
        table, limit = table[match], None
    facts = {"file": path, "rows": len(table)}
    if "image_id" in table:
        facts["images"] = int(table["image_id"].nunique())
    if image is None and "probability" in table:
        yield from _pseudo_labels(table, facts, limit)
        return
    yield from lines.facts(facts)
    yield ""
    yield from table.head(limit if limit is not None else len(table)).fillna("").to_string(index=False).splitlines()
    yield from lines.more(len(table), len(table) if limit is None else limit, "rows")


def _pseudo_labels(table: pd.DataFrame, facts: dict[str, Any], limit: int | None) -> Iterator[str]:
    """Yield counts by category of the table beside a file of pseudo-labels."""
    positive, present = table["pseudo"] >= POSITIVE_TARGET, table["true"] == TrueLabel.PRESENT
    known = table["true"].notna()
    marks = {"pseudo": positive, "observed": table["observed"] == ObservedLabel.PRESENT}
    if known.any():
        marks |= {"true": present, "wrong": positive & known & ~present, "missing": ~positive & present}
    counts = pd.DataFrame({name: mark.groupby(table["category"]).sum() for name, mark in marks.items()})
    counts = counts.sort_values("pseudo", ascending=False, kind="stable")
    if not known.any():
        facts["true labels"] = "unknown"
    yield from lines.facts(facts | {f"{name} labels": int(counts[name].sum()) for name in counts})
    yield ""
    rows = [
        (str(name), *(f"{value:,}" for value in row))
        for name, row in zip(counts.index[:limit], counts.to_numpy(), strict=False)
    ]
    yield from lines.table(("category", *counts), rows)
    yield from lines.more(len(counts), len(rows), "categories")


def _checkpoint(path: Path) -> Iterator[str]:
    arrays, description = checkpoints.load_all(path)
    backbone = [value for name, value in arrays.items() if name.startswith(checkpoints.BACKBONE)]
    weights = {name: value for name, value in arrays.items() if not name.startswith(checkpoints.BACKBONE)}
    categories = description.get("categories")
    facts: dict[str, Any] = {"file": path} | {
        name: str(value) for name, value in description.items() if name != "categories"
    }
    if isinstance(categories, list):
        facts["categories"] = (
            f"{len(categories):,}: {', '.join(map(str, categories[:5]))}{', ...' if len(categories) > 5 else ''}"
        )
    if backbone:
        facts["backbone"] = f"{len(backbone):,} tensors of {sum(value.size for value in backbone):,} numbers"
    yield from lines.facts(facts | {name: " x ".join(map(str, value.shape)) for name, value in weights.items()})
