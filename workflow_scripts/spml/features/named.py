"""How backbones and their weights are named; light, since the planning half reads it."""

ENDINGS = (".safetensors", ".pth", ".pt", ".bin")  # of files of weights
MODULES = {  # library to its module
    "torchvision": "spml.features.libraries.torchvision_models",
    "timm": "spml.features.libraries.timm_models",
    "open_clip": "spml.features.libraries.open_clip_models",
}
HUB, FOLDER = (
    "hf-hub:",
    "local-dir:",
)  # before a model's name: a repository of the Hugging Face hub, or a folder like it


def is_file(weights: str | None) -> bool:
    """Return whether weights are named by the path of a file: it has a slash or one of these endings."""
    return bool(weights) and ("/" in str(weights) or str(weights).endswith(ENDINGS))
