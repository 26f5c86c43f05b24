"""The section training: how models are trained."""

from typing import Annotated, Literal

from pydantic import Field

from plan.fields import Once, Section, partial
from plan.presets import PRESETS
from spml.finetuning.named import AUGMENTATIONS

PENALTIES = [
    0.001,
    0.003,
    0.01,
    0.03,
    0.1,
    0.3,
    1,
    3,
    10,
    30,
    100,
    300,
    1000,
    3000,
    10000,
]  # of ridge; one costs next to nothing


class Training(Section):
    """How models are trained."""

    preset: Literal[tuple(PRESETS)] | None = Field(  # type: ignore[valid-type]
        None, description="values for several of the keys below (a table has all); a key beside it comes first"
    )
    mode: Literal["frozen", "end_to_end", "linear_init"] = Field(
        "frozen",
        description="frozen (a head on cached features), end_to_end (backbone and head, from pictures) or linear_init (a "
        "head on cached features first, then both from pictures); docs/trained_backbones.md",
    )
    head: Literal["mlp", "linear", "ridge", "auto"] = Field(
        "mlp",
        description="mlp, linear, ridge (ridge regression in closed form, for loss squares) or auto (an MLP, and a linear "
        "ridge regression on the same labels; the one with the higher validation mAP is kept)",
    )
    kernel: Literal["linear", "rbf"] = Field(
        "rbf", description="of ridge: linear, or rbf (radial basis functions of features of unit length)"
    )
    landmarks: Annotated[int, Field(ge=2, le=32768)] = Field(
        4096,
        description="of kernel rbf: the training images that it compares with at most, from 2 to 32768; exact where there "
        "are no more, else as many drawn (Nyström)",
    )
    penalties: Annotated[
        list[Annotated[float, Field(gt=0, le=1e9, description="a number above 0 and up to 1e9")]],
        Field(min_length=1),
        Once,
    ] = Field(
        PENALTIES,
        description="candidates of ridge, relative to the mean eigenvalue: numbers above 0, each once; the best by "
        "validation mAP is kept",
    )
    hidden: Annotated[int, Field(ge=1, le=65536)] = Field(
        512, description="width of the hidden layer of the MLP, from 1 to 65536"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.5, description="share of hidden units dropped, from 0 to below 1"
    )
    input_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="share of features dropped in training, from 0 to below 1"
    )
    standardize: bool = Field(True, description="whether features are standardised by the training rows")
    weight_average: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="decay per step of the average of the weights that is validated and kept, from 0 to below 1; 0: the "
        "weights themselves",
    )
    weight_decay: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0,
        description="decoupled weight decay (AdamW) of all weights but the biases, from 0 to 10; times the learning rate, "
        "the share that a step takes off",
    )
    epochs: Annotated[int, Field(ge=1, le=10000)] = Field(
        25, description="passes over the training rows at most, from 1; the best by validation mAP is kept"
    )
    patience: Annotated[int, Field(ge=1, le=10000)] | None = Field(
        5,
        description="epochs without a gain in validation mAP after which a candidate stops, from 1; null: never; losses "
        "with a schedule of epochs do not stop",
    )
    batch_sizes: Annotated[
        list[Annotated[int, Field(ge=1, le=1048576, description="a whole number from 1")]], Field(min_length=1), Once
    ] = Field([64], description="candidates: whole numbers from 1, each once")
    learning_rates: (
        Annotated[
            list[Annotated[float, Field(gt=0, le=10, description="a number above 0 and up to 10")]],
            Field(min_length=1),
            Once,
        ]
        | Literal["auto"]
    ) = Field(
        [3e-3, 1e-3, 3e-4],
        description="candidates: numbers above 0 and up to 10, each once; or auto: three, and more at the side of the best "
        "while it is the lowest or highest",
    )
    augment: Annotated[list[Literal[tuple(AUGMENTATIONS)]], Once] = Field(  # type: ignore[valid-type]
        ["flip"],
        description="of a trained backbone: changes to the pictures of each epoch, in this order: "
        + ", ".join(AUGMENTATIONS),
    )
    schedule: Literal["constant", "one_cycle"] = Field(
        "constant",
        description="of a trained backbone: the learning rate over the steps, constant or one_cycle (up to the rate, then down)",
    )
    freeze_batch_norm: bool = Field(
        False, description="of a trained backbone: whether batch normalisation keeps the statistics of the weights"
    )
    micro_batch: Annotated[int, Field(ge=1, le=1048576)] | None = Field(
        None,
        description="of a trained backbone: pictures that go through the network at a time, from 1, where a batch does not fit "
        "the memory; batch normalisation, unless frozen, sees each piece by itself; null: the whole batch",
    )
    linear_init: "HeadFirst | None" = Field(  # type: ignore[valid-type]
        None,
        description="of mode linear_init: how the head is trained first; null, and for a key that is not named: cole_linear",
    )


HeadFirst = partial(
    Training,
    "HeadFirst",
    ("standardize", "weight_average", "weight_decay", "epochs", "patience", "batch_sizes", "learning_rates"),
)
Training.model_rebuild()
