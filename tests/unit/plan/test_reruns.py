"""Only what changed runs again: change one key, see the exact rules that are planned."""

import pytest

import tiny
from unit.plan import dag

FEEDS = {  # rule -> the rules that read what it writes
    "read_annotations": ["list_images", "make_labels"],
    "list_images": [
        "extract_features",
        "make_labels",
        "make_pseudo_labels",
        "write_provenance",
        "find_duplicates",
        "write_report",
    ],
    "find_duplicates": ["write_report"],
    "extract_features": ["index_features"],
    "index_features": ["train_teacher", "train_student", "predict_logits", "evaluate", "write_provenance"],
    "make_labels": [
        *["make_observed_labels", "check_labels", "train_teacher", "train_student", "predict_logits"],
        *["make_pseudo_labels", "evaluate", "collect_label_counts", "compare_methods", "measure_label_quality"],
        *["find_duplicates", "write_report"],
    ],
    "make_observed_labels": [
        "write_report",
        "check_labels",
        "train_teacher",
        "make_pseudo_labels",
        "collect_label_counts",
        "measure_label_quality",
    ],
    "train_teacher": ["predict_logits", "evaluate", "plot_training"],
    "predict_logits": ["make_pseudo_labels", "write_report"],
    "make_pseudo_labels": ["train_student", "collect_label_counts", "measure_label_quality", "write_report"],
    "train_student": ["evaluate", "plot_training"],
    "evaluate": ["collect_metrics", "plot_reliability", "compare_methods"],
    "collect_metrics": [
        *["plot_map", "compare_methods", "plot_comparison", "plot_reliability", "plot_label_quality"],
        *["write_provenance", "write_report", "write_crate"],
    ],
    "collect_label_counts": ["plot_label_counts", "write_provenance", "write_report", "write_crate"],
    "compare_methods": ["plot_comparison", "write_provenance", "write_report", "write_crate"],
    "measure_label_quality": ["plot_label_quality", "write_provenance", "write_report", "write_crate"],
    "write_report": ["write_crate"],
    **{
        rule: ["write_report", "write_crate"]
        for rule in (
            "plot_map",
            "plot_label_counts",
            "plot_comparison",
            "plot_reliability",
            "plot_label_quality",
            "plot_training",
            "write_provenance",
        )
    },
}


def and_after(*rules):
    """These rules and all that come after them."""
    found, todo = set(), list(rules)
    while todo:
        rule = todo.pop()
        if rule not in found:
            found.add(rule)
            todo += FEEDS.get(rule, [])
    return found


TRAINING = and_after("train_teacher")
LABELLING = and_after("make_pseudo_labels")
EVERYTHING = and_after("read_annotations")
OBSERVING = and_after("make_observed_labels")
MEASURING = and_after("evaluate", "plot_training")
STUDENTS = MEASURING | {"train_student"}
TABLES = and_after(
    *("collect_metrics", "collect_label_counts", "measure_label_quality", "plot_reliability", "plot_training")
)
AFTER_PRIORS = TRAINING - {"predict_logits"} | {"estimate_priors"}
ADDED_LABELS = and_after("collect_label_counts", "measure_label_quality") | {"make_pseudo_labels"}

