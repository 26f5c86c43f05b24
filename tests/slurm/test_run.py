"""The workflow on a real Slurm, as `snakemake --profile slurm` in a clone runs it."""

import csv
import itertools
import re

import pytest

import tiny
from interrupted import Pause, bytes_of, leftovers, wait
from slurm.clone import Clone

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm")]


@pytest.fixture(scope="module")
def done(cluster, tmp_path_factory):
    """The tiny data set, run on Slurm to both figures."""
    clone = Clone(cluster, tmp_path_factory.mktemp("run") / "clone")
    clone.edit_site({"set-resources/train_student/gpu_model": "h100"})
    clone.output = clone.run("--slurm-efficiency-report", "--slurm-efficiency-report-path", "efficiency")
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
    gpus = re.search(r"gpu:(?:\w+:)?(\d+)", job.get("TresPerJob", ""))
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
    assert (
        "Report:  results/tiny/report.html" in lines
        and not re.search("jobid|Auto-selected", done.output)
        and len(lines) < 90
    )


def test_tables_and_figures_are_made_on_the_login_node(done):
    assert {"collect_metrics", "plot_map", "write_provenance", "write_report", "write_crate"} <= local_rules()
    assert len(list((done.folder / "results/tiny/metrics").rglob("*.json"))) == 4


def test_the_cap_of_one_gpu_is_for_one_machine_alone(done):
    times = sorted((job["StartTime"], job["EndTime"]) for job in done.jobs() if given(job)[3])
    assert any(later[0] < earlier[1] for earlier, later in itertools.pairwise(times)), times


def test_each_job_ran_where_the_site_has_room_and_under_the_account_of_the_user(done):
    assert re.search(
        r"^Partition normal: 16 cores, 64000 MB, 1440 minutes, 2 GPUs per node \(a100, h100\)$", done.site, re.M
    )
    assert "Left out: partition urgent: it is hidden" in done.site
    assert "Account: wide (make slurm-site ACCOUNT=... takes another: narrow, root)" in done.site
    assert {(job["Partition"], job["Account"]) for job in done.jobs()} == {("normal", "wide")}
    assert "Auto-selected partition 'normal' for job train_teacher" in done.own


def test_a_job_asks_for_the_model_of_gpu_that_the_site_names_and_gets_it(done):
    fields = ("JobID", "ReqTRES", "AllocTRES")
    records = {number: tres for number, *tres in done.cluster.accounts(*fields, user="root")}
    (job,) = done.jobs("train_student")
    assert all("gres/gpu:h100=1" in tres for tres in records[job["JobId"]]), records[job["JobId"]]
    anyone = [records[job["JobId"]] for job in done.jobs("train_teacher")]
    assert not any("h100" in asked or "a100" in asked for asked, _ in anyone)
    assert all("gres/gpu=1" in got for _, got in anyone)


def test_the_efficiency_report_has_a_row_for_each_job(done):
    (path,) = (done.folder / "efficiency").glob("efficiency_report_*.csv")
    with path.open() as file:
        rows = {row["MainJobID"]: row for row in csv.DictReader(file)}
    assert set(rows) == {job["JobId"] for job in done.jobs()}
    for job in done.jobs():
        row = rows[job["JobId"]]
        assert row["RuleName"].startswith(f"rule_{job['Rule']}") and float(row["RequestedMem_MB"]) == given(job)[1]
        assert float(row["CPU Efficiency (%)"]) >= 0 and float(row["Memory Usage (%)"]) >= 0
    assert any(float(row["Memory Usage (%)"]) > 1 for row in rows.values())


def test_one_job_for_all_goes_on_after_a_requeue_to_the_same_bytes(done, cluster, tmp_path):
    whole = Clone(cluster, tmp_path / "clone")
    pause = Pause(tmp_path / "pause", "*/teachers/em/seed_1200/checkpoint.safetensors")
    job = whole.submit_node("--configfile", "tiny.yaml", **pause.environment)
    wait(pause.process, whole.node_text)
    cluster.run("scontrol", "requeue", job)
    pause.go()
    record = cluster.wait_for_end(job)
    assert (record["JobState"], record["Restarts"]) == ("COMPLETED", "1"), whole.node_text()
    assert len(whole.jobs()) == 1
    one, other = (bytes_of(clone.folder / "results" / "tiny") for clone in (done, whole))
    assert set(one) == set(other) and len(one) > 40
    assert [name for name in one if one[name] != other[name]] == []
    assert leftovers(done.folder) == leftovers(whole.folder) == []


@pytest.mark.parametrize("option", [("--slurm-array-jobs", "all"), ("--group-components", "small=20")])
def test_job_arrays_and_groups_of_components_are_refused_before_the_first_job(done, option):
    before = len(done.jobs())
    run = done.start("results/tiny/images/train.csv", "--force", *option)
    assert run.finish() == 1
    assert "wanted nothing: " in run.text and "sbatch slurm/node.sh" in run.text, run.text
    assert len(done.jobs()) == before


def test_a_second_run_submits_nothing(done):
    before = len(done.jobs())
    assert "Nothing to do: " in done.run()
    assert len(done.jobs()) == before
