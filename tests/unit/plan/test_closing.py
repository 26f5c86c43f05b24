"""What the terminal says at the end of a run, by the target that was asked for."""

import json
from pathlib import Path

import pytest

import tiny
from plan import closing, load, paths, reporting
from plan.errors import ConfigError


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return load.experiments(tiny.CONFIG)["tiny"]


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def report(experiment, **changes):
    """Write what the report's paragraph reads; ``changes`` are of the configuration that it was made with."""
    write(paths.provenance(experiment.compared), json.dumps({"config": reporting.record(experiment) | changes}))
    write(paths.summary(experiment.compared), "The students win.\n\nmodel  mAP\nem     1.00\n")


def test_a_run_names_its_report_then_says_the_verdict(experiment):
    report(experiment)
    expected = "Report:  results/tiny/report.html\nFigures: results/tiny/figures\n\nThe students win.\n\nmodel  mAP\nem     1.00"
    assert closing.text(experiment, ["all"]) == closing.text(experiment, ["report"]) == expected


def test_a_report_of_other_settings_ends_the_run(experiment):
    report(experiment, seeds=[7])
    with pytest.raises(ConfigError) as error:
        closing.text(experiment, ["all"])
    assert "results/tiny/report.html was made with other settings: seeds was [7], is now [1200, 1201]" in str(
        error.value
    )


def test_other_targets_say_nothing_of_it(experiment):
    report(experiment, seeds=[7])
    assert closing.text(experiment, ["gallery"]) == (
        "Labels:  results/tiny/pseudo_labels/paper/seed_1200\nGallery: results/tiny/gallery/paper_seed_1200.html"
    )
    assert closing.text(experiment, ["exports"]).startswith("Exports: results/tiny/exports (")
    assert closing.text(experiment, ["model"]).splitlines()[0] == "Model: results/tiny/model"
    assert closing.text(experiment, ["simulate_review"]).startswith(
        "Simulated answers: results/tiny/figures/simulation.svg\n"
    )


def test_predictions_are_counted(experiment):
    rows = ["image,labels,problem,cat", "a.jpg,cat,,0.9", '"b,\nc.jpg",,damaged,', "d.jpg,,,0.1"]
    write(paths.predictions("predictions.csv", "tiny"), "\n".join(rows) + "\n")
    write(paths.predictions("left_out.csv", "tiny"), "file,reason\ne.jpg,empty file\n")
    assert closing.text(experiment, ["predict"]) == (
        "Predictions, 2 labelled, 2 unreadable: results/tiny/predictions/predictions.html\n"
        "The same as a table: results/tiny/predictions/predictions.csv"
    )


@pytest.mark.parametrize(("count", "words"), [(0, "0 questions"), (1, "1 question"), (2, "2 questions")])
def test_questions_are_counted(experiment, count, words):
    write(paths.review("queue.csv", "tiny"), "image_id,category\n" + "1,cat\n" * count)
    assert closing.text(experiment, ["review"]).startswith(f"{words}: results/tiny/review/review.html\n")


def test_several_targets_have_a_paragraph_each_in_a_fixed_order(experiment):
    report(experiment)
    text = closing.text(experiment, ["model", "gallery", "all"])
    assert [paragraph.split(":")[0] for paragraph in text.split("\n\n")][:2] == ["Labels", "Report"]
    assert text.endswith("results/tiny/model/README.md")


def test_make_own_names_the_table_of_the_labels_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changes = {"pseudo_labels/recommended": {"teacher": "em", "rule": "soft"}, "review/pseudo_labels": "recommended"}
    experiment = load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"]
    report(experiment)
    first = closing.text(experiment, ["all", "gallery"]).splitlines()[0]
    assert first == "Labels:  results/tiny/pseudo_labels/recommended/seed_1200/all.csv"


def test_files_that_were_asked_for_are_named_and_many_are_counted(experiment):
    assert closing.text(experiment, [], {"b", "a"}) == "Made:\n  a\n  b"
    assert closing.text(experiment, [], set("abcde")) == "Made:\n  a\n  b\n  c\n  and 2 more"


def test_a_rule_that_is_no_target_of_people_is_named_by_nothing(experiment):
    assert closing.text(experiment, ["list_images"]) == ""