CONFIG_CASES = {  # a change of the config -> what runs
    "nothing": ({}, set()),
    "validation share": ({"validation/fraction": 0.3}, and_after("make_labels")),
    "split seed": ({"validation/seed": 5}, and_after("make_labels")),
    "epochs": ({"training/epochs": 4}, TRAINING),
    "two values swapped": ({"training/epochs": 8, "training/hidden": 3}, TRAINING),
    "two lists swapped": ({"training/batch_sizes": [1], "training/learning_rates": [8]}, TRAINING),
    "dropout": ({"training/dropout": 0.2}, TRAINING),
    "order of candidates": ({"training/learning_rates": [0.001, 0.01]}, TRAINING),
    "head of a student": ({"students/paper/head": "linear"}, STUDENTS),
    "loss of a student": ({"students/paper/loss": "an_ls"}, STUDENTS),
    "a baseline's loss": ({"teachers/an/loss": "an_ls"}, {"train_teacher", *MEASURING}),
    "a baseline's supervision": ({"teachers/an/supervision": "full"}, {"train_teacher", "check_labels", *MEASURING}),
    "hyperparameter of the teacher": ({"teachers/em/loss": {"name": "em", "alpha": 0.2}}, TRAINING),
    "a hyperparameter written out": ({"teachers/em/loss": {"name": "em", "alpha": 0.1}}, set()),
    "another teacher for the pseudo-labels": ({"pseudo_labels/paper/teacher": "an"}, {"predict_logits", *LABELLING}),
    "observed positives kept": ({"pseudo_labels/paper/keep_observed": True}, LABELLING),
    "a τ added": ({"pseudo_labels/paper/taus": [0.5, 0.6, 0.7]}, LABELLING),
    "a τ removed": (
        {"pseudo_labels/paper/taus": [0.5]},
        TABLES,
    ),
    "order of τ": ({"pseudo_labels/paper/taus": [0.7, 0.5]}, set()),
    "a replicate added": ({"seeds": [1200, 1201, 7]}, and_after("make_observed_labels")),
    "a replicate removed": ({"seeds": [1200]}, TABLES | {"check_labels"}),
    "a teacher added": ({"teachers/an_ls": {"loss": "an_ls"}}, {"train_teacher", *MEASURING}),
    "a ridge teacher added": (
        {"teachers/ridge": {"loss": "squares", "head": "ridge"}},
        {"choose_landmarks", "map_features", "decompose_features", "train_teacher", *MEASURING},
    ),
    "a linear ridge teacher in place of another": (
        {"teachers/an": {"loss": "squares", "head": "ridge", "kernel": "linear"}},
        {"decompose_features", "train_teacher", *MEASURING},
    ),
    "keys of a head that no model has": (
        {"training/kernel": "linear", "training/landmarks": 100, "training/penalties": [1]},
        set(),
    ),
    "a student added": ({"students/linear": {"pseudo_labels": "paper", "loss": "bce", "head": "linear"}}, STUDENTS),
    "pseudo-labels added": (
        {"pseudo_labels/of_an": {"teacher": "an", "taus": [0.5]}},
        ADDED_LABELS | {"predict_logits"},
    ),
    "a second round": (
        {
            "pseudo_labels/second": {"teacher": "paper@0.7", "taus": [0.5]},
            "students/second": {"pseudo_labels": "second", "loss": "bce"},
        },
        LABELLING | {"predict_logits"},
    ),
    "several teachers": ({"pseudo_labels/paper/teacher": ["em", "an"]}, {"predict_logits", *LABELLING}),
    "rules without τ added": (
        {
            "pseudo_labels/soft": {"teacher": "em", "rule": "soft"},
            "pseudo_labels/cap": {"teacher": "soft@all", "rule": "class_prior"},
            "students/soft": {"pseudo_labels": "soft", "loss": "bce"},
        },
        LABELLING | {"predict_logits", "estimate_priors"},
    ),
    "priors that nothing takes": ({"priors": {"method": "estimated", "labels_per_image": 2}}, set()),
    "sampling of the observation": ({"observation": {"sampling": "size"}}, {"make_observation_weights", *OBSERVING}),
    "observed negatives": ({"observation": {"negatives_per_image": 1}}, OBSERVING),
    "weights that the sampling does not read": ({"observation": {"weights": {"red": 2}}}, set()),
    "choices on observed labels": (
        {"validation/select_on": "observed_labels"},
        TRAINING | {"evaluate", "check_labels"},
    ),
    "reference of the comparison": ({"comparison": {"reference": "an"}}, and_after("compare_methods")),
    "the same reference, written out": ({"comparison": {"reference": "em"}}, set()),
    "lines of the figure": (
        {"figures/baselines": ["full"]},
        {"plot_map", "plot_comparison", "plot_reliability", "write_provenance", "write_report", "write_crate"},
    ),
    "image size": ({"backbones/random/image_size": 40}, and_after("extract_features")),
    "precision": ({"backbones/random/precision": "bfloat16"}, and_after("extract_features")),
    "storage": ({"backbones/random/storage": "float32"}, and_after("extract_features")),
    "images per shard": ({"features/images_per_shard": 10}, and_after("list_images")),
    "memory": ({"machine/memory_mb": 1}, set()),
    "a second backbone, unused": (
        {"backbones/other": {"library": "torchvision", "model": "resnet18"}},
        set(),
    ),
    "device": ({"machine/device": "auto"}, set()),
    "batch size of the extraction": ({"machine/batch_size": 7}, set()),
    "GPUs": ({"machine/gpus_per_job": 1}, set()),
    "what predicts and for what": (
        {"predict": {"images": "data/test", "model": "an", "seed": 1201}},
        {"write_report", "write_crate"},  # its verdict names the model
    ),
    "which questions are asked, and how many": (
        {"review": {"strategy": "random", "questions": 7}},
        set(),
    ),
    "which labels people look at": (
        {"review": {"pseudo_labels": "paper@0.7", "seed": 1201}},
        {"write_report", "write_crate"},  # it links to their gallery
    ),
    "what is simulated": ({"review": {"simulated_answers": [0, 1], "simulated_student": "paper"}}, set()),
    "answers of people": ({"review": {"answers": ["answers.csv"]}}, OBSERVING | {"merge_answers"}),
    "the demo's settings": ({"demo": {"train": 50}}, set()),
    "another data set beside it": (
        {"datasets/other": {"source": "demo", "backbone": "random", "training": {"epochs": 1}}},
        set(),
    ),
    "an override for this data set": ({"datasets/tiny/training": {"epochs": 4}}, TRAINING),
    "a name that figures show": (
        {"teachers/an/label": "Assume negative"},
        {"plot_map", "plot_comparison", "plot_reliability", "plot_training", "write_report", "write_crate"},
    ),
    "a name of students": (
        {"students/paper/label": "Pseudo multi-labels"},
        {
            *("plot_map", "plot_comparison", "plot_reliability", "plot_training", "plot_label_counts"),
            *("plot_label_quality", "write_report", "write_crate"),
        },
    ),
    "an override that says the same": ({"datasets/tiny/training": {"epochs": 3}}, set()),
}


