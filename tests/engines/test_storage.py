"""Results in a bucket of an S3 server on the loopback interface."""

import shutil

import pytest

import tiny
from engines.elsewhere import FEW, Bucket, clone, planned, run

OPTIONS = ("--cores", "2", "--profile", "profiles/s3", "--default-storage-prefix", Bucket.address)
FIGURES = tuple(f"results/tiny/figures/{name}.svg" for name in ("figure_1a", "figure_1b"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A clone that ran to the two figures, its bucket, and what the terminal said."""
    folder = clone(tmp_path_factory.mktemp("storage") / "work")
    with Bucket() as bucket:
        _, text = run(folder, *OPTIONS, *FIGURES, **bucket.environment)
        yield folder, bucket, text


def test_results_lie_in_the_bucket_and_nothing_else_does(stored):
    folder, bucket, text = stored
    names = bucket.names()
    assert all(name.startswith("prefix/results/tiny/") for name in names)
    for figure in ("figure_1a", "figure_1b"):
        assert f"prefix/results/tiny/figures/{figure}.svg" in names
        assert f"{Bucket.address}/results/tiny/figures/{figure}.svg" in text
    assert not (folder / "results").exists()


def test_records_go_along(stored):
    _, bucket, _ = stored
    names = bucket.names()
    matrices = {name for name in names if name.endswith((".h5", ".safetensors"))}
    assert matrices and all("/.".join(name.rsplit("/", 1)) + ".record" in names for name in matrices)


def test_a_second_run_does_nothing(stored):
    folder, bucket, _ = stored
    assert planned(folder, *OPTIONS, *FIGURES, **bucket.environment) == {}


def test_a_changed_setting_runs_its_stages_alone_from_what_the_bucket_has(stored):
    folder, bucket, _ = stored
    shutil.rmtree(folder / ".snakemake/storage")  # as on another machine: records and shards come from the bucket
    tiny.configure(folder, tiny.changed(tiny.CONFIG, FEW | {"students/paper/epochs": 2}))
    plan = planned(folder, *OPTIONS, *FIGURES, **bucket.environment)
    assert plan == {"train_student": 1, "evaluate": 1, "collect_metrics": 1, "plot_map": 1}
    run(folder, *OPTIONS, *FIGURES, **bucket.environment)
    assert planned(folder, *OPTIONS, *FIGURES, **bucket.environment) == {}
