"""The configuration as pydantic models: every key with its type, range, default and description, and nowhere else."""

from typing import Annotated, Literal

from pydantic import Field

from plan.fields import (
    SEED_LIMIT,
    AnyPseudoLabels,
    Loss,
    Name,
    Number,
    Once,
    Path,
    Section,
    Seed,
    partial,
)
from plan.sources import SOURCES

# -- sections that a data set may override


class Validation(Section):
    """The validation split."""

    fraction: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.2, description="share of the training part, above 0 and below 1"
    )
    seed: Seed = Field(1200, description="seed of the split (1200 as published)")
    select_on: Literal["true_labels", "observed_labels"] = Field(
        "true_labels",
        description="what models and thresholds are selected on: true_labels (as published) or observed_labels (what was "
        "observed as present, the rest as absent)",
    )


class Observation(Section):
    """Which labels of the training part are observed."""

    sampling: Literal["uniform", "size", "location", "weights"] = Field(
        "uniform",
        description="how observed positives are drawn: uniform (each as likely), size (by the area of the category's "
        "annotations in the image), location (by the closeness of their boxes to its centre) or weights (by category)",
    )
    positives_per_image: Annotated[int, Field(ge=1, le=100000)] = Field(
        1, description="observed positives per image, at most, from 1"
    )
    negatives_per_image: Annotated[int, Field(ge=0, le=100000)] = Field(
        0, description="observed negatives per image, at most, from 0"
    )
    weights: dict[str, Annotated[Number, Field(gt=0, description="a number above 0")]] = Field(
        {}, description="for sampling weights: category to number above 0, 1 where not named"
    )
    file: Path | None = Field(
        None,
        description="labels observed in reality: a CSV file with image_id or file_name, category and perhaps observed "
        "(1 or -1, 1 where empty); null: drawn from the true labels",
    )


class Training(Section):
    """How models are trained."""

    head: Literal["mlp", "linear"] = Field("mlp", description="mlp or linear")
    hidden: Annotated[int, Field(ge=1, le=65536)] = Field(512, description="width of the hidden layer of the MLP")
    dropout: Annotated[Number, Field(ge=0, lt=1)] = Field(
        0.5, description="share of hidden units dropped, from 0 to below 1"
    )
    standardize: bool = Field(True, description="whether features are standardised by the training rows")
    epochs: Annotated[int, Field(ge=1, le=10000)] = Field(
        25, description="passes over the training rows; the best by validation mAP is kept"
    )
    batch_sizes: Annotated[
        list[Annotated[int, Field(ge=1, le=1048576, description="a whole number from 1")]], Field(min_length=1), Once
    ] = Field([16], description="candidates: whole numbers from 1, each once")
    learning_rates: Annotated[
        list[Annotated[Number, Field(gt=0, le=10, description="a number above 0 and up to 10")]],
        Field(min_length=1),
        Once,
    ] = Field([1e-3, 3e-4, 1e-4], description="candidates: numbers above 0 and up to 10, each once")


class Figures(Section):
    """What the figures show."""

    students: Name = Field(description="the name of one of the students")
    baselines: Annotated[list[Name], Field(max_length=5), Once] = Field(
        [], description="names of teachers, shown as lines"
    )


class Comparison(Section):
    """The comparison of all methods with one of them."""

    reference: Path | None = Field(
        None,
        description="a teacher, or a student (paper@0.75, cap@all); null: the teacher that figures.students learn from",
    )
    resamples: Annotated[int, Field(ge=10, le=100000)] = Field(
        1000, description="bootstrap resamples of the test images"
    )


class Predict(Section):
    """New images to label, and the model that labels them."""

    images: Path | None = Field(
        None,
        description="a folder of pictures, or a text file with the path of one on each line, from where the file lies; null: none",
    )
    model: Path | None = Field(
        None,
        description="a teacher, or a student (paper@0.75, cap@all); null: figures.students at the τ that validation chose",
    )
    seed: int | None = Field(None, description="the replicate, one of the seeds; null: the lowest")


class _Model(partial(Training, "_ModelTraining")):  # type: ignore[misc]
    """What teachers and students share."""

    loss: Loss
    backbone: Name | None = Field(None, description="another backbone than the data set's")
    label: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        None, description="the name that figures and tables show; null: the name of the entry"
    )


class Teacher(_Model):
    """A model trained on observed or true labels, with any key of training; null takes it away."""

    supervision: Literal["observed", "full"] = Field(
        "observed", description="observed: learn from the observed labels; full: learn from the true labels"
    )


class Student(_Model):
    """A model trained on pseudo-labels, with any key of training; null takes it away."""

    pseudo_labels: Name = Field(description="the name of one of the pseudo_labels")


Seeds = Annotated[
    list[Annotated[int, Field(ge=0, le=SEED_LIMIT, description="a whole number from 0 to 4294967295")]],
    Field(min_length=1),
    Once,
]
SEEDS = "one replicate each: whole numbers from 0 to 4294967295, each once"


# -- data sets and what they may override


class Location(Section):
    """Where one part of a data set lies."""

    annotations: Path | None = Field(
        None,
        description="path to what the source reads: a COCO instances JSON file, a CSV file, or a list of images in a "
        "published layout (docs/own_data.md); null to have it fetched",
    )
    images: Path | None = Field(
        None,
        description="path to the folder that the file names in it start from; null to have it fetched, or where it lies "
        "in the layout (source csv: the folder of the CSV file)",
    )


class Download(Section):
    """An address and the sha256 of what lies there."""

    url: str = Field(pattern="^https?://", description="an http or https address")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="64 hexadecimal digits; null where none is known"
    )


