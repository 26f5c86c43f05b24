"""The configuration as pydantic models: every key with its type, range, default and description.

The sections that a data set may override are in ``sections.py``, losses and rules in the registries of ``spml``.
"""

from typing import Annotated, Literal

from pydantic import Field

from plan.fields import NAME_PATTERN, AnyPseudoLabels, Name, Once, Path, Printable, Section, Seed, partial
from plan.recipe import Training
from plan.sections import (
    SEEDS,
    Comparison,
    Figures,
    Observation,
    Predict,
    Priors,
    Published,
    Review,
    Seeds,
    Student,
    Teacher,
    Validation,
)
from plan.sources import SOURCES
from spml.features import named

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
        "in the layout (source csv: the folder of the CSV file); or tars of pictures, as shards/train-{000000..000099}.tar, on disk "
        "or at s3:// or gs:// (docs/storage.md)",
    )


class Pool(Section):
    """Images without labels, for students that are trained in stages."""

    images: Path = Field(
        description="path to a folder of pictures, to a text file with the path of one on each line, from where the file lies, or "
        "tars (docs/storage.md)"
    )


class Download(Section):
    """An address and the sha256 of what lies there."""

    url: str = Field(pattern=r"^https?://\S+$", description="an http or https address")
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
        description="demo (drawn); coco2014, voc2012 or cub (fetched); or files of yours: nuswide, coco, csv, voc, "
        "image_folder, or features, which has no pictures (docs/own_data.md)"
    )
    backbone: Name = Field(description="the name of one of the backbones")
    train: Location | None = Field(None, description="the training part")
    test: Location | None = Field(None, description="the test part; files of yours may lack one")
    pool: Pool | None = Field(None, description="images without labels, for stages of students; the demo draws its own")
    categories: Path | None = Field(
        None,
        description="for sources csv and features: path to a text file with the name of a category on each line, in order; null: all "
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
    priors: partial(Priors, "OwnPriors") | None = None  # type: ignore[valid-type]
    teachers: dict[Name, Teacher | None] = Field({}, description="own teachers, laid over those of all data sets")
    pseudo_labels: dict[Name, AnyPseudoLabels | None] = Field({}, description="own pseudo-labels, likewise")
    students: dict[Name, Student | None] = Field({}, description="own students, likewise")
    figures: partial(Figures, "OwnFigures") | None = None  # type: ignore[valid-type]
    comparison: partial(Comparison, "OwnComparison") | None = None  # type: ignore[valid-type]
    predict: partial(Predict, "OwnPredict") | None = None  # type: ignore[valid-type]
    review: partial(Review, "OwnReview") | None = None  # type: ignore[valid-type]
    training: partial(Training, "OwnTraining") | None = None  # type: ignore[valid-type]
    published: Published | None = Field(
        None, description="published numbers that `published` writes ours beside (docs/published.md); null: none"
    )

    def location(self, part: str) -> Location:
        """Return where a part lies; a location without paths where none is named."""
        return {"train": self.train, "test": self.test}.get(part) or Location()


# -- what holds for all data sets


class Backbone(Section):
    """A frozen backbone: a network of a library (docs/backbones.md)."""

    library: Literal["torchvision", "timm", "open_clip"] = Field(description="where the network comes from")
    model: Annotated[str, Field(min_length=1, max_length=200), Printable] = Field(
        description="the name of the network in the library's own words; for timm and open_clip also hf-hub:name/name or "
        "local-dir:folder"
    )
    weights: Path | None = Field(
        None,
        description="the name of the weights in the library's own words, as IMAGENET1K_V1, or a path that ends in .safetensors, "
        ".pth, .pt or .bin; package: weights that come as a Python package; null: those that "
        "the library has for the model",
    )
    image_size: Annotated[int, Field(ge=32, le=2048)] | None = Field(
        None,
        description="side in pixels of the square that the network sees, from 32 to 2048; null: that of the weights",
    )
    resize: Literal["squash", "crop"] = Field(
        "squash",
        description="squash (the whole picture becomes the square) or crop (its centre does, as libraries do for one object)",
    )
    crops: Literal[1, 5, "grid"] = Field(
        1,
        description="1, 5 (four corners and the centre) or grid (the whole and its quarters): features are the mean over them",
    )
    view: Literal["pooled", "cls", "mean", "cls_mean"] = Field(
        "pooled",
        description="what becomes the features: pooled (the network's own), or of networks with tokens the class token (cls), "
        "the mean of the others (mean), or both (cls_mean)",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="what the backbone computes in: float32, bfloat16, or auto: bfloat16 where the processor is "
        "faster with it",
    )
    storage: Literal["float16", "float32"] = Field("float16", description="how features are stored")
    download: Download | None = Field(None, description="another address for weights that are fetched (a mirror)")

    @property
    def fetched(self) -> bool:
        """Whether rule fetch_weights makes the file of weights: downloads, packages and folders of the hub's layout."""
        return not named.is_file(self.weights)


class ModelBackbone(Section):
    """The backbone that was trained with a model of this data set."""

    library: Literal["model"] = Field(description="model: a backbone that was trained with a model")
    model: Annotated[str, Field(pattern=f"^(teachers/{NAME_PATTERN}|students/{NAME_PATTERN}@(all|0?[.][0-9]+))$")] = (
        Field(
            description="a teacher, as teachers/tuned, or a student, as students/tuned@0.75, whose mode is not frozen"
        )
    )
    seed: Seed | None = Field(None, description="its replicate, one of the seeds; null: that of the model that uses it")

    @property
    def reference(self) -> str:
        """The model as other keys name it: tuned, or tuned@0.75."""
        return self.model.partition("/")[2]


class Matrix(Section):
    """A matrix of features, a row per image: where it lies, and its ids."""

    path: Path = Field(
        description="path to an npy, HDF5 or Parquet file, or to a folder with img_emb/ and metadata/ (docs/own_data.md)"
    )
    column: Path | None = Field(
        None, description="the HDF5 data set, or Parquet column, of the features; null: feature, or the only one"
    )
    id_column: Path | None = Field(
        None, description="the HDF5 data set, or Parquet column, of the images' ids; null: image_id, or none"
    )
    ids: Path | None = Field(
        None,
        description="path to the ids of the rows, an npy file of text or a text file with one on each line; null: those in the "
        "matrix, or none: the rows are in the order of the images",
    )


class FileBackbone(Section):
    """Features that others computed, as a matrix for each part, in place of a network."""

    library: Literal["file"] = Field(description="file: features of files")
    train: Path | Matrix = Field(description="the training part: a path, or a section with path and more")
    test: Path | Matrix | None = Field(None, description="likewise the test part")
    pool: Path | Matrix | None = Field(None, description="likewise the images without labels")
    storage: Literal["float16", "float32"] | None = Field(
        None, description="how features are stored; null: float16 where the matrix has it, else float32"
    )

    def matrix(self, part: str) -> Matrix | None:
        """Return the matrix of a part, None where none is named."""
        place = {"train": self.train, "test": self.test, "pool": self.pool}[part]
        return Matrix(path=place) if isinstance(place, str) else place


class Features(Section):
    """How features are cached."""

    images_per_shard: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        20000, description="images whose features one job extracts, from 1; another number extracts all anew"
    )


