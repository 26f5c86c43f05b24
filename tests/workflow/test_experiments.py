"""Two named experiments beside a run without a name, and the comparison of both."""

import json

import pandas as pd
import pytest

import tiny
from unit.plan.test_experiments import COMPARING

pytestmark = pytest.mark.xdist_group("finished")
FIRST = tiny.changed(tiny.CONFIG, {"experiment": "first"})
SECOND = tiny.changed(
    tiny.CONFIG,
    {
        "experiment": "second",
        "teachers/squares": {"loss": "squares", "head": "ridge", "kernel": "linear"},
        "teachers/full": None,
        "figures/baselines": ["an"],
    },
)
TABLE = "results/tiny/experiments/{}/tables/comparison.csv"


def times(folder):
    """The times of all results of a run by path."""
    files = (path for path in (folder / "results").rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A copy of the finished run that went on with two experiments; the folder, and the times of results after each run."""
    folder = tiny.copy_run(finished, tmp_path_factory.mktemp("experiments") / "work")
    before, root = times(folder), folder / "repository"
    tiny.configure(folder, FIRST)
    output = tiny.snakemake(folder, root=root)
    after_first = times(folder)
    tiny.configure(folder, SECOND)
    tiny.snakemake(folder, TABLE.format("second"), root=root)
    return folder, output, before, after_first, times(folder)


def test_an_experiment_of_the_same_methods_makes_its_own_report_and_nothing_else(run):
    folder, output, before, after, _ = run
    own = "results/tiny/experiments/first/"
    assert {path: after[path] for path in before} == before
    assert {path for path in after if path not in before and not path.startswith(own)} == set()
    names = [
        "report.html",
        "summary.txt",
        "provenance.json",
        "provenance.html",
        "ro-crate-metadata.json",
        "figures/figure_1a.png",
        "tables/map.csv",
    ]
    assert {own + name for name in names} <= set(after)
    assert {path.removeprefix(own) for path in after if path.startswith(own + "logs/")} == {
        f"logs/{rule}.log" for rule in COMPARING
    }
    assert f"{own}report.html" in output and "Data set tiny, experiment first: mAP" in output
    assert "Warning" not in output
    report = (folder / own / "report.html").read_text()
    assert "<title>Report: tiny, experiment first" in report and 'href="../../model/README.md"' in report
    assert json.loads((folder / own / "provenance.json").read_text())["experiment"] == "first"


def test_another_experiment_trains_what_is_new_and_changes_nothing_of_the_first(run):
    _, _, _, before, after = run
    assert {path: after[path] for path in before} == before
    new = {path for path in after if path not in before and "/experiments/" not in path}
    models = {path.split("/")[3] for path in new if path.startswith("results/tiny/teachers/")}
    assert models == {"squares"} and not [path for path in new if "/students/" in path]


def test_nothing_of_the_first_runs_again_after_the_second(run):
    folder = run[0]
    tiny.configure(folder, FIRST)  # in place of the second's: a file named on the command line is laid over it
    assert tiny.planned(folder, root=folder / "repository") == {}


def test_a_comparison_has_each_method_once_and_its_difference_as_its_table_has_it(run):
    folder = run[0]
    command = ("compare", "--config", "experiments=[first,second]")
    output = tiny.snakemake(folder, *command, root=folder / "repository")
    assert "Experiments first, second: results/tiny/figures/experiments.svg" in output
    assert all((folder / f"results/tiny/figures/experiments.{ending}").stat().st_size for ending in ("svg", "png"))
    table = pd.read_csv(folder / "results/tiny/tables/experiments.csv", keep_default_na=False)
    rows = table.set_index(["kind", "name", "variant"])
    wanted = {
        ("teachers", "em", ""): "first, second",
        ("teachers", "an", ""): "first, second",
        ("teachers", "full", ""): "first",
        ("teachers", "squares", ""): "second",
        ("students", "paper", "tau_0.50"): "first, second",
        ("students", "paper", "tau_0.70"): "first, second",
    }
    assert rows["experiment"].to_dict() == wanted
    for name in ("first", "second"):
        own = pd.read_csv(folder / TABLE.format(name), keep_default_na=False).set_index(["kind", "name", "variant"])
        columns = ["test_map", "difference", "difference_low", "difference_high", "difference_std", "reference"]
        pd.testing.assert_frame_equal(rows.loc[own.index, columns], own[columns])
    assert tiny.planned(folder, *command, root=folder / "repository") == {}


def test_an_experiment_without_a_table_ends_the_comparison_in_one_sentence(run):
    folder = run[0]
    code, output = tiny.snakemake(
        folder, "compare", "--config", "experiments=[first,other]", root=folder / "repository", check=False
    )
    assert code == 1 and "Traceback" not in output
    assert (
        "Error: compare: experiments: found 'other', wanted one of first, second. A run with its settings makes the table: "
        "snakemake --cores all --config dataset=tiny experiment=other"
    ) in output
