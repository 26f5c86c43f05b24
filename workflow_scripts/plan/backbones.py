"""Which backbone the features of a model come from: one of the configuration, or one that was trained with a model.

``backbone``, as the wildcard of that name, is a name of the configuration, or the folder of a trained model
(teachers/tuned/seed_1200): its features are those of the backbone that was trained with it.
"""

from collections.abc import Iterator

from plan import paths, rows
from plan.config import Backbone, FileBackbone, ModelBackbone
from plan.experiment import Experiment, as_list, parse_reference


def is_model(backbone: str) -> bool:
    """Return whether a backbone was trained with a model."""
    return "/" in backbone


def of_model(experiment: Experiment, model: str) -> str:
    """Return the backbone whose features the head of a model takes; ``model`` is its folder."""
    return model if experiment.is_trained(experiment.entry_of(model)) else start(experiment, model)


def start(experiment: Experiment, model: str) -> str:
    """Return the backbone that a model starts from: that of its features, unless it trains its own."""
    seed = paths.model_parts(model)[2]
    return resolved(experiment, experiment.backbone(experiment.entry_of(model)), seed)


def resolved(experiment: Experiment, name: str, seed: str | int) -> str:
    """Return the folder of the model that a backbone of the configuration names, or the name itself.

    ``seed`` is the replicate of the model that uses it, which such a backbone follows unless it names one.
    """
    entry = experiment.config.backbones[name]
    if not isinstance(entry, ModelBackbone):
        return name
    return experiment.folder(*parse_reference(entry.reference), seed if entry.seed is None else entry.seed)


def name_of(experiment: Experiment, backbone: str) -> str:
    """Return the name of the configuration for a backbone; of one that was trained, the one that training began with."""
    while is_model(backbone):
        backbone = start(experiment, backbone)
    return backbone


def network(experiment: Experiment, backbone: str) -> Backbone:
    """Return the entry of the network of a backbone."""
    entry = experiment.config.backbones[name_of(experiment, backbone)]
    if not isinstance(entry, Backbone):
        raise ValueError(f"backbone {backbone} is features of files")  # no rule asks: shard_features tells them apart
    return entry


def is_file(experiment: Experiment, backbone: str) -> bool:
    """Return whether the features of a backbone come from files."""
    return isinstance(experiment.config.backbones[name_of(experiment, backbone)], FileBackbone)


def gives_logits(experiment: Experiment, backbone: str) -> bool:
    """Return whether a backbone gives logits in place of features: one that was trained with boosted score maps."""
    return is_model(backbone) and experiment.loss(experiment.entry_of(backbone)).get("boost", 1) != 1


def trained_checkpoint(experiment: Experiment, backbone: str) -> str | list[str]:
    """Return the checkpoint that holds a backbone, where it was trained with a model."""
    return paths.checkpoint(experiment.dataset, backbone) if is_model(backbone) else []


def extracted(experiment: Experiment) -> list[str]:
    """Return the backbones whose features some model takes, or begins with, sorted; names of the configuration first."""
    found = {backbone for model in rows.model_folders(experiment) for backbone in _of(experiment, model)}
    return sorted(found, key=lambda backbone: (is_model(backbone), backbone))


def _of(experiment: Experiment, model: str) -> Iterator[str]:
    yield of_model(experiment, model)
    if experiment.mode(experiment.entry_of(model)) == "linear_init":
        yield start(experiment, model)


def of_pool(experiment: Experiment) -> list[str]:
    """Return the backbones whose features of the pool some student needs, its own and those of its teachers, sorted."""
    found = set()
    for name, student in experiment.students.items():
        labels = experiment.pseudo_labels[student.pseudo_labels]
        if labels.split == "pool":
            for seed in experiment.seeds:
                folders = [experiment.folder(name, variant, seed) for variant in experiment.variants(name)]
                folders += experiment.folders(as_list(labels.teacher), seed)
                found |= {of_model(experiment, folder) for folder in folders}
    return sorted(found)