@pytest.mark.parametrize("case", CONFIG_CASES)
def test_a_change_of_the_config_runs_what_depends_on_it(case):
    changes, wanted = CONFIG_CASES[case]
    assert set(dag.planned(tiny.CONFIG, tiny.changed(tiny.CONFIG, changes))) == wanted


def test_a_τ_added_runs_its_own_files_alone():
    after = tiny.changed(tiny.CONFIG, {"pseudo_labels/paper/taus": [0.5, 0.6, 0.7]})
    two = len(tiny.CONFIG["seeds"])
    wanted = {"make_pseudo_labels": two, "train_student": two, "evaluate": two}
    assert dag.planned(tiny.CONFIG, after) == wanted | dict.fromkeys(TABLES | {"compare_methods", "plot_comparison"}, 1)


PRIORS = tiny.changed(
    tiny.CONFIG,
    {
        "teachers/epr": {"loss": "epr"},
        "pseudo_labels/cap": {"teacher": "em", "rule": "class_prior"},
        "students/cap": {"pseudo_labels": "cap", "loss": "bce"},
        "priors": {"labels_per_image": 2},
    },
)
PRIOR_CASES = {  # where a rule and a loss take class priors
    "another number": ({"priors": {"labels_per_image": 3}}, AFTER_PRIORS),
    "an estimate": ({"priors": {"method": "estimated"}}, AFTER_PRIORS),
    "the number, by its name": ({"priors": {"method": "labels_per_image", "labels_per_image": 2}}, set()),
    "a teacher that it does not read": ({"priors": {"labels_per_image": 2, "teacher": "an"}}, set()),
    "rates of its own": (
        {"pseudo_labels/cap/prior": {"red": 0.5, "green": 0.5, "blue": 0.5, "white": 0.5}},
        LABELLING | {"check_labels"},
    ),
}


@pytest.mark.parametrize("case", PRIOR_CASES)
def test_a_change_of_the_priors_runs_what_takes_them(case):
    changes, wanted = PRIOR_CASES[case]
    assert set(dag.planned(PRIORS, tiny.changed(PRIORS, changes))) == wanted


