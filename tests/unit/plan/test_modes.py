"""Models whose backbone is trained, and backbones that were trained with a model: the plan and its checks."""

import pytest

import tiny
from plan import backbones, evaluation, finetuning, load, merging, model, training
from plan.errors import ConfigError
from plan.presets import PRESETS
from unit.plan import dag

TUNED = {"loss": "em", "mode": "end_to_end"}
NAMED = {"library": "model", "model": "teachers/tuned"}


def experiment(changes):
    return load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"]


def test_a_mode_that_trains_the_backbone_brings_the_published_recipe_along():
    found = experiment({"teachers/tuned": TUNED})
    options = found.training_options(found.teachers["tuned"])
    assert options["head"] == "linear" and "hidden" not in options and "standardize" not in options
    assert list(finetuning.candidates(found, "teachers/tuned/seed_1200")) == [
        f"bs{size}_lr{rate}" for size in (8, 16) for rate in ("0.01", "0.001", "0.0001", "1e-05")
    ]
    named = experiment({"teachers/tuned": {"loss": "em", "preset": "end_to_end"}})
    assert named.training_options(named.teachers["tuned"]) == options
    assert found.training_options(found.teachers["em"])["batch_sizes"] == [8]  # a frozen model keeps the section


def test_a_model_of_another_mode_than_the_section_takes_nothing_from_it():
    found = experiment({"training": {"mode": "end_to_end", "epochs": 3}, "teachers/em/mode": "frozen"})
    assert found.training_options(found.teachers["an"])["epochs"] == 3
    frozen = found.training_options(found.teachers["em"])
    assert frozen["epochs"] == 25 and frozen["learning_rates"] == [3e-3, 1e-3, 3e-4]


def test_keys_of_pictures_change_no_frozen_model():
    changes = {"training/augment": ["randaugment"], "training/micro_batch": 4, "training/schedule": "one_cycle"}
    assert not dag.planned(tiny.CONFIG, tiny.changed(tiny.CONFIG, changes))


def test_a_candidate_depends_on_its_own_place_in_the_grid_alone():
    changes = {"teachers/tuned": TUNED | {"batch_sizes": [8], "learning_rates": [1e-3]}}
    before = tiny.changed(tiny.CONFIG, changes)
    after = tiny.changed(before, {"teachers/tuned/learning_rates": [1e-3, 1e-4]})
    planned = dag.planned(before, after)
    assert planned["train_candidate"] == 2 and planned["choose_candidate"] == 2  # two replicates
    assert "decode_pictures" not in planned and planned["extract_features"] == 4


def test_features_follow_the_replicate_of_a_model_on_a_trained_backbone():
    found = experiment(
        {"teachers/tuned": TUNED, "backbones/again": NAMED, "teachers/probe": {"loss": "an", "backbone": "again"}}
    )
    assert backbones.of_model(found, "teachers/probe/seed_1201") == "teachers/tuned/seed_1201"
    wanted = "results/tiny/features/teachers/tuned/seed_1201/test.h5"
    assert evaluation.model_features(found, "teachers/probe/seed_1201", "test") == wanted
    assert evaluation.model_features(found, "teachers/tuned/seed_1201", "test") == wanted
    assert backbones.extracted(found) == ["random", "teachers/tuned/seed_1200", "teachers/tuned/seed_1201"]
    fixed = experiment(
        {
            "teachers/tuned": TUNED,
            "backbones/again": NAMED | {"seed": 1201},
            "teachers/probe": {"loss": "an", "backbone": "again"},
        }
    )
    assert training.teacher_features(fixed, "probe", "1200") == wanted.replace("test", "train")


def test_a_model_that_predicts_takes_the_backbone_along_that_it_was_trained_on():
    changes = {"teachers/tuned": TUNED, "backbones/again": NAMED, "teachers/probe": {"loss": "an", "backbone": "again"}}
    for name, owner in (("tuned", "tuned"), ("probe", "tuned")):
        found = experiment(changes | {"predict": {"model": name}})
        assert model.candidate_trained(found) == [f"results/tiny/teachers/{owner}/seed_1200/checkpoint.safetensors"]
        assert model.candidate_weights(found) == "data/random.pth"
    assert model.candidate_trained(experiment(changes | {"predict": {"model": "em"}})) == []


def test_the_head_that_is_trained_first_has_a_recipe_of_its_own():
    entry = TUNED | {"mode": "linear_init", "loss": {"name": "ll_r", "boost": 5}, "linear_init": {"epochs": 3}}
    options = finetuning.first_teacher_options(experiment({"teachers/tuned": entry}), "tuned")
    preset = PRESETS["cole_linear"].values
    assert (
        options["epochs"] == 3 and options["learning_rates"] == preset["learning_rates"] and options["head"] == "linear"
    )
    assert options["loss"]["boost"] == 1 and options["keep_loss_parameters"]
    assert set(merging.unused(options)).isdisjoint(options)


