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
_NUMBERS = frozenset({"integer", "number"})


def speaks_far(root: JSON) -> bool:
    """Whether a schema has such numbers anywhere."""
    values = (one for key in _VALUES for one in keywords.values_of(root, key))
    bounds = ({key: one} for key in keywords.BOUNDS for one in keywords.values_of(root, key) if is_number(one))
    return not all(map(all_held, values)) or any(map(keywords.beyond, bounds))


def apart(node: JSON) -> list[JSON] | None:
    """A schema whose numbers are all beyond what is counted to, of numbers and of all else; None where it is not one
    of several kinds, or says more than its own keywords."""
    kinds = node.get("type", ["array", "boolean", "null", "number", "object", "string"])
    if not keywords.beyond(node) or isinstance(kinds, str) or any(key in node for key in ("$ref", *keywords.MANY)):
        return None
    far, others = [kind for kind in kinds if kind in _NUMBERS], [kind for kind in kinds if kind not in _NUMBERS]
    if not far or not others or any(key in node for key in _VALUES):
        return None
    number = {key: value for key, value in node.items() if key in _OF_NUMBERS}
    rest = {key: value for key, value in node.items() if key not in keywords.BOUNDS}
    return [{**number, "type": "integer" if far == ["integer"] else "number"}, {**rest, "type": others}]


def terminal(root: JSON, node: JSON) -> str | None:
    """The terminal of Lark of a value that is such a number, or may be; None where it is held as it is, and where
    others have a say in what it is that are not known here."""
    met = _met(root, node, ())
    return None if met is None else _values(root, met) or _beyond(met)


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
    kinds = [{one["type"]} if isinstance(one["type"], str) else set(one["type"]) for one in met if "type" in one]
    if not kinds or not set.intersection(*kinds) <= _NUMBERS or not any(map(keywords.beyond, met)):
        return None
    if any(one.keys() - _OF_NUMBERS or ("multipleOf" in one and not keywords.beyond(one)) for one in met):
        return None
    lows, highs = (
        [Decimal(repr(one[key])) for one in met for key in one if end in key] for end in ("inimum", "aximum")
    )
    negative = any(high < 0 for high in highs)
    near = -min(highs) if negative else max(lows)
    ends = [-low for low in lows] if negative else highs
    least = near.adjusted() + 1
    most = min(ends).adjusted() + 1 if ends else least + _MORE
    if any(end < near for end in ends):
        return None
    digits = f"[1-9][0-9]{{{least - 1},{max(least, min(most, _MOST)) - 1}}}"
    whole = any(kind == {"integer"} for kind in kinds)
    return f"/{'-' if negative else ''}{digits}{'' if whole else '([.][0-9]{1,9})?'}/"


def _met(root: JSON, node: Any, seen: tuple[str, ...]) -> list[JSON] | None:
    """All that is said of a value, as far as a grammar hears it, in parts; None where there are options."""
    if not isinstance(node, dict):
        return [] if node else None
    if "anyOf" in node or "oneOf" in node or node.get("$ref") in seen:
        return None
    own = {key: value for key, value in node.items() if key in keywords.ENFORCED and key not in ("$ref", "allOf")}
    found = [own] if own else []
    below = list(node.get("allOf", ()))
    if "$ref" in node:
        seen = (*seen, node["$ref"])
        below.append(keywords.resolve(root, node["$ref"]))
    for one in below:
        more = _met(root, one, seen)
        if more is None:
            return None
        found += more
    return found


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
