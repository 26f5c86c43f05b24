"""Write what is generated: docs/config.md from the schema, and the rule graph in README.md.

`make docs` runs it; a test runs it with --check and fails where something is out of date.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- rule graph: made by `make docs` -->", "<!-- end of rule graph -->"
GRAPH = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js", "--configfile", "config.yaml"]


def reference(schema: dict) -> str:
    """docs/config.md: every key of the schema."""
    definitions = schema["$defs"]
    text = [(ROOT / "docs" / "config_introduction.md").read_text(encoding="utf-8").rstrip(), ""]

    def resolve(entry: dict) -> dict:
        target = resolve(definitions[entry["$ref"].rpartition("/")[2]]) if "$ref" in entry else {}
        both = {**target, **entry}
        both["properties"] = {**target.get("properties", {}), **entry.get("properties", {})}
        return both

    def kind(entry: dict) -> str:
        if "enum" in entry:
            return " · ".join(f"`{value}`" for value in entry["enum"])
        names = entry.get("type", "")
        names = [names] if isinstance(names, str) else names
        words = {"array": "list", "object": "section", "null": "null", "string": "text", "integer": "whole number"}
        return " or ".join(words.get(name, name) for name in names)

    def value(entry: dict) -> str:
        return (
            f"`{yaml.safe_dump(entry['default'], default_flow_style=True).splitlines()[0]}`"
            if "default" in entry
            else ""
        )

    def table(entry: dict, place: str) -> None:
        rows, later = [], []
        for key, raw in entry["properties"].items():
            part = resolve(raw)
            needed = "required" if key in entry.get("required", ()) else value(part)
            rows.append(f"| `{key}` | {kind(part)} | {needed} | {part.get('description', '')} |")
            if part["properties"] and key not in definitions:
                later.append((key, part))
        text.extend(["| key | kind | default | what it is |", "|---|---|---|---|", *rows, ""])
        for key, part in later:
            text.extend(
                [f"#### `{place}.{key}`", "", part["description"][0].upper() + part["description"][1:] + ".", ""]
            )
            table(part, f"{place}.{key}")

    for section, raw in schema["properties"].items():
        entry = resolve(raw)
        text.extend([f"## `{section}`", "", entry["description"][0].upper() + entry["description"][1:] + ".", ""])
        if isinstance(entry.get("additionalProperties"), dict):
            table(resolve(entry["additionalProperties"]), f"{section}.<name>")
        elif entry["properties"]:
            table(entry, section)
        else:
            needed = "Required." if section in schema["required"] else f"Default: {value(entry)}."
            text.extend([f"{kind(entry).capitalize()}. {needed}", ""])
    for title, name, column in (
        ("Losses and their hyperparameters", "losses", "hyperparameter"),
        ("Rules of pseudo-labels and their parameters", "rules", "parameter"),
    ):
        head = [f"## {title}", "", "What each does: [methods.md](methods.md).", ""]
        text.extend([*head, f"| name | {column} | default | what it is |", "|---|---|---|---|"])
        for key, entry in definitions[name].items():
            for parameter, part in entry["properties"].items() or [("", {"description": "nothing to set"})]:
                known = ", ".join(f"{source} {number}" for source, number in part.get("published", {}).items())
                what = part.get("description", "") + f" (published: {known})" * bool(known)
                needed = "required" if parameter in entry.get("required", ()) else value(part)
                text.append(f"| `{key}` | {f'`{parameter}`' if parameter else ''} | {needed} | {what} |")
        text.append("")
    return "\n".join(text).rstrip() + "\n"


def graph() -> str:
    """The rule graph of the demo as Mermaid, from a folder where nothing is made but the lists of images.

    Only where these are there does Snakemake know the rules after them.
    """
    with tempfile.TemporaryDirectory() as folder:
        for part in ("train", "test"):
            for name in (
                f"resources/demo/{part}.json",
                *(f"results/demo/images/{part}{end}" for end in (".csv", "/00000.csv")),
            ):
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        done = subprocess.run([*GRAPH, "--directory", folder], cwd=ROOT, capture_output=True, text=True, check=True)
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", done.stdout))
    links = {(names[one], names[other]) for one, other in re.findall(r"(id\d+) --> (id\d+)", done.stdout)}
    links.add(("list_images", "extract_features"))  # files in a folder that a checkpoint makes are no link to Snakemake
    return "\n".join(["```mermaid", "flowchart TB", *(f"    {one} --> {other}" for one, other in sorted(links)), "```"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where something is out of date")
    check = parser.parse_args().check
    schema = yaml.safe_load((ROOT / "rules" / "config.schema.yaml").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    before, rest = readme.split(START)
    texts = {
        ROOT / "docs" / "config.md": reference(schema),
        ROOT / "README.md": f"{before}{START}\n{graph()}\n{END}{rest.split(END)[1]}",
    }
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{os.path.relpath(path)}: out of date, run make docs")
        else:
            path.write_text(texts[path], encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
