"""The profiles of profiles/: with their plugins, and for Grid Engine through commands that stand in for its own."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
import yaml

import tiny
from engines.elsewhere import PYTHON, Bucket, clone, command, planned, require_installed, run
from interrupted import as_in_a_terminal

PROFILES = tiny.ROOT / "profiles"
RULES = "".join(path.read_text() for path in sorted((tiny.ROOT / "rules").glob("*.smk")))
ENGINES = ("lsf", "htcondor", "sge", "kubernetes", "aws-batch")
GENERAL = {"mem_mb", "runtime", "disk_mb", "sge_extra"}  # of Snakemake, and of the submit command in the profile itself
READ = {"classad_AccountingGroup": "classad_"}  # what the plugin looks for, where that is the beginning of a name
GRID_ENGINE = tiny.ROOT / "tests/engines/grid_engine"
LABELS = "results/tiny/labels/train.h5"


def profile(name):
    """Return the text of a profile."""
    return (PROFILES / name / "profile.yaml").read_text()


def resources(text):
    """Return the resources that a profile names, in what is commented out for a site as well."""
    entries = re.findall(r"^#? +(?:- )?(\w+)=", text, re.MULTILINE)
    sets = re.findall(r"^#? +\w+: \{([^}]*)\}", text, re.MULTILINE)
    return set(entries) | {key for entry in sets for key in re.findall(r"(\w+): ", entry)}


def plugin(name):
    """Return the source of the plugin of a profile."""
    package = f"snakemake_executor_plugin_{yaml.safe_load(profile(name))['executor'].replace('-', '_')}"
    program = f"import importlib.util; print(importlib.util.find_spec('{package}').submodule_search_locations[0])"
    folder = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    return "".join(path.read_text() for path in sorted(type(PROFILES)(folder).glob("*.py")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return clone(tmp_path_factory.mktemp("profiles") / "work")


@pytest.fixture(scope="module")
def bucket():
    require_installed()
    with Bucket() as bucket:
        yield bucket


@pytest.mark.parametrize("name", [*ENGINES, "s3"])
def test_a_dry_run_with_the_profile_plans_the_run(folder, bucket, name):
    """Snakemake refuses a key of a profile that neither it nor the plugin knows."""
    cores = ("--cores", "2") if name == "s3" else ()
    plan = planned(folder, "--profile", f"profiles/{name}", *cores, **bucket.environment)
    assert plan["train_teacher"] == plan["train_student"] == 1


def test_a_bucket_of_google_is_planned_with(folder, bucket):
    """The server knows Amazon's interface alone, and answers that there is no such bucket of Google's yet."""
    google = {"STORAGE_EMULATOR_HOST": bucket.environment["SNAKEMAKE_STORAGE_S3_ENDPOINT_URL"]}
    options = ("--cores", "2", "--default-storage-provider", "gcs", "--storage-gcs-project", "project")
    plan = planned(folder, *options, "--default-storage-prefix", "gs://bucket/prefix", **google)
    assert plan["train_teacher"] == plan["train_student"] == 1


@pytest.mark.parametrize("name", ENGINES)
def test_the_plugin_reads_the_resources_of_the_profile(name):
    require_installed()
    source = plugin(name)
    named = resources(profile(name)) - GENERAL
    assert {key for key in named if not re.search(rf"\b{READ.get(key, key)}", source)} == set()


@pytest.mark.parametrize("name", [f"profiles/{name}" for name in ENGINES])
def test_rules_that_a_profile_names_are_there(name):
    rules = set(re.findall(r"^(?:rule|checkpoint) (\w+):", RULES, re.MULTILINE))
    named = set(re.findall(r"^#? +(\w+): \{", (tiny.ROOT / name / "profile.yaml").read_text(), re.MULTILINE))
    assert named and named <= rules


def test_every_job_on_aws_asks_for_memory_that_the_plugin_knows():
    """Other amounts become the least that is known, without an error."""
    require_installed()
    rules = re.findall(r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S|\Z)", RULES, re.MULTILINE | re.DOTALL)
    cores = {
        name: int((re.search(r"threads: (\d+)", body) or [0, 1])[1]) for name, body in rules if "localrule" not in body
    }
    memory = {name: entry["mem_mb"] for name, entry in yaml.safe_load(profile("aws-batch"))["set-resources"].items()}
    assert memory.keys() ^ cores.keys() == set()  # a new rule needs a line in the profile
    program = "import json; from snakemake_executor_plugin_aws_batch.constant import VALID_RESOURCES_MAPPING as known; "
    known = json.loads(
        subprocess.run([PYTHON, "-c", program + "print(json.dumps(known))"], capture_output=True, check=True).stdout
    )
    assert {name: amount for name, amount in memory.items() if cores[name] not in known[str(amount)]} == {}


@pytest.fixture
def grid(tmp_path):
    """The environment of a run on commands that stand in for Grid Engine's, and the folder where they note jobs."""
    require_installed()
    folder = tmp_path / "grid"
    return {"PATH": f"{GRID_ENGINE}{os.pathsep}{os.environ['PATH']}", "GRID": str(folder)}, folder


OPTIONS = ("--profile", "profiles/sge", "--seconds-between-status-checks", "1", "--latency-wait", "5", LABELS)


def test_jobs_run_on_grid_engine(folder, grid):
    environment, jobs = grid
    run(folder, *OPTIONS, **environment)
    assert (folder / LABELS).exists()
    arguments = [path.read_text().split("\n")[:-1] for path in sorted(jobs.glob("*.arguments"))]
    names = [each[each.index("-N") + 1] for each in arguments]
    assert sorted(names) == sorted(2 * ["read_annotations", "list_images"] + ["make_labels"])
    labels = " ".join(arguments[names.index("make_labels")][:-1])
    assert "-pe smp 1 -l h_vmem=" in labels and re.search(r"h_vmem=\d+M -l h_rt=\d+$", labels.strip())


def test_a_job_that_grid_engine_ends_has_failed(tmp_path, grid):
    environment, _ = grid
    code, text = run(
        clone(tmp_path / "work"), *OPTIONS, "--retries", "0", check=False, **environment, GRID_FAULT="killed"
    )
    assert code and "read_annotations failed" in text


def test_ctrl_c_takes_jobs_out_of_the_queue(tmp_path, grid):
    environment, jobs = grid
    work = clone(tmp_path / "work")
    waiting = os.environ | environment | {"GRID_FAULT": "waits"}
    run = subprocess.Popen(
        command(*OPTIONS),
        cwd=work,
        env=waiting,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=as_in_a_terminal,
    )
    while not (jobs / "2.arguments").exists():
        assert run.poll() is None
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait() != 0
    assert set((jobs / "deleted").read_text().split()) == {"1", "2"}
