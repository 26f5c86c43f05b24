"""The forward pass of a frozen backbone, made fast."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from spml.features.folding import folded
from spml.features.libraries.catalog import Built
from spml.features.precision import convert
from spml.features.preprocessing import Preprocessing

CPU_BATCH = 8  # pictures per batch on a CPU; a constant, so that features do not depend on a setting of the machine


class Scaled(nn.Module):
    """Pictures uint8 [B, S, S, 3] to what a network sees, float32 [B, 3, S, S]."""

    factor: Tensor
    shift: Tensor

    def __init__(self, how: Preprocessing) -> None:
        super().__init__()
        mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (how.mean, how.std))
        self.register_buffer("factor", 1 / (255 * std), persistent=False)
        self.register_buffer("shift", mean / std, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.permute(0, 3, 1, 2).float() * self.factor - self.shift


class Extractor:
    """A frozen backbone made fast: channels last, batch normalisation folded into the convolutions, one precision.

    On a CPU, each of ``threads`` threads computes a whole batch by itself, since the rounding of a convolution depends on
    the number of threads that share it, and on the size of the batch.
    """

    def __init__(self, backbone: Built, precision: str, device: str, threads: int = 1) -> None:
        self._dtype, self._device, self._threads = getattr(torch, precision), device, threads
        self.scaled = Scaled(backbone.preprocessing).to(device)
        if precision == "bfloat16":
            model = convert(backbone.model, device)
        else:
            traced = folded(backbone.model)
            model = (backbone.model if traced is None else traced).to(device)
        self.model = model
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                layer.to(memory_format=torch.channels_last)

    def __call__(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield features float32 [B, D] of batches of pictures uint8 [B, S, S, 3], in order; [B, K, D] of [B, K, S, S, 3]."""
        if self._device == "cpu":
            yield from self._on_threads(batches)
            return
        waiting: Tensor | None = None  # features of the previous batch, copied while this one is computed
        for pictures in batches:
            features = self._features(pictures)
            if waiting is not None:
                yield waiting.float().cpu().numpy()
            waiting = features
        if waiting is not None:
            yield waiting.float().cpu().numpy()

    @torch.no_grad()
    def _features(self, pictures: np.ndarray) -> Tensor:
        values = torch.from_numpy(pictures)
        if self._device == "cuda":
            values = values.pin_memory().to(self._device, non_blocking=True)
        scaled = self.scaled(values.flatten(0, -4)).to(self._dtype, memory_format=torch.channels_last)
        return self.model(scaled).unflatten(0, pictures.shape[:-3])

    def _on_threads(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(self._threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            waiting: deque[Future[Tensor]] = deque()
            for pictures in batches:
                waiting.append(pool.submit(self._features, pictures))
                if len(waiting) > self._threads:
                    yield waiting.popleft().result().float().numpy()
            while waiting:
                yield waiting.popleft().result().float().numpy()
