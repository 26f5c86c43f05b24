"""Checks of teachers that compare pictures with texts: one line per mistake."""

from collections.abc import Iterator

from plan.errors import unknown
from plan.experiment import Experiment

ALLOWED = {"text", "label"}  # keys of a teacher with text


def text(experiment: Experiment) -> Iterator[str]:
    """Yield teachers with neither loss nor text, with keys beside text that nothing reads, or with an unfit backbone."""
    for name, entry in experiment.teachers.items():
        key = f"teachers.{name}"
        if not entry.text:
            if not entry.loss:
                yield f"{key}.loss: found nothing, wanted the name of a loss (docs/methods.md has all), or text in its place"
            continue
        for other in sorted(entry.model_fields_set - ALLOWED):
            if getattr(entry, other) is not None:
                yield f"{key}.{other}: found {_shown(entry, other)!r}, wanted nothing: a teacher with text is not trained"
        yield from _backbone(experiment, f"{key}.text.backbone", entry.text.backbone)
        backbone = experiment.config.backbones.get(entry.text.backbone)
        if backbone and backbone.crops == 1 and entry.text.crops != "mean":
            yield (
                f"{key}.text.crops: found {entry.text.crops}, wanted mean, or crops: 5 or grid in "
                f"backbones.{entry.text.backbone}"
            )


def _shown(entry: object, key: str) -> object:
    """Return the value of a key as the configuration has it, a loss by its name."""
    value = getattr(entry, key)
    return getattr(value, "name", value)


def _backbone(experiment: Experiment, key: str, name: str) -> Iterator[str]:
    """Yield a backbone that is not there, or that is no image-text model as a whole."""
    yield from unknown(key, name, list(experiment.config.backbones))
    if not (backbone := experiment.config.backbones.get(name)):
        return
    if backbone.library != "open_clip":
        yield f"{key}: found {name!r} of library {backbone.library}, wanted an image-text model: library open_clip"
    elif backbone.view != "pooled":
        yield f"{key}: found {name!r} with view {backbone.view}, wanted view: pooled, which is compared with texts"
