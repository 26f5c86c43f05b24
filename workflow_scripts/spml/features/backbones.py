"""Frozen backbones: torchvision models without their classifier."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

from spml.features.folding import folded
from spml.features.precision import convert
from spml.runtime.errors import InputError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, of RGB in [0, 1]
CPU_BATCH = 8  # pictures per batch on a CPU; a constant, so that features do not depend on a setting of the machine
PREPROCESSING = "bilinear resize without aspect ratio, RGB in [0, 1], ImageNet mean and standard deviation"


def check_architecture(architecture: str) -> None:
    """Raise InputError unless torchvision has a classification model of that name."""
    known = torchvision.models.list_models(module=torchvision.models)
    if architecture not in known:
        raise InputError(
            f"backbone architecture: found {architecture!r}, wanted one of torchvision's: {', '.join(known)}"
        )


def load_backbone(architecture: str, weights: str | os.PathLike) -> nn.Module:
    """Return a torchvision model with these weights, float32 in evaluation mode, that maps [B, 3, S, S] to pooled features [B, D].

    Its last linear layer, the classifier, is left out; that layer may be of any size in the weights.

    Raises
    ------
    InputError
        When torchvision has no such model, or the file is no state dict of it.
    """
    check_architecture(architecture)
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds here
        raise InputError(f"{weights}: not a readable PyTorch state dict ({str(error).splitlines()[0]})") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(
            f"{weights}: found {type(state).__name__}, wanted a state dict (names to tensors) of {architecture}"
        )
    classifier = _classifier(architecture)
    weight = state.get(f"{classifier}.weight")
    classes = len(weight) if weight is not None and weight.ndim == 2 else 1000
    model = torchvision.models.get_model(architecture, weights=None, num_classes=classes)
    _require_fit(model, state, architecture, weights)
    model.load_state_dict(state)
    parent, _, name = classifier.rpartition(".")
    setattr(model.get_submodule(parent), name, nn.Identity())
    return model.eval().requires_grad_(False)


def _classifier(architecture: str) -> str:
    """Return the name of the last linear layer."""
    try:
        with torch.device("meta"):
            model = torchvision.models.get_model(architecture, weights=None)
    except NotImplementedError:  # RegNet reads numbers while it is built
        model = torchvision.models.get_model(architecture, weights=None)
    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise InputError(
            f"backbone architecture: {architecture} has no linear layer for a classifier; wanted another, such as resnet50"
        )
    return layers[-1]


def _require_fit(model: nn.Module, state: dict[str, Tensor], architecture: str, weights: str | os.PathLike) -> None:
    """Raise InputError unless the weights have the names and shapes of the model's."""
    expected = model.state_dict()
    needed = [name for name in expected if not name.endswith("num_batches_tracked")]
    missing = [name for name in needed if name not in state]
    foreign = [name for name in state if name not in expected]
    misshapen = [name for name in needed if name in state and state[name].shape != expected[name].shape]
    if missing or foreign or misshapen:
        first = (missing or foreign or misshapen)[0]
        raise InputError(
            f"{weights}: these weights do not fit {architecture}: {len(missing)} layers missing, {len(foreign)} unknown, "
            f"{len(misshapen)} of another shape (the first: {first}); wanted a torchvision {architecture} state dict"
        )


def normalise(pictures: np.ndarray, device: str) -> Tensor:
    """Return pictures uint8 [B, S, S, 3] as the input of a torchvision model, float32 [B, 3, S, S], on the device."""
    values = torch.from_numpy(pictures)
    if device == "cuda":
        values = values.pin_memory().to(device, non_blocking=True)
    return scaled(values)


def scaled(values: Tensor) -> Tensor:
    """Return pictures uint8 [B, S, S, 3] normalised, float32 [B, 3, S, S], on the device that they are on."""
    mean, std = (torch.tensor(numbers, device=values.device).view(3, 1, 1) for numbers in (MEAN, STD))
    return values.permute(0, 3, 1, 2).float().mul_(1 / (255 * std)).sub_(mean / std)


class Extractor:
    """A frozen backbone made fast: channels last, batch normalisation folded into the convolutions, one precision.

    On a CPU, each of ``threads`` threads computes a whole batch by itself, since the rounding of a convolution depends on
    the number of threads that share it, and on the size of the batch.
    """

    def __init__(self, model: nn.Module, precision: str, device: str, threads: int = 1) -> None:
        self._dtype, self._device, self._threads = getattr(torch, precision), device, threads
        if precision == "bfloat16":
            model = convert(model, device)
        else:
            traced = folded(model)
            model = (model if traced is None else traced).to(device)
        self.model = model.to(memory_format=torch.channels_last)

    def __call__(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield features float32 [B, D] of batches of pictures uint8 [B, S, S, 3], in order."""
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
        values = normalise(pictures, self._device).to(self._dtype, memory_format=torch.channels_last)
        return self.model(values)

    def _on_threads(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(self._threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            waiting: deque[Future[Tensor]] = deque()
            for pictures in batches:
                waiting.append(pool.submit(self._features, pictures))
                if len(waiting) > self._threads:
                    yield waiting.popleft().result().float().numpy()
            while waiting:
                yield waiting.popleft().result().float().numpy()
