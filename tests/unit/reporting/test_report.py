import re

import numpy as np
import pandas as pd
import pytest

from spml.artifacts import tables
from spml.evaluation import metrics, results
from spml.reporting import added_labels, report
from spml.reporting.verdict import UNTESTED

LABELS = {"teachers/em": "Entropy maximisation", "students/paper": "Pseudo multi-labels"}
NAN = float("nan")


def page(sections, links=(), about=(), verdict=()):
    return report.page("t", verdict, about, sections, links)


def comparison(**changes):
    columns = ["kind", "name", "variant", "replicates", "chosen", "val_map", "val_map_std", "test_map", "test_map_std"]
    columns += ["test_map_low", "test_map_high", "difference", "difference_low", "difference_high"]
    columns += ["difference_std", "reference"]
    rows = [
        ("students", "paper", "tau_0.75", 2, True, 62.0, 0.5, 61.0, 0.25, 59.0, 63.0, 1.0, -0.5, 2.5, 0.75, "em"),
        ("teachers", "em", "", 2, True, 61.0, NAN, 60.0, NAN, 58.0, 62.0, 0.0, 0.0, 0.0, NAN, "em"),
    ]
    return pd.DataFrame(rows, columns=columns).assign(**changes)


def test_methods_show_their_labels_and_the_reference():
    table = report.methods(comparison(), LABELS)
    assert table["method"].tolist() == ["Pseudo multi-labels τ 0.75", "Entropy maximisation"]
    assert table["test mAP"].tolist() == ["61.00 ± 0.25", "60.00"]
    assert table["difference to Entropy maximisation"].tolist() == ["+1.00", "–"]
    assert table["its interval"].tolist() == ["−0.50 to +2.50", "–"]
    assert table["its std"].tolist() == ["0.75", "–"]


def test_every_metric_of_the_registry_is_a_column_of_the_report():
    rows = [
        {"kind": kind, "name": name, "variant": variant, "seed": seed}
        | {f"{split}_{metric.key}": 10.0 + seed for metric in metrics.METRICS for split in ("val", "test")}
        for kind, name, variant in (("students", "paper", "tau_0.75"), ("teachers", "em", ""))
        for seed in (1, 2)
    ]
    models = pd.DataFrame(rows)
    table = report.metrics(models, comparison(), LABELS)
    assert list(table)[1:] == [metric.title + " (%)" * metric.percent for metric in metrics.METRICS]
    assert table["mAP (%)"].tolist() == ["11.5 ± 0.7"] * 2
    untested = report.metrics(models.assign(test_map=NAN, val_map=50.0), comparison(), LABELS)
    assert untested["mAP (%)"].tolist() == ["50.0 ± 0.0"] * 2


def test_the_summary_names_the_splits_that_there_are():
    record = {
        "config": {
            "seeds": [1, 2],
            "backbones": {"b": {"library": "torchvision", "model": "resnet50", "image_size": 448}},
        }
    }
    text = report.summary(record, {"train": 1000, "val": 100, "test": 200}, 80, draws=True)
    assert text.startswith(
        "1,000 training, 100 validation and 200 test images of 80 categories; 2 replicates (seeds 1, 2)"
    )
    assert "resnet50 at 448 pixels" in text and "each draws its observed labels and trains anew" in text
    untested = report.summary(record, {"train": 1000, "val": 100, "test": 0}, 80, draws=False)
    assert untested.startswith("1,000 training and 100 validation images of 80") and "test" not in untested
    assert "draws" not in untested


def test_the_report_counts_choices_at_an_edge():
    edges = ["", "lowest learning rate", "lowest learning rate; last epoch", ""]
    assert report.edges(pd.DataFrame({"edges": edges})) == [
        "2 of 4 models were chosen at an edge of what was tried (last epoch 1, lowest learning rate 2; tables/map.csv names "
        "them): a better choice may lie beyond."
    ]
    assert report.edges(pd.DataFrame({"edges": ["", ""]})) == []


def test_columns_and_sections_without_content_are_left_out():
    frame = report.filled(pd.DataFrame({"method": ["em"], "test mAP": ["–"], "chosen τ": [""], "mAP": ["61"]}))
    assert list(frame) == ["method", "mAP"]
    text = page([report.Section("Calibration", []), report.Section("Results", [report.Table(frame, "c", ["method"])])])
    assert "Calibration" not in text and "Results" in text


