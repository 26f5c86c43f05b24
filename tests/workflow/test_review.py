"""Questions and answers through the workflow: what runs again, what is told, and answers that are played from the truth."""

import csv

import h5py
import pandas as pd
import pytest

import tiny
from spml.review.queue import STRATEGIES

pytestmark = pytest.mark.xdist_group("finished")
AFTER_ANSWERS = {
    *("merge_answers", "make_observed_labels", "check_labels", "train_teacher", "predict_logits", "make_pseudo_labels"),
    *(
        "train_student",
        "evaluate",
        "collect_metrics",
        "collect_label_counts",
        "compare_methods",
        "measure_label_quality",
    ),
    *("plot_map", "plot_label_counts", "plot_comparison", "plot_reliability", "plot_label_quality", "plot_training"),
    *("write_provenance", "write_report", "write_crate"),
}


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A copy of the tiny run, with its queue."""
    folder = tiny.copy_run(finished, tmp_path_factory.mktemp("answers") / "work")
    tiny.snakemake(folder, "results/tiny/review/queue.csv", root=folder / "repository")
    return folder


def with_answers(folder, text, **more):
    """The configuration with a file of these answers."""
    (folder / "answers.csv").write_text(text, encoding="utf-8")
    return tiny.changed(tiny.CONFIG, {"review": {"answers": ["answers.csv"]} | more})


def questions(folder, count):
    with open(folder / "results/tiny/review/queue.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:count]
    return [(row["image_id"], row["category"]) for row in rows]


def test_only_what_depends_on_answers_runs_again(run):
    lines = [f"{image},{category},no" for image, category in questions(run, 3)]
    config = with_answers(run, "image_id,category,answer\n" + "\n".join(lines) + "\n")
    planned = tiny.planned(run, root=run / "repository", config=config)
    assert planned.pop("make_observed_labels") == 2 and planned.pop("merge_answers") == 1
    assert set(planned) <= AFTER_ANSWERS and {"train_teacher", "train_student", "write_report"} <= set(planned)
    strategy = tiny.changed(tiny.CONFIG, {"review": {"strategy": "random"}})
    assert set(tiny.planned(run, "review", root=run / "repository", config=strategy)) <= {
        *("make_queue", "make_review_page", "review"),
    }
    assert tiny.planned(run, root=run / "repository", config=strategy) == {}


def test_answers_become_observed_labels_of_every_replicate_and_conflicts_are_told(run):
    (first, second, third) = questions(run, 3)
    text = "image_id,category,answer,who,when\n"
    text += f"{first[0]},{first[1]},yes,ann,2026-01-01\n{first[0]},{first[1]},no,bob,2026-01-02\n"
    text += f"{second[0]},{second[1]},no,ann,2026-01-01\n{third[0]},{third[1]},yes,ann,2026-01-01\n"
    (run / "none.csv").write_text("image_id,category,answer\n", encoding="utf-8")
    tiny.configure(run, tiny.changed(with_answers(run, text), {"review/answers": ["answers.csv", "none.csv"]}))
    targets = [f"results/tiny/observed/seed_{seed}.h5" for seed in (1200, 1201)]
    tiny.snakemake(run, *targets, root=run / "repository")
    for target in targets:
        with h5py.File(run / target) as file:
            image, category = list(file["image_id"].asstr()), list(file["category"].asstr())
            found = [file["observed"][image.index(i), category.index(c)] for i, c in (first, second, third)]
        assert found[1:] == [-1, 1]
        assert found[0] == 0 or target.endswith("1201.h5")  # undecided: as it was drawn
    merged = pd.read_csv(run / "results/tiny/review/answers_train.csv", dtype=str)
    assert list(merged["who"]) == ["ann", "bob", "ann", "ann"]
    assert list(merged["verdict"]) == ["undecided", "undecided", "no", "yes"]
    log = (run / "results/tiny/logs/merge_answers/train.log").read_text()
    assert "none.csv: holds no answers" in log and "answers.csv: holds" not in log
    assert "people differ" in log and "ann: yes (answers.csv, line 2); bob: no (answers.csv, line 3)" in log


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("999,red,yes", "answers.csv: line 2: found image '999', wanted an image_id or file_name of the 39 images"),
        ("1,crimson,yes", "answers.csv: line 2: found category 'crimson', wanted one of red, green, blue, white"),
    ],
)
def test_an_answer_about_something_unknown_ends_the_run_with_its_line(run, line, told):
    tiny.configure(run, with_answers(run, f"image_id,category,answer\n{line}\n"))
    target = "results/tiny/observed/seed_1200.h5"
    status, output = tiny.snakemake(run, target, root=run / "repository", check=False)
    assert status == 1 and told in output, output


def test_answers_are_played_for_every_strategy_and_replicate(run):
    config = tiny.changed(tiny.CONFIG, {"review": {"simulated_answers": [0, 0.5, 1]}})
    tiny.configure(run, tiny.changed(config, {"training/learning_rates": [0.01]}))
    output = tiny.snakemake(run, "simulate_review", root=run / "repository")
    table = pd.read_csv(run / "results/tiny/tables/simulation.csv")
    assert len(table) == len(STRATEGIES) * 2 * 3
    assert set(table["strategy"]) == set(STRATEGIES)
    start = table[table["answers"] == 0]
    assert start.groupby("seed")["f1"].nunique().eq(1).all() and (start["given"] == 0).all()
    last = table[(table["answers"] == 1) & (table["strategy"] == "random")]
    assert last["given"].to_numpy() == pytest.approx([1, 1])
    assert (table["given"] <= table["answers"] + 1e-9).all()
    assert (run / "results/tiny/figures/simulation.svg").exists()
    assert "to full supervision, in test mAP" in (run / "results/tiny/logs/plot_simulation.log").read_text(), output
