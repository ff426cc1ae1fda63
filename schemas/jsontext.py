"""JSON text to values and back without losing a digit: what is read as 1250.00 is written so, by whichever door.

Two ways to read: `loads` gives Decimals, for checks that have to be exact; `read` gives what programs calculate with, a
float that knows how it was written. Both are written by `dumps` and `written`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from types import ModuleType
from typing import Any

orjson: ModuleType | None
try:
    import orjson
except ModuleNotFoundError:  # the client alone, which writes little
    orjson = None

_SIGNED_ZERO = re.compile(r"-0(?![\d.eE])")  # an int has no such thing
_PLAIN_DIGITS = 40  # zeros that a Decimal is written out with; beyond that with its exponent


class Number(float):
    """A JSON number with a point, an exponent or a signed zero: a float to calculate with, `str` is its text. What is
    beyond a float (1e400) is infinite as one, and still has its text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    @property
    def exact(self) -> Decimal:
        """With all its digits."""
        return Decimal(self.text)

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)


def loads(text: str) -> Any:
    """The value of one JSON text; numbers with a point or exponent are Decimals.

    Raises ValueError (`json.JSONDecodeError`) when it is not JSON, `NaN` and `Infinity` included.
    """
    integer = _decimal_zero if _SIGNED_ZERO.search(text) else None
    return json.loads(text, parse_float=_decimal, parse_int=integer, parse_constant=_refuse)


def read(text: str | bytes) -> Any:
    """As `loads`; numbers with a point or exponent are `Number`s."""
    if isinstance(text, bytes):
        text = text.decode()
    integer = _number_zero if _SIGNED_ZERO.search(text) else None
    return json.loads(text, parse_float=Number, parse_int=integer, parse_constant=_refuse)


def exact(value: Any) -> Any:
    """What `read` gives as `loads` gives it: Decimals for its `Number`s."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return value.exact if isinstance(value, Number) else value


def long_as_text(value: Any) -> Any:
    """As `loads` gives it, with the Decimals that a double would write otherwise as strings."""
    if isinstance(value, dict):
        return {key: long_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [long_as_text(item) for item in value]
    return str(value) if isinstance(value, Decimal) and str(value) != repr(float(value)) else value


def dumps(value: Any) -> str:
    """Compact JSON, keys in their order, numbers digit by digit. Raises ValueError for NaN and infinities."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_plain(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    return _digits(value) if isinstance(value, Number | Decimal) else _plain(value)


def written(value: Any, *, indent: bool = False) -> bytes:
    """As `dumps` in UTF-8, a hundred times as fast; orjson's Fragments are put in as they are. Raises TypeError, which
    quotes nothing, for what JSON cannot hold: half a surrogate pair, an object."""
    if orjson is None:
        return _as_dumped(value)
    try:
        text: bytes = orjson.dumps(value, default=_fragment, option=orjson.OPT_INDENT_2 if indent else None)
        return text
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
    return _as_dumped(value)  # an integer of more than 64 bits: rare, so never mind the line breaks


def _as_dumped(value: Any) -> bytes:
    try:
        return dumps(value).encode()
    except UnicodeEncodeError:
        raise TypeError("str is not valid UTF-8: surrogates not allowed") from None


def _fragment(value: object) -> Any:
    """orjson knows neither, and takes JSON that is written already."""
    if not isinstance(value, Number | Decimal):
        raise TypeError
    assert orjson is not None
    return orjson.Fragment(_digits(value))


def _digits(value: Number | Decimal) -> str:
    if isinstance(value, Number):
        return value.text
    if not value.is_finite():
        raise ValueError("JSON has no NaN and no infinity")
    return f"{value:f}" if -_PLAIN_DIGITS < value.adjusted() < _PLAIN_DIGITS else str(value)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number's exponent is beyond any use") from None


def _decimal_zero(text: str) -> int | Decimal:
    return Decimal(text) if text == "-0" else int(text)


def _number_zero(text: str) -> int | Number:
    return Number(text) if text == "-0" else int(text)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
