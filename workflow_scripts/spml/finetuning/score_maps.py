"""A linear head that moves into its backbone, where positive cells of the class activation map are boosted."""

import torch

from spml.features.libraries.catalog import Built
from spml.features.score_maps import boosted
from spml.models.heads import Weights


def with_boost(built: Built, head: Weights, boost: float) -> tuple[Built, Weights]:
    """Return the backbone with a head on the cells of its last feature map, and the head that is left: the identity.

    The backbone then gives logits [B, L] in place of features, and all that reads a model works as for any other. The
    identity must not be trained.

    Parameters
    ----------
    built
        A network as spml.features.backbones.load returns it; it is changed in place.
    head
        The weights of a linear head, as spml.models.heads names them, without the dimension of a stack.
    boost
        The factor of positive cells, from 1; published: 5.

    Raises
    ------
    InputError
        When the network has no map whose mean are the features.
    """
    weight, bias = head["output.weight"], head["output.bias"]
    return boosted(built, weight, bias, boost), {
        "output.weight": torch.eye(len(weight)),
        "output.bias": torch.zeros(len(weight)),
    }
