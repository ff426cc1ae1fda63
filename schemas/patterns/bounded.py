"""A pattern of keys as a grammar holds it: of the whole key, with no repeat that has no end. No key of thousands of
characters can be written under it."""

from __future__ import annotations

from functools import lru_cache

from schemas.patterns.anchors import pieces
from schemas.patterns.cursor import PatternError
from schemas.patterns.read import read
from schemas.patterns.tree import Chars, Choice, Concatenation, Node, Repeat
from schemas.patterns.write import written

_NESTED = 64  # where a repeat is within another
_ANY = Chars(negated=True)


@lru_cache(maxsize=1024)
def bounded(pattern: str, most: int) -> str:
    """`pattern` with at most `most` characters where it has no bound itself (fewer where repeats are nested), before
    and behind it too where it has no anchor. `pattern` is one that a grammar can hold."""
    options = bounded_options(pattern, most)
    return f"^(?:{'|'.join(map(written, options))})$" if options else pattern


@lru_cache(maxsize=1024)
def unbounded(pattern: str) -> str:
    """`pattern` as one of the whole key, of any length. Left to itself llguidance searches within a line, so that a key
    with an end of line in it would be one that no pattern speaks of."""
    try:
        found = pieces(read(pattern))
    except PatternError:
        return pattern
    rest = Repeat(_ANY, 0, None)
    options = [
        written(Concatenation((*(() if start else (rest,)), node, *(() if end else (rest,)))))
        for (start, end), nodes in sorted(found.items())
        for node in nodes
    ]
    return f"^(?:{'|'.join(options)})$" if options else pattern


def begin_apart(one: str, other: str) -> bool:
    """Whether the first characters of their keys already tell them apart. Of two that do not llguidance cannot always
    say whether a key fits both, once their repeats are counted."""
    return all(
        _apart(_head(first), _head(second)) for first in bounded_options(one, 1) for second in bounded_options(other, 1)
    )


def _apart(one: list[Chars], other: list[Chars]) -> bool:
    return any(_disjoint(first, second) for first, second in zip(one, other, strict=False))


def _disjoint(one: Chars, other: Chars) -> bool:
    if any(chars.negated or chars.folded or chars.properties for chars in (one, other)):
        return False
    return not any(low <= end and start <= high for low, high in one.ranges for start, end in other.ranges)


def _head(node: Node) -> list[Chars]:
    parts = node.parts if isinstance(node, Concatenation) else (node,)
    found: list[Chars] = []
    for part in parts:
        if isinstance(part, Concatenation):
            return [*found, *_head(part)]
        if not isinstance(part, Chars):
            break
        found.append(part)
    return found


@lru_cache(maxsize=1024)
def bounded_options(pattern: str, most: int) -> tuple[Node, ...]:
    """The alternatives of `bounded`, each of a whole key; none where the pattern is none for a grammar."""
    try:
        found = pieces(read(pattern))
    except PatternError:
        return ()
    rest = Repeat(_ANY, 0, most)
    options: list[Node] = []
    for (start, end), nodes in sorted(found.items()):
        for node in nodes:
            before, behind = () if start else (rest,), () if end else (rest,)
            options.append(Concatenation((*before, _ended(node, most), *behind)))
    return tuple(options)


def _ended(node: Node, most: int) -> Node:
    if isinstance(node, Concatenation):
        return Concatenation(tuple(_ended(part, most) for part in node.parts))
    if isinstance(node, Choice):
        return Choice(tuple(_ended(option, most) for option in node.options))
    if not isinstance(node, Repeat):
        return node
    if node.most is not None:
        return Repeat(_ended(node.node, most), node.least, node.most)
    inner = _ended(node.node, min(most, _NESTED))
    return Repeat(inner, node.least, max(node.least, most if inner == node.node else min(most, _NESTED)))
