"""Works anchors out, so that a grammar, which knows them only around a whole alternative, can hold patterns like
`(^|,)a`: a pattern becomes up to four alternatives, by whether they begin where the text does and end where it does.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.patterns.cursor import Unsupported
from schemas.patterns.tree import Anchor, Boundary, Chars, Choice, Concatenation, Node, Repeat, joined
from schemas.patterns.write import written

_EMPTY = Concatenation()
_FREE = (False, False)
_QUOTES = (0x22, 0x5C)
_WITH_CONTROLS = frozenset({"c", "cc", "other", "control", "cntrl"})
_MOST_CHARS = 6_000  # of the whole: alternatives repeat what they share

Ends = tuple[bool, bool]  # what must begin with the text, and end with it
Pieces = dict[Ends, list[Node]]


def anchored(node: Node) -> str:
    """As text, anchors only at the ends of alternatives. Raises Unsupported where that cannot be, or nothing fits."""
    whole = []
    for (start, end), options in sorted(pieces(node).items()):
        text = written(_one_of(options))
        grouped = f"(?:{text})" if "|" in text and (start or end) else text
        whole.append(f"{'^' if start else ''}{grouped}{'$' if end else ''}")
    if not whole:
        raise Unsupported("is one that no text fits")
    text = "|".join(whole)
    if len(text) > _MOST_CHARS:
        raise Unsupported("grows too long once its anchors are worked out")
    return text


def holds_both_ends(node: Node) -> bool:
    """Whether every alternative begins and ends with the text. Raises Unsupported."""
    return set(pieces(node)) == {(True, True)}


def pieces(node: Node) -> Pieces:
    """By what begins and ends with the text. Raises Unsupported."""
    if isinstance(node, Chars):
        one = _without_nul(node)
        return {} if one.nothing else {_FREE: [one]}
    if isinstance(node, Anchor):
        if node.lines:
            raise Unsupported("has anchors of lines")
        return {(node.at == "start", node.at == "end"): [_EMPTY]}
    if isinstance(node, Boundary):
        raise Unsupported("has a word boundary")
    if isinstance(node, Choice):
        return _joined(*map(pieces, node.options))
    if isinstance(node, Repeat):
        return _repeated(node)
    out: Pieces = {_FREE: [_EMPTY]}
    for part in node.parts:
        out = _followed(out, pieces(part))
    return out


def _without_nul(node: Chars) -> Chars:
    """llguidance 1.9.1 lets `"` and a backslash into every set that holds all control characters, and no answer needs
    a NUL."""
    if not node.properties:
        has_quotes = [any(first <= code <= last for first, last in node.ranges) != node.negated for code in _QUOTES]
        if all(has_quotes):
            return node
    if node.negated:
        return replace(node, ranges=joined([*node.ranges, (0, 0)]))
    if len(node.properties) == 1 and not node.ranges and node.properties[0][1]:
        return replace(node, negated=True, ranges=((0, 0),), properties=((node.properties[0][0], False),))
    if any(turned or name.rpartition("=")[2].lower() in _WITH_CONTROLS for name, turned in node.properties):
        raise Unsupported("has control characters in a class")
    ranges = [(max(first, 1), last) for first, last in node.ranges if last > 0]
    return replace(node, ranges=tuple(ranges))


def _joined(*each: Pieces) -> Pieces:
    out: Pieces = {}
    for pieces in each:
        for ends, options in pieces.items():
            kept = out.setdefault(ends, [])
            kept.extend(option for option in options if option not in kept)
    return _checked(out)


def _followed(before: Pieces, after: Pieces) -> Pieces:
    out: Pieces = {}
    for (start, ended), some in before.items():
        for (starts, end), more in after.items():
            first, second = _one_of(some), _one_of(more)
            if starts:  # nothing was written before
                if not _may_be_empty(first):
                    continue
                first = _EMPTY
            if ended:
                if not _may_be_empty(second):
                    continue
                second = _EMPTY
            out.setdefault((start or starts, ended or end), []).append(_sequence(first, second))
    return _checked(out)


def _repeated(node: Repeat) -> Pieces:
    inner = pieces(node.node)
    unanchored = inner.pop(_FREE, None)
    if not inner:
        if unanchored is None:
            return {_FREE: [_EMPTY]} if node.least == 0 else {}
        return {_FREE: [Repeat(_one_of(unanchored), node.least, node.most)]}
    if node.least > 1:
        raise Unsupported("repeats an anchor")
    out: Pieces = {_FREE: [_EMPTY]} if node.least == 0 else {}
    if node.most == 0:
        return out
    if unanchored is not None:
        out = _joined(out, {_FREE: [Repeat(_one_of(unanchored), node.least, node.most)]})
    out = _joined(out, dict(inner))
    if node.most == 1:
        return out
    most = None if node.most is None else node.most - 1
    between: Pieces = {_FREE: [_EMPTY if unanchored is None else Repeat(_one_of(unanchored), 0, most)]}
    starts: Pieces = {ends: options for ends, options in inner.items() if ends == (True, False)}
    ends_: Pieces = {ends: options for ends, options in inner.items() if ends == (False, True)}
    led = _followed(starts, between)
    out = _joined(out, led, _followed(between, ends_))
    if node.most is None or node.most > 2:
        return _joined(out, _followed(led, ends_))
    return _joined(out, _followed(starts, ends_))


def _one_of(options: list[Node]) -> Node:
    return options[0] if len(options) == 1 else Choice(tuple(options))


def _sequence(first: Node, second: Node) -> Node:
    parts = [*(first.parts if isinstance(first, Concatenation) else (first,))]
    parts += second.parts if isinstance(second, Concatenation) else (second,)
    return parts[0] if len(parts) == 1 else Concatenation(tuple(parts))


def _may_be_empty(node: Node) -> bool:
    if isinstance(node, Concatenation):
        return all(map(_may_be_empty, node.parts))
    if isinstance(node, Choice):
        return any(map(_may_be_empty, node.options))
    return isinstance(node, Repeat) and (node.least == 0 or _may_be_empty(node.node))


def _checked(pieces: Pieces) -> Pieces:
    """Before what is shared grows: nobody writes out what is too long."""
    if sum(_size(option) for options in pieces.values() for option in options) > _MOST_CHARS:
        raise Unsupported("grows too long once its anchors are worked out")
    return pieces


def _size(node: Node) -> int:
    if isinstance(node, Concatenation):
        return 1 + sum(map(_size, node.parts))
    if isinstance(node, Choice):
        return 1 + sum(map(_size, node.options))
    return 1 + _size(node.node) if isinstance(node, Repeat) else 1
