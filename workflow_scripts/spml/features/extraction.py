"""Extraction: from paths of pictures to their features, for the cache and for new images alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from spml.features import backbones, images
from spml.features.devices import choose_precision


def extract(
    paths: Sequence[str],
    options: Mapping[str, Any],
    weights: str,
    device: str,
    threads: int,
    batch_size: int,
    unreadable: dict[str, str] | None = None,
) -> tuple[str, Iterator[np.ndarray]]:
    """Return the precision that the backbone computes in, and an iterator of its features, float32 [B, D], in batches in order.

    Without pictures there is one batch [0, D].

    ``options`` are the architecture, image_size and precision of a backbone; ``batch_size`` is used on a GPU only. Pictures
    that cannot be read are noted in ``unreadable``, unless it is None (spml.features.images.read_batches).
    """
    precision = choose_precision(options["precision"], device)
    torch.set_num_threads(1)  # each thread computes a batch of its own
    model = backbones.load_backbone(options["architecture"], weights)
    size = backbones.CPU_BATCH if device == "cpu" else batch_size
    extractor = backbones.Extractor(model, precision, device, threads)
    if not paths:
        blank = np.zeros((1, options["image_size"], options["image_size"], 3), np.uint8)
        return precision, (features[:0] for features in extractor([blank]))
    return precision, extractor(images.read_batches(paths, options["image_size"], size, threads, unreadable))
