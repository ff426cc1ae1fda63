"""What a rewritten schema says beyond JSON Schema, for a grammar that can say it (extractor/grammar/lark/). The rest
of the schema stands without them, and is wider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas import keywords

LARK = "x-lark"  # of a value: the terminal of llguidance's Lark that it is
# Of an object: the "least" and "most" keys that it does not declare, "chars" of each at most, its "patterns", by what
# they were, as they are, and whether the mark is "needed": whether JSON Schema does not say as much.
OTHERS = "x-others"
PRINTED = keywords.PRINTED  # of a scalar: that it has to be printed, and its format (grammar/printed/mark.py)
KEYS = "x-printed-keys"  # of an object: that keys which it does not name have to be printed, and their format
WITHIN = "x-printed-within"  # that all has to be printed which nobody says of what is within
TEXT = "text"  # the format of one without
FILE = "text or file name"  # of one that may be what a file is called, too
LIKE = "text like "  # before the look of one that looks as values of such a name do (notation/field_looks.py)
_PRINTING = (PRINTED, KEYS, WITHIN)
_MARKS = (LARK, OTHERS, *_PRINTING)


def has_marks(node: Any) -> bool:
    """Whether a mark is in it, definitions apart."""
    return has_printed_marks(node) or _has(node, lambda one: LARK in one or (OTHERS in one and one[OTHERS]["needed"]))


def has_printed_marks(node: Any) -> bool:
    """Whether a value or a key in it has to be printed, definitions apart."""
    return _has(node, lambda one: any(mark in one for mark in _PRINTING))


def _has(node: Any, mark: Callable[[dict[str, Any]], bool]) -> bool:
    if not isinstance(node, dict):
        return False
    return mark(node) or any(_has(one, mark) for key, value in node.items() for one in _below(key, value))


def unmarked(node: Any) -> Any:
    """Without marks."""
    if not isinstance(node, dict):
        return node
    new = {}
    for key, value in node.items():
        if key in keywords.ONE:
            value = unmarked(value)
        elif key in keywords.MANY:
            value = [unmarked(one) for one in value]
        elif key in keywords.NAMED:
            value = {name: unmarked(one) for name, one in value.items()}
        if key not in _MARKS:
            new[key] = value
    return new


def _below(key: str, value: Any) -> list[Any]:
    if key in keywords.ONE:
        return [value]
    if key in keywords.MANY:
        return list(value)
    return list(value.values()) if key in keywords.NAMED else []
