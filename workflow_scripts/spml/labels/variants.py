"""The pseudo-labels of every variant and replicate, one after the other, beside the labels that they are compared with."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from spml.artifacts import blocks, hdf5, labels

Block = tuple[np.ndarray, np.ndarray, np.ndarray]  # pseudo-labels, observed and true labels of the same rows, [n, L]


def read(
    true: labels.MatrixFile,
    variants: Sequence[dict[str, Any]],
    pseudo_labels: Sequence[str],
    observed: Sequence[str],
) -> Iterator[tuple[dict[str, Any], Iterator[Block]]]:
    """Yield each variant, with the τ that it found where it names none, and the blocks of its training rows.

    ``pseudo_labels`` are files in the order of the variants, ``observed`` in that of their seeds, ascending. The blocks of
    a variant must be read before the next variant.
    """
    train = true.rows("train")
    seeds = sorted({variant["seed"] for variant in variants})
    observed_of = dict(zip(seeds, observed, strict=True))
    for variant, path in zip(variants, pseudo_labels, strict=True):
        with (
            labels.opening(path, "pseudo_labels") as pseudo,
            labels.opening(observed_of[variant["seed"]], "observed") as drawn,
        ):
            pseudo.require_same_as(true)
            drawn.require_same_as(true)
            tau = hdf5.attributes(pseudo.dataset.file).get("tau")
            known = {"tau": f"{tau:.4f}"} if tau is not None and not variant["tau"] else {}
            yield variant | known, _blocks(pseudo.select(train), drawn.select(train), true.select(train))


def _blocks(pseudo: blocks.Rows, observed: blocks.Rows, true: blocks.Rows) -> Iterator[Block]:
    for rows in blocks.row_blocks(pseudo.shape):
        yield pseudo[rows], observed[rows], true[rows]
