"""The sections of the configuration that a data set may override, key by key."""

from typing import Annotated, Literal

from pydantic import Field

from plan.fields import SEED_LIMIT, Loss, Name, Once, Path, Printable, Section, Seed, partial
from plan.recipe import Training
from plan.texts import Text
from spml.review.queue import STRATEGIES


class Validation(Section):
    """The validation split."""

    fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="share of the training part, above 0 and below 1"
    )
    seed: Seed = Field(1200, description="seed of the split (1200 as published)")
    select_on: Literal["true_labels", "observed_labels"] | None = Field(
        None,
        description="what models and thresholds are selected on: true_labels (as published), observed_labels (what was "
        "observed as present, the rest as absent), or null: observed_labels where no true label of the training part is "
        "known, else true_labels",
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
    weights: dict[str, Annotated[float, Field(gt=0, description="a number above 0")]] = Field(
        {}, description="for sampling weights: category to number above 0, 1 where not named"
    )
    file: Path | None = Field(
        None,
        description="labels observed in reality: a CSV file with image_id or file_name, category and perhaps observed "
        "(1 or -1, 1 where empty); null: drawn from the true labels",
    )


class Priors(Section):
    """How many images have each category, for rule class_prior and for losses that expect k positives per image."""

    method: Literal["validation", "labels_per_image", "estimated"] | None = Field(
        None,
        description="validation: the rates of the true validation labels; labels_per_image: the observed rates, scaled to "
        "the number below; estimated: likewise, scaled to what a teacher's logits and the observed labels tell; null: "
        "labels_per_image where the number is named, else validation where models are selected on true labels, else estimated",
    )
    labels_per_image: Annotated[float, Field(ge=1)] | None = Field(
        None, description="about how many labels an image has, from 1"
    )
    teacher: Name = Field(
        "em",
        description="for estimated: the teacher whose logits on the validation rows are read; it learns from observed labels",
    )


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


class Published(Section):
    """Numbers that others published, and which of our models they are compared with."""

    source: Annotated[str, Field(min_length=1, max_length=300), Printable] = Field(
        description="where the numbers were published: paper and table, on one line"
    )
    mode: Literal["frozen", "end_to_end", "linear_init"] = Field(
        description="how the published models were trained: frozen (on features), end_to_end or linear_init; ours must be of "
        "the same mode"
    )
    map: Annotated[
        dict[str, Annotated[float, Field(gt=0, lt=100, description="a number above 0 and below 100")] | None],
        Field(min_length=1),
    ] = Field(
        description="test mAP in percent by model, a teacher or a student (paper@0.75); null: published, but not confirmed"
    )


class Predict(Section):
    """New images to label, and the model that labels them."""

    images: Path | None = Field(
        None,
        description="a folder of pictures, a text file with the path of one on each line, from where the file lies, or tars "
        "(docs/storage.md); null: none",
    )
    model: Path | None = Field(
        None,
        description="a teacher, or a student (paper@0.75, cap@all); null: figures.students at the τ that validation chose",
    )
    seed: int | None = Field(None, description="the replicate, one of the seeds; null: the lowest")


class Review(Section):
    """Questions to people, and their answers."""

    strategy: Literal[tuple(STRATEGIES)] = Field(  # type: ignore[valid-type]
        "diverse", description="which questions are asked first (docs/review.md): " + ", ".join(STRATEGIES)
    )
    questions: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        500, description="questions in the queue at most, from 1; each is one category of one picture"
    )
    pseudo_labels: Path | None = Field(
        None,
        description="the pseudo-labels of gallery, exports and questions, as paper@0.75, or paper for the middle one of its "
        "taus; null: those of figures.students",
    )
    seed: int | None = Field(None, description="the replicate, one of the seeds; null: the lowest")
    answers: Annotated[list[Path], Once] = Field(
        [],
        description="files of answers, or folders of such files, which become observed labels: answers.csv of the page or "
        "any CSV file, or JSON exports of Label Studio and FiftyOne (docs/review.md)",
    )
    unknown_answers: Literal["refuse", "leave_out"] = Field(
        "refuse",
        description="where an answer is about a picture or a category that the training part does not have: refuse (the run "
        "ends and names them) or leave_out (the answer does not count)",
    )
    simulated_answers: Annotated[
        list[Annotated[float, Field(ge=0, le=1000, description="a number from 0 to 1000")]], Field(min_length=1), Once
    ] = Field(
        [0, 0.1, 0.25, 0.5, 1, 2],
        description="for simulate_review: answers per training image, rising numbers from 0",
    )
    simulated_student: Name | None = Field(
        None,
        description="for simulate_review: the student that learns from the answers, with its teachers; null: that of "
        "predict.model, or else figures.students",
    )


class _Model(partial(Training, "_ModelTraining")):  # type: ignore[misc]
    """What teachers and students share."""

    loss: Loss
    backbone: Name | None = Field(None, description="another backbone than the data set's")
    label: Annotated[str, Field(max_length=60, pattern=r"^[^\s_]([^\r\n]*\S)?$"), Printable] | None = Field(
        None,
        description="the name that figures and tables show: one line of at most 60 characters, the first no blank and no _; "
        "null: the name of the entry",
    )


class Teacher(_Model):
    """A model trained on observed or true labels, with any key of training, or one with text; null takes it away."""

    loss: Loss | None = Field(
        None, description="the name of a loss (docs/methods.md has all), or {name: ..., and its hyperparameters}"
    )
    text: Text | None = Field(
        None, description="texts about the categories, in place of a loss and of training (docs/text_teacher.md)"
    )
    supervision: Literal["observed", "full"] = Field(
        "observed", description="observed: learn from the observed labels; full: learn from the true labels"
    )


class Stage(partial(Training, "_StageTraining")):  # type: ignore[misc]
    """A stage of a student's training, with any key of training but those of the head."""

    train_on: Literal["pool", "pseudo_labels", "observed"] = Field(
        description="what it learns from: the student's pseudo-labels, where they are of the pool (pool) or of the training "
        "rows (pseudo_labels), or the observed labels of the training rows (observed)"
    )
    loss: Loss | None = Field(None, description="the loss of the stage; null: the student's")


class Student(_Model):
    """A model trained on pseudo-labels, with any key of training; null takes it away."""

    pseudo_labels: Name = Field(description="the name of one of the pseudo_labels")
    stages: Annotated[list[Stage], Field(min_length=1)] | None = Field(
        None,
        description="trained one after the other, each from the weights of the one before; null: one, on the pseudo-labels",
    )


Seeds = Annotated[
    list[Annotated[int, Field(ge=0, le=SEED_LIMIT, description="a whole number from 0 to 4294967295")]],
    Field(min_length=1),
    Once,
]
SEEDS = "one replicate each: whole numbers from 0 to 4294967295, each once"
