"""What is written twice agrees: documentation and schema, rule graph and rules, environments and lock."""

import re
import subprocess
import sys
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from snakemake.utils import update_config

import tiny
from plan import errors, load, tracking
from plan.config import Config
from plan.sources import READERS
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES

CONDA = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux", "platform_system": "Linux"}


def locked():
    """Package -> version in requirements.txt, as it holds for the Python of the conda environments."""
    versions = {}
    for line in (tiny.ROOT / "requirements.txt").read_text().splitlines():
        if match := re.match(r"([\w.-]+==[^\\]+)", line):
            requirement = Requirement(match[1].strip())
            if requirement.marker is None or requirement.marker.evaluate(CONDA):
                versions[requirement.name] = str(requirement.specifier)
    return versions


def test_the_reference_and_the_rule_graph_are_up_to_date():
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
                changes = {"teachers/shown": entry, "training/epochs": 9}
                if LOSSES[name].needs == "observed negatives":
                    changes["observation"] = {"negatives_per_image": 1}
            else:
                changes = {"pseudo_labels/shown": entry} if title.startswith("Rules") else entry
            if name == "weights":  # of a category of another data set
                changes["observation"]["weights"] = {"red": 5}
            load.experiments(tiny.changed(tiny.CONFIG, changes))
            assert name in line


def test_configurations_in_the_documentation_hold():
    texts = {path.name: [path.read_text()] for path in (tiny.ROOT / "docs").glob("*.yaml")}
    for path in (tiny.ROOT / "README.md", *(tiny.ROOT / "docs").glob("*.md")):
        texts[path.name] = re.findall(r"```yaml\n(.*?)```", path.read_text(), re.S)
    for name, blocks in texts.items():
        for block in blocks:
            config = yaml.safe_load((tiny.ROOT / "config.yaml").read_text())
            update_config(config, yaml.safe_load(block))
            assert load.experiments(config), name


def test_links_between_pages_lead_somewhere():
    for page in (tiny.ROOT / "README.md", tiny.ROOT / "CONTRIBUTING.md", *(tiny.ROOT / "docs").glob("*.md")):
        for target, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", page.read_text()):
            path = page.parent / target if target else page
            assert path.exists(), f"{page.name}: {target}"
            if anchor:
                titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
                anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
                assert anchor in anchors, f"{page.name}: {target}#{anchor}"


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


def test_conda_environments_have_what_their_scripts_import():
    names = {
        "PIL": "pillow",
        "pillow_heif": "pillow-heif",
        "markupsafe": "jinja2",
    }  # the package that a module comes with
    rules = "\n".join(path.read_text() for path in (tiny.ROOT / "rules").glob("*.smk"))
    for block in re.split(r"^(?:rule|checkpoint) ", rules, flags=re.M)[1:]:
        rule, environment = re.match(r"\w+", block)[0], re.search(r"envs/(\w+\.yaml)", block)[1]
        packages = (tiny.ROOT / "envs" / environment).read_text()
        readers = [f"spml.data.{name}" for name in sorted(READERS)] if rule == "convert_annotations" else []
        for file in tracking.code(rule, *readers):
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
        else:  # what is fetched depends on address and checksum alone
            assert (f'code("{rule}")' in block) != rule.startswith("fetch_")
        assert f"/logs/{rule}" in block and f"/benchmarks/{rule}" in block and "conda:" in block


def test_the_lock_has_hashes_and_no_addresses():
    text = (tiny.ROOT / "requirements.txt").read_text()
    assert "--hash=sha256:" in text and "://" not in text and "index" not in text


def test_the_tests_know_every_link_between_rules():
    """FEEDS of the tests of the plan against the README's rule graph, which --rulegraph made."""
    from unit.plan.test_reruns import FEEDS

    graph = re.search(r"```mermaid\n(.*?)```", (tiny.ROOT / "README.md").read_text(), re.S)[1]
    links = set(re.findall(r"(\w+) --> (\w+)", graph))
    known = {(one, other) for one, others in FEEDS.items() for other in others}
    outside = {"draw_demo", "pretrain_demo_backbone", "decompose_features", "all"}  # not of the tests' configuration
    ancient = {("check_labels", "extract_features")}  # an order, which runs nothing again
    assert {link for link in links - ancient if not outside & set(link)} == known
