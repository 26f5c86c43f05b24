# What the rules share: the plan of each data set, and how a rule asks it.
import inspect
import sys

sys.path.insert(0, str(Path(workflow.basedir) / "workflow_scripts"))

from plan import acquire, console, evaluation, labels, load, paths, review, rows, training
from plan.errors import ConfigError
from plan.fields import NAME_PATTERN
from plan.sources import ARCHIVES, READERS
from plan.tracking import code, templates
from spml.review.exports import FORMATS

try:
    EXPERIMENTS = load.experiments(config)
except ConfigError as mistakes:
    names = ", ".join(map(str, workflow.configfiles)) or "--config"
    sys.exit("\n".join([f"Error in the configuration ({names}):", *(f"  {line}" for line in mistakes.lines)]))

DATASET = config["dataset"]
EXPERIMENT = EXPERIMENTS[DATASET]
MACHINE = EXPERIMENT.config.machine
VARIANT = "tau_0[.][0-9]{2}|all"


def plan(function, **fixed):
    """A params or input function from a function of the plan: its parameters are named as the wildcards that it reads."""
    names = [name for name in list(inspect.signature(function).parameters)[1:] if name not in fixed]

    def answer(wildcards):
        experiment = EXPERIMENTS[wildcards.get("dataset", DATASET)]
        return function(experiment, **{name: wildcards[name] for name in names}, **fixed)

    return answer


def shards(wildcards):
    """The shards of a part, known once its images are listed."""
    listed = checkpoints.list_images.get(dataset=wildcards.dataset, part=wildcards.part)
    return sorted(path.stem for path in Path(listed.output.shards).glob("*.csv"))


def shard_images(wildcards):
    """An input function: the images of a shard, once they are listed."""
    shards(wildcards)
    return paths.shard_images(wildcards.dataset, wildcards.part, wildcards.shard)


def shard_features(wildcards):
    """An input function: the features of all shards of a part, in order."""
    pattern = paths.shard_features(wildcards.dataset, wildcards.backbone, wildcards.part)
    return expand(pattern, shard=shards(wildcards))


def per_attempt(amount):
    """A resource that grows with each attempt."""
    return lambda wildcards, attempt: amount * attempt
