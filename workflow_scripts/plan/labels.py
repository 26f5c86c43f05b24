"""Inputs and params of rules/labels.smk: observed labels, and pseudo-labels from teachers."""

import sys
from typing import Any

from plan import acquire, check_losses, paths
from plan.errors import unknown
from plan.experiment import Experiment, as_list, format_reference, plain, target_of, tau_of, variants_of
from spml.labels.pseudo_labels import RULES


def observation(experiment: Experiment) -> dict[str, Any]:
    """Return the options of make_observed_labels: only those that the sampling reads."""
    options = experiment.observation
    if options.file:
        return {"sampling": "given"}
    keys = ["sampling", "positives_per_image", "negatives_per_image"]
    keys += ["weights"] * (options.sampling == "weights")
    return plain({key: getattr(options, key) for key in keys})


def sampling_weights(experiment: Experiment) -> str | list[str]:
    """Return the file of weights that labels are drawn by, where sampling is by size or location."""
    options = experiment.observation
    if options.file or options.sampling not in ("size", "location"):
        return []
    return paths.observation_weights(experiment.dataset, options.sampling)


def observed_file(experiment: Experiment) -> str | list[str]:
    """Return the user's file of observed labels, if there is one."""
    return experiment.observation.file or []


def reads_whole(experiment: Experiment) -> bool:
    """Return whether make_observed_labels holds labels of all images: those of the user's file."""
    return experiment.observation.file is not None


def labels_whole(experiment: Experiment, pseudo_labels: str) -> bool:
    """Return whether make_pseudo_labels holds labels of all images: those of a rule that ranks images."""
    return RULES[entry(experiment, pseudo_labels).rule].ranks


def observed_file_images(experiment: Experiment) -> str | list[str]:
    """Return the manifest that tells the rows of the user's file of observed labels, if there is one."""
    return paths.images(experiment.dataset, "train") if experiment.observation.file else []


def answers(experiment: Experiment, part: str) -> str | list[str]:
    """Return the merged answers of people about a part, if there are some files of answers."""
    return paths.review(f"answers_{part}.csv", experiment.dataset) if experiment.answer_files else []


def image_table(experiment: Experiment) -> str | list[str]:
    """Return the user's table of images, which may hold observed labels, unless a file of its own does."""
    if experiment.source.is_table and not experiment.observation.file:
        return acquire.annotations(experiment, "train")
    return []


