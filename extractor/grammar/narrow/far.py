"""Numbers that llguidance's own schemas cannot hold: values with more digits than a double, and bounds beyond what it
counts to (schemas/checks/numbers.py). They are written as text instead, values exactly, others within so many digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from jsonschema_rs import ReferencingError, ValidationError

from schemas import keywords
from schemas.checks.compiled import validator
from schemas.checks.numbers import all_held, is_number
from schemas.jsontext import loads

JSON = dict[str, Any]

_MORE = 3  # digits that a number may have more than the bound that it is beyond
_MOST = 400  # of any: a double has fewer
_VALUES = ("enum", "const")
_OF_NUMBERS = keywords.BOUNDS | {"type", "multipleOf", "format", keywords.PRINTED}
_OPEN = (_OF_NUMBERS | {*_VALUES}) - {keywords.PRINTED}
_NUMBERS = frozenset({"integer", "number"})
_SOURCES = ("$ref", "allOf", "anyOf", "oneOf")
_MOST_WAYS = 64  # in which options meet


def speaks_far(root: JSON) -> bool:
    """Whether a schema has such numbers anywhere."""
    values = (one for key in _VALUES for one in keywords.values_of(root, key))
    bounds = ({key: one} for key in keywords.BOUNDS for one in keywords.values_of(root, key) if is_number(one))
    return not all(map(all_held, values)) or any(map(keywords.beyond, bounds))


def apart(node: JSON) -> list[JSON] | None:
    """A schema whose numbers are all beyond what is counted to, of numbers and of all else, each with the options
    beside it; None where it is not one of several kinds."""
    kinds = node.get("type", ["array", "boolean", "null", "number", "object", "string"])
    if not keywords.beyond(node) or isinstance(kinds, str) or "prefixItems" in node:
        return None
    far, others = [kind for kind in kinds if kind in _NUMBERS], [kind for kind in kinds if kind not in _NUMBERS]
    if not far or not others or any(key in node for key in _VALUES):
        return None
    number = {key: value for key, value in node.items() if key in (*_OF_NUMBERS, *_SOURCES)}
    rest = {key: value for key, value in node.items() if key not in keywords.BOUNDS}
    return [{**number, "type": "integer" if far == ["integer"] else "number"}, {**rest, "type": others}]


def terminal(root: JSON, node: JSON) -> str | None:
    """The terminal of Lark of a value that is such a number, or may be; None where it is held as it is, and where
    others have a say in what it is that are not known here."""
    met = _ways(root, node, ())
    return None if met is None or len(met) != 1 else _values(root, met[0]) or _beyond(met[0])


def spread(root: JSON, node: JSON) -> list[JSON] | None:
    """The options of a number, each as a schema of its own with all that is said beside them, where one of them is far:
    together `%json` holds none of it. None where that is not so, or more than a number is said."""
    if not any(key in node for key in ("anyOf", "oneOf", "allOf", "$ref")):
        return None
    ways = _ways(root, node, ())
    if ways is None or len(ways) < 2 or any(one.keys() - _OPEN for way in ways for one in way):
        return None
    if not any(_values(root, way) or _beyond(way) for way in ways):
        return None
    return [{"allOf": way} for way in ways if _possible(way)]


def writes(terminal: str) -> Callable[[str], bool]:
    """Whether a number may be spelled so, by a `terminal` of this page."""
    if terminal.startswith("/"):
        digits = re.compile(terminal[1:-1])
        return lambda spelled: digits.fullmatch(spelled) is not None
    return set(re.findall(r'"(-?\d[^"\\]*)"', terminal)).__contains__


def _values(root: JSON, met: list[JSON]) -> str | None:
    listed = [one["enum"] if "enum" in one else [one["const"]] for one in met if "enum" in one or "const" in one]
    if all(map(all_held, listed)):
        return None
    try:
        right = validator({"allOf": met, **{key: root[key] for key in keywords.DEFINITIONS & root.keys()}})
    except (ValueError, ReferencingError, ValidationError):
        return None
    texts = dict.fromkeys(text for value in listed[0] for text in _texts(value) if right.is_valid(loads(text)))
    return " | ".join(map(_quoted, texts)) or None


def _beyond(met: list[JSON]) -> str | None:
    kinds = _kinds(met)
    if not kinds or not kinds <= _NUMBERS or not any(map(keywords.beyond, met)):
        return None
    if any(one.keys() - _OF_NUMBERS for one in met):
        return None
    lows, highs = _ends(met, "inimum"), _ends(met, "aximum")
    negative = any(high < 0 for high in highs)
    near = -min(highs) if negative else max(lows)
    ends = [-low for low in lows] if negative else highs
    least = near.adjusted() + 1
    most = min(ends).adjusted() + 1 if ends else least + _MORE
    if any(end < near for end in ends):
        return None
    digits = f"[1-9][0-9]{{{least - 1},{max(least, min(most, _MOST)) - 1}}}"
    return f"/{'-' if negative else ''}{digits}{'' if kinds == {'integer'} else '([.][0-9]{1,9})?'}/"


def _ways(root: JSON, node: Any, seen: tuple[str, ...]) -> list[list[JSON]] | None:
    """All that is said of a value, as far as a grammar hears it: in each way that its options leave the parts that meet
    there. None where there are too many, or one that leads back to itself."""
    if not isinstance(node, dict):
        return [[]] if node else []
    if node.get("$ref") in seen:
        return None
    own = {key: value for key, value in node.items() if key in keywords.ENFORCED and key not in _SOURCES}
    found: list[list[JSON]] = [[own] if own else []]
    each = [[one] for one in node.get("allOf", ())] + [node[key] for key in ("anyOf", "oneOf") if key in node]
    if "$ref" in node:
        seen = (*seen, node["$ref"])
        each.append([keywords.resolve(root, node["$ref"])])
    for options in each:
        ways = [_ways(root, one, seen) for one in options]
        more = [way for some in ways if some is not None for way in some]
        if None in ways or len(more) * len(found) > _MOST_WAYS:
            return None
        found = [[*one, *other] for one in found for other in more]
    return found


def _possible(met: list[JSON]) -> bool:
    """Whether anything may be right by its kinds and bounds."""
    if _kinds(met) == set():
        return False
    lows, highs = _ends(met, "inimum"), _ends(met, "aximum")
    return not lows or not highs or max(lows) <= min(highs)


def _kinds(met: list[JSON]) -> set[str] | None:
    """What all of them take; None where none says so."""
    each = [{one["type"]} if isinstance(one["type"], str) else set(one["type"]) for one in met if "type" in one]
    wide = [kinds | ({"integer"} if "number" in kinds else set()) for kinds in each]
    return set.intersection(*wide) if wide else None


def _ends(met: list[JSON], end: str) -> list[Decimal]:
    return [Decimal(repr(one[key])) for one in met for key in one if end in key]


def _texts(value: Any) -> Iterator[str]:
    """How a value may be written: with all its digits, and one that is given with an exponent as it is given."""
    yield _text(value)
    if isinstance(value, float) and "e" in repr(value):
        yield repr(value)
        yield repr(value).replace("e+", "e")


def _text(value: Any) -> str:
    if isinstance(value, float):
        written = format(Decimal(repr(value)), "f")
        return written.rstrip("0").rstrip(".") if "." in written else written
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_quoted(name)}:{_text(item)}' for name, item in value.items())}}}"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
