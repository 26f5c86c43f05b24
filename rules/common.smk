# Shared by all rules: the experiment of each data set, and the functions that rules call.
import functools
import inspect
import os
import re
import sys
import uuid

from snakemake.io import flag
from snakemake.logging import logger
from snakemake.path_modifier import PATH_MODIFIER_FLAG

sys.path.insert(0, SCRIPTS)

from plan import (
    acquire,
    backbones,
    closing,
    console,
    data,
    evaluation,
    experiments,
    features,
    finetuning,
    labels,
    load,
    matrices,
    memory,
    minutes,
    model,
    named_paths,
    paths,
    published,
    reporting,
    review,
    rows,
    tars,
    tracking,
    training,
    training_paths,
)
from plan.errors import ConfigError
from plan.experiment import is_made
from plan.fields import NAME_PATTERN
from plan.sources import ARCHIVES, READERS
from screen import start as screen
from spml.review.exports import FORMATS
from spml.review.queue import STRATEGIES

for name in ("plan", "screen", "spml"):
    folder = os.path.dirname(os.path.dirname(os.path.realpath(sys.modules[name].__file__)))
    if folder != SCRIPTS:
        sys.exit(
            f"Error: found the module {name} in {folder}, wanted the one in {SCRIPTS}: take the other off the path"
        )

console.search_first(SCRIPTS)
COMMAND_LINE = workflow.config_settings
IS_MODULE = not workflow.modifier.is_main_snakefile()  # another workflow uses this one: the screen is its own
HAS_TARGET = IS_MODULE and workflow.default_target is not None  # that workflow has a first rule already
IS_SHARED = workflow.workflow_settings.cache is not None  # --cache: clones share features (docs/reuse.md)
FILES = COMMAND_LINE.configfiles if COMMAND_LINE.replace_workflow_config else workflow.configfiles


def refuse(lines):
    """End with a line for each mistake in the configuration."""
    names = f"module {__name__}" if IS_MODULE else ", ".join(map(str, FILES)) or "--config"
    sys.exit("\n".join([f"Error in the configuration ({names}):", *(f"  {line}" for line in lines)]))


try:
    if workflow.is_main_process and not IS_MODULE:
        load.require_keys_once(FILES)
    EXPERIMENTS = load.experiments(
        config, {} if IS_MODULE else COMMAND_LINE.config, workflow.modifier.path_modifier.replace_prefix
    )
except ConfigError as mistakes:
    refuse(mistakes.lines)

DATASET = config["dataset"]
EXPERIMENT = EXPERIMENTS[DATASET]
MACHINE = EXPERIMENT.config.machine
VARIANT = "tau_0[.][0-9]{2}|all"
TRAINED = {name: list(map(re.escape, finetuning.trained_names(experiment))) for name, experiment in EXPERIMENTS.items()}
TRAINED_MODEL = f"teachers/{NAME_PATTERN}/seed_[0-9]+|students/{NAME_PATTERN}/seed_[0-9]+/({VARIANT})"
# Of a data set in a path: followed by a model whose backbone is trained, or by any other one.
WITH_TRAINED = "|".join(f"{re.escape(name)}(?=/({'|'.join(trained)})/)" for name, trained in TRAINED.items() if trained)
WITH_TRAINED = WITH_TRAINED or "(?!)"  # which matches nothing
WITH_FROZEN = "|".join(
    re.escape(name) + (f"(?!/({'|'.join(trained)})/)" if trained else "") for name, trained in TRAINED.items()
)
DRAWN = [re.escape(name) for name, experiment in EXPERIMENTS.items() if experiment.entry.source == "demo"]


def plan(function, **fixed):
    """Return a params or input function: it calls ``function`` with the experiment and the wildcards of its parameters' names."""
    names = [name for name in list(inspect.signature(function).parameters)[1:] if name not in fixed]

    def call(wildcards):
        experiment = EXPERIMENTS[wildcards.get("dataset", DATASET)]
        return as_named(function(experiment, **{name: wildcards[name] for name in names}, **fixed))

    return call