def prior_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of estimate_priors: the method, and what it reads."""
    method = experiment.prior_method
    options: dict[str, Any] = {"method": method}
    if method == "labels_per_image":
        options["labels_per_image"] = experiment.priors.labels_per_image
    return plain(options)


def prior_logits(experiment: Experiment, seed: str) -> str | list[str]:
    """Return the logits that priors are estimated from: of a teacher, on the rows that it was not trained on."""
    if experiment.prior_method != "estimated":
        return []
    return paths.logits(experiment.dataset, experiment.folder(experiment.priors.teacher, "", seed), "val")


def rule_priors(experiment: Experiment, pseudo_labels: str, seed: str) -> str | list[str]:
    """Return the class priors, where the rule of pseudo-labels takes them and the configuration names none."""
    settings = entry(experiment, pseudo_labels)
    return paths.priors(experiment.dataset, seed) if takes_priors(settings) else []


def prior_readers(experiment: Experiment) -> list[str]:
    """Return the keys of the entries that take class priors."""
    readers = [f"pseudo_labels.{name}" for name, entry in experiment.pseudo_labels.items() if takes_priors(entry)]
    for kind, entries in (("teachers", experiment.teachers), ("students", experiment.students)):
        readers += [f"{kind}.{name}.loss" for name, entry in entries.items() if experiment.expects_positives(entry)]
    return readers


def takes_priors(settings: Any) -> bool:
    """Return whether the rule of an entry of pseudo_labels, or its target, takes class priors that the entry does not name."""
    return getattr(settings, "prior", 0) is None or target_of(settings).get("labels_per_image") == "priors"


def check_options(experiment: Experiment) -> dict[str, Any]:
    """Return the options of check_labels: fully supervised teachers, select_on, and what categories and images limit, by key."""
    own = {f"pseudo_labels.{name}": entry for name, entry in experiment.pseudo_labels.items()}
    ranked = {key: entry.k for key, entry in own.items() if entry.rule == "top_k" and entry.split == "train"}
    rates = {key: entry.prior for key, entry in own.items() if getattr(entry, "prior", None)}
    return {
        "full_supervision": experiment.fully_supervised,
        "select_on": experiment.validation.select_on,
        "expected": check_losses.expected_positives(experiment),
        "ranked": {f"{key}.k": k for key, k in ranked.items()},
        "rates": plain({f"{key}.prior": prior for key, prior in rates.items()}),
    }


def entry(experiment: Experiment, pseudo_labels: str) -> Any:
    """Return an entry of pseudo_labels; end with one line where the path of a requested file names none."""
    for line in unknown("pseudo-labels of a requested file", pseudo_labels, list(experiment.pseudo_labels)):
        sys.exit(f"Error: {line}")
    return experiment.pseudo_labels[pseudo_labels]


def rule_options(experiment: Experiment, pseudo_labels: str, variant: str) -> dict[str, Any]:
    """Return the rule that makes pseudo-labels, its parameters and its teachers."""
    settings = entry(experiment, pseudo_labels)
    rule, parameters = RULES[settings.rule], rule_parameters(settings)
    own: dict[str, Any] = {"split": "pool"} if settings.split == "pool" else {}
    if (target := target_of(settings)) and not tau_of(variant):
        own["target"] = plain(target)
        if "precision" in target:
            own["calibrate_on"] = experiment.validation.select_on
    elif rule.swept:
        parameters["tau"] = float(tau_of(variant))
    return own | {
        "keep_observed": settings.keep_observed,
        "parameters": plain(parameters),
        "rule": settings.rule,
        "teacher": [format_reference(reference) for reference in as_list(settings.teacher)],
    }


def rule_parameters(settings: Any) -> dict[str, Any]:
    """Return the hyperparameters of the rule of an entry of pseudo_labels, by name."""
    return {parameter.name: getattr(settings, parameter.name) for parameter in RULES[settings.rule].hyperparameters}


def teacher_logits(experiment: Experiment, pseudo_labels: str, seed: str) -> list[str]:
    """Return the logits that pseudo-labels are made from."""
    settings = entry(experiment, pseudo_labels)
    folders = experiment.folders(as_list(settings.teacher), seed)
    return [paths.logits(experiment.dataset, folder, settings.split) for folder in folders]


def labelled(experiment: Experiment, pseudo_labels: str) -> str:
    """Return the true labels of the part that pseudo-labels are made for."""
    return paths.labels(experiment.dataset, entry(experiment, pseudo_labels).split)


def labelled_images(experiment: Experiment, pseudo_labels: str) -> str:
    """Return the manifest of the part that pseudo-labels are made for."""
    return paths.images(experiment.dataset, entry(experiment, pseudo_labels).split)


def labelled_observed(experiment: Experiment, pseudo_labels: str, seed: str) -> str | list[str]:
    """Return the observed labels of the part that pseudo-labels are made for; of the pool, those that people answered."""
    if entry(experiment, pseudo_labels).split == "train":
        return paths.observed(experiment.dataset, seed)
    return paths.pool_observed(experiment.dataset) if experiment.answer_files else []


def variant_files(experiment: Experiment, pseudo_labels: str, seed: str) -> list[str]:
    """Return the files of every variant of pseudo-labels, in order."""
    variants = variants_of(entry(experiment, pseudo_labels))
    return [paths.pseudo_labels(experiment.dataset, pseudo_labels, seed, variant) for variant in variants]
