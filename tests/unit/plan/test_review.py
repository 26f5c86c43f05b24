"""What people see and are asked about, and what a simulation of their answers can do."""

import pytest

import tiny
from plan import load, reporting, review


def experiment(changes):
    return load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"]


COARSE = {"pseudo_labels/coarse": {"teacher": ["em", "an"], "rule": "threshold", "taus": [0.3, 0.4, 0.5]}}
SOFT = {
    "pseudo_labels/soft": {"teacher": ["em", "an"], "rule": "soft"},
    "students/soft": {"pseudo_labels": "soft", "loss": "bce"},
}


@pytest.mark.parametrize(
    ("named", "name", "asked"),
    [(None, "paper", "tau_0.70"), ("coarse", "coarse", "tau_0.40"), ("coarse@0.5", "coarse", "tau_0.50")],
)
def test_people_see_and_are_asked_about_the_same_labels(named, name, asked):
    found = experiment(COARSE | {"review": {"pseudo_labels": named}})
    assert review.asked(found) == (name, asked, 1200)
    assert review.shown_gallery(found) == f"results/tiny/gallery/{name}_seed_1200.html"
    *labels, train, test = review.shown_exports(found)
    assert all(path.startswith(f"results/tiny/exports/{name}/seed_1200/") for path in labels)
    assert [train, test] == [f"results/tiny/exports/features/random/{part}" for part in ("train", "test")]


POOL = {
    "datasets/tiny/pool": {"images": "data/pool"},
    "pseudo_labels/top": {"teacher": "em", "rule": "top_k", "k": 2, "split": "pool"},
    "students/staged": {
        "pseudo_labels": "top",
        "loss": "bce",
        "stages": [{"train_on": "pool"}, {"train_on": "observed", "loss": "em"}],
    },
}


def test_people_see_the_pool_that_students_learn_from_and_may_be_asked_about_it():
    found = experiment(POOL)
    assert review.shown_gallery(found) == "results/tiny/gallery/paper_seed_1200.html"
    assert review.pool_galleries(found) == ["results/tiny/gallery/top_seed_1200.html"]
    assert {path.split("/")[3] for path in review.shown_exports(found)} == {"features", "paper", "top"}
    assert review.asked_images(found) == "results/tiny/images/train.csv"
    asked = experiment(POOL | {"review": {"pseudo_labels": "top"}})
    assert review.shown_gallery(asked) == "results/tiny/gallery/top_seed_1200.html" and not review.pool_galleries(asked)
    assert review.asked_images(asked) == "results/tiny/images/pool.csv"
    assert review.asked_labels(asked) == "results/tiny/labels/pool.h5" and review.asked_observed(asked) == []
    assert reporting.sampled(asked)[0] == "paper"  # the report shows training pictures


def test_answers_about_the_pool_are_put_back_into_its_pseudo_labels(tmp_path):
    (tmp_path / "answers.csv").write_text("image_id,category,answer\n")
    answered = experiment(POOL | {"review": {"pseudo_labels": "top", "answers": [str(tmp_path / "answers.csv")]}})
    assert review.asked_observed(answered) == "results/tiny/observed/pool.h5"
    assert answered.pseudo_labels["top"].keep_observed and not experiment(POOL).pseudo_labels["top"].keep_observed


@pytest.mark.parametrize(
    ("changes", "student"),
    [({}, "paper"), ({"predict": {"model": "em"}}, "paper"), ({"predict": {"model": "soft@all"}}, "soft")],
)
def test_the_model_that_predicts_learns_from_simulated_answers(changes, student):
    assert review.simulated_student(experiment(SOFT | changes)) == student


def test_a_simulation_names_all_teachers_of_its_student():
    options = review.simulation_options(experiment(SOFT | {"review": {"simulated_student": "soft"}}))
    assert [name for name, _ in options["teachers"]] == ["em", "an"] and options["rule"] == "soft"
    assert dict(options["teachers"])["an"]["head"] == "linear" and options["student_options"]["head"] == "mlp"


def test_a_simulation_asks_for_the_memory_of_soft_targets_and_of_all_teachers():
    for student, soft, teachers in (("soft", True, 2), ("paper", False, 1)):
        found = experiment(SOFT | {"review": {"simulated_student": student, "simulated_answers": [0, 1]}})
        round_ = [soft] + [None] * teachers  # of the student, and of teachers, which never learn from such
        assert [options.get("soft_targets") for options in review.simulation_searches(found)] == 2 * round_
        assert review.simulation_teachers(found) == teachers


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {
                "pseudo_labels/soft": {"teacher": "em", "rule": "argmax"},
                "review": {"simulated_student": "soft"},
            },
            "found student soft of rule argmax; wanted one of rule soft or threshold",
        ),
        ({"pseudo_labels/paper/teacher": "full"}, "found student paper of full, wanted one of teachers that learn"),
        ({"pseudo_labels/paper/teacher": "soft@all"}, "found student paper of soft@all, wanted one of teachers"),
        ({"teachers/em/loss": {"name": "epr"}, "priors": {"method": "validation"}}, "takes its k from priors"),
        (
            {"teachers/em": {"loss": "squares", "head": "ridge", "kernel": "rbf"}},
            "found student paper and teachers on several features",
        ),
    ],
    ids=["rule", "true labels", "a student", "priors", "features"],
)
def test_what_a_simulation_cannot_do_is_one_line(changes, told):
    with pytest.raises(SystemExit, match=told):
        review.simulation_options(experiment(SOFT | changes))
