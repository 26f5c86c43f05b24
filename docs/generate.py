"""Write what is generated from the models: docs/config.md and the editors' schema.

`make docs` runs it; a test runs it with --check and fails where something is out of date.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow_scripts"))

from plan.config import Config
from plan.fields import PseudoLabels
from plan.presets import PRESETS
from spml.labels.pseudo_labels import RULES
from spml.losses.catalog import LOSSES
from spml.registry import REQUIRED


def reference() -> str:
    """Return docs/config.md: every key of the models."""
    schema = Config.model_json_schema()
    text = [(ROOT / "docs" / "config_introduction.md").read_text(encoding="utf-8").rstrip(), ""]

    def resolve(entry: dict) -> dict:
        """Return an entry with what it refers to; of a union, the branches as alternatives."""
        if "$ref" in entry:
            entry = resolve(schema["$defs"][entry["$ref"].rpartition("/")[2]]) | entry
        branches = entry.get("anyOf", []) + entry.get("oneOf", [])
        alternatives = [resolve(branch) for branch in branches]
        merged = {key: value for branch in alternatives for key, value in branch.items() if key != "default"}
        return merged | entry | {"alternatives": alternatives}

    def kind(entry: dict) -> str:
        words = {
            "array": "list",
            "object": "section",
            "string": "text",
            "integer": "whole number",
            "boolean": "true or false",
        }
        if "const" in entry and not entry["alternatives"]:
            return f"`{entry['const']}`"
        if "enum" in entry:
            return " · ".join(f"`{value}`" for value in entry["enum"])
        if entry["alternatives"]:
            return " or ".join(dict.fromkeys(kind(branch) for branch in entry["alternatives"]))
        return words.get(entry.get("type", ""), entry.get("type", "section"))

    def value(entry: dict) -> str:
        return f"`{yaml.safe_dump(entry['default'], default_flow_style=True).splitlines()[0]}`"

    def sentence(entry: dict) -> str:
        words = entry["description"].strip().rstrip(".")
        return words[0].upper() + words[1:] + "."

    def table(entry: dict, key: str) -> None:
        rows, later = [], []
        for name, raw in entry["properties"].items():
            part = resolve(raw)
            plain = "default" in part and not isinstance(part["default"], dict) and not part.get("properties")
            default = value(part) if plain else "" if "default" in part else "required"
            described = part.get("description", "").strip().replace("\n", " ")
            rows.append(f"| `{name}` | {kind(part)} | {default} | {described} |")
            described_before = described.startswith("likewise")
            if part.get("properties") and name not in schema["properties"] and not described_before:
                later.append((name, part))
            entries = resolve(part.get("items", {}))  # a list of sections
            if entries.get("properties"):
                later.append((name, entries))
        text.extend(["| key | kind | default | what it is |", "|---|---|---|---|", *rows, ""])
        for name, part in later:
            if name == "loss":  # a table of its own
                continue
            text.extend([f"### `{key}.{name}`", "", sentence(part), ""])
            table(part, f"{key}.{name}")

    for section, raw in schema["properties"].items():
        entry = resolve(raw)
        text.extend([f"## `{section}`", "", sentence(entry), ""])
        if "patternProperties" in entry:
            (inner,) = entry["patternProperties"].values()
            shown = resolve(inner)
            if section == "pseudo_labels":
                shown = PseudoLabels.model_json_schema()
                rule = (
                    f"| `rule` | {' · '.join(f'`{name}`' for name in RULES)} | `threshold` | how logits become labels |"
                )
                table(shown, f"{section}.<name>")
                text[-1:] = [rule, ""]
            elif not shown.get("discriminator"):
                table(shown, f"{section}.<name>")
            for branch in shown["alternatives"] if shown.get("discriminator") else []:
                tag = branch["properties"][shown["discriminator"]["propertyName"]]
                text.extend(
                    [f"**`{shown['discriminator']['propertyName']}` {kind(resolve(tag))}.** {sentence(branch)}", ""]
                )
                table(branch, f"{section}.<name>")
        elif entry.get("properties"):
            table(entry, section)
        else:
            needed = "Required." if section in schema["required"] else f"Default: {value(entry)}."
            text.extend([f"{kind(entry).capitalize()}. {needed}", ""])
    registries = (
        ("Losses and their hyperparameters", LOSSES, "hyperparameter"),
        ("Rules of pseudo-labels and their parameters", RULES, "parameter"),
    )
    for title, records, column in registries:
        head = [f"## {title}", "", "What each does: [methods.md](methods.md).", ""]
        text.extend([*head, f"| name | {column} | default | what it is |", "|---|---|---|---|"])
        for name, record in records.items():
            rows = [(part.name, part.default, part.description, part.published) for part in record.hyperparameters]
            if getattr(record, "swept", False):
                rows.insert(0, ("taus", REQUIRED, "thresholds, one set of pseudo-labels each", {}))
                either = (
                    "in place of `taus`: `{precision: 0.8}`, `{labels_per_image: 2.9}` or `{labels_per_image: priors}`"
                )
                rows.insert(1, ("target", None, either, {}))
            for parameter, default, description, published in rows or [("", None, "nothing to set", {})]:
                known = ", ".join(f"{source} {number}" for source, number in published.items())
                if known:
                    description += f" (published: {known})"
                listed = list(default) if isinstance(default, tuple) else default
                shown = "required" if default is REQUIRED else value({"default": listed}) if parameter else ""
                text.append(f"| `{name}` | {f'`{parameter}`' if parameter else ''} | {shown} | {description} |")
        text.append("")
    text.extend(["## Presets of `training`", "", "A key beside a preset comes first.", ""])
    text.extend(["| preset | what it is | values |", "|---|---|---|"])
    for name, preset in PRESETS.items():
        values = yaml.safe_dump(dict(preset.values), default_flow_style=True, sort_keys=False, width=1000).strip()
        text.append(f"| `{name}` | {preset.description} | `{values}` |")
    return "\n".join(text).rstrip() + "\n"


def editor_schema() -> str:
    """Return rules/config.schema.yaml: the models as a JSON schema, for completion and checks in editors."""
    head = "# Made from workflow_scripts/plan/config.py by `make docs`, for editors: config.yaml names it in its first line.\n"
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Config.model_json_schema()
    return head + yaml.safe_dump(json.loads(json.dumps(schema)), sort_keys=False, allow_unicode=True, width=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where something is out of date")
    check = parser.parse_args().check
    texts = {ROOT / "docs" / "config.md": reference(), ROOT / "rules" / "config.schema.yaml": editor_schema()}
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{os.path.relpath(path)}: out of date, run make docs")
        else:
            path.write_text(texts[path], encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
