"""`enum` and `const` whose numbers have more digits than the grammar holds: written as the narrowest schema that takes
the right value, so that validation finds the model's own digits and not others. Everything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.checks.numbers import FARTHEST, all_held, at_least, at_most, decimals, is_number, span

JSON = dict[str, Any]
_MOST_DECIMALS = 11  # that llguidance counts to


def literals(node: JSON, key: str) -> JSON:
    """What `enum` or `const` of `node` becomes."""
    return _either(node[key] if key == "enum" else [node[key]])


def _either(values: Sequence[Any]) -> JSON:
    """The schema of these values and, where numbers are too long for it, of their nearest neighbours."""
    kept = [value for value in values if all_held(value)]
    options: list[JSON] = [{"enum": kept}] if kept else []
    whole = sorted({int(value) for value in values if not all_held(value) and is_number(value) and value % 1 == 0})
    options += [_whole(low, high) for low, high in _merged(whole)]
    if any(abs(value) >= FARTHEST for value in whole):
        options.append({"type": "integer"})  # it counts no farther
    for value in values:
        if not all_held(value) and not (is_number(value) and value % 1 == 0):
            options.append(_fraction(value) if is_number(value) else _nested(value))
    return options[0] if len(options) == 1 else {"anyOf": options}


def _whole(low: int, high: int) -> JSON:
    return {"type": "integer", "minimum": low, "maximum": high}


def _merged(values: list[int]) -> list[tuple[int, int]]:
    """The spans around whole numbers, those that touch as one."""
    spans: list[tuple[int, int]] = []
    for value in values:
        if abs(value) >= FARTHEST:
            continue
        low, high = span(value)
        if spans and low <= spans[-1][1] + 1:
            low, high = spans[-1][0], max(high, spans.pop()[1])
        spans.append((low, high))
    return spans


def _fraction(value: float) -> JSON:
    around: JSON = {"type": "number", "minimum": at_most(value), "maximum": at_least(value)}
    places = decimals(value)
    return around | ({"multipleOf": float(f"1e-{places}")} if places <= _MOST_DECIMALS else {})


def _nested(value: Any) -> JSON:
    if isinstance(value, list):
        items = [_either([item]) for item in value]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}
    fields = {name: _either([item]) for name, item in value.items()}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
