"""Backbone and head as one torch module from pictures to probabilities, and its export to files."""

import os
from collections.abc import Mapping

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from spml.features.extractor import Scaled
from spml.features.libraries.catalog import Built
from spml.features.preprocessing import CROPS, resized
from spml.models import similarity
from spml.models.kernels import KERNEL
from spml.runtime.files import writing

LARGEST_BATCH = 4096


class Kernel(nn.Module):
    """The kernel between features [B, D] and landmarks, float32 [B, M], as ``kernel_matrix`` of spml.models.kernels."""

    def __init__(self, mean: Tensor, unit: Tensor, width: Tensor) -> None:
        super().__init__()
        self.mean, self.unit, self.width = nn.Parameter(mean), nn.Parameter(unit), nn.Parameter(width)

    def forward(self, features: Tensor) -> Tensor:
        centred = features - self.mean
        length = centred.square().sum(1, keepdim=True).sqrt().clamp_min(torch.finfo(torch.float32).tiny)
        return torch.exp((nn.functional.linear(centred / length, self.unit) - 1) * (2 / self.width))


class Similarity(nn.Module):
    """Logits [B, L] of a head that was not trained, as ``text_logits`` of spml.models.similarity.

    It takes features [B, D], or of K crops [B, K, D] where ``crops`` says how they are taken together.
    """

    def __init__(self, weight: Tensor, offset: Tensor, crops: str) -> None:
        super().__init__()
        self.weight, self.offset, self.crops = nn.Parameter(weight), nn.Parameter(offset), crops

    def forward(self, features: Tensor) -> Tensor:
        length = features.square().sum(-1, keepdim=True).sqrt().clamp_min(torch.finfo(torch.float32).tiny)
        scores = nn.functional.linear(features / length, self.weight)
        if self.crops == "maximum":
            scores = scores.amax(1)
        elif self.crops == "attention":
            scores = (scores.softmax(1) * scores).sum(1)
        scores = scores - self.offset
        top = nn.functional.one_hot(scores.argmax(1), len(self.weight)) > 0
        shifted = scores - scores.amax(1, keepdim=True)
        exponential = torch.where(top, torch.zeros_like(shifted), shifted.exp())
        others = exponential.sum(1, keepdim=True)
        return torch.where(top, -others.log(), shifted - (others + 1 - exponential).log())


class Classifier(nn.Module):
    """A model from pictures to probabilities float32 [B, L].

    Pictures are uint8 [B, S, S, 3] as spml.features.preprocessing.resized makes them; [B, K, S, S, 3] of K crops, whose
    features are averaged, or which a head of texts takes each.
    """

    def __init__(self, backbone: Built, weights: Mapping[str, np.ndarray]) -> None:
        """Join the backbone and one head; ``weights`` as in spml.models.heads."""
        super().__init__()
        self.how = backbone.preprocessing
        self.averages = not similarity.takes_crops(weights)
        self.scaled, self.backbone = Scaled(self.how), backbone.model
        layers = tuple(layer for layer in ("hidden", "output") if f"{layer}.weight" in weights)
        self.head = nn.Sequential()
        if similarity.WEIGHT in weights:
            voting = next((crops for crops, name in similarity.CROPS.items() if name in weights), "")
            weight, offset = (
                torch.from_numpy(np.array(weights[name])) for name in (similarity.WEIGHT, similarity.OFFSET)
            )
            self.head.append(Similarity(weight, offset, voting))
        if KERNEL[0] in weights:
            self.head.append(Kernel(*(torch.from_numpy(np.array(weights[name])) for name in KERNEL)))
        for layer in layers:
            weight, bias = (torch.from_numpy(np.array(weights[f"{layer}.{name}"])) for name in ("weight", "bias"))
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            linear.weight, linear.bias = nn.Parameter(weight), nn.Parameter(bias)
            self.head.append(linear)
            if layer == "hidden":
                self.head.append(nn.ReLU())
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.backbone(self.scaled(pictures.flatten(0, -4)))
        if self.how.crops != 1:
            features = features.unflatten(0, (-1, len(CROPS[self.how.crops])))
            features = features.mean(1) if self.averages else features
        return torch.sigmoid(self.head(features))


def export(classifier: Classifier, program: str | os.PathLike, onnx: str | os.PathLike) -> None:
    """Write a ``torch.export`` program and an ONNX file, both for batches of 1 to ``LARGEST_BATCH`` pictures."""
    blank = resized(Image.new("RGB", (1, 1)), classifier.how)
    example = torch.from_numpy(np.stack([blank] * 2))
    sizes = {"pictures": {0: torch.export.Dim("batch", min=1, max=LARGEST_BATCH)}}
    exported = torch.export.export(classifier, (example,), dynamic_shapes=sizes)
    with writing(program) as part, open(part, "wb") as file:  # by its name, torch would add a suffix
        torch.export.save(exported, file)
    with writing(onnx) as part:
        written = torch.onnx.export(
            exported, dynamo=True, input_names=["pictures"], output_names=["probabilities"], verbose=False
        )
        assert written is not None
        written.save(part, external_data=False)
