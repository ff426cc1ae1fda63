"""Keys of a pattern as JSON writes them, for a terminal of llguidance's Lark. `%json` can tell neither how long such a
key may be nor, where keys of other patterns are allowed, which it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import jsonschema_rs

from schemas.patterns import PatternError
from schemas.patterns.anchors import pieces
from schemas.patterns.bounded import bounded_options
from schemas.patterns.read import read
from schemas.patterns.tree import Chars, Choice, Concatenation, Node, Repeat
from schemas.patterns.write import written

LETTER = r'(?:[^"\\\x00-\x1F\x7F]|\\["\\nrbtf])'  # as `%json` has it where no letter is escaped
_ESCAPES = {'"': '"', "\\": "\\\\", "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_LINEAR = jsonschema_rs.RegexOptions()


@lru_cache(maxsize=1024)
def keys_of(pattern: str) -> str | None:
    """What stands between the quotes of a key that has the pattern in it, as a regular expression; None where the
    pattern is none for a grammar."""
    try:
        found = pieces(read(pattern))
    except PatternError:
        return None
    return _either(
        f"{'' if start else LETTER + '*'}{_in_json(node)}{'' if end else LETTER + '*'}"
        for (start, end), nodes in sorted(found.items())
        for node in nodes
    )


def short_keys_of(pattern: str, most: int) -> str | None:
    """The same of keys that repeat nothing without a bound more than `most` times."""
    return _either(map(_in_json, bounded_options(pattern, most)))


def _either(options: Iterable[str]) -> str | None:
    alternatives = "|".join(options).replace("/", r"\x2F")
    return f"(?:{alternatives})" if alternatives else None


def _in_json(node: Node) -> str:
    if isinstance(node, Chars):
        return _chars(node)
    if isinstance(node, Concatenation):
        return "".join(map(_in_json, node.parts))
    if isinstance(node, Choice):
        return f"(?:{'|'.join(map(_in_json, node.options))})"
    if isinstance(node, Repeat):
        return f"(?:{_in_json(node.node)}){{{node.least},{'' if node.most is None else node.most}}}"
    raise PatternError("has an anchor")  # `pieces` leaves none


@lru_cache(maxsize=4096)
def _chars(node: Chars) -> str:
    chars = written(node)
    has = jsonschema_rs.Draft202012Validator({"pattern": f"^(?:{chars})$"}, pattern_options=_LINEAR).is_valid
    inner = chars[4:-1] if node.folded else chars
    inner = inner if inner.startswith("[") else f"[{inner}]"
    plain = rf'[{inner}&&[^"\\\x00-\x1F\x7F]]'
    escaped = [rf"\\{letter}" for char, letter in _ESCAPES.items() if has(char)]
    return f"(?:{'|'.join([f'(?i:{plain})' if node.folded else plain, *escaped])})"
