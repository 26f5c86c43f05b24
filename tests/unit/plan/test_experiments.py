"""Named experiments: what depends on the methods compared has a folder of its own, and all else is shared by its name."""

import json
from pathlib import Path

import pytest

import tiny
from plan import closing, experiments, load, paths, reporting
from plan.errors import ConfigError
from unit.plan import dag

FOLDER = "results/tiny/experiments/a/"
COMPARING = {  # rules whose results depend on which methods are compared
    *("collect_metrics", "compare_methods", "collect_label_counts", "measure_label_quality", "plot_map"),
    *("plot_label_counts", "plot_comparison", "plot_reliability", "plot_label_quality", "plot_training"),
    *("write_provenance", "write_report", "write_crate"),
}
A = tiny.changed(tiny.CONFIG, {"experiment": "a"})
B = tiny.changed(tiny.CONFIG, {"experiment": "b"})
STUDENT = {"students/linear": {"pseudo_labels": "paper", "loss": "bce", "head": "linear"}}


def experiment(config, **changes):
    config = tiny.changed(config, changes)
    return load.experiments(config)[config["dataset"]]


def record(config):
    """Write what the run of an experiment records of its settings."""
    made = experiment(config)
    folder = paths.compared(made.dataset, made.name)
    write(paths.provenance(folder), json.dumps({"config": reporting.record(made)}))


