"""Frozen backbones: torchvision models without their classifier."""

import copy
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from spml.errors import InputError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, of RGB in [0, 1]
PREPROCESSING = "bilinear resize without aspect ratio, RGB in [0, 1], ImageNet mean and standard deviation"
SAMPLED = 4  # batches whose time says how long the rest will take
SAVED = 0.2  # share of the time that compiled code saves, at least
COMPILATION = 60.0  # seconds that compiling takes, at most, a cold start on two cores


def check_architecture(architecture: str) -> None:
    """Raise InputError unless torchvision has a classification model of that name."""
    known = torchvision.models.list_models(module=torchvision.models)
    if architecture not in known:
        raise InputError(
            f"backbone architecture: found {architecture!r}, wanted one of torchvision's: {', '.join(known)}"
        )


def load_backbone(architecture: str, weights: str | os.PathLike) -> nn.Module:
    """A torchvision model with these weights, float32 in evaluation mode, that maps [B, 3, S, S] to pooled features [B, D].

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
    with torch.device("meta"):
        classifier = _classifier(torchvision.models.get_model(architecture, weights=None))
    weight = state.get(f"{classifier}.weight")
    classes = len(weight) if weight is not None and weight.ndim == 2 else 1000
    model = torchvision.models.get_model(architecture, weights=None, num_classes=classes)
    _require_fit(model, state, architecture, weights)
    model.load_state_dict(state)
    parent, _, name = classifier.rpartition(".")
    setattr(model.get_submodule(parent), name, nn.Identity())
    return model.eval().requires_grad_(False)


def _classifier(model: nn.Module) -> str:
    """The name of the last linear layer."""
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]


def _require_fit(model: nn.Module, state: dict[str, Tensor], architecture: str, weights: str | os.PathLike) -> None:
    wanted = model.state_dict()
    needed = [name for name in wanted if not name.endswith("num_batches_tracked")]
    missing = [name for name in needed if name not in state]
    foreign = [name for name in state if name not in wanted]
    unlike = [name for name in needed if name in state and state[name].shape != wanted[name].shape]
    if missing or foreign or unlike:
        first = (missing or foreign or unlike)[0]
        raise InputError(
            f"{weights}: these weights do not fit {architecture}: {len(missing)} layers missing, {len(foreign)} unknown, "
            f"{len(unlike)} of another shape (the first: {first}); wanted a torchvision {architecture} state dict"
        )


def normalise(pictures: np.ndarray, device: str) -> Tensor:
    """uint8 [B, S, S, 3] to the input of a torchvision model, float32 [B, 3, S, S]."""
    values = torch.from_numpy(pictures)
    if device == "cuda":
        values = values.pin_memory().to(device, non_blocking=True)
    values = values.permute(0, 3, 1, 2).float() / 255
    mean, deviation = torch.tensor(MEAN, device=device), torch.tensor(DEVIATION, device=device)
    return (values - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)


class Extractor:
    """A frozen backbone made fast: channels last, batch normalisation folded into the convolutions, one precision.

    On a CPU with a C++ compiler it is compiled (Inductor, weights as constants) once the run is seen to be long enough
    to earn that back. Both forms compute in the same precision; they differ by its rounding.
    """

    def __init__(self, model: nn.Module, precision: str, device: str) -> None:
        self._dtype, self._device = getattr(torch, precision), device
        self.model = _folded(model).to(device=device, dtype=self._dtype)
        self.model = self.model.to(memory_format=torch.channels_last)
        self._forward: Callable[[Tensor], Tensor] = self.model

    def __call__(self, batches: Iterable[np.ndarray], images: int) -> Iterator[np.ndarray]:
        """Features float32 [B, D] of batches of pictures uint8 [B, S, S, 3], ``images`` in all."""
        waiting: Tensor | None = None  # on a GPU, the features of one batch come back while the next is computed
        begun, done, size = time.perf_counter(), 0, 0
        for number, pictures in enumerate(batches):
            features = self._compute(pictures, size)
            if waiting is not None:
                yield waiting.float().cpu().numpy()
            waiting, size, done = features, max(size, len(pictures)), done + len(pictures)
            if number == 0:  # the first is slower
                begun, done = time.perf_counter(), 0
            elif number == SAMPLED and self._device == "cpu":
                left = (images - done) * (time.perf_counter() - begun) / done
                if left * SAVED > COMPILATION and has_compiler():
                    print(f"{left:.0f} s to go: compiling the backbone", flush=True)
                    self.compile(pictures)
        if waiting is not None:
            yield waiting.float().cpu().numpy()

    @torch.no_grad()
    def _compute(self, pictures: np.ndarray, size: int = 0) -> Tensor:
        """Features [B, D]; fewer pictures than ``size`` are filled up, so that compiled code sees one shape."""
        count = len(pictures)
        if count < size:
            pictures = np.concatenate([pictures, np.zeros((size - count, *pictures.shape[1:]), np.uint8)])
        values = normalise(pictures, self._device).to(self._dtype, memory_format=torch.channels_last)
        return self._forward(values)[:count]

    def compile(self, pictures: np.ndarray) -> None:
        """Compile for batches of this shape; a model or a compiler that Inductor cannot work with changes nothing."""
        start = time.perf_counter()
        self._forward = torch.compile(self.model, dynamic=False, options={"freezing": True})
        try:
            self._compute(pictures)
        except Exception as error:  # of any kind: it comes from the compiler
            print(f"not compiled: {error}")
            self._forward = self.model
        else:
            print(f"compiled in {time.perf_counter() - start:.0f} s", flush=True)


def has_compiler() -> bool:
    """Whether there is the C++ compiler that Inductor would call."""
    return shutil.which(os.environ.get("CXX", "g++")) is not None


def _folded(model: nn.Module) -> nn.Module:
    """A copy with every batch normalisation folded into the convolution before it, where the model can be traced."""
    try:
        return fuse(model)
    except torch.fx.proxy.TraceError as error:
        print(f"batch normalisation is not folded: {error}")
        return copy.deepcopy(model)