def as_named(found):
    """Return what the plan found, with code and the user's files marked: no prefix or default storage is put before them."""
    if isinstance(found, list):
        return [as_named(item) for item in found]
    is_own = isinstance(found, str) and (tracking.is_code(found) or (IS_MODULE and not is_made(found)))
    return flag(found, PATH_MODIFIER_FLAG) if is_own else found


def by_rule_name(function):
    """Return a params function of a dict by rule with the names that a workflow which uses this one gives its rules."""
    rename = workflow.modifier.modify_rulename
    return lambda wildcards: {rename(rule): jobs for rule, jobs in function(wildcards).items()}


def code(rule, *modules):
    """Return the code of a rule, marked as ``as_named`` does."""
    return as_named(tracking.code(rule, *modules))


def templates(*names):
    """Return templates of pages, marked as ``as_named`` does."""
    return as_named(tracking.templates(*names))


def project_file(name):
    """Return a file of the project, marked as ``as_named`` does."""
    return flag(tracking.project_file(name), PATH_MODIFIER_FLAG)


@functools.cache
def remote_file(address):
    """Return an input of a rule that Snakemake gets from object storage for each job that has it."""
    return storage(address)


def stored(function, **fixed):
    """Return an input function as ``plan`` does: of tars, each on disk or in object storage."""
    ask = plan(function, **fixed)

    def call(wildcards):
        found = ask(wildcards)
        return stored_file(found) if isinstance(found, str) else list(map(stored_file, found))

    return call


def stored_file(path):
    """Return a tar as an input of a rule."""
    return remote_file(path) if tars.is_remote(path) else path


def show(text):
    """Write a text to the terminal, above the moving line, and to Snakemake's log."""
    if text:
        logger.info(f"\n{text}\n")


def closing_text():
    """Return what the terminal says at the end of a run; end with an error where the report is of other settings."""
    if workflow.storage_registry.default_storage_provider is not None:
        return stored_text()
    targets = [rule.name for rule in workflow.dag.targetrules]
    try:
        return closing.text(EXPERIMENT, targets, workflow.dag.targetfiles)
    except ConfigError as mistake:
        sys.exit(f"Error: {mistake}")


def require_named_paths():
    """End with a line for each path of the configuration that is not there and that no rule makes.

    Called once all rules are known, and by the main process alone: jobs have their files as inputs.
    """

    def maker(path):
        return next((rule.name for rule in workflow.rules if rule.is_producer(path)), None)

    if lines := list(named_paths.mistakes(EXPERIMENT, maker)):
        refuse(lines)
    if lines := [
        f"datasets.{DATASET}.{part}.images: found no {tar}; wanted every tar that it names"
        for part, tar in tars.unseen(EXPERIMENT)
        if not remote_file(tar).flags["storage_object"].exists()
    ]:
        refuse(lines)


def require_sound_data():
    """End with a line for each mistake in the user's tables and files, before the first job; print warnings."""
    parts, lists = data.unchecked_parts(EXPERIMENT), data.unchecked_lists(EXPERIMENT)
    unchecked_matrices = matrices.unchecked(EXPERIMENT)
    if not parts and not lists and not unchecked_matrices:
        return
    from spml.data import precheck, precheck_features  # here: NumPy is imported, and only the start of a run needs it
    from spml.features.matrices.source import Source

    entry = EXPERIMENT.entry
    found = precheck.find(
        {name: precheck.Part(**part) for name, part in parts.items()},
        entry.categories,
        EXPERIMENT.source.unannotated_count,
        entry.missing_pictures,
        lists,
    )
    for warning in found.warnings:
        logger.warning(f"Warning: {warning}")
    if not found.mistakes:  # of the tables that the rows of features follow
        places = {
            key: precheck_features.Part(**part | {"source": Source(**part["source"])})
            for key, part in unchecked_matrices.items()
        }
        found.mistakes.extend(precheck_features.find(places))
    if found.mistakes:
        sys.exit("\n".join(["Error in the data:", *(f"  {mistake}" for mistake in found.mistakes)]))


