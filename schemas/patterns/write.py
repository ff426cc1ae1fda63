"""A pattern as text that means the same to every engine that reads Rust's regular expressions: no escape with a letter
but `\\x{…}` and `\\p{…}`, no flag but around one character, nothing in a class but ranges and properties."""

from __future__ import annotations

from schemas.patterns.tree import MOST, Anchor, Boundary, Chars, Choice, Concatenation, Node, Range, Repeat

_PLAIN = frozenset(" !\"#%&',-/:;<=>@_`~")
_PLAIN_IN_CLASS = frozenset(" !\"#$%'()*+,./:;<=>?@_`{|}")
_ANY = r"[\x{0}-\x{10ffff}]"
_NOTHING = r"[^\x{0}-\x{10ffff}]"


def written(node: Node) -> str:
    """One term for each node: what stands beside it does not change it."""
    if isinstance(node, Chars):
        return _chars(node)
    if isinstance(node, Anchor):
        sign = "^" if node.at == "start" else "$"
        return f"(?m:{sign})" if node.lines else sign
    if isinstance(node, Boundary):
        return r"(?-u:\B)" if node.negated else r"(?-u:\b)"
    if isinstance(node, Concatenation):
        return "".join(_term(part) if isinstance(part, Choice) else written(part) for part in node.parts)
    if isinstance(node, Choice):
        return "|".join(written(option) for option in node.options)
    return _term(node.node) + _counts(node)


def _term(node: Node) -> str:
    """What a quantifier may follow."""
    text = written(node)
    return text if isinstance(node, Chars) else f"(?:{text})"


def _counts(node: Repeat) -> str:
    for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
        if (node.least, node.most) == counts:
            return sign
    if node.most is None:
        return f"{{{node.least},}}"
    return f"{{{node.least}}}" if node.least == node.most else f"{{{node.least},{node.most}}}"


def _chars(node: Chars) -> str:
    if node.nothing:
        return _NOTHING
    if node.negated and not node.ranges and not node.properties:
        return _ANY
    alone = len(node.ranges) == 1 and node.ranges[0][0] == node.ranges[0][1]
    if alone and not node.negated and not node.properties:
        text = _code(node.ranges[0][0], _PLAIN)
    else:
        inside = "".join(map(_range, node.ranges)) + "".join(map(_property, node.properties))
        text = f"[{'^' if node.negated else ''}{inside}]"
    return f"(?i:{text})" if node.folded else text


def _range(one: Range) -> str:
    first, last = (_code(code, _PLAIN_IN_CLASS) for code in one)
    return first if first == last else f"{first}{last}" if one[1] == one[0] + 1 else f"{first}-{last}"


def _property(one: tuple[str, bool]) -> str:
    name, turned = one
    return rf"\{'P' if turned else 'p'}{{{name}}}"


def _code(code: int, plain: frozenset[str]) -> str:
    char = chr(code)
    if (char.isascii() and char.isalnum()) or char in plain or (code > 0xA0 and code <= MOST and char.isalpha()):
        return char
    return f"\\x{{{code:x}}}"