CIRCLE = {
    "backbones/again": {"library": "model", "model": "students/deep@all"},
    "pseudo_labels/soft": {"teacher": "tuned", "rule": "soft"},
    "teachers/tuned": TUNED | {"backbone": "again"},
    "students/deep": {"pseudo_labels": "soft", "loss": "bce", "mode": "end_to_end"},
}
MISTAKES = {
    "a closed form": (
        {"teachers/tuned": TUNED | {"head": "auto"}},
        "teachers.tuned.head: found auto with mode end_to_end",
    ),
    "rates found on the way": (
        {"teachers/tuned": TUNED | {"learning_rates": "auto"}},
        "teachers.tuned.learning_rates: found auto",
    ),
    "rates that look alike": (
        {"teachers/tuned": TUNED | {"learning_rates": [1e-3, 1.00000001e-3]}},
        "teachers.tuned.learning_rates: found",
    ),
    "a micro batch above the batch": (
        {"teachers/tuned": TUNED | {"micro_batch": 32}},
        "teachers.tuned.micro_batch: found 32, wanted at most",
    ),
    "crops": (
        {"teachers/tuned": TUNED, "backbones/random/crops": 5},
        "teachers.tuned.mode: found end_to_end, wanted frozen, or a backbone with",
    ),
    "features of files": (
        {
            "teachers/tuned": TUNED | {"backbone": "files"},
            "backbones/files": {"library": "file", "train": "a.npy", "test": "b.npy"},
        },
        "teachers.tuned.mode: found end_to_end, wanted frozen, or another backbone: files is features of files",
    ),
    "stages": (
        {
            "students/paper": {
                "pseudo_labels": "paper",
                "loss": "bce",
                "mode": "end_to_end",
                "stages": [{"train_on": "pseudo_labels"}],
            }
        },
        "students.paper.stages: found stages with mode end_to_end",
    ),
    "a stage that trains the backbone": (
        {
            "students/paper": {
                "pseudo_labels": "paper",
                "loss": "bce",
                "stages": [{"train_on": "pseudo_labels", "mode": "end_to_end"}],
            }
        },
        "students.paper.stages.0: found a mode that trains the backbone",
    ),
    "a first head of another mode": (
        {"teachers/tuned": TUNED | {"linear_init": {"epochs": 3}}},
        "teachers.tuned.linear_init: found settings",
    ),
    "a first head that ends in its warm-up": (
        {"teachers/tuned": {"loss": "em_apl", "mode": "linear_init", "linear_init": {"epochs": 3}}},
        "teachers.tuned.linear_init.epochs: found 3, wanted more than the warmup of em_apl, 5",
    ),
    "score maps of a first head": (
        {"teachers/tuned": {"loss": "spatial_consistency", "mode": "linear_init"}},
        "teachers.tuned.loss: found spatial_consistency, wanted mode: end_to_end",
    ),
    "score maps and pictures that are bent": (
        {"teachers/tuned": TUNED | {"loss": "spatial_consistency", "augment": ["randaugment"]}},
        "teachers.tuned.augment: found randaugment",
    ),
    "a backbone of no model": (
        {"backbones/again": NAMED, "teachers/probe": {"loss": "an", "backbone": "again"}},
        "backbones.again.model (teachers): found 'tuned'",
    ),
    "a backbone of a frozen model": (
        {"backbones/again": NAMED | {"model": "teachers/em"}, "teachers/probe": {"loss": "an", "backbone": "again"}},
        "backbones.again.model: found teachers/em, whose mode is frozen",
    ),
    "a backbone of another τ": (
        {
            "students/paper": {"pseudo_labels": "paper", "loss": "bce", "mode": "end_to_end"},
            "backbones/again": NAMED | {"model": "students/paper@0.65"},
            "teachers/probe": {"loss": "an", "backbone": "again"},
        },
        "backbones.again.model: found students/paper@0.65, wanted students/paper@ and one of 0.50, 0.70",
    ),
    "a backbone of another replicate": (
        {
            "teachers/tuned": TUNED,
            "backbones/again": NAMED | {"seed": 7},
            "teachers/probe": {"loss": "an", "backbone": "again"},
        },
        "backbones.again.seed: found 7, wanted one of the seeds, 1200, 1201, or null",
    ),
    "a circle of backbones": (CIRCLE, "backbones: "),
    "a name that is none": ({"backbones/again": NAMED | {"model": "tuned"}}, "backbones.again.model: found 'tuned'"),
}


@pytest.mark.parametrize(("changes", "message"), MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_be_trained_is_said_in_one_line(changes, message):
    with pytest.raises(ConfigError) as error:
        experiment(changes)
    assert any(line.startswith(message) for line in error.value.lines), error.value.lines
