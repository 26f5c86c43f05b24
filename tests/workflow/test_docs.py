"""What is written twice agrees: documentation and schema, commands and programs, tests and rules, environments and lock."""

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from snakemake import cli
from snakemake.utils import update_config

import tiny
from plan import errors, load, tracking
from plan.config import Config
from plan.sources import READERS
from spml.features.named import MODULES
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES

CONDA = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux", "platform_system": "Linux"}
PAGES = (tiny.ROOT / "README.md", *sorted((tiny.ROOT / "docs").glob("*.md")))
TARGETS = set(re.findall(r"^(?:rule|checkpoint) (\w+):", (tiny.ROOT / "Snakefile").read_text(), re.M))


def commands(program):
    """Return page and words of every command of a program in the pages: in an indented block or within a line."""
    found = []
    for page in PAGES:
        text = page.read_text()
        lines = re.findall(rf"^ {{4}}({program} .*)$", text, re.M)
        lines += [" ".join(line.split()) for line in re.findall(rf"`({program} [^`]+)`", text)]
        found += [(page.name, shlex.split(line, comments=True)[1:]) for line in lines]
    return found


def shown_config(name):
    """Return a configuration file of the repository, or the one that a page shows the reader under this name."""
    if (tiny.ROOT / name).exists():
        return yaml.safe_load((tiny.ROOT / name).read_text())
    for page in PAGES:
        for block in re.findall(rf"`{re.escape(str(name))}`.*?```yaml\n(.*?)```", page.read_text(), re.S):
            if "dataset" in (shown := yaml.safe_load(block)):
                return shown
    raise AssertionError(f"no page shows {name}")


def shown_data_set(name):
    """Return the entry of a data set as a page shows it."""
    for page in PAGES:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S):
            if entry := yaml.safe_load(block).get("datasets", {}).get(name):
                return entry
    raise AssertionError(f"no page shows the data set {name}")


def locked():
    """Package -> version in requirements.txt, as it holds for the Python of the conda environments."""
    versions = {}
    for line in (tiny.ROOT / "requirements.txt").read_text().splitlines():
        if match := re.match(r"([\w.-]+==[^\\]+)", line):
            requirement = Requirement(match[1].strip())
            if requirement.marker is None or requirement.marker.evaluate(CONDA):
                versions[requirement.name] = str(requirement.specifier)
    return versions


def test_the_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=tiny.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_key_of_the_schema_is_in_the_reference_with_a_description():
    text = (tiny.ROOT / "docs/config.md").read_text()

    def visit(entry):
        for key, part in entry.get("properties", {}).items():
            assert f"`{key}`" in text, key
            visit(part)
        for part in entry.get("$defs", {}).values():
            visit(part)

    visit(yaml.safe_load((tiny.ROOT / "rules/config.schema.yaml").read_text()))
    for row in re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", text, re.M):
        assert row[1].strip() or row[0] in ("an", "bce"), row


def test_every_method_is_documented_with_a_line_of_config_that_holds():
    """docs/methods.md: its three tables name what the registries have, and their last columns are valid configuration."""
    text = (tiny.ROOT / "docs/methods.md").read_text()
    sampling = Config.model_json_schema()["$defs"]["Observation"]["properties"]["sampling"]
    wanted = {"Losses": set(LOSSES), "Rules of pseudo-labels": set(RULES), "Observation": set(sampling["enum"])}
    for title, names in wanted.items():
        section = re.search(rf"^## {title}\n(.*?)^## ", text, re.M | re.S)[1]
        rows = re.findall(r"^\| `(\w+)` \|.*\| `([^`]+)` \|$", section, re.M)
        assert {name for name, _ in rows} == names, title
        for name, line in rows:
            entry = yaml.safe_load(line)
            if title == "Losses":
                student = LOSSES[name].needs == "observed and pseudo-labels"
                key, entry = (
                    ("students/shown", entry | {"pseudo_labels": "paper"}) if student else ("teachers/shown", entry)
                )
                changes = {key: entry, "training/epochs": 9}
                if LOSSES[name].needs == "observed negatives":
                    changes["observation"] = {"negatives_per_image": 1}
            else:
                changes = {"pseudo_labels/shown": entry} if title.startswith("Rules") else entry
            if name == "weights":  # of a category of another data set
                changes["observation"]["weights"] = {"red": 5}
            load.experiments(tiny.changed(tiny.CONFIG, changes))
            assert name in line


