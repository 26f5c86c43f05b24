"""What the Snakemake workflow catalog and snakedeploy read: the settings file, config/ and the run in .test."""

import yaml
from snakemake import cli

import tiny

SETTINGS = yaml.safe_load((tiny.ROOT / ".snakemake-workflow-catalog.yml").read_text())


def test_the_settings_have_the_keys_and_kinds_that_the_catalog_reads():
    assert set(SETTINGS) == {"usage"}
    usage = SETTINGS["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert isinstance(usage["mandatory-flags"]["desc"], str)
    cli.get_argument_parser().parse_args(usage["mandatory-flags"]["flags"])  # ends the test where a flag is none
    deployment = usage["software-stack-deployment"]
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda"}
    assert all(isinstance(value, bool) for value in [*deployment.values(), usage["report"]])


def test_the_folder_that_snakedeploy_copies_holds_the_configuration():
    assert (tiny.ROOT / "config/config.yaml").samefile(tiny.ROOT / "config.yaml")
    words = (tiny.ROOT / "config/README.md").read_text()
    assert all(
        f"`{key}`" in words for key in ("dataset", "backbones", "teachers", "pseudo_labels", "students", "machine")
    )


def test_the_test_run_makes_the_report(tmp_path):
    """The run that the standard asks for: snakemake --directory .test, with the configuration there."""
    tiny.copy_repository(tmp_path / "repository")
    folder = tmp_path / "repository" / ".test"
    assert not (folder / "results").exists()
    text = tiny.snakemake(folder, root=tmp_path / "repository")
    assert (folder / "results/demo/report.html").is_file(), text
    assert (folder / "results/demo/pseudo_labels/paper/seed_1200/tau_0.65.csv").is_file()
