"""JSON Schema → llguidance's Lark, where its `%json` cannot say what has to be written: a value as text (`x-lark`, a
terminal), and how many keys an object has beside optional ones that it declares (`x-others`).

Objects, arrays and unions above such a place become rules; all else stays `%json`. Where a schema above it is none of
these (others meet it on one value), the marks are left out and the schema without them says what it can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from llguidance import LLMatcher

from extractor.grammar.key_patterns import LETTER, keys_of, short_keys_of
from extractor.grammar.narrow.marks import LARK, OTHERS, marked
from extractor.grammar.narrow.unfold import leading_to, leads_to, reached
from schemas.checks.compiled import matches
from schemas.patterns import begin_apart

JSON = dict[str, Any]

_OBJECT = frozenset({"properties", "required", "additionalProperties", "patternProperties", OTHERS})
_COUNTS = frozenset({"minProperties", "maxProperties"})
_ARRAY = frozenset({"items", "prefixItems", "minItems", "maxItems"})
_SCALAR = frozenset({"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum"}) | {
    "exclusiveMaximum",
    "multipleOf",
}


class _Unwritable(Exception):
    """There is no rule for a schema of this shape."""


def in_lark(schema: JSON, part: Callable[[JSON], str]) -> str | None:
    """The rules of a rewritten schema; None where `%json` says all of it. `part` writes that of one."""
    needy = {name for name, node in schema["$defs"].items() if marked(node)} if "$defs" in schema else set()
    if not needy and not marked({key: value for key, value in schema.items() if key != "$defs"}):
        return None
    return _Writer(schema, part).text()


class _Writer:
    """Of one schema: rules by their text, so that what is the same is written once."""

    def __init__(self, root: JSON, part: Callable[[JSON], str]) -> None:
        self._part = part
        self._top = {key: value for key, value in root.items() if key not in ("$defs", "x-guidance")}
        self._more = {"x-guidance": root["x-guidance"]} if "x-guidance" in root else {}
        self._defs: JSON = root.get("$defs", {})
        self._needy = leading_to(self._defs, marked)
        self._names: dict[str, str] = {}  # of rules and terminals, by their text
        self._lines: list[str] = []
        self._rules: dict[str, str] = {}  # of definitions
        self._waiting: list[str] = []

    def text(self) -> str:
        start = self._written(self._top)
        while self._waiting:  # not by recursion: a chain of definitions may be long
            name = self._waiting.pop()
            self._lines.append(f"{self._rules[name]}: {self._written(self._defs[name])}")
        return "\n".join([f"start: {start}", *self._lines])

    def _written(self, node: Any) -> str:
        """What stands for `node` in a rule."""
        if not isinstance(node, dict) or not (marked(node) or self._needy.intersection(leads_to(node))):
            return self._json(node)
        try:
            return self._composed(node)
        except _Unwritable:
            return self._json(node)

    def _composed(self, node: JSON) -> str:
        if LARK in node:
            return self._named("T", node[LARK])
        keys = set(node)
        if keys == {"$ref"}:
            return self._definition(node["$ref"].rpartition("/")[2])
        for key in ("anyOf", "oneOf", "allOf"):
            if keys == {key} and (key != "allOf" or len(node[key]) == 1):
                return self._named("r", " | ".join(self._written(one) for one in node[key]))
        kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
        if not kinds or keys - {"type"} - _OBJECT - _COUNTS - _ARRAY - _SCALAR:
            raise _Unwritable
        options = [self._object(node)] if "object" in kinds else []
        options += [self._array(node)] if "array" in kinds else []
        if scalars := [kind for kind in kinds if kind not in ("object", "array")]:
            options.append(self._json({key: node[key] for key in keys & _SCALAR} | {"type": scalars}))
        return self._named("r", " | ".join(options))

    def _json(self, node: Any) -> str:
        return self._named("j", self._whole(node if isinstance(node, dict) else {} if node else {"allOf": [False]}))

    def _whole(self, schema: JSON) -> str:
        """As JSON Schema, with the definitions that it uses."""
        defs = reached(schema, self._defs)
        return self._part({**schema, **({"$defs": defs} if defs else {}), **self._more})

    def _definition(self, name: str) -> str:
        if name not in self._rules:
            self._rules[name] = f"d{len(self._rules)}"
            self._waiting.append(name)
        return self._rules[name]

    def _named(self, kind: str, text: str) -> str:
        """The rule or terminal of that text."""
        if text not in self._names:
            self._names[text] = f"{kind}{len(self._names)}"
            self._lines.append(f"{self._names[text]}: {text}")
        return self._names[text]

    def _object(self, node: JSON) -> str:
        fields: JSON = node.get("properties", {})
        required = node.get("required", [])
        if set(required) - fields.keys() or (fields and OTHERS not in node and _COUNTS & node.keys()):
            raise _Unwritable
        tail = self._others(node, list(fields))
        written = {name: self._field(node, name) for name in fields}
        if any(written[name] is None for name in required):
            raise _Unwritable
        items = [
            (f"{_quoted(_text(name) + ':')} {value}", name in required) for name, value in written.items() if value
        ]
        return f'"{{" {self._members(items, *tail)} "}}"'

    def _field(self, node: JSON, name: str) -> str | None:
        """The value of a declared property, of which patterns may speak too; None where nothing fits it."""
        patterns = node.get(OTHERS, {}).get("patterns", {})
        said = [node["patternProperties"][kept] for pattern, kept in patterns.items() if matches(pattern, name)]
        one = node["properties"][name]
        if one is False or not said:
            return None if one is False else self._written(one)
        both = self._whole({"allOf": [one, *said]})
        return None if LLMatcher.validate_grammar(f"start: {both}") else self._named("j", both)

    def _others(self, node: JSON, taken: Sequence[str]) -> tuple[str, int, int]:
        """A key that is not declared, with its value, and how many of them there may be."""
        if OTHERS in node:
            pairs, told = self._pairs(node, taken), node[OTHERS]
            if not pairs and told["least"]:
                raise _Unwritable
            return self._named("r", " | ".join(pairs)) if pairs else "", told["least"], told["most"] if pairs else 0
        if node.get("additionalProperties", True) is not False:
            raise _Unwritable
        patterns = node.get("patternProperties", {})
        if not patterns:
            return "", 0, 0
        if taken or "maxProperties" not in node:
            raise _Unwritable
        pairs = [
            f'{self._json({"type": "string", "pattern": pattern})} ":" {self._written(one)}'
            for pattern, one in patterns.items()
        ]
        return self._named("r", " | ".join(pairs)), node.get("minProperties", 0), node["maxProperties"]

    def _pairs(self, node: JSON, taken: Sequence[str]) -> list[str]:
        """Keys of each pattern with their values, and those of none."""
        told: JSON = node[OTHERS]
        patterns = {pattern: keys_of(pattern) for pattern in told["patterns"]}
        told_apart = all(begin_apart(one, other) for one, other in combinations(patterns, 2))
        if None in patterns.values() or not told_apart:
            raise _Unwritable
        declared = f" & ~({' | '.join(_quoted(_text(name)) for name in taken)})" if taken else ""
        pairs = []
        for pattern, name in told["patterns"].items():
            if (values := node["patternProperties"][name]) is not False:
                key = f'/"{short_keys_of(pattern, told["chars"])}"/'
                key += declared if any(matches(pattern, one) for one in taken) else ""
                pairs.append(f'{self._named("T", key)} ":" {self._written(values)}')
        if (values := node.get("additionalProperties")) is not False:
            of_patterns = " | ".join(f'/"{one}"/' for one in patterns.values())
            key = f'/"{LETTER}{{0,{told["chars"]}}}"/{declared}' + (f" & ~({of_patterns})" if patterns else "")
            pairs.append(f'{self._named("T", key)} ":" {self._written(values)}')
        return pairs

    def _members(self, items: list[tuple[str, bool]], pair: str, least: int, most: int) -> str:
        """What stands between the braces. From the end: how it goes on where something was written, and where nothing
        was."""
        after = self._named("r", f'("," {pair}){{{least},{most}}}' if most else '""')
        first = self._named("r", _several(pair, least, most))
        for item, needed in reversed(items):
            alone = f"{item} {after}"
            after, first = (
                self._named("r", f'"," {item} {after}' if needed else f'("," {item})? {after}'),
                self._named("r", alone if needed else f"{alone} | {first}"),
            )
        return first

    def _array(self, node: JSON) -> str:
        listed, rest = node.get("prefixItems", []), node.get("items", True)
        least, most = node.get("minItems", 0), node.get("maxItems")
        if most is None:
            raise _Unwritable
        if False in listed:
            listed, rest = listed[: listed.index(False)], False
        if rest is False:
            most = min(most, len(listed))
        if least > most:
            raise _Unwritable
        listed = listed[:most]
        more = most - len(listed)
        item = self._written(rest) if more else ""
        if not listed:
            return f'"[" {self._named("r", _several(item, least, most))} "]"'
        after = f'("," {item}){{{max(0, least - len(listed))},{more}}}' if more else '""'
        for at in range(len(listed) - 1, 0, -1):
            after = self._named("r", after)
            after = f'"," {self._written(listed[at])} {after}'
            after = after if at < least else f"({after})?"
        body = f"{self._written(listed[0])} {self._named('r', after)}"
        return f'"[" {body} "]"' if least else f'"[" ({body})? "]"'


def _several(one: str, least: int, most: int) -> str:
    """So many, with commas between them."""
    if not most:
        return '""'
    after = f' ("," {one}){{{max(0, least - 1)},{most - 1}}}' if most > 1 else ""
    some = f"{one}{after}"
    return some if least else f"({some})?"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    """As a Lark literal."""
    return json.dumps(text, ensure_ascii=False)
