"""Extraction: from paths of pictures to their features, for the cache and for new images alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from spml.features import backbones, images
from spml.features.devices import choose_precision
from spml.features.extractor import CPU_BATCH, Extractor
from spml.features.preprocessing import Preprocessing, resized


class Extraction(NamedTuple):
    """Features as they come, float32 [B, D], or [B, K, D] of K crops, and how they are computed."""

    batches: Iterator[np.ndarray]
    precision: str
    preprocessing: Preprocessing


def extract(
    paths: Sequence[str],
    options: Mapping[str, Any],
    weights: str,
    device: str,
    threads: int,
    batch_size: int,
    unreadable: dict[str, str] | None = None,
    trained: str | Sequence[str] = (),
) -> Extraction:
    """Return the features of pictures in batches, in order; without pictures there is one batch without rows.

    ``options`` and ``trained`` are those of ``spml.features.backbones.load``, with the precision; ``batch_size`` is used on a GPU only.
    Pictures that cannot be read are noted in ``unreadable``, unless it is None (spml.features.images.read_batches).
    """
    precision = choose_precision(options["precision"], device)
    torch.set_num_threads(1)  # each thread computes a batch of its own
    backbone = backbones.load(options, weights, trained)
    extractor = Extractor(backbone, precision, device, threads)
    if paths:
        size = CPU_BATCH if device == "cpu" else batch_size
        pictures = images.read_batches(paths, backbone.preprocessing, size, threads, unreadable)
        return Extraction(extractor(pictures), precision, backbone.preprocessing)
    blank = resized(Image.new("RGB", (1, 1)), backbone.preprocessing)[None]
    return Extraction((found[:0] for found in extractor([blank])), precision, backbone.preprocessing)
