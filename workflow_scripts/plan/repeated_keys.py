"""Keys that a configuration file repeats: Snakemake's reader takes the last of them and says nothing."""

import json
from collections.abc import Iterator

import yaml

MERGE = "tag:yaml.org,2002:merge"  # of the key <<, which may stand in a section twice


def repeated_keys(path: str) -> Iterator[str]:
    """Yield one line for each key that stands twice in a section of a YAML or JSON file that Snakemake has read."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        json.loads(text)
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not; no text in JSON holds one
    except ValueError:
        pass  # YAML
    loader = yaml.SafeLoader(text)
    try:
        yield from _repeated(path, loader)
    except yaml.YAMLError as error:
        yield f"{path}: not readable as YAML ({' '.join(str(error).split())})"
    finally:
        loader.dispose()


def _repeated(path: str, loader: yaml.SafeLoader) -> Iterator[str]:
    """Yield the lines of a file; a section that several aliases stand for is read once."""
    pending = [(loader.get_single_node(), "")]
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
