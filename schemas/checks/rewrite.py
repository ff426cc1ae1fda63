"""A JSON Schema whose patterns are rewritten for the validator, wherever a schema stands in it; and one without the
places at which it is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import quote, unquote

from schemas import keywords
from schemas.checks.report import Path
from schemas.patterns.meaning import for_validator

_SAME = "(?:)"  # makes another name of a pattern, and no other pattern


def rewritten(node: Any) -> Any:
    """Of a schema; shares with it what stays."""
    if not isinstance(node, dict):
        return node
    new = {}
    for key, value in node.items():
        if key == "pattern" and isinstance(value, str):
            value = for_validator(value)
        elif key == "$ref" and isinstance(value, str):
            value = _reference(value)
        elif key == "patternProperties" and isinstance(value, dict):
            value = {name: rewritten(value[old]) for old, name in _names(value).items()}
        elif key in keywords.ONE:
            value = rewritten(value)
        elif key in keywords.MANY and isinstance(value, list):
            value = [rewritten(one) for one in value]
        elif key in keywords.NAMED and isinstance(value, dict):
            value = {name: rewritten(one) for name, one in value.items()}
        new[key] = value
    return new


def originals(node: Any) -> dict[str, str]:
    """By what they are rewritten to, the patterns of a schema that do not stay as they are."""
    return {new: old for old in _patterns(node) if (new := for_validator(old)) != old}


def without(root: dict[str, Any], paths: Sequence[Path]) -> dict[str, Any] | None:
    """A copy with nothing at `paths`: no keyword, and where a schema has to be, one of anything. None where `root` is
    one of them."""
    new = deepcopy(root)
    for path in sorted(paths, key=len, reverse=True):  # what is within others first
        if not path:
            return None
        node: Any = new
        for part in path[:-1]:
            node = node[part]
        if isinstance(node, list) or (len(path) > 1 and path[-2] in keywords.NAMED):
            node[path[-1]] = True
        else:
            node.pop(path[-1], None)
    return new


def _names(patterns: dict[str, Any]) -> dict[str, str]:
    """Two that mean the same stay two."""
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for old in patterns:
        name = for_validator(old)
        while name in taken:
            name += _SAME
        taken.add(name)
        renamed[old] = name
    return renamed


def _reference(ref: str) -> str:
    """A pointer may lead through the name of a pattern."""
    if "patternProperties/" not in ref:
        return ref
    parts = ref.split("/")
    for at in range(1, len(parts)):
        if parts[at - 1] == "patternProperties":
            name = unquote(parts[at]).replace("~1", "/").replace("~0", "~")
            parts[at] = quote(for_validator(name).replace("~", "~0").replace("/", "~1"), safe="~")
    return "/".join(parts)


def _patterns(root: Any) -> Iterator[str]:
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                yield node["pattern"]
            if isinstance(node.get("patternProperties"), dict):
                yield from node["patternProperties"]
            stack.extend(node.values())
