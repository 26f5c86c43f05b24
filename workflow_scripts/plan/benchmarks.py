"""The benchmark files of the jobs behind the report, by rule. They follow from the configuration, not from a folder."""

from plan import acquire, backbones, data, features, finetuning, labels, paths, rows, tars
from plan.experiment import Experiment, plain

SINGLE = ("make_labels", "find_duplicates", "check_labels")  # rules with one job per data set
COMPARED = (  # rules with one job per experiment
    *("collect_metrics", "collect_label_counts", "measure_label_quality"),
    *("compare_methods", "plot_map", "plot_label_counts", "plot_comparison", "plot_reliability", "plot_label_quality"),
    *("plot_training", "write_provenance"),
)


def by_rule(experiment: Experiment) -> dict[str, list[str]]:
    """Return the benchmark files by rule; those of shards of features have * in place of the shard."""
    dataset, folders = experiment.dataset, list(dict.fromkeys(rows.model_folders(experiment)))
    jobs: dict[str, list[tuple[str, ...]]] = {rule: [()] for rule in SINGLE}
    jobs["list_images"] = [(part,) for part in experiment.used_parts]
    if indexed := tars.indexed(experiment):
        jobs["index_tar"] = indexed
    if not experiment.source.is_table:
        jobs["read_annotations"] = [(part,) for part in experiment.parts if part in experiment.used_parts]
    jobs["index_features"] = [(name, part) for name in backbones.extracted(experiment) for part in ("train", "test")]
    for backbone, kernel in features.kernels(experiment):
        jobs.setdefault("decompose_features", []).append((backbone, kernel))
        if kernel != "linear":
            jobs.setdefault("choose_landmarks", []).append((backbone, kernel))
            jobs.setdefault("map_features", []).extend((backbone, kernel, part) for part in ("train", "test"))
    jobs["index_features"] += [(name, "pool") for name in backbones.of_pool(experiment)]
    if experiment.uses_pool:
        jobs["make_pool_labels"] = [()]
    for backbone, part in jobs["index_features"]:
        rule = "convert_features" if backbones.is_file(experiment, backbone) else "extract_features"
        jobs.setdefault(rule, []).append((backbone, part, "*"))
        if rule == "convert_features":
            jobs.setdefault("match_rows", []).append((backbone, part))
    jobs["make_observed_labels"] = [(f"seed_{seed}",) for seed in experiment.seeds]
    if labels.prior_readers(experiment):
        jobs["estimate_priors"] = jobs["make_observed_labels"]
    if labels.sampling_weights(experiment):
        jobs["make_observation_weights"] = [(experiment.observation.sampling,)]
    models = [(row["kind"], row["name"], f"seed_{row['seed']}", row["variant"]) for row in rows.models(experiment)]
    texts = experiment.text_teachers
    trained = finetuning.trained_names(experiment)
    models = [model for model in models if "/".join(model[:2]) not in trained]
    jobs |= finetuning.jobs(experiment)
    jobs["train_teacher"] = [model[1:3] for model in models if model[0] == "teachers" and model[1] not in texts]
    jobs |= {rule: [(name,) for name in texts] for rule in ("embed_prompts", "make_text_teacher") if texts}
    jobs["train_student"] = [model[1:] for model in models if model[0] == "students"]
    made = [(row["pseudo_labels"], row["seed"], row["variant"]) for row in rows.variants(experiment)]
    made += [
        (entry.pseudo_labels, seed, variant)
        for name, entry in sorted(experiment.students.items())
        if experiment.pseudo_labels[entry.pseudo_labels].split == "pool"
        for seed in experiment.seeds
        for variant in experiment.variants(name)
    ]
    jobs["make_pseudo_labels"] = [(name, f"seed_{seed}", variant) for name, seed, variant in dict.fromkeys(made)]
    teacher_logits = {path for name, seed, _ in made for path in labels.teacher_logits(experiment, name, str(seed))}
    jobs["predict_logits"] = [
        (folder, split)
        for folder in folders
        for split in ("train", "pool")
        if paths.logits(dataset, folder, split) in teacher_logits
    ]
    jobs["evaluate"] = [(folder,) for folder in folders]
    shared = paths.results(dataset=dataset)
    files = {rule: [paths.benchmark(rule, *names, folder=shared) for names in keys] for rule, keys in jobs.items()}
    compared = [*COMPARED, *(["compare_published"] if experiment.entry.published else [])]
    files |= {rule: [paths.benchmark(rule, folder=experiment.compared)] for rule in compared}
    files |= _resource_benchmarks(experiment)
    return plain({rule: [experiment.located(path) for path in found] for rule, found in files.items()})


def _resource_benchmarks(experiment: Experiment) -> dict[str, list[str]]:
    """Return the benchmark files of the rules that write a data set's resources: drawn, fetched, converted."""
    source = experiment.source
    jobs = {
        "draw_demo": [part for part in experiment.parts if part in experiment.used_parts]
        if experiment.entry.source == "demo"
        else []
    }
    jobs["convert_annotations"] = [
        f"{source.reader}/{part}.{source.ending}" for part in experiment.parts if acquire.is_converted(experiment, part)
    ]
    jobs["fetch_archive"] = _fetched(experiment)
    return {
        rule: [paths.resources("benchmarks", rule, f"{name}.tsv", dataset=experiment.dataset) for name in names]
        for rule, names in jobs.items()
        if names
    }


def _fetched(experiment: Experiment) -> list[str]:
    """Return the archives that are fetched for this experiment."""
    files = [
        file
        for part in experiment.parts
        for file in [
            *(acquire.conversion_inputs(experiment, part) if acquire.is_converted(experiment, part) else []),
            data.pictures(experiment, part),
        ]
    ]
    names = (name for name in experiment.source.downloads if paths.fetched(experiment.dataset, name) in files)
    return sorted(names)
