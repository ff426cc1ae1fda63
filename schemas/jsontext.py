"""JSON text to values and back without losing a digit: `1250.00` is read as `Decimal("1250.00")` and written so.

The standard library reads Decimals but does not write them.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def loads(text: str) -> Any:
    """The value of one JSON text; numbers with a point or exponent are Decimals.

    Raises ValueError (`json.JSONDecodeError`) when it is not JSON, `NaN` and `Infinity` included.
    """
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def dumps(value: Any) -> str:
    """Compact JSON, keys in their order, Decimals digit by digit. Raises ValueError for NaN and infinities."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_plain(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("JSON has no NaN and no infinity")
        return str(value)
    return _plain(value)


def plain(value: Any) -> Any:
    """`value` with Decimals as floats, for encoders that know none; ints stay ints."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