def test_configurations_in_the_documentation_hold():
    texts = {path.name: [path.read_text()] for path in (tiny.ROOT / "docs").rglob("*.yaml")}
    for path in PAGES:
        texts[path.name] = re.findall(r"```yaml\n(.*?)```", path.read_text(), re.S)
    for name, blocks in texts.items():
        for block in blocks:
            config = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
            update_config(config, yaml.safe_load(block))
            assert load.experiments(config), name


def test_links_between_pages_lead_somewhere():
    notebook = json.loads((tiny.ROOT / "docs/results.ipynb").read_text())
    cells = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    texts = {page: page.read_text() for page in PAGES} | {tiny.ROOT / "docs/results.ipynb": cells}
    for page, text in texts.items():
        for target, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", text):
            path = page.parent / target if target else page
            assert path.exists(), f"{page.name}: {target}"
            if anchor:
                titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
                anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
                assert anchor in anchors, f"{page.name}: {target}#{anchor}"


def test_every_page_is_in_the_site_and_in_the_readme():
    pages = {path.stem for end in ("md", "ipynb") for path in (tiny.ROOT / "docs").glob(f"*.{end}")}
    pages -= {"index", "config_introduction"}
    blocks = re.findall(r"```{toctree}\n(.*?)```", (tiny.ROOT / "docs/index.md").read_text(), re.S)
    lines = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
    assert sorted(re.sub(r".*<(\w+)>", r"\1", line) for line in lines) == sorted(pages)
    readme = (tiny.ROOT / "README.md").read_text()
    assert set(re.findall(r"^\| \[.*?\]\(docs/(\w+)\.\w+\)", readme, re.M)) == pages
    assert len(readme.splitlines()) <= 90


def test_every_command_of_snakemake_in_the_documentation_is_one():
    """Options, targets, files and keys of the configuration; files as targets are planned in the next test."""
    parser = cli.get_argument_parser()
    found = commands("snakemake")
    assert len(found) > 20
    for page, words in found:
        shown = parser.parse_args(words)
        config = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
        for name in shown.configfile or []:
            update_config(config, shown_config(name))
        command_line = cli.parse_config(shown.config)
        if "dataset" in command_line and command_line["dataset"] not in config["datasets"]:  # the reader's own
            config["datasets"][command_line["dataset"]] = shown_data_set(command_line["dataset"])
        update_config(config, command_line)
        assert load.experiments(config, command_line), f"{page}: {words}"
        for target in shown.targets:
            assert target in TARGETS or target.startswith("results/"), f"{page}: {target}"
        for name in shown.profile or []:
            assert (tiny.ROOT / name / "profile.yaml").exists(), f"{page}: {name}"
        for name in shown.forcerun or []:
            assert (tiny.ROOT / f"workflow_scripts/{name}.py").exists(), f"{page}: {name}"


def test_every_target_and_file_that_the_documentation_asks_for_is_planned(tmp_path):
    """Those of the demo, by one dry run in a folder without results but the tables of an experiment."""
    named = {
        target
        for _, words in commands("snakemake")
        for target in cli.get_argument_parser().parse_args(words).targets
        if target in TARGETS or target.startswith("results/demo/")
    }
    assert {"gallery", "review"} < named and any(target.startswith("results/demo/exports/") for target in named)
    (tmp_path / "new").mkdir()
    config = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    config["predict"]["images"] = "new"
    config["experiments"] = ["first"]
    config["datasets"]["demo"]["published"] = {"source": "nobody", "mode": "frozen", "map": {"em": 50.0}}
    for name in ("comparison", "map"):  # that compare reads
        table = tmp_path / f"results/demo/experiments/first/tables/{name}.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.touch()
    jobs = tiny.planned(tmp_path, *sorted(named), config=config)
    assert {"make_gallery", "export_pseudo_labels", "make_review_page", "list_new_images", "write_model_card"} <= set(
        jobs
    )
    assert jobs["compare_experiments"] == jobs["compare_published"] == 1


