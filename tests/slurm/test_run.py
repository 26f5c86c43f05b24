"""The workflow on a real Slurm, as `snakemake --profile slurm` in a clone runs it."""

import itertools
import re

import pytest
import yaml

import tiny
from interrupted import bytes_of, leftovers
from slurm.clone import Clone

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]
DEMO = {
    "demo": {"train": 30, "test": 10},
    "seeds": [1200],
    "pseudo_labels/paper/taus": [0.4],
    "features/images_per_shard": 10,
}


@pytest.fixture(scope="module")
def done(cluster, tmp_path_factory):
    """The tiny data set, run on Slurm to both figures."""
    clone = Clone(cluster, tmp_path_factory.mktemp("run") / "clone")
    clone.output = clone.run()
    clone.own = clone.own_text()
    return clone


def asked_for(output):
    """What Snakemake said that each job of a rule would take: (cores, MB, minutes, GPUs) by its Slurm job."""
    found = {}
    for block in re.split(r"\n\n|\n(?=\[)", output):
        job = re.search(r"^(?:rule|checkpoint) (\w+):", block, re.M)
        if job:
            cores = re.search(r"threads: (\d+)", block)
            numbers = [re.search(rf"\b{name}=(\d+)", block) for name in ("mem_mb", "runtime", "gpu")]
            found.setdefault(job[1], []).append(
                (int(cores[1]) if cores else 1, *(int(n[1]) if n else 0 for n in numbers))
            )
    return found


def given(job):
    """The same of a job, from Slurm's record."""
    days, hours, minutes = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):\d+", job["TimeLimit"]).groups()
    gpus = re.search(r"gpu:(\d+)", job.get("TresPerJob", ""))
    memory = re.fullmatch(r"([\d.]+)([MG])", job["MinMemoryNode"]).groups()
    megabytes = float(memory[0]) * (1024 if memory[1] == "G" else 1)
    return (
        int(job["NumCPUs"]),
        megabytes,
        1440 * int(days or 0) + 60 * int(hours) + int(minutes),
        int(gpus[1] if gpus else 0),
    )


def local_rules():
    text = "".join(path.read_text() for path in (tiny.ROOT / "rules").glob("*.smk"))
    blocks = re.split(r"^(?:rule|checkpoint) ", text, flags=re.M)[1:]
    return {re.match(r"\w+", block)[0] for block in blocks if "localrule: True" in block}


def test_each_rule_that_is_not_local_ran_as_a_job_with_what_it_asked_for(done):
    jobs, asked = done.jobs(), asked_for(done.own)
    assert all(job["JobState"] == "COMPLETED" for job in jobs), jobs
    wanted = set(asked) - local_rules() - {"all"}
    assert {job["Rule"] for job in jobs} == wanted
    assert {"list_images", "extract_features", "train_teacher", "train_student", "compare_methods"} <= wanted
    for rule in wanted:
        records = done.jobs(rule)
        assert sorted(map(given, records)) == sorted(asked[rule]), rule
    assert all(given(job)[3] == 1 for rule in ("extract_features", "train_teacher") for job in done.jobs(rule))
    assert not any(given(job)[3] for job in done.jobs("make_labels"))


def test_the_screen_shows_a_line_a_rule_and_the_report(done):
    lines = done.output.splitlines()
    assert any(re.match(r"\[ *\d+/\d+\] train_teacher ", line) for line in lines), done.output
    assert "Report:  results/tiny/report.html" in lines and "jobid" not in done.output and len(lines) < 90


def test_tables_and_figures_are_made_on_the_login_node(done):
    assert {"collect_metrics", "plot_map", "write_provenance", "write_report", "write_crate"} <= local_rules()
    assert len(list((done.folder / "results/tiny/metrics").rglob("*.json"))) == 4


def test_the_cap_of_one_gpu_is_for_one_machine_alone(done):
    times = sorted((job["StartTime"], job["EndTime"]) for job in done.jobs() if given(job)[3])
    assert any(later[0] < earlier[1] for earlier, later in itertools.pairwise(times)), times


def test_results_are_those_of_a_local_run_byte_for_byte(done, cluster, tmp_path):
    local = Clone(cluster, tmp_path / "clone")
    local.run(profile=None)
    one, other = (bytes_of(clone.folder / "results" / "tiny") for clone in (done, local))
    assert set(one) == set(other) and len(one) > 40
    assert [name for name in one if one[name] != other[name]] == []
    assert leftovers(done.folder) == []


def test_a_second_run_submits_nothing(done):
    before = len(done.jobs())
    assert "Nothing to do: " in done.run()
    assert len(done.jobs()) == before


def test_the_demo_extracts_in_shards_and_goes_to_both_figures(cluster, tmp_path):
    clone = Clone(cluster, tmp_path / "clone")
    shown = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    (clone.folder / "small.yaml").write_text(yaml.safe_dump(tiny.changed(shown, DEMO)))
    figures = [f"results/demo/figures/figure_1{letter}.svg" for letter in "ab"]
    clone.run(*figures, config="small.yaml")
    assert all((clone.folder / figure).exists() for figure in figures)
    assert len(clone.jobs("extract_features")) == 3 + 1
    assert all(job["JobState"] == "COMPLETED" for job in clone.jobs())
