"""What the gallery shows of pseudo-labels: per image the labels worth a look, per category how right they are over τ."""

import html
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from spml.runtime.errors import InputError

TOP = 3  # categories of each image that are shown whatever their label, by probability
VARIANTS = 52  # at most: the page keeps a bit for each in a number of JavaScript
UNKNOWN = 2  # in place of a true label


def entries(
    probability: np.ndarray, pseudo: Sequence[np.ndarray], observed: np.ndarray, true: np.ndarray
) -> dict[str, list[int]]:
    """The labels worth a look, image by image, as flat lists; those of image n are ``start[n]`` to ``start[n + 1]``.

    A label is worth a look where something says present (the truth, an observation, a pseudo-label of some variant), or
    where something was observed, or among the ``TOP`` of its image.

    Parameters
    ----------
    probability : float [N, L], the teacher's.
    pseudo : int8 [N, L] (or targets) for each variant.
    observed : int8 [N, L], 1 present, 0 unobserved, -1 observed absent.
    true : int8 [N, L], 1 present, 0 absent, -1 unknown.

    Returns
    -------
    ``start``, and per label ``category``, ``probability`` in thousandths, ``observed`` (as given), ``true`` (``UNKNOWN``
    where it is), ``pseudo`` and ``ignored``: a bit for each variant, the first the lowest.

    Raises
    ------
    InputError
        When there are more than ``VARIANTS`` variants.
    """
    if len(pseudo) > VARIANTS:
        raise InputError(f"gallery: found {len(pseudo)} sets of pseudo-labels, wanted at most {VARIANTS} on one page")
    shown = (true == 1) | (observed != 0)
    for labels in pseudo:
        shown |= labels >= 0.5
    best = np.argpartition(-probability, min(TOP, probability.shape[1]) - 1, axis=1)[:, :TOP]
    np.put_along_axis(shown, best, True, axis=1)
    image, category = np.nonzero(shown)
    order = np.lexsort((-probability[image, category], image))  # the most probable first
    image, category = image[order], category[order]
    at = image, category
    bits = {name: np.zeros(len(image), np.int64) for name in ("pseudo", "ignored")}
    for number, labels in enumerate(pseudo):
        values = labels[at]
        bits["pseudo"] |= (values >= 0.5).astype(np.int64) << number
        bits["ignored"] |= (values < 0).astype(np.int64) << number
    truth = true[at].astype(np.int64)
    columns = {
        "start": np.searchsorted(image, np.arange(len(true) + 1)),
        "category": category,
        "probability": np.rint(1000 * probability[at]).astype(np.int64),
        "observed": observed[at],
        "true": np.where(truth < 0, UNKNOWN, truth),
    }
    return {name: values.tolist() for name, values in (columns | bits).items()}


def disagreement(probability: np.ndarray, observed: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The largest difference between probability and label of each image, float [N]; 0 where no label is known.

    Where the truth is unknown (-1), what was observed counts in its place.
    """
    known = np.where(true >= 0, true, np.where(observed == 0, np.nan, observed == 1))
    return np.nan_to_num(np.abs(probability - known), nan=0.0).max(axis=1)


def counts(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> dict[str, list[int]]:
    """Per category, in images: ``pseudo``, ``judged`` (of these, the truth is known), ``right``, ``lost`` (observed, not pseudo)."""
    positive = pseudo >= 0.5
    columns = {
        "pseudo": positive,
        "judged": positive & (true >= 0),
        "right": positive & (true == 1),
        "lost": (observed == 1) & ~positive,
    }
    return {name: values.sum(0).tolist() for name, values in columns.items()}


def page(assets: dict[str, str], title: str, data: dict[str, Any]) -> str:
    """The page as HTML: the assets ``html``, ``css`` and ``js`` in one file with the data; nothing is fetched but the thumbnails.

    The data are JSON in which no tag can begin or end, so that names of files and categories stay text.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    parts = {"title": html.escape(title), "css": assets["css"], "js": assets["js"], "data": text}
    pieces = assets["html"].split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        filled += [parts[name], rest]
    return "".join(filled)
