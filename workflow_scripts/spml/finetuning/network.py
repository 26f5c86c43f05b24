"""The network that is trained: a backbone and a head, from pictures to logits."""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from spml.artifacts.checkpoints import BACKBONE
from spml.features.extractor import Scaled
from spml.features.libraries.catalog import Built
from spml.features.score_maps import map_layer
from spml.models.heads import Weights, initial_weights
from spml.runtime.errors import InputError


class Head(nn.Module):
    """A linear layer, or a hidden layer with a ReLU and dropout before it; its weights are named as in spml.models.heads."""

    def __init__(self, weights: Mapping[str, Tensor], dropout: float) -> None:
        super().__init__()
        self.hidden = _layer(weights, "hidden") if "hidden.weight" in weights else None
        self.dropout = nn.Dropout(dropout)
        self.output = _layer(weights, "output")

    def forward(self, features: Tensor) -> Tensor:
        if self.hidden is not None:
            features = self.dropout(self.hidden(features).relu())
        return self.output(features)


def _layer(weights: Mapping[str, Tensor], name: str) -> nn.Linear:
    """Return a linear layer with the weight [O, I] and the bias [O] of that name."""
    outputs, inputs = weights[f"{name}.weight"].shape
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    layer.load_state_dict({key: weights[f"{name}.{key}"] for key in ("weight", "bias")})
    return layer


class Network(nn.Module):
    """A backbone and a head: pictures uint8 [B, 3, S, S] to logits float32 [B, L], and to score maps where they are wanted.

    Convolutions are channels last. The backbone computes under autocast where ``precision`` is bfloat16; its weights, the
    head, the loss and the optimiser stay in float32.

    Parameters
    ----------
    built
        A backbone as spml.features.backbones.load returns it; its weights are trained from here on.
    head
        The weights of the head, one candidate, without the leading dimension of a stack.
    dropout
        The share of the hidden units of the head that is dropped in training.
    freeze_batch_norm
        Whether batch normalisation keeps its running statistics, and uses them, in training. Its scale and shift are
        trained in any case.
    compiled
        Whether torch.compile makes the backbone faster: results are equal up to rounding.
    maps
        Whether ``outputs`` gives score maps: what the head, a linear one, says of each cell of the last feature map.

    Raises
    ------
    InputError
        When maps are wanted and the backbone has none.
    """

    def __init__(
        self,
        built: Built,
        head: Mapping[str, Tensor],
        *,
        dropout: float = 0.0,
        freeze_batch_norm: bool = False,
        precision: str = "float32",
        compiled: bool = False,
        maps: bool = False,
    ) -> None:
        super().__init__()
        self.scaled = Scaled(built.preprocessing)
        self.backbone = built.model.requires_grad_(True).to(memory_format=torch.channels_last)
        self.head = Head(head, dropout)
        self.freeze_batch_norm, self.precision = freeze_batch_norm, precision
        self._features: Tensor | None = None  # the last feature map [B, D, G, G], where there are score maps
        if maps:
            layer = map_layer(built.model, built.preprocessing.size)
            self.backbone.get_submodule(layer).register_forward_hook(self._keep_features)
        if compiled:
            self.backbone.compile()  # in place: the names of the weights stay

    def forward(self, pictures: Tensor) -> Tensor:
        values = self.scaled(pictures.permute(0, 2, 3, 1))
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            try:
                features = self.backbone(values)
            except ValueError as error:
                if "more than 1 value per channel" not in str(error):
                    raise
                raise InputError(
                    f"batch normalisation: found {len(pictures)} picture in a batch, which has no variance in a feature map of "
                    "one cell; wanted another batch size (or micro_batch), or freeze_batch_norm: true"
                ) from error
        return self.head(features.float())

    def _keep_features(self, layer: nn.Module, inputs: object, features: Tensor) -> None:
        self._features = features

    def outputs(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return the logits [B, L] alone, or with the score maps [B, L, G, G], whose mean they are."""
        logits = self(pictures)
        if self._features is None:
            return (logits,)
        features, self._features = self._features.float(), None
        weight, bias = self.head.output.weight, self.head.output.bias
        return logits, nn.functional.conv2d(features, weight[:, :, None, None], bias)

    def train(self, mode: bool = True) -> "Network":
        super().train(mode)
        if self.freeze_batch_norm:
            for layer in _batch_norms(self):
                layer.eval()
        return self

    @contextlib.contextmanager
    def without_statistics(self) -> Iterator[None]:
        """Leave the running statistics of batch normalisation as they are, also in training mode."""
        layers = [layer for layer in _batch_norms(self) if layer.training and layer.track_running_stats]
        for layer in layers:
            layer.track_running_stats = False
        try:
            yield
        finally:
            for layer in layers:
                layer.track_running_stats = True

    def weights(self) -> dict[str, Tensor]:
        """Return the weights and buffers as a checkpoint names them; they share memory with the network."""
        backbone = {f"{BACKBONE}{name}": value for name, value in self.backbone.state_dict().items()}
        return dict(self.head.state_dict()) | backbone

    def trained(self) -> dict[str, nn.Parameter]:
        """Return what is trained, named as in ``weights``."""
        backbone = {f"{BACKBONE}{name}": value for name, value in self.backbone.named_parameters()}
        own = dict(self.head.named_parameters()) | backbone
        return {name: value for name, value in own.items() if value.requires_grad}


def _batch_norms(network: nn.Module) -> list[_BatchNorm]:
    return [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]


def first_head(kind: str, hidden: int, built: Built, categories: int, seed: int) -> Weights:
    """Return the initial weights of a head for the features of a backbone, as spml.models.heads draws them."""
    size = built.preprocessing.size
    with torch.no_grad():
        width = built.model.eval()(torch.zeros(1, 3, size, size)).shape[1]
    stack = initial_weights(kind, hidden, (width, categories), [seed])
    return {name: value[0] for name, value in stack.items()}
