"""How large a pattern grows once its repeats are written out, and what compiling it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from schemas.patterns.cursor import PatternError
from schemas.patterns.read import read
from schemas.patterns.tree import Anchor, Boundary, Chars, Choice, Node, Repeat

# What an atom costs to compile, a letter being 1: measured with jsonschema-rs 0.60, where a letter takes 0.25 µs.
_LETTER, _ANY, _FOREIGN, _UNICODE = 1, 20, 4, 700
_SMALL = {"White_Space": 20, "Nd": 100, "Pc": 20, "Join_Control": 10}
_SHARED = 7  # classes in one are joined before they are compiled
_CASELESS = 4  # times as much, but for Unicode's classes, which take no longer
_WIDE = 1_000  # characters, from which on a set costs as much as all


@dataclass(frozen=True)
class Measure:
    """`size`: atoms with counted repeats written out, nested ones multiplied. `cost`: the same, each atom by what it
    costs to compile; a million is about a quarter of a second."""

    size: int
    cost: int


@lru_cache(maxsize=1024)
def measure(pattern: str) -> Measure:
    """Nothing of what is no pattern: nobody compiles it."""
    try:
        return Measure(*_measured(read(pattern)))
    except PatternError:
        return Measure(0, 0)


def pattern_size(pattern: str) -> int:
    """How many atoms the pattern is once its counted repeats are written out, nested ones multiplied."""
    return measure(pattern).size


def _measured(node: Node) -> tuple[int, int]:
    if isinstance(node, Chars):
        return 1, _cost(node)
    if isinstance(node, Anchor | Boundary):
        return 1, _LETTER
    if isinstance(node, Repeat):
        times = max(1, node.least, node.most or 0)
        size, cost = _measured(node.node)
        return size * times, cost * times
    each = [_measured(part) for part in (node.options if isinstance(node, Choice) else node.parts)]
    return sum(size for size, _ in each), sum(cost for _, cost in each)


def _cost(node: Chars) -> int:
    if node.properties:
        each = sorted((_SMALL.get(name, _UNICODE) for name, _ in node.properties), reverse=True)
        return each[0] + sum(cost // _SHARED for cost in each[1:])
    caseless = _CASELESS if node.folded else 1
    if node.negated or sum(last - first + 1 for first, last in node.ranges) > _WIDE:
        return _ANY * caseless
    return sum(_LETTER if last < 128 else _FOREIGN for _, last in node.ranges) * caseless
