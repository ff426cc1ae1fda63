"""Regular expressions of a schema: how large they grow, and whether a grammar can hold them.

Both engines that meet a pattern (the grammar's and the validator's) match in linear time and have no look-around and
no backreferences; what they cannot parse is refused by compiling it. This module says only what they do not: the size
of counted repeats, what compiling them costs, and the anchors and word boundaries that the validator knows and a
grammar does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\\(?:[pP](?:\{[^}]*\}|.)|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)  # an escape
      | \[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]                         # a class
      | \((?:\?(?:P?<\w+>|[a-zA-Z-]*:?|[=!]|<[=!]))?                 # a group opens
      | \) | \| | \^ | \$
      | \{\d+(?:,\d*)?\} | [*+?]                                     # a quantifier
      | .""",
    re.VERBOSE | re.DOTALL,
)
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-[a-zA-Z]*)?[:)]?")
_PROPERTY = re.compile(r"\\[pP]")

# What an atom costs to compile, a letter being 1: measured with jsonschema-rs 0.60, where a letter takes 0.25 µs.
_LETTER, _ANY, _FOREIGN, _UNICODE = 1, 20, 4, 700
_CASELESS = 4  # times as much, but for Unicode's classes, which take no longer


@dataclass(frozen=True)
class Measure:
    """`size`: atoms with counted repeats written out, nested ones multiplied. `cost`: the same, each atom by what it
    costs to compile; a million is about a quarter of a second."""

    size: int
    cost: int


def measure(pattern: str) -> Measure:
    """Never wrong by more than the pattern is malformed; compiling it tells whether it is one."""
    times = _CASELESS if any("i" in flags for flags in _FLAGS.findall(pattern)) else 1
    open_groups: list[list[int]] = [[0, 0]]  # size and cost of each so far
    last = [0, 0]  # of the atom that a quantifier would repeat
    for token in _TOKEN.findall(pattern):
        if token.startswith("(") and not token.endswith(")"):
            open_groups.append([0, 0])
            last = [0, 0]
        elif token == ")" and len(open_groups) > 1:
            last = open_groups.pop()
            _add(open_groups[-1], last, 1)
        elif token.startswith("{") and token.endswith("}"):
            most = max(1, *(int(number) for number in re.findall(r"\d+", token)[:2]))
            _add(open_groups[-1], last, most - 1)
            last = [part * most for part in last]
        elif token not in ("*", "+", "?"):
            last = [1, _cost(token, times)]
            _add(open_groups[-1], last, 1)
    return Measure(sum(size for size, _ in open_groups), sum(cost for _, cost in open_groups))


def pattern_size(pattern: str) -> int:
    """How many atoms the pattern is once its counted repeats are written out, nested ones multiplied."""
    return measure(pattern).size


def _add(total: list[int], part: list[int], times: int) -> None:
    total[0] += part[0] * times
    total[1] += part[1] * times


def _cost(token: str, caseless: int) -> int:
    if properties := len(_PROPERTY.findall(token)):
        return _UNICODE * properties
    if token == "." or token in (r"\D", r"\W", r"\S", r"\s") or token.startswith("[^"):
        return _ANY * caseless
    members = len(token) // 4 + 1 if token.startswith("[") else 1
    return members * (_LETTER if token.isascii() else _FOREIGN) * caseless


def fits_grammar(pattern: str) -> bool:
    """Whether a grammar can hold it: no word boundary, `^` only first and `$` only last in an alternative."""
    tokens = _TOKEN.findall(pattern)
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else "|"
        after = tokens[at + 1] if at + 1 < len(tokens) else "|"
        if token in (r"\b", r"\B", r"\A", r"\z", r"\<", r"\>"):
            return False
        if token == "^" and before != "|" and not before.startswith("("):
            return False
        if token == "$" and after not in ("|", ")"):
            return False
    return True
