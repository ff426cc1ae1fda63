"""What a schema becomes once every `$ref` is written out, through every keyword that holds a schema: that is what a
prompt shows, a grammar is made of and an answer is held against, so definitions that double each other end here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from schemas import keywords
from schemas.checks.measure import over
from schemas.checks.recursion import Recursion
from schemas.checks.report import Note, Path, Report
from schemas.limits import SchemaLimits


def expansion(root: dict[str, Any], limits: SchemaLimits, report: Report | None = None) -> Note | None:
    """Over which limit it is, if over one. A use of a definition within itself ends the walk, as it ends the prompt's,
    and is told to the `report`. Definitions that nothing uses cost nothing."""
    budget = limits.max_expanded
    within: dict[str, None] = {}
    stack: list[tuple[Any, frozenset[str], int]] = [(root, frozenset(), 0)]
    while stack:
        node, open_refs, depth = stack.pop()
        if not isinstance(node, dict):
            continue
        budget -= 1
        if budget < 0:
            return over((), "subschemas with every $ref written out", limits, "max_expanded")
        if depth > limits.max_depth:
            return over((), "levels with every $ref written out", limits, "max_depth")
        ref = node.get("$ref")
        if isinstance(ref, str) and ref in open_refs:
            within[ref] = None
        elif isinstance(ref, str):
            stack.append((keywords.resolve(root, ref), open_refs | {ref}, depth + 1))
        stack.extend((below, open_refs, depth + 1) for below in applied(node))
    if report is not None:
        recursion = Recursion(root)
        for ref in within:
            report.say("enforced", _path(ref), f"may stand within itself {recursion.depth(ref)} times at most")
    return None


def _path(ref: str) -> Path:
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in ref.split("/")[1:])


def applied(node: dict[str, Any]) -> Iterator[Any]:
    """The schemas that `node` holds values against: all below it but its definitions."""
    for key, value in node.items():
        if key in keywords.ONE:
            yield value
        elif key in keywords.MANY and isinstance(value, list):
            yield from value
        elif key in keywords.NAMED and key not in keywords.DEFINITIONS and isinstance(value, dict):
            yield from value.values()
