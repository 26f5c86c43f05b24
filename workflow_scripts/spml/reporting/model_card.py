"""The card of a model, as Markdown: what it is, what it was made from, how good it is, what it is not for.

Source of the headings: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spml.evaluation import metrics, results
from spml.evaluation.average_precision import average_precision, mean_average_precision


def measure(
    probability: np.ndarray, true: np.ndarray, threshold: np.ndarray, category: Sequence[str]
) -> tuple[dict[str, float], pd.DataFrame]:
    """Numbers on the test split, from matrices [N, L] and thresholds [L]: overall, and a row per category; in percent.

    Only what is known of the true labels (not -1) counts; overall there is nothing where nothing is.
    """
    precision = average_precision(probability, true)
    published, present = mean_average_precision(precision)
    known = true >= 0
    predicted, positive = known & (probability > threshold), true == 1
    overall_f1, category_f1 = metrics.f1(predicted, positive)
    hits = (predicted & positive).sum(0)
    with np.errstate(invalid="ignore"):
        by_category = pd.DataFrame(
            {
                "category": list(category),
                "test positives": np.where(known.any(0), positive.sum(0).astype(str), "–"),
                "AP": 100 * precision,
                "precision": 100 * hits / predicted.sum(0),
                "recall": 100 * hits / positive.sum(0),
            }
        )
    overall = {"map": published, "map_present": present, "of1": overall_f1, "cf1": category_f1}
    return overall if known.any() else {}, by_category


def card(
    choice: Mapping[str, Any],
    options: Mapping[str, Any],
    measured: tuple[Mapping[str, float], pd.DataFrame],
    *,
    images: Mapping[str, int],
    positives: Sequence[float],
    files: Sequence[Mapping[str, Any]],
    versions: Mapping[str, str],
    code: Mapping[str, Any],
) -> str:
    """The text. ``choice`` as in model.json, ``options`` how it was trained, ``images`` by split.

    ``positives`` [L] are those of the training rows, NaN where no label of a category is known.
    """
    overall, by_category = measured
    model, backbone = choice["model"], choice["backbone"]
    name = results.name_of(model["kind"], model["name"], model["variant"])
    table = by_category.assign(threshold=[choice["thresholds"][c] for c in by_category["category"]])
    table.insert(1, "training positives", ["–" if np.isnan(count) else f"{count:.0f}" for count in positives])
    never = [c for c, count in zip(table["category"], positives, strict=True) if count == 0]
    borrowed = [c for c, count in choice["positives"].items() if not count]
    size = backbone["image_size"]
    lines = [
        f"# {_text(choice['dataset'])}: {name}, replicate {choice['seed']}",
        "",
        f"A multi-label image classifier: for a picture, the probability of each of {len(table):,} categories. A head on the",
        f"features of a frozen {backbone['architecture']} that sees pictures resized to {size} x {size} pixels (bilinear, aspect ratio not",
        "kept, RGB).",
        "",
        "## Training",
        "",
        f"- Data set {_text(choice['dataset'])}: {images['train']:,} images to train on, {images['val']:,} for validation, {images['test']:,} to test.",
        *_training(model, options),
        f"- Head, loss and search: `{json.dumps(options['training'], ensure_ascii=False)}`.",
        f"- Chosen {'of ' + str(choice['candidates']) + ' variants ' if choice['candidates'] > 1 else ''}on validation (labels: "
        f"{choice['validation_labels']}), its mAP there {choice['val_map']:.2f} %.",
        "",
        "## Metrics",
        "",
        *(_metrics(overall) if overall else ["Not measured: no true label of a test image is known."]),
        "",
        "## Thresholds",
        "",
        f"A category is present where its probability is above its threshold: the one of the highest F1 on validation (labels: {choice['validation_labels']}).",
        "",
        "| " + " | ".join(map(str, table)) + " |",
        "|" + "---|" * len(table.columns),
        *_rows(table),
        "",
        "## Limits",
        "",
        "- The backbone was not trained on these pictures: what its features do not tell apart, no threshold will.",
        "- Probabilities of models trained on single positives or pseudo-labels are not calibrated: compare them within a category.",
        "- Pictures of another kind than the data set's, and categories that are not in the table, were never tried.",
        *([f"- Without a training positive, hence never learnt: {', '.join(map(_text, never))}."] if never else []),
        *(
            [
                f"- Without a validation positive, threshold {choice['threshold']:.4f} as of all categories together: {', '.join(map(_text, borrowed))}."
            ]
            if borrowed
            else []
        ),
        "",
        "## Files and use",
        "",
        "| file | bytes | sha256 |",
        "|---|---|---|",
        *(f"| `{os.path.basename(file['path'])}` | {file['bytes']:,} | `{file['sha256']}` |" for file in files),
        "",
        "`model.onnx` and `model.pt2` hold backbone and head, in float32, and take pictures as they are, uint8 [batch, "
        f"{size}, {size}, 3];",
        "`checkpoint.safetensors` is the head alone, `model.json` has the thresholds.",
        "",
        "```python",
        "import json, numpy, onnxruntime",
        "from PIL import Image",
        "",
        'choice = json.load(open("model.json", encoding="utf-8"))',
        'session = onnxruntime.InferenceSession("model.onnx")',
        f'picture = Image.open("picture.jpg").convert("RGB").resize(({size}, {size}), Image.Resampling.BILINEAR)',
        'probabilities = session.run(None, {"pictures": numpy.asarray(picture)[None]})[0][0]',
        'print([name for name, p in zip(choice["thresholds"], probabilities) if p > choice["thresholds"][name]])',
        "",
        '# or: torch.export.load("model.pt2").module()(torch.from_numpy(numpy.array(picture))[None])',
        "```",
        "",
        f"Made with {', '.join(f'{package} {version}' for package, version in versions.items())}; commit {code['commit'] or 'unknown'}"
        f"{' with changes' if code['changed_files'] else ''}.",
    ]
    return "\n".join(lines) + "\n"


def _training(model: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    if model["kind"] == "teachers":
        given = "the true labels" if options["training"].get("labels") else "the observed labels"
        return [f"- Trained on {given}."]
    made = options["pseudo_labels"][model["variant"]]
    parameters = ", ".join(f"{key} {value}" for key, value in made["parameters"].items())
    return [
        f"- Trained on pseudo-labels: rule `{made['rule']}`{f' ({parameters})' if parameters else ''} on the probabilities of "
        f"{', '.join(made['teacher'])}{', what was observed put back' if made['keep_observed'] else ''}.",
    ]


def _metrics(overall: Mapping[str, float]) -> list[str]:
    return [
        "On the test split, in percent; nothing was chosen on it.",
        "",
        "| mAP | mAP, categories present | OF1 | CF1 |",
        "|---|---|---|---|",
        "| " + " | ".join(_number(overall[key]) for key in ("map", "map_present", "of1", "cf1")) + " |",
        "",
        "mAP is the mean of the average precisions (AP) over categories, one without test positives counting as 0; OF1 and CF1 are the F1",
        "of overall precision and recall and of their means over categories, at the thresholds below.",
    ]


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _rows(table: pd.DataFrame) -> list[str]:
    shown = table.copy()
    for column in table:
        if column == "category":
            shown[column] = table[column].map(_text)
        elif column == "threshold":
            shown[column] = table[column].map("{:.4f}".format)
        elif table[column].dtype.kind == "f":
            shown[column] = table[column].map(_number)
    return ["| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)]


def _text(name: str) -> str:
    """A name that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>()#+-!|~&" else sign for sign in name)
