"""The jobs that the rule files and the plan make of a configuration, without Snakemake, in milliseconds.

The blocks input, output and params of each rule are evaluated as they stand; jobs are traced from the figures back. One
shard per part is assumed. tests/workflow/test_reruns.py proves on real dry runs that Snakemake does the same.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import tiny
from plan import (
    acquire,
    backbones,
    data,
    evaluation,
    experiments,
    features,
    finetuning,
    labels,
    load,
    matrices,
    model,
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
from plan.sources import ARCHIVES, READERS

BLOCK = re.compile(r"^    (input|output|params|benchmark):\n((?:        .*\n|\n)+)", re.M)
SHARD = "00000"
TRAINED_MODEL = r"teachers/[\w.-]+/seed_[0-9]+|students/[\w.-]+/seed_[0-9]+/(?:tau_0[.][0-9]{2}|all)"


@dataclass
class Rule:
    """A rule; ``models`` are those that it is for: with a backbone that is trained, frozen, or any."""

    name: str
    models: str
    blocks: dict[str, dict[str, Any]]
    outputs: list[str]
    benchmark: str


@dataclass
class Job:
    rule: str
    inputs: set[str]
    ancient: set[str]
    params: str
    benchmark: str
    needs: list["Job"] = field(default_factory=list)

    @property
    def identity(self) -> tuple[str, frozenset[str]]:
        return self.params, frozenset(self.inputs | self.ancient)


@dataclass(frozen=True)
class Ask:
    """A function of the plan, to be asked for the wildcards of a job."""

    function: Any
    fixed: tuple[tuple[str, str], ...] = ()

    def __call__(self, experiment: Any, wildcards: dict[str, str]) -> Any:
        names = self.function.__code__.co_varnames[1 : self.function.__code__.co_argcount]
        fixed = dict(self.fixed)
        return self.function(experiment, **{name: wildcards[name] for name in names if name not in fixed}, **fixed)


@dataclass(frozen=True)
class Ancient:
    value: Any


@cache
def _pattern(output: str) -> re.Pattern[str]:
    """Return the expression that an output pattern stands for; what a wildcard may be follows from its name."""
    allowed = {
        "part": "train|test|pool",
        "tar": "[0-9]{6}",
        "kernel": "linear|rbf_[0-9]+",
        "seed": "[0-9]+",
        "split": "train|pool",
        "shard": "[0-9]{5}",
        "variant": "tau_0[.][0-9]{2}|all",
        "sampling": "size|location",
        "reader": "|".join(READERS),
        "archive": "|".join(ARCHIVES),
        "candidate": "bs[0-9]+_lr[0-9.e-]+",
        "backbone": rf"[A-Za-z0-9][A-Za-z0-9_.-]*|{TRAINED_MODEL}",
        "model": r"teachers/[\w.-]+/(?:seed_[0-9]+|all_seeds)|students/[\w.-]+/seed_[0-9]+/(?:tau_0[.][0-9]{2}|all)",
    }
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{allowed.get(name, '[A-Za-z0-9][A-Za-z0-9_.-]*')})"

    parts = re.split(r"(\{\w+\})", output)
    return re.compile(
        "".join(re.sub(r"\{(\w+)\}", group, part) if part[:1] == "{" else re.escape(part) for part in parts)
    )


@cache
def rules() -> tuple[Rule, ...]:
    """Return every rule of rules/*.smk with its evaluated blocks."""
    space = {
        "paths": paths,
        "plan": lambda function, **fixed: Ask(function, tuple(fixed.items())),
        "stored": lambda function, **fixed: Ask(function, tuple(fixed.items())),
        "code": tracking.code,
        "templates": tracking.templates,
        "project_file": tracking.project_file,
        "ancient": Ancient,
        "directory": lambda path: path,
        "report": lambda path, **more: path,
        "shard_images": Ask(lambda experiment, dataset, part: paths.shard_images(dataset, part, SHARD)),
        "shard_tars": Ask(tars.of_part),
        "shard_features": Ask(
            lambda experiment, dataset, backbone, part: [
                paths.shard_features(
                    dataset, backbone, part, f"rows_{SHARD}" if backbones.is_file(experiment, backbone) else SHARD
                )
            ]
        ),
        "train_pictures": Ask(
            lambda experiment, dataset, model: [
                training_paths.pictures(dataset, finetuning.pictures_of(experiment, model), "train", SHARD)
            ]
        ),
        "by_rule_name": lambda asked: asked,
        "IS_SHARED": False,
        "MACHINE": SimpleNamespace(memory_mb=None),
    } | {
        module.__name__.rpartition(".")[2]: module
        for module in (
            acquire,
            backbones,
            data,
            evaluation,
            experiments,
            features,
            finetuning,
            labels,
            matrices,
            model,
            published,
            reporting,
            review,
            rows,
            tars,
            training,
        )
    }
    found = []
    for file in sorted((tiny.ROOT / "rules").glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        for block in re.split(r"^(?:rule|checkpoint|use rule \w+ as) ", text, flags=re.M)[1:]:
            name = re.match(r"\w+", block)[0]
            texts = dict(BLOCK.findall(block + "\n"))
            benchmark = texts.pop("benchmark").strip().strip('"')
            blocks = {key: eval(f"dict({body})", dict(space)) for key, body in texts.items()}
            outputs = list(blocks["output"].values())
            models = re.search(r"dataset=WITH_(\w+)", block)
            found.append(Rule(name, models[1].lower() if models else "any", blocks, outputs, benchmark))
    return tuple(found)


def _files(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value is not None:
        for item in value:
            yield from _files(item)


def jobs(config: dict[str, Any]) -> dict[str, Job]:
    """Return the jobs behind the target all, by their first output."""
    experiments = load.experiments(config)
    experiment = experiments[config["dataset"]]
    compared = paths.compared(experiment=experiment.name)  # as Snakefile sets the pathvar
    made: dict[str, Job | None] = {}
    result: dict[str, Job] = {}

    def is_for(rule: Rule, path: str) -> bool:
        trained = any(f"/{name}/" in path for name in finetuning.trained_names(experiment))
        return rule.models == "any" or trained == (rule.models == "trained")

    def job_of(path: str) -> Job | None:
        if path in made:
            return made[path]
        made[path] = None
        if path.endswith(f"/{SHARD}.csv"):  # in a folder that is an output
            made[path] = job_of(path.rpartition("/")[0])
            return made[path]
        matches = [
            (rule, match)
            for rule in rules()
            if is_for(rule, path)
            for output in rule.outputs
            if (match := _pattern(output.replace(paths.COMPARED, compared)).fullmatch(path))
        ]
        assert len(matches) <= 1, f"{path}: several rules make it: {[rule.name for rule, _ in matches]}"
        for rule, match in matches:
            made[path] = _job(rule, match.groupdict(), path)
            return made[path]
        return None

    def filled(pattern: str, wildcards: dict[str, str]) -> str:
        return pattern.replace(paths.COMPARED, compared).format(**wildcards)

    def _job(rule: Rule, wildcards: dict[str, str], path: str) -> Job:
        outputs = [filled(text, wildcards) for text in rule.outputs]
        if outputs[0] in result:
            return result[outputs[0]]
        inputs: set[str] = set()
        ancient: set[str] = set()
        for value in rule.blocks.get("input", {}).values():
            target = inputs
            if isinstance(value, Ancient):
                value, target = value.value, ancient
            answer = value(experiment, wildcards) if isinstance(value, Ask) else value
            target.update(filled(file, wildcards) for file in _files(answer))
        params = {
            name: value(experiment, wildcards) if isinstance(value, Ask) else value
            for name, value in rule.blocks.get("params", {}).items()
        }
        job = result[outputs[0]] = Job(rule.name, inputs, ancient, repr(params), filled(rule.benchmark, wildcards))
        made.update(dict.fromkeys(outputs, job))
        job.needs = [needed for file in sorted(inputs) if (needed := job_of(file))]
        for file in sorted(ancient):
            job_of(file)
        return job

    for target in [
        paths.labels_check(experiment.dataset),
        *reporting.figures(experiment.compared),
        paths.report(experiment.compared),
        reporting.crate(experiment.compared),
    ]:
        job_of(target)
    return result


def planned(before: dict[str, Any], after: dict[str, Any], edited: str | None = None) -> dict[str, int]:
    """Return what runs once a finished workflow's configuration changed: rule to number of jobs.

    ``edited`` is a file of workflow_scripts/ that has another content, too.
    """
    old, new = jobs(before), jobs(after)
    runs: dict[int, bool] = {}
    outputs = {id(other): name for name, other in new.items()}
    file = edited and os.path.relpath(tracking.SCRIPTS / edited)

    def reruns(output: str, job: Job) -> bool:
        if id(job) not in runs:
            runs[id(job)] = False
            changed = output not in old or old[output].identity != job.identity or file in job.inputs
            runs[id(job)] = changed or any(reruns(outputs[id(needed)], needed) for needed in job.needs)
        return runs[id(job)]

    counts: dict[str, int] = {}
    for output, job in new.items():
        if reruns(output, job):
            counts[job.rule] = counts.get(job.rule, 0) + 1
    return counts