class Demo(Section):
    """The drawn data set."""

    train: Annotated[int, Field(ge=10, le=999_999)] = Field(3000, description="scenes in the training part, from 10")
    test: Annotated[int, Field(ge=1, le=999_999)] = Field(1000, description="scenes in the test part, from 1")
    pool: Annotated[int, Field(ge=0, le=999_999)] = Field(0, description="scenes without labels in the pool, from 0")


class Machine(Section):
    """Where and how it runs; results do not depend on it."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto, cpu or cuda")
    gpus_per_job: Annotated[int, Field(ge=0, le=8)] = Field(
        0, description="GPUs that training and extraction ask the scheduler for, from 0"
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(
        32, description="pictures at a time through the backbone on a GPU (on a CPU they are 8 a thread)"
    )
    workers: Annotated[int, Field(ge=0, le=64)] = Field(
        0, description="processes that prepare pictures for each job that trains a backbone, from 0; flips need none"
    )
    compile: bool = Field(
        False, description="whether networks that are trained go through torch.compile; needs a C++ compiler"
    )
    memory_mb: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="whole megabytes of features held in memory in training, from 1; where there are more, they are read "
        "from disk; null: all in memory",
    )


AnyBackbone = Annotated[Backbone | FileBackbone | ModelBackbone, Field(discriminator="library")]


class Config(Section):
    """Configuration of Pseudo Multi-Labels."""

    dataset: Name = Field(description="the name of one of the datasets")
    experiment: Name | None = Field(
        None,
        description="a name: tables, figures and report lie in a folder of their own, results/{dataset}/experiments/{name}, "
        "and all else is shared (docs/comparison.md); null: they lie beside the rest",
    )
    experiments: Annotated[list[Name], Once] = Field(
        [], description="for compare: the named experiments that it puts in one table and one figure, each once"
    )
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)] = Field(description="data sets by name, at least one")
    backbones: Annotated[dict[Name, AnyBackbone], Field(min_length=1)] = Field(description="backbones by name")
    seeds: Seeds = Field([1200, 1201, 1202], description=SEEDS)
    validation: Validation = Validation()
    observation: Observation = Observation()
    priors: Priors = Priors()
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
    review: Review = Review()
    training: Training = Training()
    features: Features = Features()
    demo: Demo = Demo()
    machine: Machine = Machine()
