"""The commands of the targets of make, and the list of them that `make help` prints."""

import os
import re
import subprocess
import sys

import pytest

import tiny
from plan import target
from plan.errors import ConfigError

NOTHING = dict.fromkeys(target.VARIABLES, "")


def test_a_target_alone_is_a_command_of_snakemake():
    assert target.arguments("gallery", NOTHING) == ["snakemake", "--cores", "all", "--", "gallery"]


def test_variables_become_arguments_that_no_shell_reads(tmp_path):
    config, images = tmp_path / "own $(x).yaml", tmp_path / 'my "pictures"'
    config.write_text("dataset: own\n")
    images.mkdir()
    values = {"CONFIG": str(config), "DATASET": "coco2014", "IMAGES": str(images)}
    begin = ["snakemake", "--cores", "all", "--configfile", str(config), "--config", 'dataset="coco2014"']
    escaped = str(images).replace('"', '\\"')
    assert target.arguments("predict", values) == [*begin, f'predict={{"images": "{escaped}"}}', "--", "predict"]
    assert target.arguments("review", values) == [*begin, "--", "review"]  # IMAGES is for predict


def test_what_is_not_there_is_named():
    with pytest.raises(ConfigError) as error:
        target.arguments("predict", NOTHING | {"CONFIG": "gone.yaml", "IMAGES": "gone"})
    assert [line.partition(";")[0] for line in error.value.lines] == [
        "CONFIG: found 'gone.yaml', which is no file",
        "IMAGES: found 'gone', which is not there",
    ]


def test_a_configuration_that_is_none_is_named_with_its_line(tmp_path):
    config = tmp_path / "own.yaml"
    for text, mistake in {
        "": ": found no keys, wanted keys with values, as in config.yaml",
        "[1]": ": found no keys, wanted keys with values, as in config.yaml",
        "a: 1\nb: [": ", line 2: not readable as YAML (expected the node content, but found '<stream end>')",
        "a: \0": ": not readable as YAML (unacceptable character #x0000: special characters are not allowed in "
        '"<unicode string>", position 3)',
        "a: 1\na: 2": ": a stands in line 1 and again in line 2; wanted each key once",
    }.items():
        config.write_text(text)
        with pytest.raises(ConfigError) as error:
            target.arguments("gallery", NOTHING | {"CONFIG": str(config)})
        assert error.value.lines == [f"{config}{mistake}"]
    config.write_bytes(b"a: \xff")
    with pytest.raises(ConfigError) as error:
        target.arguments("gallery", NOTHING | {"CONFIG": str(config)})
    assert error.value.lines == [f"{config}: found byte 4, which is no UTF-8; wanted text in UTF-8"]


def test_make_help_names_each_target_with_what_it_takes_in_a_terminal_of_80_columns():
    text = subprocess.run(["make", "help"], cwd=tiny.ROOT, capture_output=True, text=True, check=True).stdout
    makefile = (tiny.ROOT / "Makefile").read_text()
    names = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    assert all(re.search(rf"^{name} +\S", text, re.M) for name in names)
    assert {"run", "own", "report", "gallery", "review", "predict", "model", "exports", "show"} <= set(names)
    assert max(map(len, text.splitlines())) < 84
    targets = re.findall(r"^([a-z-]+):.*## (.*)$", makefile, re.M)
    assert all(re.search(r": .*(second|minute|hour)", said) for name, said in targets if name != "help")


def test_the_script_says_what_is_wrong_in_a_line():
    command = [sys.executable, "workflow_scripts/target.py", "predict"]
    done = subprocess.run(command, cwd=tiny.ROOT, capture_output=True, text=True, env=os.environ | {"IMAGES": "gone"})
    assert done.returncode == 1 and done.stderr.startswith("Error: IMAGES: found 'gone', which is not there")
