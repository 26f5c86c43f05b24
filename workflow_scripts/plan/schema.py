"""The JSON schema of the models, followed along a path of the configuration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel


class Schema:
    """The JSON schema of a model; a branch is the schema of a value, and a union has several for one value."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._top = model.model_json_schema()
        self._definitions = self._top["$defs"]

    def branches(self, path: Sequence[str | int], config: Any) -> list[dict[str, Any]]:
        """Return the branches of the value at a path of a configuration."""
        branches, value = self.top(config), config
        for part in path:
            if isinstance(value, str) and part == "name":  # a loss that is named by text alone
                break
            value = value[part] if isinstance(value, list) and isinstance(part, int) else (value or {}).get(part)
            branches = self.inside(branches, part, value)
        return branches

    def top(self, config: Any) -> list[dict[str, Any]]:
        """Return the branches of the whole configuration."""
        return list(self._expand(self._top, config))

    def inside(self, branches: Sequence[Mapping[str, Any]], part: str | int, value: Any) -> list[dict[str, Any]]:
        """Return the branches of ``value``, which has the key or the number ``part`` in a value of these branches."""
        following: list[dict[str, Any]] = []
        for branch in branches:
            if isinstance(part, int):
                following += [branch["items"]] if "items" in branch else []
            elif part in branch.get("properties", {}):
                following.append(branch["properties"][part])
            else:
                following += branch.get("patternProperties", {}).values()  # of names; one pattern
                following += [rest] if isinstance(rest := branch.get("additionalProperties"), dict) else []
        return [inner for branch in following for inner in self._expand(branch, value)]

    def _expand(self, entry: dict[str, Any], value: Any) -> Iterator[dict[str, Any]]:
        """Yield an entry, what it refers to, and the branches of a union that the tags of a value do not rule out."""
        yield entry
        if "$ref" in entry:
            yield from self._expand(self._target(entry), value)
        tags = entry.get("discriminator", {})
        named = value.get(tags["propertyName"]) if tags and isinstance(value, dict) else None
        chosen = tags["mapping"].get(named) if isinstance(named, str) else None  # the branch of a tag
        for branch in entry.get("anyOf", []) + entry.get("oneOf", []):
            if chosen and branch.get("$ref") != chosen:
                continue
            target = self._target(branch) if "$ref" in branch else branch
            constants = {key: part["const"] for key, part in target.get("properties", {}).items() if "const" in part}
            if isinstance(value, dict) and any(value.get(key, "threshold") != tag for key, tag in constants.items()):
                continue
            yield from self._expand(branch, value)

    def _target(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return self._definitions[entry["$ref"].rpartition("/")[2]]