def test_the_demo_with_trained_backbones_has_three_methods_and_a_student_in_each_mode(tmp_path):
    """docs/end_to_end.yaml, to the comparison figure."""
    config = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
    update_config(config, yaml.safe_load((tiny.ROOT / "docs/end_to_end.yaml").read_text()))
    (experiment,) = (made for made in load.experiments(config).values() if made.dataset == config["dataset"])
    losses = {}
    for entries in (experiment.teachers, experiment.students):
        for name, entry in entries.items():
            losses.setdefault(name.partition("_")[0], []).append((experiment.mode(entry), entry.loss.name))
    modes = ["frozen", "end_to_end", "linear_init"]
    wanted = {"an": "an", "em": "em", "full": "bce", "recommended": "bce"}
    assert {name: sorted(losses[name]) for name in wanted} == {
        name: sorted((mode, loss) for mode in modes) for name, loss in wanted.items()
    }
    figure = f"results/{experiment.dataset}/figures/comparison.svg"
    jobs = tiny.planned(tmp_path, figure, config=config)
    assert (jobs["train_candidate"], jobs["choose_candidate"], jobs["evaluate"]) == (8, 8, 15)
    assert (jobs["initialize_teacher"], jobs["initialize_student"]) == (3, 1)
    assert (jobs["train_teacher"], jobs["train_student"], jobs["plot_comparison"]) == (5, 2, 1)


