"""One spelling of each JSON value: two are the same, as JSON Schema has it, where they are spelled alike."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

from schemas import jsontext

_ANY_NUMBER = Context(prec=100_000, Emax=MAX_EMAX, Emin=MIN_EMIN)  # is not rounded


def canonical(value: Any) -> bytes:
    """Keys in their order, numbers without zeros at their end; nothing where JSON has no such value."""
    try:
        return jsontext.written(_in_order(jsontext.exact(value)))
    except TypeError:
        return b""


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return list(map(_in_order, value))
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return _ANY_NUMBER.normalize(Decimal(value)) if is_number else value
