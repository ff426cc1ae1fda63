"""Short texts that a pattern takes: how what is written under it may come to an end."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, product

import jsonschema_rs

from schemas.patterns.anchors import pieces
from schemas.patterns.cursor import PatternError
from schemas.patterns.read import read
from schemas.patterns.tree import Chars, Choice, Concatenation, Node, Repeat
from schemas.patterns.write import written

_PLAIN = "a0A -_.,:/\n"  # what is tried first as a sign of a set
_SAMPLES = "éЖ中١"
_MOST_WORDS = 16
_MOST_CHARS = 64  # of one


def shortest(pattern: str) -> tuple[str, ...]:
    """Some texts with the pattern in them, short ones: each repeat as few times as it may be, or once; of each choice
    all options, as far as they are few. None where the pattern is none for a grammar."""
    try:
        found = pieces(read(pattern))
    except PatternError:
        return ()
    words = (word for nodes in found.values() for node in nodes for word in _words(node))
    return tuple(dict.fromkeys(word for word in words if len(word) <= _MOST_CHARS))


def _words(node: Node) -> list[str]:
    return list(dict.fromkeys(islice(_each(node), _MOST_WORDS)))


def _each(node: Node) -> Iterable[str]:
    if isinstance(node, Chars):
        return _sign(node)
    if isinstance(node, Concatenation):
        return map("".join, product(*map(_words, node.parts)))
    if isinstance(node, Choice):
        return (word for option in node.options for word in _words(option))
    if isinstance(node, Repeat):
        counts = {node.least, node.least if node.most == 0 else max(1, node.least)}
        return (word * count for count in sorted(counts) if count <= _MOST_CHARS for word in _words(node.node))
    raise PatternError("has an anchor")  # `pieces` leaves none


def _sign(node: Chars) -> list[str]:
    if node.nothing:
        return []
    has = jsonschema_rs.Draft202012Validator({"pattern": f"^(?:{written(node)})$"}).is_valid
    firsts = [chr(first) for first, _ in node.ranges] if not node.negated else []
    return [sign for sign in (*firsts[:1], *_PLAIN, *firsts[1:], *_SAMPLES) if has(sign)][:1]