def test_every_command_of_make_in_the_documentation_has_a_target():
    found = commands("make")
    assert len(found) > 15
    makefile = (tiny.ROOT / "Makefile").read_text()
    for page, words in found:
        for word in words:
            if "=" in word:
                assert re.search(
                    rf"^export.* {word.partition('=')[0]}\b|^{word.partition('=')[0]} \?=", makefile, re.M
                ), word
        done = subprocess.run(["make", "--dry-run", *words], cwd=tiny.ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{page}: make {words}\n{done.stderr}"


def test_every_python_script_in_the_documentation_is_there_with_its_options():
    others = {"predict.py", "-m"}  # of the exported model, and of a package
    found = [entry for entry in commands("python") if entry[1][0] not in others]
    found += [(page, words[1:]) for page, words in commands(r"\.docs/bin/python")]
    assert len(found) > 15
    shared = "".join((tiny.ROOT / "benchmarks" / name).read_text() for name in ("common.py", "real_sets.py"))
    for page, (script, *words) in found:
        text = (tiny.ROOT / script).read_text() + shared
        for word in words:
            if word.startswith("--"):
                assert f'"{word}"' in text, f"{page}: {script} {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_the_documentation_parses(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        ast.parse(block)


def test_every_renamed_and_removed_key_is_in_the_upgrade_notes():
    section = re.search(r"^## Upgrading\n(.*?)^## ", (tiny.ROOT / "docs/reliability.md").read_text(), re.M | re.S)[1]
    for key in [*errors.RENAMED, *errors.REMOVED]:
        assert key.rpartition(".")[2] in section, key


def test_conda_environments_have_the_versions_of_the_lock():
    versions = locked()
    for path in (tiny.ROOT / "envs").glob("*.yaml"):
        (packages,) = [
            entry["pip"] for entry in yaml.safe_load(path.read_text())["dependencies"] if isinstance(entry, dict)
        ]
        for line in packages:
            requirement = Requirement(line)
            assert str(requirement.specifier) == versions[requirement.name], f"{path.name}: {line}"


LOADING = {  # rules whose scripts import a library by name
    *("extract_features", "predict_images", "export_model", "decode_pictures", "train_candidate"),
}


def test_conda_environments_have_what_their_scripts_import():
    names = {
        "PIL": "pillow",
        "pillow_heif": "pillow-heif",
        "markupsafe": "jinja2",
        "huggingface_hub": "huggingface-hub",
        "open_clip": "open-clip-torch",
        "yaml": "pyyaml",
    }  # the package that a module comes with
    rules = "\n".join(path.read_text() for path in (tiny.ROOT / "rules").glob("*.smk"))
    for block in re.split(r"^(?:rule|checkpoint) ", rules, flags=re.M)[1:]:
        rule, environment = re.match(r"\w+", block)[0], re.search(r"envs/(\w+\.yaml)", block)[1]
        packages = (tiny.ROOT / "envs" / environment).read_text()
        more = [f"spml.data.{name}" for name in sorted(READERS)] if rule == "convert_annotations" else []
        if rule in LOADING | {"fetch_weights"}:
            more = list(MODULES.values())
        for file in tracking.code(rule, *more):
            for name in re.findall(r"^(?:import|from) (\w+)", Path(file).read_text(), re.M):
                if name not in sys.stdlib_module_names and name not in ("spml", "plan"):
                    assert f"- {names.get(name, name)}==" in packages, f"{rule} imports {name}, {environment} lacks it"


def test_each_rule_has_a_script_a_log_a_benchmark_and_an_environment_of_its_own_name():
    scripts = {path.stem for path in (tiny.ROOT / "workflow_scripts").glob("*.py")}
    rules = "\n".join(path.read_text() for path in (tiny.ROOT / "rules").glob("*.smk"))
    blocks = {re.match(r"\w+", block)[0]: block for block in re.split(r"^(?:rule|checkpoint) ", rules, flags=re.M)[1:]}
    assert set(blocks) == scripts - tiny.COMMANDS
    for rule, block in blocks.items():
        assert f'workflow_scripts/{rule}.py"' in block
        if rule == "convert_annotations":  # with the one reader that it imports
            assert "code=plan(acquire.conversion_code)" in block
        elif rule in LOADING:  # with the one library of its backbone
            assert re.search(rf'code=plan\(\w+[.]\w+_code, rule="{rule}"\)', block)
        else:  # what is fetched depends on address and checksum alone
            assert (f'code("{rule}")' in block) != rule.startswith("fetch_")
        assert f"/logs/{rule}" in block and f"/benchmarks/{rule}" in block and "conda:" in block


@pytest.mark.parametrize("lock", ["requirements.txt", "docs/requirements.txt"])
def test_a_lock_has_hashes_and_no_addresses(lock):
    text = (tiny.ROOT / lock).read_text()
    assert "--hash=sha256:" in text and "://" not in text and "index" not in text


def rule_links(folder):
    """Return the links between rules of the demo, from a folder where nothing is made but what was read of annotations, and the lists of images.

    Only where these are there does Snakemake know the rules after them.
    """
    for part in ("train", "test"):
        lists = [f"results/demo/images/{part}{end}" for end in (".csv", "_left_out.csv", "/00000.csv")]
        for name in (f"resources/demo/{part}.json", f"results/demo/annotations/{part}.h5", *lists):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    text = tiny.snakemake(folder, "--rulegraph", "mermaid-js", configfile=tiny.ROOT / "config.yaml")
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", text))
    links = {(names[one], names[other]) for one, other in re.findall(r"(id\d+) --> (id\d+)", text)}
    return links | {
        ("list_images", "extract_features")
    }  # files in a folder that a checkpoint makes are no link to Snakemake


def test_the_tests_know_every_link_between_rules(tmp_path):
    """FEEDS of the tests of the plan against Snakemake's own rule graph."""
    from unit.plan.test_reruns import FEEDS

    links = rule_links(tmp_path)
    known = {(one, other) for one, others in FEEDS.items() for other in others}
    outside = {"draw_demo", "fetch_weights", "decompose_features", "all"}  # not of the tests' configuration
    ancient = {("check_labels", "extract_features")}  # an order, which runs nothing again
    assert {link for link in links - ancient if not outside & set(link)} == known