def shards_of(dataset, part):
    """Return the shards of a part, which are known once its images are listed."""
    listed = checkpoints.list_images.get(dataset=dataset, part=part)
    per_shard = EXPERIMENTS[dataset].config.features.images_per_shard
    return data.shards(retrieved(listed.output.images), retrieved(listed.output.shards), per_shard)


def shard_images(wildcards):
    """Return the manifest of a shard, as an input function: it waits until the images are listed."""
    shards_of(wildcards.dataset, wildcards.part)
    return paths.shard_images(wildcards.dataset, wildcards.part, wildcards.shard)


def shard_tars(wildcards):
    """Return the tars that hold the pictures of a shard, as an input function; none where pictures are files."""
    if not tars.of_part(EXPERIMENTS[wildcards.dataset], wildcards.part):
        return []
    listed = checkpoints.list_images.get(dataset=wildcards.dataset, part=wildcards.part)
    return list(map(stored_file, tars.of_shard(retrieved(listed.output.shards), wildcards.shard)))


def shard_features(wildcards):
    """Return the features of all shards of a part in order, as an input function."""
    is_file = backbones.is_file(EXPERIMENTS[wildcards.dataset], wildcards.backbone)
    name = "rows_{shard}" if is_file else "{shard}"
    pattern = paths.shard_features(wildcards.dataset, wildcards.backbone, wildcards.part, name)
    return expand(pattern, shard=shards_of(wildcards.dataset, wildcards.part))


def shared(wildcards, input):
    """Return what the key of shared features covers beside code and settings; no trigger, since it depends on inputs."""
    from spml.artifacts import sharing  # here, since only a run with --cache needs it

    named = (input.images, input.weights, input.trained)
    inputs = [path for paths in named for path in ([paths] if isinstance(paths, str) else paths)]
    if os.path.basename(input.images) != f"{wildcards.shard}.csv" or not all(map(os.path.isfile, inputs)):
        return uuid.uuid4().hex  # inputs are yet to be made: asked again before the job; until then equal to nothing
    return sharing.key(input.images, inputs, wildcards)


def train_pictures(wildcards):
    """Return the decoded pictures of all shards of the training part in order, as an input function."""
    experiment = EXPERIMENTS[wildcards.dataset]
    backbone = finetuning.pictures_of(experiment, wildcards.model)
    pattern = training_paths.pictures(wildcards.dataset, backbone, "train")
    return expand(pattern, shard=shards_of(wildcards.dataset, "train"))


def per_attempt(amount):
    """Return a resource that grows with each attempt."""
    return lambda wildcards, attempt: amount * attempt


@functools.cache
def stored_shape(path, modified):
    """Return the shape of the matrix in an HDF5 file, of a CSV table, or (bytes, 1) of another file.

    ``modified`` is the time of the file.
    """
    if path.lower().endswith(".csv"):
        with open(path, "rb") as file:
            header = next(file, b"")
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")), header.count(b",") + 1
    if not path.endswith(".h5"):
        return os.path.getsize(path), 1
    import h5py  # here, since only a run with jobs to submit needs it

    with h5py.File(path, "r", locking=False) as file:
        return next(matrix.shape for matrix in file.values() if matrix.ndim == 2)


def by_shape(least, cost, *names, **fixed):
    """Return a resource, mem_mb or runtime: ``cost`` of the shapes of these inputs, at least ``least``, times the attempt.

    ``cost`` also gets what is fixed, where a function made by ``plan`` is called, and the threads if it names them. An
    input that the job does not have has no rows. Snakemake asks again when all inputs are there, before it submits a job.
    Until then, and where an input cannot be read, it is ``least``.
    """
    threaded = "threads" in inspect.signature(cost).parameters

    def call(wildcards, input, threads, attempt):
        paths = [input[name] if isinstance(input[name], str) else next(iter(input[name]), None) for name in names]
        try:
            shapes = [stored_shape(path, os.stat(path).st_mtime_ns) if path else (0, 0) for path in paths]
        except (OSError, StopIteration):
            return least * attempt
        more = {key: value(wildcards) if callable(value) else value for key, value in fixed.items()}
        more |= {"threads": threads} if threaded else {}
        return max(least, cost(*shapes, **more)) * attempt

    return call
