"""Is it JSON at all, and of a size that the rest may look at? Limits are tested while reading, and nothing is built of
what is read: no depth is too deep, no key too long, no list too wide."""

from __future__ import annotations

import json

from schemas.checks.report import Note, Path, note
from schemas.limits import SchemaLimits


def measure(root: object, limits: SchemaLimits) -> Note | None:
    """Why `root` cannot be a schema, None when it may be one. Its cost is bounded by the limits, whatever it is."""
    if not isinstance(root, dict):
        return note((), "a schema is a JSON object")
    values, size = 1, 2
    stack: list[tuple[Path, object]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict | list):
            if len(path) + 1 > limits.max_depth - bool(node):
                return over(path, "levels of nesting", limits, "max_depth")
            values, size = values + len(node), size + 2 * len(node)
            if values > limits.max_values:
                return over((), "JSON values", limits, "max_values")
            if isinstance(node, list):
                stack.extend(((*path, at), item) for at, item in enumerate(node))
                continue
            for key, item in node.items():
                if not isinstance(key, str):
                    return note(path, "the keys of a JSON object are strings")
                if len(key) > limits.max_key_chars:
                    return over((*path, key), "characters of a key", limits, "max_key_chars", len(key))
                size += len(key)
                stack.append(((*path, key), item))
        elif isinstance(node, str):
            size += len(node)
        elif isinstance(node, int):
            size += node.bit_length() // 4
        elif not isinstance(node, float | None):
            return note(path, f"a {type(node).__name__} is not a JSON value")
        if size > limits.max_bytes:
            return over((), "bytes", limits, "max_bytes")
    return _written(root, limits)


def _written(root: dict[str, object], limits: SchemaLimits) -> Note | None:
    try:
        size = len(json.dumps(root, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # NaN, infinity, or a lone surrogate that UTF-8 cannot hold
        return note((), "holds a number or a character that JSON does not have")
    return over((), "bytes", limits, "max_bytes", size) if size > limits.max_bytes else None


def over(path: Path, what: str, limits: SchemaLimits, name: str, size: int | None = None) -> Note:
    """It is over the limit of that name. `size`: by how much, where that is known."""
    found, limit = "" if size is None else f" ({size:,} here)", getattr(limits, name)
    return note(path, f"too large: at most {limit:,} {what}{found}", "schema_too_large", (name, limit))