class Downloads(Section):
    """Other addresses for what is fetched (a mirror)."""

    annotations: Download | None = Field(None, description="source coco2014: the zip file of the annotations")
    train: Download | None = Field(None, description="source coco2014: the zip file of the training pictures")
    test: Download | None = Field(None, description="source coco2014: the zip file of the test pictures")
    archive: Download | None = Field(None, description="source voc2012 or cub: the archive of everything")


class Dataset(Section):
    """A data set: where it comes from, its backbone, and its own values for any of the sections below."""

    source: Literal[tuple(SOURCES)] = Field(  # type: ignore[valid-type]
        description="demo (drawn); coco2014, voc2012 or cub (fetched); or files of yours: nuswide, coco, csv, voc or "
        "image_folder (docs/own_data.md)"
    )
    backbone: Name = Field(description="the name of one of the backbones")
    train: Location | None = Field(None, description="the training part")
    test: Location | None = Field(None, description="the test part; files of yours may lack one")
    categories: Path | None = Field(
        None,
        description="for source csv: path to a text file with the name of a category on each line, in order; null: all "
        "that the training part names, sorted",
    )
    missing_pictures: Literal["refuse", "leave_out"] = Field(
        "refuse",
        description="where a picture that counts is not there: refuse (the run ends and names it) or leave_out (its image "
        "does not count)",
    )
    downloads: Downloads | None = Field(None, description="other addresses for what is fetched (a mirror)")
    seeds: Seeds | None = Field(None, description=SEEDS)
    validation: partial(Validation, "OwnValidation") | None = None  # type: ignore[valid-type]
    observation: partial(Observation, "OwnObservation") | None = None  # type: ignore[valid-type]
    teachers: dict[Name, Teacher | None] = Field({}, description="own teachers, laid over those of all data sets")
    pseudo_labels: dict[Name, AnyPseudoLabels | None] = Field({}, description="own pseudo-labels, likewise")
    students: dict[Name, Student | None] = Field({}, description="own students, likewise")
    figures: partial(Figures, "OwnFigures") | None = None  # type: ignore[valid-type]
    comparison: partial(Comparison, "OwnComparison") | None = None  # type: ignore[valid-type]
    predict: partial(Predict, "OwnPredict") | None = None  # type: ignore[valid-type]
    training: partial(Training, "OwnTraining") | None = None  # type: ignore[valid-type]

    def location(self, part: str) -> Location:
        """Return where a part lies; a location without paths where none is named."""
        return (self.train if part == "train" else self.test) or Location()


# -- what holds for all data sets


class Backbone(Section):
    """A frozen backbone."""

    architecture: str = Field(
        pattern="^[a-z0-9_]+$", description="the name of a torchvision classification model, as resnet50"
    )
    weights: Path = Field(
        description="imagenet (torchvision's first version, IMAGENET1K_V1, fetched), demo (pretrained on drawn pictures) "
        "or a path to a state dict"
    )
    image_size: Annotated[int, Field(ge=32, le=2048)] = Field(
        448, description="side of the square that pictures are resized to in pixels"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="what the backbone computes in: float32, bfloat16, or auto: bfloat16 where the processor has "
        "instructions for it",
    )
    storage: Literal["float16", "float32"] = Field("float16", description="how features are stored")
    download: Download | None = Field(None, description="another address for weights imagenet (a mirror)")


class Features(Section):
    """How features are cached."""

    images_per_shard: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        20000, description="images whose features one job extracts, from 1; another number extracts all anew"
    )


class Demo(Section):
    """The drawn data set."""

    train: Annotated[int, Field(ge=10, le=999_999)] = Field(3000, description="scenes in the training part")
    test: Annotated[int, Field(ge=1, le=999_999)] = Field(1000, description="scenes in the test part")
    singles: Annotated[int, Field(ge=64, le=10_000_000)] = Field(
        12000, description="single-object pictures to pretrain the backbone on"
    )


class Machine(Section):
    """Where and how it runs; results do not depend on it."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto, cpu or cuda")
    gpus_per_job: Annotated[int, Field(ge=0, le=8)] = Field(
        0, description="GPUs that training and extraction ask the scheduler for, from 0"
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(
        32, description="pictures at a time through the backbone on a GPU (on a CPU they are 8 a thread)"
    )
    memory_mb: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="whole megabytes of features held in memory in training, from 1; where there are more, they are read "
        "from disk; null: all in memory",
    )


class Config(Section):
    """Configuration of Pseudo Multi-Labels."""

    dataset: Name = Field(description="the name of one of the datasets")
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)] = Field(description="data sets by name, at least one")
    backbones: Annotated[dict[Name, Backbone], Field(min_length=1)] = Field(description="frozen backbones by name")
    seeds: Seeds = Field([1200, 1201, 1202], description=SEEDS)
    validation: Validation = Validation()
    observation: Observation = Observation()
    teachers: Annotated[dict[Name, Teacher | None], Field(min_length=1)] = Field(
        description="teachers and baselines by name"
    )
    pseudo_labels: Annotated[dict[Name, AnyPseudoLabels | None], Field(min_length=1)] = Field(
        description="ways of making pseudo-labels by name"
    )
    students: Annotated[dict[Name, Student | None], Field(min_length=1)] = Field(description="students by name")
    figures: Figures = Field(description="what the figures show")
    comparison: Comparison = Comparison()
    predict: Predict = Predict()
    training: Training = Training()
    features: Features = Features()
    demo: Demo = Demo()
    machine: Machine = Machine()