def write(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outputs(config):
    return {output: job.rule for output, job in dag.jobs(config).items()}


def test_an_experiment_has_its_own_tables_figures_and_report_and_shares_the_rest():
    plain, named = outputs(tiny.CONFIG), outputs(A)
    assert {rule for output, rule in named.items() if output.startswith(FOLDER)} == COMPARING
    assert {output.replace("experiments/a/", ""): rule for output, rule in named.items()} == plain
    assert {output for output, rule in plain.items() if rule not in COMPARING} <= set(named)


def test_without_a_name_all_is_in_the_folder_of_the_data_set():
    unnamed = experiment(tiny.CONFIG)
    assert unnamed.compared == "results/tiny"
    assert paths.report(unnamed.compared) == "results/tiny/report.html"
    assert not [output for output in outputs(tiny.CONFIG) if "experiments" in output]


def test_logs_and_benchmarks_of_an_experiment_are_in_its_folder():
    for job in dag.jobs(A).values():
        own = job.rule in COMPARING
        assert job.benchmark.startswith(FOLDER) == own, job.rule
    text = "\n".join((tiny.ROOT / "rules" / name).read_text() for name in ("evaluation.smk", "report.smk"))
    own = len(COMPARING) + 1  # compare_published, of a target of its own
    assert text.count('"<compared>/logs/') == text.count('"<compared>/benchmarks/') == own


def test_only_what_compares_reads_what_an_experiment_made():
    """A file that is shared and made from the methods of one experiment would change from one to the next."""
    for job in dag.jobs(A).values():
        if job.rule not in COMPARING:
            assert not [path for path in job.inputs if path.startswith(FOLDER)], job.rule


def test_a_second_experiment_with_the_same_methods_runs_no_model_again():
    assert set(dag.planned(A, B)) == COMPARING


def test_a_student_added_to_another_experiment_runs_its_jobs_and_that_experiment_alone():
    after = tiny.changed(B, STUDENT)
    runs = dag.planned(B, after)
    made = COMPARING - {"collect_label_counts", "measure_label_quality", "plot_label_counts"}
    replicates = len(tiny.CONFIG["seeds"])
    students = 2 * replicates  # two τ
    assert runs == {"train_student": students, "evaluate": students} | dict.fromkeys(made, 1)
    assert not [output for output in outputs(after) if output.startswith(FOLDER)]
    shared = {output: job.identity for output, job in dag.jobs(A).items() if job.rule not in COMPARING}
    both = dag.jobs(after)
    assert {output: both[output].identity for output in shared} == shared


def test_the_report_names_the_experiment_and_links_to_what_is_shared():
    options = reporting.report(experiment(A))
    assert options["title"] == "tiny, experiment a"
    assert options["gallery"] == "../../gallery/paper_seed_1200.html"
    assert options["model_card"] == "../../model/README.md"
    options = reporting.report(experiment(tiny.CONFIG))
    assert options["title"] == "tiny"
    assert (options["gallery"], options["model_card"]) == ("gallery/paper_seed_1200.html", "model/README.md")


def test_the_record_names_the_experiment():
    assert reporting.record(experiment(A))["experiment"] == "a"
    assert "experiment" not in reporting.record(experiment(tiny.CONFIG))


@pytest.mark.parametrize("name", ["a/b", "", ".a", "a b", "é", 3])
def test_a_name_that_no_folder_should_have_is_refused(name):
    with pytest.raises(ConfigError) as caught:
        load.experiments(tiny.changed(tiny.CONFIG, {"experiment": name}))
    assert len(caught.value.lines) == 1
    assert caught.value.lines[0].startswith(f"experiment: found {name!r}, wanted a name")


# -- several experiments in one table


def mistakes(*names, config=tiny.CONFIG):
    return list(experiments.mistakes(experiment(config, experiments=list(names))))


def test_the_tables_of_several_experiments_are_those_that_they_wrote(here):
    for name in ("a", "b"):
        write(f"results/tiny/experiments/{name}/tables/comparison.csv", "")
    both = experiment(tiny.CONFIG, experiments=["b", "a"])
    assert experiments.compared_tables(both, "map") == [
        f"results/tiny/experiments/{name}/tables/map.csv" for name in "ba"
    ]
    assert experiments.compared_options(both)["experiments"] == ["b", "a"]


def test_an_experiment_without_a_table_is_named_with_the_command_that_makes_it(here):
    command = "A run with its settings makes the table: snakemake --cores all --config dataset=tiny experiment="
    assert mistakes("first") == [
        f"experiments: found 'first', wanted nothing: there are none to name. {command}first",
    ]
    write("results/tiny/experiments/first/tables/comparison.csv", "")
    assert mistakes("first") == []
    assert mistakes("first", "fist") == [
        f"experiments: found 'fist', wanted one of first; did you mean first? {command}fist"
    ]
    (here / "results/tiny/experiments/second").mkdir()
    table = "results/tiny/experiments/second/tables/comparison.csv"
    assert mistakes("second") == [f"experiments: found 'second', which has no {table} yet. {command}second"]
    with pytest.raises(SystemExit, match=r"^Error: compare: experiments: found 'second'"):
        experiments.compared_tables(experiment(tiny.CONFIG, experiments=["second"]), "map")


def test_the_table_of_the_experiment_that_runs_need_not_be_there_yet(here):
    assert mistakes("a", config=A) == []


def test_an_empty_list_and_a_name_twice_are_refused():
    assert mistakes() == [
        "experiments: found none, wanted names of experiments: snakemake --cores 1 compare --config 'experiments=[a,b]'"
    ]
    with pytest.raises(ConfigError) as caught:
        mistakes("a", "a")
    assert caught.value.lines == [
        "experiments: found ['a', 'a'], wanted for compare: the named experiments that it puts in one table and one "
        "figure, each once"
    ]


# -- other settings under one name


def replaced(config):
    return list(experiments.replaced(experiment(config)))


def test_experiments_that_share_nothing_under_other_settings_are_not_mentioned(here):
    assert replaced(A) == []
    record(A)
    added = {"teachers/wan": {"loss": "wan"}, "pseudo_labels/paper/taus": [0.5, 0.6], "seeds": [1], **STUDENT}
    more = {"figures/baselines": ["an"], "comparison": {"reference": "an"}, "teachers/an/label": "Assume negative"}
    assert replaced(tiny.changed(B, added | more)) == []
    assert replaced(tiny.changed(A, {"teachers/em/loss": "wan"})) == []  # of its own report the end of the run says it


def test_a_teacher_with_other_settings_under_the_same_name_is_named(here):
    record(A)
    record(tiny.CONFIG)
    lines = replaced(tiny.changed(B, {"teachers/em/loss": {"name": "em", "alpha": 0.2}}))
    begin = [
        f"{folder}report.html was made with other settings under the same names: "
        for folder in ("results/tiny/", FOLDER)
    ]
    assert [line.startswith(start) for line, start in zip(lines, begin, strict=True)] == [True, True]
    assert "teachers.em.loss.alpha was 0.1, is now 0.2. It stays as it is." in lines[0]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"validation/fraction": 0.3}, "validation.fraction"),
        ({"observation": {"sampling": "size"}}, "observation.sampling"),
        ({"backbones/random/image_size": 40}, "backbones.random.image_size"),
        ({"pseudo_labels/paper/teacher": "an"}, "pseudo_labels.paper.tau_0.50"),
        ({"students/paper/head": "linear"}, "students.paper.head"),
    ],
    ids=["validation", "observation", "backbone", "pseudo-labels", "student"],
)
def test_other_shared_settings_are_named(here, changes, key):
    record(A)
    (line,) = replaced(tiny.changed(B, changes))
    assert key in line


def test_a_record_that_cannot_be_read_is_named(here):
    write(f"{FOLDER}provenance.json", "{")
    (line,) = replaced(B)
    assert line.startswith(f"{FOLDER}provenance.json: found no record of settings")


def test_other_settings_are_not_mentioned_where_nothing_is_trained(here):
    record(A)
    other = experiment(tiny.changed(B, {"teachers/em/loss": "wan"}))
    assert list(experiments.replaced(other, ["compare"])) == []
    assert len(list(experiments.replaced(other, ["all"]))) == 1


def test_the_end_of_a_comparison_names_its_figure_and_table(here):
    assert closing.text(experiment(tiny.CONFIG, experiments=["a", "b"]), ["compare"]) == (
        "Experiments a, b: results/tiny/figures/experiments.svg\nThe same as a table: results/tiny/tables/experiments.csv"
    )
