"""The report lists the benchmarks of its own jobs: those that the rules name, of the jobs that the plan makes."""

import pytest
import yaml

import tiny
from plan import benchmarks, load
from unit.plan import dag

DEFAULT = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
FROM = {"train": {"annotations": "a/b/c.txt", "images": "p"}, "test": {"annotations": "a/b/d.txt", "images": "p"}}
CASES = {
    "tiny": tiny.CONFIG,
    "weights and observed labels": tiny.changed(
        tiny.CONFIG, {"observation": {"sampling": "size"}, "validation/select_on": "observed_labels"}
    ),
    "rounds": tiny.changed(
        tiny.CONFIG,
        {
            "pseudo_labels/second": {"teacher": "paper@0.7", "rule": "soft"},
            "students/second": {"pseudo_labels": "second", "loss": "bce"},
        },
    ),
    "a pool and priors": tiny.changed(
        tiny.CONFIG,
        {
            "datasets/tiny/pool": {"images": "data/pool"},
            "pseudo_labels/top": {"teacher": "an", "rule": "top_k", "k": 3, "split": "pool"},
            "students/staged": {
                "pseudo_labels": "top",
                "loss": "bce",
                "stages": [{"train_on": "pool"}, {"train_on": "observed", "loss": "epr"}],
            },
        },
    ),
    "a drawn pool": tiny.changed(
        DEFAULT,
        {
            "demo/pool": 5,
            "pseudo_labels/top": {"teacher": "em", "rule": "top_k", "k": 3, "split": "pool"},
            "students/staged": {
                "pseudo_labels": "top",
                "loss": "bce",
                "stages": [{"train_on": "pool"}, {"train_on": "observed", "loss": "em"}],
            },
        },
    ),
    "tars": tiny.changed(tiny.CONFIG, {"datasets/tiny/train/images": "data/train-{000000..000002}.tar"}),
    **{name: DEFAULT | {"dataset": name} for name in ("demo", "coco2014", "voc2012", "cub")},
    "nuswide": tiny.changed(
        DEFAULT | {"dataset": "nuswide"}, {f"datasets/nuswide/{key}": value for key, value in FROM.items()}
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_benchmarks_of_the_report_are_those_of_its_jobs(case):
    config = CASES[case]
    listed = benchmarks.by_rule(load.experiments(config)[config["dataset"]])
    wanted = {}
    for job in dag.jobs(config).values():
        wanted.setdefault(job.rule, set()).add(job.benchmark.replace(f"/{dag.SHARD}.tsv", "/*.tsv"))
    elsewhere = {"write_report", "write_crate", "fetch_weights"}  # itself; of no data set
    assert {rule: set(files) for rule, files in listed.items()} == {
        rule: files for rule, files in wanted.items() if rule not in elsewhere
    }
