"""Another workflow uses this one: as a module from a clone inside its own folder, and by a git address."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import tiny

SMALL = {
    "seeds": [1200],
    "teachers/an": None,
    "teachers/full": None,
    "pseudo_labels/paper/taus": [0.5],
    "figures/baselines": ["em"],
}
OUTER = """
configfile: "config.yaml"


rule all:
    input:
        "rows.txt",
        "spml/results/tiny/provenance.json",


rule count_rows:
    input:
        table="spml/results/tiny/pseudo_labels/paper/seed_1200/tau_0.50.csv",
        figure="spml/results/tiny/figures/figure_1a.svg",
    output:
        "rows.txt",
    shell:
        "wc -l < {input.table} > {output}"


"""
MODULE = """
module pseudo_labels:
    snakefile: SNAKEFILE
    config: config
    prefix: "spml"


use rule * from pseudo_labels AS
"""
CLONE = '"../modules/pml/Snakefile"'
ADDRESS = 'github("owner/pseudo-multi-labels", path="Snakefile", tag="v1.0.0")'


def write_outer(folder, snakefile=CLONE, rename="as pml_*", rules=OUTER):
    text = rules + MODULE.replace("SNAKEFILE", snakefile).replace("AS", rename)
    (folder / "workflow").mkdir(exist_ok=True)
    (folder / "workflow" / "Snakefile").write_text(text)


def run(folder, *arguments, **environment):
    """Run the outer workflow in its folder; return status and output."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout


def planned(folder, *arguments):
    """Return the rules that a dry run plans."""
    code, text = run(folder, "--workflow-profile", "modules/pml/profiles/default", "-n", "--quiet", "rules", *arguments)
    assert code == 0, text
    return {line.split()[0] for line in text.splitlines() if len(line.split()) == 2 and line.split()[1].isdecimal()}


@pytest.fixture(scope="module")
def outer(tmp_path_factory):
    """A workflow with a clone of this one in a folder of its own, run to its end; what it printed is in output.txt."""
    folder = tiny.make(tmp_path_factory.mktemp("module") / "outer")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, SMALL))
    tiny.copy_repository(folder / "modules" / "pml")
    write_outer(folder)
    code, text = run(folder, "--workflow-profile", "modules/pml/profiles/default")
    assert code == 0, text
    (folder / "output.txt").write_text(text)
    return folder


@pytest.mark.xdist_group("module")
def test_results_of_a_module_lie_under_its_prefix(outer):
    assert int((outer / "rows.txt").read_text()) > 1
    assert not (outer / "results").exists()
    assert not (outer / "resources").exists()
    inputs = json.loads((outer / "spml" / "results" / "tiny" / ".provenance.json.record").read_text())["inputs"]
    assert "spml/results/tiny/tables/map.csv" in inputs
    assert "data/train.json" in inputs  # the user's files get no prefix


@pytest.mark.xdist_group("module")
def test_the_screen_stays_that_of_the_outer_workflow(outer):
    text = (outer / "output.txt").read_text()
    assert "localrule all:" in text
    assert "Made:" not in text


@pytest.mark.xdist_group("module")
def test_a_second_run_plans_nothing_and_a_changed_setting_its_stages_alone(outer, tmp_path):
    assert planned(outer) == set()
    config = tiny.changed(tiny.CONFIG, SMALL | {"pseudo_labels/paper/taus": [0.5, 0.6]})
    tiny.configure(tmp_path, config)
    found = planned(outer, "--configfile", str(tmp_path / "config.yaml"))
    assert {"pml_make_pseudo_labels", "pml_train_student", "pml_plot_map", "count_rows"} <= found
    assert not found & {"pml_read_annotations", "pml_extract_features", "pml_make_observed_labels", "pml_train_teacher"}


@pytest.mark.xdist_group("module")
def test_records_are_checked_under_the_names_that_a_module_gives_its_rules(outer, tmp_path):
    record = json.loads((outer / "spml/results/tiny/teachers/em/seed_1200/.checkpoint.safetensors.record").read_text())
    assert record["rule"] == "pml_train_teacher"
    copy = shutil.copytree(outer, tmp_path / "outer", symlinks=True)
    path = copy / "spml/results/tiny/teachers/em/seed_1200/.checkpoint.safetensors.record"
    record["params"]["options"]["epochs"] = 99
    path.write_text(json.dumps(record))
    profile = ("--workflow-profile", "modules/pml/profiles/default")
    code, _ = run(copy, *profile, "--forcerun", "pml_write_provenance", "--", "spml/results/tiny/provenance.json")
    assert code != 0
    log = (copy / "spml/results/tiny/logs/write_provenance.log").read_text()
    assert "was made with epochs 99" in log


@pytest.mark.xdist_group("module")
def test_without_other_names_the_module_brings_its_own_target(outer, tmp_path):
    folder = shutil.copytree(outer, tmp_path / "outer", symlinks=True)
    write_outer(folder, rename="", rules='\nconfigfile: "config.yaml"\n\n\n')
    assert {"all", "write_report"} <= planned(folder)


@pytest.mark.xdist_group("module")
def test_a_mistake_in_the_settings_of_a_module_is_a_line_that_names_it(outer, tmp_path):
    tiny.configure(tmp_path, tiny.changed(tiny.CONFIG, {"seedz": [1]}))
    code, text = run(outer, "-n", "--configfile", str(tmp_path / "config.yaml"))
    assert code == 1
    assert "Error in the configuration (module pseudo_labels):\n  seedz:" in text
    assert "Traceback" not in text


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A repository with a tag, and the environment in which git finds it at GitHub's address, without network."""
    folder = tmp_path_factory.mktemp("hub")
    clone = folder / "owner" / "pseudo-multi-labels"
    tiny.copy_repository(clone)
    commit = ["-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "Begin"]
    for words in (["init", "--quiet"], ["add", "--all"], commit, ["tag", "v1.0.0"]):
        subprocess.run(["git", "-C", str(clone), *words], check=True)
    return {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }


@pytest.mark.xdist_group("module")
@pytest.mark.parametrize("prefix", ["spml/", ""])
def test_a_git_address_is_enough(tmp_path, hub, prefix):
    folder = tiny.make(tmp_path / "work")
    target = f"{prefix}results/tiny/images/train.csv"
    if prefix:
        write_outer(folder, snakefile=ADDRESS, rules='\nconfigfile: "config.yaml"\n\n\n')
        code, text = run(folder, "--", target, **hub)
    else:
        address = ("--snakefile", "gh:owner/pseudo-multi-labels@v1.0.0:Snakefile", "--configfile", "config.yaml")
        code, text = run(folder, *address, "--", target, **hub)
    assert code == 0, text
    assert (folder / target).is_file()
    assert not list(folder.glob("workflow_scripts"))
