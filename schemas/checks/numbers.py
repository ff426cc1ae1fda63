"""Which numbers of a schema its grammar holds digit by digit. Measured with llguidance 1.9.1, which reads every number
as a double: whole ones through 64 bits, others as digits times a power of ten, right only where both are exact. It
counts in whole numbers of 64 bits, and ends the process that asks it for the least of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

FARTHEST = 9 * 10**18  # below the end of 64 bits with a sign
_EXACT = 2**53  # no whole number up to here is lost in a double
_EXACT_POWER = 22  # of ten
_DIGITS = 15  # of a decimal fraction that is rounded; always exact


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def held(number: float) -> bool:
    """Whether the grammar holds it as it is, as a value."""
    if _is_whole(number):
        return abs(number) <= FARTHEST and int(float(number)) == int(number)
    _, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)  # JSON has no infinity
    return int("".join(map(str, digits))) <= _EXACT and -exponent <= _EXACT_POWER


def all_held(value: Any) -> bool:
    """Whether the grammar holds every number in a JSON value."""
    return all(held(number) for number in _numbers(value))


def held_as_bound(number: float, *, excluded: bool = False) -> bool:
    """A bound of whole numbers is that double, one of others the shortest decimal that is read as it. Of one that is
    `excluded`, the next whole number has to be a double too. What it counts to is no bound any more."""
    if abs(number) >= FARTHEST or (excluded and abs(number) >= _EXACT):
        return False
    return held(number) and Decimal(repr(float(number))) == Decimal(repr(number))


def at_most(number: float) -> float:
    """A number close by that is not greater, and that the grammar holds as a bound."""
    return number if held_as_bound(number) else _rounded(number, ROUND_FLOOR, -1)


def at_least(number: float) -> float:
    """A number close by that is not less, and that the grammar holds as a bound."""
    return number if held_as_bound(number) else _rounded(number, ROUND_CEILING, 1)


def span(number: int) -> tuple[int, int]:
    """The nearest whole numbers around one that is nearer than `FARTHEST`, as bounds of whole numbers alone."""
    near = float(number)
    below, above = int(near), int(near)
    if below > number:
        below = int(math.nextafter(near, -math.inf))
    if above < number:
        above = int(math.nextafter(near, math.inf))
    return below, above


def decimals(number: float) -> int:
    """Digits behind its point."""
    if _is_whole(number):
        return 0
    exponent = Decimal(repr(number)).as_tuple().exponent
    return -int(exponent)


def _rounded(number: float, rounding: str, step: int) -> float:
    """To 15 digits and one of the last farther, because a double may be on the wrong side of a decimal."""
    exact = Decimal(repr(number))
    last = Decimal((0, (1,), max(exact.adjusted() - _DIGITS + 1, -_EXACT_POWER)))
    near = exact.quantize(last, rounding) + step * last
    return int(near) if last >= 1 else float(near)


def _is_whole(number: float) -> bool:
    return isinstance(number, int) or number.is_integer()


def _numbers(value: Any) -> Iterator[float]:
    if is_number(value):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
