"""Mistakes in the form of a configuration file: no YAML, no keys, or repeated ones, of which Snakemake takes the last in silence."""

import json
from collections.abc import Iterator

import yaml

MERGE = "tag:yaml.org,2002:merge"  # of the key <<, which may stand in a section twice


def repeated_keys(path: str) -> Iterator[str]:
    """Yield one line for each key that stands twice in a section of a YAML or JSON file, or one where it is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        yield f"{path}: found byte {error.start + 1:,}, which is no UTF-8; wanted text in UTF-8"
        return
    try:
        json.loads(text)
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not; no text in JSON holds one
    except ValueError:
        pass  # YAML
    try:
        loader = yaml.SafeLoader(text)  # it refuses control characters at once
        root = loader.get_single_node()
        if isinstance(root, yaml.MappingNode):
            yield from _repeated(path, loader, root)
        else:
            yield f"{path}: found no keys, wanted keys with values, as in config.yaml"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        yield f"{path}{line}: not readable as YAML ({error.problem or error.context})"
    except yaml.YAMLError as error:
        yield f"{path}: not readable as YAML ({' '.join(str(error).split())})"


def _repeated(path: str, loader: yaml.SafeLoader, root: yaml.Node) -> Iterator[str]:
    """Yield the lines of a file; a section that several aliases stand for is read once."""
    pending = [(root, "")]
    visited = set()
    while pending:
        node, section = pending.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += [(item, f"{section}{number}.") for number, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines: dict[object, int] = {}
            for key_node, value_node in node.value:
                if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == MERGE:
                    pending.append((value_node, section))
                    continue
                key, line = loader.construct_object(key_node), key_node.start_mark.line + 1
                if key in lines:
                    yield (
                        f"{path}: {section}{key} stands in line {lines[key]} and again in line {line}; "
                        "wanted each key once"
                    )
                lines.setdefault(key, line)
                pending.append((value_node, f"{section}{key}."))