def test_an_untested_method_has_its_validation_map_alone():
    unknown = dict.fromkeys(["test_map", "test_map_std", "test_map_low", "test_map_high"], NAN)
    unknown |= dict.fromkeys(["difference", "difference_low", "difference_high", "difference_std"], NAN)
    table = report.filled(report.methods(comparison(**unknown), LABELS))
    assert list(table) == ["method", "chosen τ", "validation mAP"] and table["chosen τ"].tolist() == ["yes", ""]


def test_a_set_of_pseudo_labels_bears_the_name_of_its_students_and_the_chosen_one_is_marked():
    names = ["positives_per_image", "true_positives_per_image", "precision", "recall", "precision_unobserved"]
    names += ["recall_unobserved", "observed_positives_lost", "empty_images", "known_share"]
    names += ["added_labels", "images_with_added"]
    rows = [
        {"pseudo_labels": "paper", "variant": f"tau_0.{tau}", "seed": 1} | dict.fromkeys(names, 0.5) for tau in (55, 65)
    ]
    labels = {"pseudo_labels/paper": "Pseudo multi-labels"}
    table = report.label_counts(pd.DataFrame(rows), labels, ("paper", "tau_0.65"))
    assert table["pseudo-labels"].tolist() == ["Pseudo multi-labels τ 0.55", "Pseudo multi-labels τ 0.65"]
    assert table["chosen τ"].tolist() == ["", "yes"] and table["true per image"].tolist() == ["0.500"] * 2
    unknown = report.label_counts(pd.DataFrame(rows).assign(known_share=0.0), labels, ("paper", "tau_0.65"))
    assert unknown["true per image"].tolist() == ["–"] * 2


def test_a_category_without_known_labels_has_no_true_number():
    rows = [
        {"pseudo_labels": "paper", "variant": "all", "seed": 1, "category": name, "known": known, "true": true}
        | {"observed": 1, "pseudo": 2.0, "precision": NAN, "recall": NAN, "confused_with": other}
        for name, known, true, other in (("cat", 0, 0, ""), ("dog", 9, 1200, "cat"))
    ]
    columns = ["pseudo_labels", "variant", "seed", "missing", "instead", "images"]
    pairs = pd.DataFrame([("paper", "all", 1, "dog", "cat", 12), ("other", "all", 1, "cat", "dog", 9)], columns=columns)
    table = report.categories(pd.DataFrame(rows), pairs, "paper", "all")
    assert table.to_numpy().tolist() == [
        ["dog", "1,200", "1.0", "2.0", "–", "–", "cat (12)"],
        ["cat", "–", "1.0", "2.0", "–", "–", ""],
    ]


def test_costs_without_a_measurement_of_memory_are_no_zeros(tmp_path):
    (tmp_path / "a.tsv").write_text("s\th:m:s\tmax_rss\n0.5\t0:00:00\t-\n")
    (tmp_path / "b.tsv").write_text("s\th:m:s\tmax_rss\n3660\t1:01:00\t512.4\n")
    table = report.costs({"short": [tmp_path / "a.tsv"], "long": [tmp_path / "a.tsv", tmp_path / "b.tsv"]})
    assert table.to_numpy().tolist() == [
        ["long", "2", "1 h 01 min", "1 h 01 min", "512"],
        ["short", "1", "0.5 s", "0.5 s", "–"],
        ["all", "3", "1 h 01 min", "1 h 01 min", "512"],
    ]


def test_a_run_without_benchmarks_has_no_costs():
    assert report.costs({}).to_numpy().tolist() == [["all", "0", "0.0 s", "–", "–"]]


def test_names_are_text_and_never_tags():
    frame = pd.DataFrame({"<b>": ["</td><script>alert(1)</script>"]})
    sections = [report.Section("<s>", [report.Table(frame, "<i>", ["<b>"]), report.Figure(b"<svg/>", '"><t>', "<t>")])]
    text = report.page("<t>", ["<v>"], ["<a>"], sections, [report.Link("<l>", '"><script>', "<c>")])
    assert "<script" not in text and not re.search("<(b|i|t|s|l|a|c|v)>", text)
    assert "&lt;/td&gt;&lt;script&gt;" in text and 'class="text"' in text


def test_a_link_names_the_command_that_makes_it_and_the_last_row_sums_up():
    table = report.Table(pd.DataFrame({"rule": ["a", "all"], "jobs": ["1", "1"]}), "costs", ["rule"], total=True)
    text = page([report.Section("s", [table])], [report.Link("Gallery", "g.html", "snakemake gallery")])
    assert '<a href="g.html">Gallery</a> (made by <code>snakemake gallery</code>)' in text
    assert re.findall(r'<tr class="sum"><td class="text">(\w+)</td><td>1</td></tr>', text) == ["all"]


