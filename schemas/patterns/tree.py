"""What a pattern is once it is read: a tree of six kinds of nodes. No engine's words are in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Union

MOST = 0x10FFFF
Range = tuple[int, int]  # the first code point and the last
_SURROGATES = (0xD800, 0xDFFF)  # no text holds one


@dataclass(frozen=True)
class Chars:
    """One character: of the `ranges` (in order, apart), or of the Unicode `properties` (as in `\\p{…}`; the flag is
    true for those that it has not), or of neither where `negated`. `folded`: in either case of letters."""

    ranges: tuple[Range, ...] = ()
    properties: tuple[tuple[str, bool], ...] = ()
    negated: bool = False
    folded: bool = False

    @property
    def nothing(self) -> bool:
        """Whether no character is of it, as far as can be told."""
        whole = joined([*self.ranges, _SURROGATES]) == ((0, MOST),)
        return whole if self.negated else not self.ranges and not self.properties


@dataclass(frozen=True)
class Anchor:
    at: Literal["start", "end"]
    lines: bool = False  # of each line, under the flag m


@dataclass(frozen=True)
class Boundary:
    """Of a word of ASCII letters, digits and underscores."""

    negated: bool = False


@dataclass(frozen=True)
class Concatenation:
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """Lazy ones are no others: only whether it matches is ever asked."""

    node: Node
    least: int
    most: int | None


Node = Union[Chars, Anchor, Boundary, Concatenation, Choice, Repeat]  # noqa: UP007 - named before they are


def chars(
    ranges: list[Range], properties: Iterable[tuple[str, bool]] = (), *, negated: bool = False, folded: bool = False
) -> Chars:
    """Without what no text holds."""
    return Chars(without_surrogates(joined(ranges)), tuple(sorted(set(properties))), negated, folded)


def joined(ranges: list[Range]) -> tuple[Range, ...]:
    """In order, those that touch made one."""
    out: list[Range] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return tuple(out)


def without_surrogates(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    kept = []
    for first, last in ranges:
        if first < _SURROGATES[0]:
            kept.append((first, min(last, _SURROGATES[0] - 1)))
        if last > _SURROGATES[1]:
            kept.append((max(first, _SURROGATES[1] + 1), last))
    return tuple(kept)


def complement(ranges: list[Range]) -> list[Range]:
    left, out = 0, []
    for first, last in joined(ranges):
        if first > left:
            out.append((left, first - 1))
        left = last + 1
    return [*out, (left, MOST)] if left <= MOST else out