POOL = tiny.changed(
    tiny.CONFIG,
    {
        "datasets/tiny/pool": {"images": "data/pool"},
        "pseudo_labels/top": {"teacher": "an", "rule": "top_k", "k": 3, "split": "pool"},
        "students/staged": {
            "pseudo_labels": "top",
            "loss": "bce",
            "stages": [{"train_on": "pool"}, {"train_on": "observed", "loss": "em"}],
        },
    },
)
POOLING = STUDENTS | {"list_images", "extract_features", "index_features"}
POOLING |= {"make_pool_labels", "predict_logits", "make_pseudo_labels"}
POOL_CASES = {  # of a student that is trained on a pool first
    "another pool": (
        {"datasets/tiny/pool": {"images": "data/others"}},
        POOLING,
    ),
    "more of the pool": ({"pseudo_labels/top/k": 4}, STUDENTS | {"make_pseudo_labels"}),
    "the epochs of a stage": (
        {"students/staged/stages": [{"train_on": "pool", "epochs": 2}, {"train_on": "observed", "loss": "em"}]},
        STUDENTS,
    ),
    "its loss, written out": (
        {
            "students/staged/stages": [
                {"train_on": "pool"},
                {"train_on": "observed", "loss": {"name": "em", "alpha": 0.1}},
            ]
        },
        set(),
    ),
    "a student taken away, and the pool with it": ({"students/staged": None}, MEASURING - {"evaluate"}),
}


@pytest.mark.parametrize("case", POOL_CASES)
def test_a_change_of_the_pool_or_of_a_stage_runs_what_depends_on_it(case):
    changes, wanted = POOL_CASES[case]
    assert set(dag.planned(POOL, tiny.changed(POOL, changes))) == wanted


def test_a_pool_changes_no_job_of_the_other_models():
    counts = dag.planned(tiny.CONFIG, POOL)
    assert set(counts) == POOLING
    assert counts["list_images"] == counts["extract_features"] == counts["make_pool_labels"] == 1
    assert counts["train_student"] == counts["make_pseudo_labels"] == 2 and "train_teacher" not in counts


TABLE = tiny.changed(
    tiny.CONFIG,
    {
        "datasets/tiny": {"source": "csv", "backbone": "random", "train": {"annotations": "data/tags.csv"}},
        "teachers/full": None,
        "figures/baselines": ["an", "em"],
        "validation/select_on": "observed_labels",
    },
)
TABLE_CASES = {  # of a table without true labels
    "a teacher with full supervision": (
        {"teachers/full": {"loss": "bce", "supervision": "full"}},
        {"check_labels", "train_teacher", *MEASURING},
    ),
    "a teacher": ({"teachers/wan": {"loss": "wan"}}, {"train_teacher", *MEASURING}),
    "choices on true labels": ({"validation/select_on": "true_labels"}, TRAINING | {"evaluate", "check_labels"}),
    "epochs": ({"training/epochs": 4}, TRAINING),
    "a τ removed": ({"pseudo_labels/paper/taus": [0.5]}, TABLES),
}


@pytest.mark.parametrize("case", TABLE_CASES)
def test_a_change_of_the_config_of_a_table_runs_what_depends_on_it(case):
    changes, wanted = TABLE_CASES[case]
    assert set(dag.planned(TABLE, tiny.changed(TABLE, changes))) == wanted


@pytest.mark.parametrize(
    "settings",
    [{"rule": "cardinality"}, {"rule": "conformal", "calibrate_on": "validation"}, {"target": {"precision": 0.8}}],
    ids=["a rule", "another rule", "a target"],
)
def test_what_is_calibrated_on_validation_depends_on_the_training_part_alone(settings):
    """Logits of validation rows lie in the file of the training part: test labels change no pseudo-label."""
    changes = {"pseudo_labels/new": {"teacher": ["em", "an"], **settings}}
    job = dag.jobs(tiny.changed(tiny.CONFIG, changes))["results/tiny/pseudo_labels/new/seed_1200/all.h5"]
    wanted = {f"results/tiny/teachers/{name}/seed_1200/logits_train.h5" for name in ("em", "an")}
    assert {path for path in job.inputs if "/logits_" in path} == wanted


def test_the_rules_of_this_test_are_those_of_the_workflow():
    """FEEDS names every link between jobs of the workflow."""
    links = set()
    changes = {"observation": {"sampling": "size"}, "validation/select_on": "observed_labels"}
    for job in dag.jobs(tiny.changed(tiny.CONFIG, changes)).values():
        links |= {(needed.rule, job.rule) for needed in job.needs}
    known = {(one, other) for one, others in FEEDS.items() for other in others}
    only_here = {("make_observation_weights", "make_observed_labels"), ("make_labels", "make_observation_weights")}
    only_here |= {("make_observed_labels", rule) for rule in ("train_student", "evaluate")}
    assert links - only_here == known


def test_keys_in_another_order_and_numbers_as_text_run_nothing():
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return str(value) if isinstance(value, float) else value

    assert dag.planned(tiny.CONFIG, turned(tiny.CONFIG)) == {}
