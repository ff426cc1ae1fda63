"""Properties that an object has to have and may not have. Nearly always a name was misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from schemas.checks.expansion import applied
from schemas.limits import LIMITS

_COMPARED = 100  # characters of a name, and names: a stranger's schema may have many long ones


def forbidden(node: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Of `required`, by their place in it, the names that `additionalProperties: false` beside it forbids, and what is
    wrong with each. Where names are declared by patterns as well, none is looked for."""
    if node.get("additionalProperties") is not False or node.get("patternProperties"):
        return
    declared = node.get("properties", {})
    for at, name in enumerate(node.get("required", ())):
        if name not in declared:
            detail = f'"{name[:_COMPARED]}" has to be there, and must not: no such property is declared here, and '
            yield at, f"{detail}additionalProperties is false{_meant(name, declared)}"


def misspelt(root: dict[str, Any]) -> str:
    """What a person should be told of a schema that is fine: a name in `required` that no property has, where another
    property, which is not required, has nearly that name. Empty where there is none."""
    nodes: list[tuple[Any, int]] = [(root, 0)]
    for node, depth in nodes:  # grows meanwhile
        if not isinstance(node, dict) or depth > LIMITS.max_depth:
            continue
        required, declared = node.get("required", ()), node.get("properties", {})
        optional = {name: one for name, one in declared.items() if name not in required}
        for name in required:
            if name not in declared and (meant := _meant(name, optional)):
                return f'"{name[:_COMPARED]}" is required, but no property has this name, so any value will do{meant}'
        nodes += [(below, depth + 1) for below in applied(node)]
    return ""


def _meant(name: str, declared: dict[str, Any]) -> str:
    names = [one for one in list(declared)[:_COMPARED] if len(one) <= _COMPARED]
    near = difflib.get_close_matches(name[:_COMPARED], names, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
