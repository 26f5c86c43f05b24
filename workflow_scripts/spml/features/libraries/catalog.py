"""The libraries that backbones come from, one module each.

A module has three functions. ``remote(options)`` tells where the library keeps the weights. ``build(options, path)``
returns the network from normalised pictures float32 [B, 3, S, S] to features [B, D], with its preprocessing.
``packaged(options)`` returns weights that come as a Python package, where the module has it. ``options`` are those of
``plan.features.extraction``. An unknown model or view is an InputError that lists what is known.
"""

import importlib
from types import ModuleType
from typing import Any, NamedTuple

from torch import nn

from spml.features.named import MODULES
from spml.features.preprocessing import Preprocessing
from spml.features.weights import State


class Remote(NamedTuple):
    """Where the weights of a model lie: at an address, in a repository of the Hugging Face hub, or in a local folder.

    Attributes
    ----------
    url, sha256 : an address, and the first digits of the checksum of its file, empty where none is known
    repository : name/name of the hub, perhaps with @revision
    folder : a local folder with the files of such a repository
    names : names of the file of weights there; the first that is there is taken
    config : the name of the file there that describes the network; empty where the library knows it
    """

    url: str = ""
    sha256: str = ""
    repository: str = ""
    folder: str = ""
    names: tuple[str, ...] = ()
    config: str = ""


class Packaged(NamedTuple):
    """Weights out of a Python package: the state dict under the library's names, their description, and the source."""

    state: State
    config: dict[str, Any]
    source: str


class Built(NamedTuple):
    """A network from normalised pictures float32 [B, 3, S, S] to features [B, D], frozen, and what it wants of pictures."""

    model: nn.Module
    preprocessing: Preprocessing


def module(library: str) -> ModuleType:
    """Return the module of a library; it imports that library alone."""
    return importlib.import_module(MODULES[library])
