"""The building blocks of the configuration: names, numbers, and models of losses and rules, made from their registries."""

import functools
import operator
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, BeforeValidator, Field

from spml.labels.pseudo_labels import RULES, PseudoLabelRule
from spml.losses.catalog import LOSSES
from spml.registry import REQUIRED, Hyperparameter

NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.-]*"
SEED_LIMIT = 2**32 - 1  # the largest seed of numpy.random.RandomState


Name = Annotated[
    str,
    Field(
        pattern=f"^{NAME_PATTERN}$",
        max_length=100,  # folders and logs are named by it
        description='a name of letters, digits, "_", "." and "-", at most 100, the first a letter or digit',
    ),
]
Path = Annotated[str, Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, le=SEED_LIMIT)]


def _once(values: list) -> list:
    if len({str(value) for value in values}) < len(values):
        raise ValueError("repeated entries")
    return values


Once = pydantic.AfterValidator(_once)  # for a list: each entry once


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


Printable = pydantic.AfterValidator(_printable)  # for text: no character that pages and figures cannot show


class Section(BaseModel):
    """A section of the configuration: no unknown keys, no text for a number, no number for a switch, no infinity or NaN."""

    model_config = pydantic.ConfigDict(
        extra="forbid", strict=True, frozen=True, protected_namespaces=(), allow_inf_nan=False
    )


def partial(model: type[Section], name: str, keys: Collection[str] = ()) -> type[Section]:
    """Return the model, or some of its keys, with every key optional; ``model_fields_set`` tells which were named."""
    fields: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        if keys and key not in keys:
            continue
        annotation: Any = field.annotation
        for extra in field.metadata:
            annotation = Annotated[annotation, extra]
        fields[key] = (annotation, Field(default=None, description=field.description))
    return pydantic.create_model(name, __base__=Section, __doc__=model.__doc__, **fields)


# -- losses and rules of pseudo-labels, from the registries


def _hyperparameter(entry: Hyperparameter) -> tuple[Any, Any]:
    """Return the pydantic field of a hyperparameter."""
    limits = {"gt": entry.above, "ge": entry.minimum, "lt": entry.below, "le": entry.maximum}
    bounds: dict[str, Any] = {key: limit for key, limit in limits.items() if limit is not None}
    annotation: Any = Annotated[float, Field(**bounds)]
    if entry.kind == "integer":
        annotation = Annotated[int, Field(**bounds)]
    if entry.kind == "pair":
        annotation = Annotated[list[annotation], Field(min_length=2, max_length=2)]
    elif entry.kind == "rates":
        annotation = dict[str, annotation]
    elif entry.kind == "choice":
        annotation = Literal[entry.choices]
    if entry.nullable:
        annotation = annotation | None
    default: Any = ... if entry.default is REQUIRED else entry.default
    if isinstance(default, tuple):
        default = list(default)
    return annotation, Field(default, description=entry.description)


def _union(models: list[Any], discriminator: str) -> Any:
    return Annotated[functools.reduce(operator.or_, models), Field(discriminator=discriminator)]


def _loss_model(name: str) -> Any:
    fields: dict[str, Any] = {"name": (Literal[name], ...)}
    fields |= {entry.name: _hyperparameter(entry) for entry in LOSSES[name].hyperparameters}
    return pydantic.create_model(f"loss_{name}", __base__=Section, **fields)


def _as_section(loss: Any) -> Any:
    return {"name": loss} if isinstance(loss, str) else loss


if TYPE_CHECKING:  # models that are made at run time have no static type
    Loss = Any
else:
    Loss = Annotated[
        _union([_loss_model(name) for name in LOSSES], "name"),
        BeforeValidator(_as_section),
        Field(description="the name of a loss (docs/methods.md has all), or {name: ..., and its hyperparameters}"),
    ]

Tau = Annotated[float, Field(ge=0, lt=1, description="a number from 0 to below 1 with at most two decimals")]


class Target(Section):
    """What pseudo-labels should be like, in place of thresholds; one of the two."""

    precision: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="the share of right ones among the labels that the teacher adds, above 0 and below 1, as its probabilities "
        "promise once they are calibrated on validation",
    )
    labels_per_image: Annotated[float, Field(gt=0)] | Literal["priors"] | None = Field(
        None,
        description="the labels that a training image has on average, a number above 0; priors: as many as section priors "
        "tells",
    )


class PseudoLabels(Section):
    """Pseudo-labels from a teacher, with the parameters of their rule; null takes them away."""

    teacher: Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1), Once] = Field(
        description="a teacher, a student (paper@0.75, or cap@all where its pseudo-labels have no τ), or a list of them, "
        "each once, whose logits are averaged"
    )
    keep_observed: bool | None = Field(
        None,
        description="true: put what was observed back; false: do not (as published); null: true where no true label of the "
        "training part is known, or where people gave answers (review.answers), else false",
    )
    split: Literal["train", "pool"] = Field(
        "train", description="the images that are labelled: the training rows, or the pool of images without labels"
    )


def _rule_model(record: PseudoLabelRule) -> Any:
    fields: dict[str, Any] = {
        "rule": (Literal[record.name], Field("threshold", description="how logits become labels"))
    }
    if record.swept:
        description = (
            "thresholds, one set of pseudo-labels each: from 0 to below 1 with at most two decimals, each once"
        )
        fields["taus"] = (Annotated[list[Tau], Field(min_length=1)] | None, Field(None, description=description))
        description = "in place of taus: what the labels should be like; each replicate finds the τ that does it"
        fields["target"] = (Target | None, Field(None, description=description))
    fields |= {entry.name: _hyperparameter(entry) for entry in record.hyperparameters}
    return pydantic.create_model(f"rule_{record.name}", __base__=PseudoLabels, __doc__=PseudoLabels.__doc__, **fields)


def _with_rule(entry: Any) -> Any:
    return {"rule": "threshold"} | entry if isinstance(entry, dict) else entry


if TYPE_CHECKING:
    AnyPseudoLabels = Any
else:
    AnyPseudoLabels = Annotated[
        _union([_rule_model(record) for record in RULES.values()], "rule"), BeforeValidator(_with_rule)
    ]