@pytest.mark.parametrize("value", [np.int64(3), 3, "3"])
def test_cells_of_any_kind_are_shown(value):
    frame = pd.DataFrame({"n": [value]}, dtype=object)
    assert "<td>3</td>" in page([report.Section("s", [report.Table(frame, "c", [])])])


def test_the_summary_of_the_terminal_names_methods_by_their_labels_and_says_what_was_not_measured(tmp_path):
    rows = [
        {"kind": "students", "name": "paper", "variant": "tau_0.70", "tau": 0.7, "seed": 1, "val_map": 52.0},
        {"kind": "teachers", "name": "em", "variant": "", "tau": "", "seed": 1, "val_map": 50.0},
        {"kind": "teachers", "name": "em", "variant": "", "tau": "", "seed": 2, "val_map": 54.0},
    ]
    shared = {"test_map": "", "val_categories_present": 4, "test_categories_present": 0, "categories": 4}
    table = pd.DataFrame([row | shared | {"select_on": "observed_labels", "left_out": ""} for row in rows])
    for split in ("val", "test"):
        table[f"{split}_map_present"] = table[f"{split}_map"]
    tables.write(tmp_path / "map.csv", table)
    text = report.terminal_summary("own", results.read_map(tmp_path / "map.csv"), {"teachers/em": "Teacher"})
    first, header, teacher, student = text.splitlines()
    assert first == (
        "Data set own: mAP (%), mean ± standard deviation over replicates; selected on observed validation labels"
    )
    assert header.split() == ["model", "validation", "test", "replicates"]
    assert teacher.split("  ")[0] == "Teacher" and "52.00 ± 2.83" in teacher and "not measured" in teacher
    assert student.startswith("paper τ 0.70 ") and "52.00 " in student and student.endswith("1")


def test_each_tau_says_how_many_labels_it_added_and_why_it_is_left_out():
    shared = {"pseudo_labels": "paper", "images": 234}
    counts = [
        shared | {"variant": variant, "seed": seed, "tau": tau, "added_labels": added, "images_with_added": images}
        for variant, tau, added, images in (
            ("tau_0.55", 0.55, 539, 201),
            ("tau_0.65", 0.65, 1, 1),
            ("tau_0.95", 0.95, 0, 0),
        )
        for seed in (1, 2)
    ]
    left_out = {("students", "mine", "tau_0.95"): "nothing is added to the observed labels"}
    assert added_labels.sentences(pd.DataFrame(counts), left_out, "mine", {}) == [
        "Pseudo-labels paper, τ 0.55, added 539 labels to 201 of 234 training pictures.",
        "Pseudo-labels paper, τ 0.65, added 1 label to 1 of 234 training pictures.",
        "Pseudo-labels paper, τ 0.95, added 0 labels to 0 of 234 training pictures; left out, since nothing is added to the observed labels.",
    ]


def test_a_target_names_the_tau_that_it_found():
    rows = [
        {
            "pseudo_labels": "mine",
            "variant": "all",
            "seed": seed,
            "tau": tau,
            "images": 10,
            "added_labels": 4,
            "images_with_added": 3,
        }
        for seed, tau in ((1, 0.6), (2, 0.7))
    ]
    assert added_labels.sentences(
        pd.DataFrame(rows), {("students", "mine", "all"): "no label is present"}, "mine", {}
    ) == [
        "Pseudo-labels mine, τ 0.6500 on average, added 4 labels to 3 of 10 training pictures; left out, since in some replicate no "
        "label is present."
    ]


def test_the_terminal_shows_a_short_verdict_whole():
    verdict = ["The students reach 61.6 %.", "There is one replicate."]
    assert report.short(verdict) == verdict
    assert report.short([*verdict, "x" * report.SHORT]) == verdict[:1]
    assert report.short([*verdict, UNTESTED, "x" * report.SHORT]) == [verdict[0], UNTESTED]


@pytest.mark.parametrize(("count", "first"), [(1, "1 observed label is an"), (2, "2 observed labels are")])
def test_answers_are_counted_and_change_what_observed_validation_labels_are(count, first):
    told = list(added_labels.answers(count, "observed_labels"))
    assert told[0].startswith(first) and "do not compare validation mAP before and after them" in told[1]
    assert list(added_labels.answers(count, "true_labels")) == told[:1]
