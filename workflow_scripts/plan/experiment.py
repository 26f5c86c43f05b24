"""The experiment of one data set: the configuration with its defaults and the data set's own values merged."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from plan import answers, merging, paths, truth
from plan.config import Config
from plan.presets import expanded, is_trained
from plan.recipe import Training
from plan.sections import Stage, Student, Teacher, Validation
from plan.sources import SOURCES, Source
from plan.texts import Text
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES


def plain(value: Any) -> Any:
    """Return the value as builtins: keys of every dict sorted, numbers in one form (1 and 1.0 alike), tuples as lists.

    Snakemake compares params by their text: another order in the YAML must not look like a change.
    """
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_list(value: str | list[str]) -> list[str]:
    """Return a name, or a list of names, as a list."""
    return value if isinstance(value, list) else [value]


def parse_reference(reference: str) -> tuple[str, str]:
    """Return name and variant of a model: paper@0.75 is tau_0.75 of paper, cap@all is all of cap, em has none."""
    name, _, variant = reference.partition("@")
    if variant.replace(".", "", 1).isdecimal() and abs(float(variant) - round(float(variant), 2)) < 1e-9:
        variant = f"tau_{float(variant):.2f}"
    return name, variant


def format_reference(reference: str) -> str:
    """Return a reference with its τ in two decimals, so that another way to write it is no change."""
    name, variant = parse_reference(reference)
    return f"{name}@{variant.removeprefix('tau_')}" if variant else name


def tau_of(variant: str) -> str:
    """Return the threshold that a variant names, as text; empty where it names none."""
    return variant.removeprefix("tau_") if variant.startswith("tau_") else ""


def variants_of(entry: Any) -> list[str]:
    """Return the variants of an entry of pseudo_labels, as in file names, sorted: its thresholds, or ``all``."""
    swept = RULES[entry.rule].swept and not target_of(entry)
    return sorted(f"tau_{abs(tau):.2f}" for tau in entry.taus or []) if swept else ["all"]


def target_of(entry: Any) -> dict[str, Any]:
    """Return the target that an entry of pseudo_labels names in place of thresholds: its one key and value, or nothing."""
    target = getattr(entry, "target", None)
    return target.model_dump(exclude_none=True) if target else {}


def text_of(entry: Teacher | Student) -> Text | None:
    """Return the texts of a teacher that is not trained; None for any other model."""
    return entry.text if isinstance(entry, Teacher) else None


def is_made(path: str) -> bool:
    """Return whether a path lies where rules write; a workflow that uses this one may put a prefix before it."""
    return path.startswith(("results/", "resources/", f"{paths.COMPARED}/"))


class Experiment:
    """The sections of the configuration for one data set, and the values that follow from them alone."""

    def __init__(self, config: Config, dataset: str, locate: Callable[[str], str] = str) -> None:
        self.config, self.dataset, self._locate = config, dataset, locate
        self.name = config.experiment or ""
        self.compared = paths.compared(dataset, self.name)  # the folder of what depends on the methods compared
        self.entry = entry = config.datasets[dataset]
        self.source: Source = SOURCES[entry.source]
        self.seeds = sorted(entry.seeds or config.seeds)
        location = entry.location("train").annotations
        self.knows_truth = self.source.has_true_labels and not (
            self.source.is_table and not truth.known(location and self.located(location))
        )
        self.validation = self._selecting(merging.merged(config.validation, entry.validation))
        self.observation = merging.merged(config.observation, entry.observation)
        self.priors = merging.merged(config.priors, entry.priors)
        self.predict = merging.merged(config.predict, entry.predict)
        self.review = merging.merged(config.review, entry.review)
        self.answer_files = answers.files(self.review.answers)
        training = expanded(merging.changed(config.training)) | expanded(merging.named(entry.training))
        self.training = Training.model_construct(**training)
        teachers: dict[str, Teacher] = merging.present(config.teachers | entry.teachers)
        shared = {} if self.knows_truth else merging.present(config.teachers)
        self.left_out_teachers = sorted(
            name
            for name, teacher in shared.items()
            if name not in entry.teachers and merging.learns_from_truth(teacher)
        )
        self.teachers = {name: teacher for name, teacher in teachers.items() if name not in self.left_out_teachers}
        pseudo_labels = merging.present(config.pseudo_labels | entry.pseudo_labels)
        self.pseudo_labels: dict[str, Any] = {name: self._keeping(own) for name, own in pseudo_labels.items()}
        self.students: dict[str, Student] = merging.present(config.students | entry.students)
        without = {*config.teachers, *entry.teachers} - {
            *self.teachers
        }  # taken away by null, or since no truth is known
        self.figures = merging.merged(merging.without(config.figures, "baselines", without), entry.figures)
        self.comparison = merging.merged(merging.without(config.comparison, "reference", without), entry.comparison)

    def located(self, path: str) -> str:
        """Return where a path is for what does not get it as a rule's input: ``locate`` puts a module's prefix before artifacts."""
        return self._locate(path) if is_made(path) else path

    def _selecting(self, validation: Validation) -> Validation:
        """Return the section validation with the labels that models are selected on, where it leaves them open."""
        if validation.select_on:
            return validation
        return validation.model_copy(update={"select_on": "true_labels" if self.knows_truth else "observed_labels"})

    def _keeping(self, entry: Any) -> Any:
        """Return an entry of pseudo_labels with whether observed labels are put back, where it leaves that open."""
        if entry.keep_observed is not None:
            return entry
        of_training_rows = not self.knows_truth and entry.split == "train"
        return entry.model_copy(update={"keep_observed": of_training_rows or bool(self.answer_files)})

    @cached_property
    def parts(self) -> list[str]:
        """The parts with annotations: a test part only where one is fetched, drawn or named, a pool only where it is drawn."""
        named = self.entry.test and (self.entry.test.annotations or self.entry.test.images)
        drawn = ["pool"] * (self.entry.source == "demo" and self.config.demo.pool > 0)
        return ["train", "test", *drawn] if not self.source.named or named else ["train"]

    @property
    def has_pool(self) -> bool:
        """Whether there are images without labels."""
        return self.entry.pool is not None or "pool" in self.parts

    @cached_property
    def uses_pool(self) -> bool:
        """Whether a student learns from the pool."""
        return any(self.pseudo_labels[student.pseudo_labels].split == "pool" for student in self.students.values())

    @property
    def used_parts(self) -> list[str]:
        """The parts whose images are listed: the pool only where a student learns from it."""
        return ["train", "test", "pool"] if self.uses_pool else ["train", "test"]

    def model_entry(self, kind: str, name: str) -> Teacher | Student:
        """Return the entry of a teacher or student."""
        return self.teachers[name] if kind == "teachers" else self.students[name]

    def entry_of(self, model: str) -> Teacher | Student:
        """Return the entry of the model in a folder."""
        kind, name, _ = paths.model_parts(model)
        return self.model_entry(kind, name)

    def backbone(self, entry: Teacher | Student) -> str:
        """Return the name of the backbone that a model uses, or begins with; plan.backbones tells whose features it takes."""
        return text.backbone if (text := text_of(entry)) else entry.backbone or self.entry.backbone

    @cached_property
    def text_teachers(self) -> list[str]:
        """The teachers that compare pictures with texts, and are not trained."""
        return sorted(name for name, teacher in self.teachers.items() if teacher.text)

    def training_options(self, entry: Teacher | Student) -> dict[str, Any]:
        """Return the options of a model: the section training with the model's own keys, its loss, and select_on."""
        own = expanded(merging.named(entry))
        if is_trained({"mode": self.training.mode} | own) == is_trained({"mode": self.training.mode}):
            section = self.training
        else:  # the values of the section are of another kind of training
            section = Training()
        options = {key: own.get(key, value) for key, value in section if key != "preset"}
        for key in merging.unused(options):
            del options[key]
        return plain(options | {"loss": self.loss(entry), "select_on": self.validation.select_on})

    def mode(self, entry: Teacher | Student) -> str:
        """Return whether a model is trained on frozen features, end_to_end or linear_init; frozen where it is not trained."""
        return "frozen" if text_of(entry) else self.training_options(entry).get("mode", "frozen")

    def is_trained(self, entry: Teacher | Student) -> bool:
        """Return whether the backbone of a model is trained, too."""
        return self.mode(entry) != "frozen"

    def kernel(self, entry: Teacher | Student) -> str:
        """Return the kernel of a ridge regression as in paths: linear, or rbf_ and the limit of landmarks; else nothing."""
        if text_of(entry):
            return ""
        options = self.training_options(entry)
        if options["head"] == "auto":
            return "linear"
        if options["head"] != "ridge":
            return ""
        return f"rbf_{options['landmarks']}" if options["kernel"] == "rbf" else "linear"

    def stages(self, student: Student) -> list[dict[str, Any]]:
        """Return what the stages of a student have of their own: what each is trained on, its options, its loss."""
        stages = []
        for stage in student.stages or []:
            own = {
                key: value
                for key, value in expanded(merging.named(stage)).items()
                if key in Training.model_fields and key not in ("head", "hidden")  # those of the student
            }
            stages.append({"train_on": stage.train_on} | own | ({"loss": self.loss(stage)} if stage.loss else {}))
        return plain(stages)

    def loss(self, entry: Teacher | Student | Stage) -> dict[str, Any]:
        """Return a model's loss with all its hyperparameters: named, published for the source, or the default."""
        loss: Any = entry.loss
        options = {"name": loss.name}
        for hyperparameter in LOSSES[loss.name].hyperparameters:
            named = hyperparameter.name in loss.model_fields_set
            published = hyperparameter.default_for(self.entry.source)
            options[hyperparameter.name] = getattr(loss, hyperparameter.name) if named else published
        return options

    def expects_positives(self, entry: Teacher | Student) -> bool:
        """Return whether a loss of a model takes its k, the expected positives per image, from the priors."""
        if text_of(entry):
            return False
        stages = (isinstance(entry, Student) and entry.stages) or []
        losses = [self.loss(stage if stage.loss else entry) for stage in stages] or [self.loss(entry)]
        return any(loss.get("k", 0) is None for loss in losses)

    @property
    def prior_method(self) -> str:
        """How class priors are found."""
        if self.priors.method:
            return self.priors.method
        if self.priors.labels_per_image is not None:
            return "labels_per_image"
        return "estimated" if self.selects_on_observed else "validation"

    def variants(self, student: str) -> list[str]:
        """Return the variants of a student: those of its pseudo-labels."""
        return variants_of(self.pseudo_labels[self.students[student].pseudo_labels])

    def folder(self, name: str, variant: str, seed: str | int) -> str:
        """Return the folder of a teacher, or of a student where there is a variant; all replicates share a text teacher."""
        if not variant and name in self.text_teachers:
            return paths.text_model(name)
        return paths.model(name, variant, seed)

    def folders(self, references: Iterable[str], seed: str | int) -> list[str]:
        """Return the folders of models that are named by reference."""
        return [self.folder(*parse_reference(reference), seed) for reference in references]

    @cached_property
    def shown_pseudo_labels(self) -> str:
        """The pseudo-labels that figure 1b and label quality show."""
        return self.students[self.figures.students].pseudo_labels

    @cached_property
    def reviewed_pseudo_labels(self) -> tuple[str, str]:
        """Name and variant of the pseudo-labels that people see and are asked about; the variant is empty for the middle one."""
        return parse_reference(self.review.pseudo_labels or self.shown_pseudo_labels)

    @property
    def selects_on_observed(self) -> bool:
        """Whether models and thresholds are selected on observed labels."""
        return self.validation.select_on == "observed_labels"

    @cached_property
    def fully_supervised(self) -> list[str]:
        """The teachers that learn from true labels."""
        return sorted(name for name, teacher in self.teachers.items() if merging.learns_from_truth(teacher))

    @cached_property
    def backbones(self) -> list[str]:
        """The names of the backbones that some model uses."""
        return sorted({self.backbone(entry) for entry in [*self.teachers.values(), *self.students.values()]})

    @cached_property
    def display_names(self) -> dict[str, str]:
        """The names that figures and tables show, by kind/name; a model without a label has none."""
        entries = {"teachers": self.teachers, "students": self.students}
        return {
            f"{kind}/{name}": entry.label
            for kind, named in entries.items()
            for name, entry in sorted(named.items())
            if entry.label
        }
