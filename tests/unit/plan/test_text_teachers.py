"""Teachers that compare pictures with texts: what they may say in the configuration, and the jobs that follow."""

import pytest

import tiny
from plan import load, rows, shown
from plan.errors import ConfigError
from unit.plan import dag

TEXT = {"backbone": "clip", "prompts": ["a {}."]}
CLIP = {
    "backbones/clip": {"library": "open_clip", "model": "local-dir:clip", "precision": "float32"},
    "teachers/clip": {"text": TEXT},
    "figures/baselines": ["an", "em", "full", "clip"],
}
CONFIG = tiny.changed(
    tiny.CONFIG,
    CLIP
    | {
        "pseudo_labels/text": {"teacher": "clip", "taus": [0.3]},
        "pseudo_labels/mixed": {"teacher": ["clip", "em"], "rule": "soft"},
        "students/vlpl": {"pseudo_labels": "text", "loss": "em_pl"},
        "students/mixed": {"pseudo_labels": "mixed", "loss": "bce"},
    },
)
FOLDER = "results/tiny/teachers/clip/all_seeds"


@pytest.fixture(scope="module")
def jobs():
    return dag.jobs(CONFIG)


def counted(jobs, rule):
    return sorted(output for output, job in jobs.items() if job.rule == rule)


def test_it_is_made_once_for_all_replicates(jobs):
    assert counted(jobs, "embed_prompts") == ["results/tiny/text/clip.h5"]
    assert counted(jobs, "make_text_teacher") == [f"{FOLDER}/checkpoint.safetensors"]
    assert [output for output in counted(jobs, "predict_logits") if "clip" in output] == [f"{FOLDER}/logits_train.h5"]
    assert [output for output in counted(jobs, "evaluate") if "clip" in output] == [f"{FOLDER}/logits_val.h5"]
    assert not [output for output in counted(jobs, "train_teacher") if "clip" in output]
    assert len(counted(jobs, "train_teacher")) == 3 * 2


def test_its_jobs_read_no_label_and_the_features_of_its_own_backbone(jobs):
    made = jobs[f"{FOLDER}/checkpoint.safetensors"]
    assert "results/tiny/features/clip/train.h5" in made.inputs and "results/tiny/text/clip.h5" in made.inputs
    assert not [path for path in made.inputs if "observed" in path]  # where models are selected on true labels
    assert "results/tiny/features/clip/test.h5" in jobs[f"{FOLDER}/logits_val.h5"].inputs
    assert "teachers.clip" not in made.params and "'select_on': 'true_labels'" in made.params


def test_it_is_judged_on_the_observed_labels_of_the_first_replicate_where_models_are_selected_on_them():
    jobs = dag.jobs(tiny.changed(CONFIG, {"validation/select_on": "observed_labels"}))
    for output in (f"{FOLDER}/checkpoint.safetensors", f"{FOLDER}/logits_val.h5"):
        observed = [path for path in jobs[output].inputs if "observed/" in path]
        assert observed == ["results/tiny/observed/seed_1200.h5"]


def test_its_logits_serve_rules_averages_and_students_of_every_replicate(jobs):
    for seed in (1200, 1201):
        mixed = jobs[f"results/tiny/pseudo_labels/mixed/seed_{seed}/all.h5"]
        wanted = {f"{FOLDER}/logits_train.h5", f"results/tiny/teachers/em/seed_{seed}/logits_train.h5"}
        assert wanted <= mixed.inputs
        student = jobs[f"results/tiny/students/vlpl/seed_{seed}/tau_0.30/checkpoint.safetensors"]
        assert f"results/tiny/observed/seed_{seed}.h5" in student.inputs
    plain = jobs["results/tiny/students/mixed/seed_1200/all/checkpoint.safetensors"]
    assert "results/tiny/observed/seed_1200.h5" not in plain.inputs


def test_tables_have_a_row_per_replicate_and_histories_none():
    experiment = load.experiments(CONFIG)["tiny"]
    assert [row["seed"] for row in rows.models(experiment) if row["name"] == "clip"] == [1200, 1201]
    assert "clip" not in {row["name"] for row in rows.trained_models(experiment)}
    assert shown.names(experiment)["teachers/clip"] == "clip (no labels)"


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        ({"teachers/clip/text/prompts": ["the {}."]}, {"embed_prompts", "make_text_teacher"}),
        ({"teachers/clip/text/temperature": 0.1}, {"make_text_teacher"}),
        ({"teachers/clip/text/debias": True}, {"make_text_teacher"}),
    ],
)
def test_a_changed_key_makes_the_teacher_anew_and_trains_no_other(changes, runs):
    planned = dag.planned(CONFIG, tiny.changed(CONFIG, changes))
    assert runs <= set(planned)
    assert planned["make_text_teacher"] == 1 and planned.get("embed_prompts", 0) == ("embed_prompts" in runs)
    assert "train_teacher" not in planned and "extract_features" not in planned
    assert planned["train_student"] == 4  # vlpl and mixed


MISTAKES = {
    "neither": ({"teachers/clip": {"label": "CLIP"}}, "teachers.clip.loss: found nothing, wanted the name of a loss"),
    "both": (
        {"teachers/clip": {"text": TEXT, "loss": "em"}},
        "teachers.clip.loss: found 'em', wanted nothing: a teacher with text is not trained",
    ),
    "a key of training": (
        {"teachers/clip": {"text": TEXT, "hidden": 8}},
        "teachers.clip.hidden: found 8, wanted nothing: a teacher with text is not trained",
    ),
    "no backbone of that name": (
        {"teachers/clip/text/backbone": "clop"},
        "teachers.clip.text.backbone: found 'clop', wanted one of random, clip; did you mean clip?",
    ),
    "a backbone without texts": (
        {"teachers/clip/text/backbone": "random"},
        "teachers.clip.text.backbone: found 'random' of library torchvision, wanted an image-text model",
    ),
    "another view": (
        {"backbones/clip/view": "mean"},
        "teachers.clip.text.backbone: found 'clip' with view mean, wanted view: pooled",
    ),
    "a prompt without a place for the name": (
        {"teachers/clip/text/prompts": ["a photo"]},
        "teachers.clip.text.prompts.0: found 'a photo', wanted a text with {} in place of the category",
    ),
    "no prompt": ({"teachers/clip/text/prompts": []}, "teachers.clip.text.prompts: found [], wanted texts with {}"),
    "no temperature": (
        {"teachers/clip/text/temperature": 0},
        "teachers.clip.text.temperature: found 0, wanted a number above 0 that similarities",
    ),
    "crops that the backbone does not have": (
        {"teachers/clip/text/crops": "maximum"},
        "teachers.clip.text.crops: found maximum, wanted mean, or crops: 5 or grid in backbones.clip",
    ),
    "a prompt beside the texts": ({"teachers/clip/text/prompt": "a {}"}, "did you mean prompts?"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line(case):
    changes, message = MISTAKES[case]
    with pytest.raises(ConfigError) as stopped:
        load.experiments(tiny.changed(CONFIG, changes))
    assert len(stopped.value.lines) == 1 and message in stopped.value.lines[0], stopped.value.lines
