"""The property that tells the options of a union apart: the one that `discriminator` names, or one that is a literal in
each option and another one in each. It is written whatever its default: who reads the answer has to know which it is.
"""

from __future__ import annotations

import json
from typing import Any

from schemas import keywords

JSON = dict[str, Any]
_Literals = dict[str, set[str]]  # of each property that is one, its values as JSON


def tags_of(root: JSON, node: JSON) -> set[str]:
    """The names of such properties in the union that `node` is; empty where it is none."""
    found: set[str] = set()
    discriminator = node.get("discriminator")
    if isinstance(discriminator, dict) and isinstance(discriminator.get("propertyName"), str):
        found.add(discriminator["propertyName"])
    for key in ("anyOf", "oneOf"):
        options = [literals for one in node.get(key, ()) if (literals := _literals(root, one, ())) is not None]
        if len(options) > 1:
            found.update(name for name in options[0] if _apart(name, options))
    return found


def _apart(name: str, options: list[_Literals]) -> bool:
    seen: set[str] = set()
    for option in options:
        values = option.get(name)
        if not values or values & seen:
            return False
        seen |= values
    return True


def _literals(root: JSON, node: Any, seen: tuple[str, ...]) -> _Literals | None:
    """None where no object is an answer to `node`, as far as it says so."""
    if not isinstance(node, dict):
        return {}
    if "type" in node and "object" not in node["type"]:
        return None
    if "enum" in node or "const" in node:
        return None
    found = {name: values for name, item in node.get("properties", {}).items() if (values := _values(root, item, ()))}
    if "$ref" in node and node["$ref"] not in seen:
        found |= _literals(root, keywords.resolve(root, node["$ref"]), (*seen, node["$ref"])) or {}
    for one in node.get("allOf", ()):
        found |= _literals(root, one, seen) or {}
    for key in ("anyOf", "oneOf"):
        options = [literals for one in node.get(key, ()) if (literals := _literals(root, one, seen)) is not None]
        for name in options[0] if options else ():
            if all(name in option for option in options):
                found[name] = set().union(*(option[name] for option in options))
    return found


def _values(root: JSON, node: Any, seen: tuple[str, ...]) -> set[str]:
    """What a property may be, where it is a literal."""
    if not isinstance(node, dict):
        return set()
    if "const" in node or "enum" in node:
        values = node["enum"] if "enum" in node else [node["const"]]
        return {json.dumps(value) for value in values if isinstance(value, str | int | bool)}
    ref = node.get("$ref")
    if ref is None or ref in seen:
        return set()
    return _values(root, keywords.resolve(root, ref), (*seen, ref))
