"""A rewritten schema → llguidance's Lark, where its `%json` cannot say what has to be written: a number as text
(`x-lark`, a terminal), how many keys an object has beside optional ones that it declares (`x-others`), and what a
document prints (`x-printed`).

Objects, arrays and unions above such a place become rules; all else stays `%json`. Where a schema above it is none of
these (others meet it on one value), the marks are left out and the schema without them says what it can. What no answer
fits has no rule: an option, a field that need not be there and a list's items are left out with it.

Over 300 lines, because objects, lists, unions and their keys are written by rules that call each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Protocol

from llguidance import LLMatcher

from extractor.grammar.lark.key_patterns import LETTER, keys_of, short_keys_of
from extractor.grammar.lark.leaf import SCALAR, leaf_of
from extractor.grammar.lark.rules import GrammarRules, TooDeep, json_text, quoted
from extractor.grammar.narrow.anything import is_any_key
from extractor.grammar.narrow.marks import KEYS, LARK, OTHERS, PRINTED, WITHIN, has_marks, has_printed_marks
from extractor.grammar.narrow.unfold import leading_to, leads_to, reached
from schemas.checks.compiled import matches
from schemas.errors import pointer as pointer_to
from schemas.patterns import begin_apart, for_grammar

JSON = dict[str, Any]
Part = Callable[[JSON], str]  # what stands for a JSON Schema in a rule, as far as it is one

_COUNTS = frozenset({"minProperties", "maxProperties"})
_FIELDS = frozenset({"properties", "required", "additionalProperties", "patternProperties"})
_OBJECT = _FIELDS | _COUNTS | {OTHERS, KEYS, WITHIN}
_ARRAY = frozenset({"items", "prefixItems", "minItems", "maxItems"})
_LITERALS = {"null": '"null"', "boolean": '"true" | "false"'}
_MOST_MISSING = 100  # places that are told


class PrintedTerminals(Protocol):
    """What a document prints."""

    def terminal(self, leaf: JSON, *, spare: bool, but: str = "") -> str | None:
        """As `PrintedDocument.terminal`."""


class _Unwritable(Exception):
    """There is no rule for a schema of this shape."""


@dataclass(frozen=True)
class _Definition:
    rule: str | None
    missing: list[str]  # as `LarkWriter.missing`, from there


def in_lark(schema: JSON, part: Part) -> str | None:
    """The rules of a rewritten schema; None where `%json` says all of it."""
    writer = LarkWriter(schema, part)
    start = writer.whole() if writer.needed else None
    return None if start is None else writer.text(start)


class LarkWriter:
    """Of one schema, and one document where values of it have to be printed.

    `missing`: pointers of the values of which the document prints none and because of which there is no rule. `loose`:
    whether a value that has to be printed may be another under these rules."""

    def __init__(self, root: JSON, part: Part, document: PrintedTerminals | None = None) -> None:
        self._root, self._part, self._document = root, part, document
        self._top = {key: value for key, value in root.items() if key not in ("$defs", "x-guidance")}
        self._guidance = {"x-guidance": root["x-guidance"]} if "x-guidance" in root else {}
        self._defs: JSON = root.get("$defs", {})
        self._needy = leading_to(self._defs, has_marks)
        self._printing = leading_to(self._defs, has_printed_marks) if document is not None else set()
        self._defined: dict[str, _Definition] = {}
        self._rules = GrammarRules()
        self.missing: list[str] = []
        self.loose = False

    @property
    def needed(self) -> bool:
        """Whether `%json` cannot say all of it."""
        return bool(self._needy) or has_marks(self._top)

    def whole(self) -> str | None:
        """What stands for the schema in a rule; None where no answer fits it."""
        return self.rule(self._top)

    def rule(self, node: Any) -> str | None:
        """The same of a schema within it."""
        self._define(leads_to(node))
        return self._of(node, "")

    def rule_at(self, node: Any, place: PrintedTerminals) -> str | None:
        """The same of a scalar that has to be printed in one place of the document."""
        self._define(leads_to(node))
        outside, self._document = self._document, place
        try:
            return self._of(node, "")
        finally:
            self._document = outside

    def text(self, start: str) -> str:
        """The grammar, terminals of the document apart."""
        return self._rules.text(start)

    def _define(self, names: list[str]) -> None:
        """The needy definitions that are used, first those that others use: not by recursion, for a chain of them may
        be long."""
        waiting, seen = list(names), set[str]()
        while waiting:
            name = waiting[-1]
            below = [one for one in leads_to(self._defs[name]) if one in self._needy and one not in self._defined]
            if name in self._needy and name not in self._defined and below and name not in seen:
                seen.add(name)
                waiting += below
                continue
            waiting.pop()
            if name in self._needy and name not in self._defined:
                outside, self.missing = self.missing, []
                self._defined[name] = _Definition(self._of(self._defs[name], ""), self.missing)
                self.missing = outside

    def _of(self, node: Any, pointer: str, *, spare: bool = False) -> str | None:
        """What stands for `node` in a rule. `spare`: something else may be written there too, so that it need not be
        found whether anything fits."""
        if node is False:
            return None
        if self._plain(node):
            return self._json(node)
        before = len(self.missing)
        try:
            found = self._composed(node, pointer, spare)
        except (_Unwritable, TooDeep):
            self.loose = self.loose or self._prints(node)
            found = self._json(node)
        if found is not None:  # what is missing within can be done without
            del self.missing[before:]
        return found

    def _composed(self, node: JSON, pointer: str, spare: bool) -> str | None:
        keys = set(node)
        if LARK in node and PRINTED not in node:
            return self._rules.named("T", node[LARK])
        if keys == {"$ref"}:
            return self._definition(node["$ref"].rpartition("/")[2], pointer)
        for key in ("anyOf", "oneOf", "allOf"):
            if keys == {key} and (key != "allOf" or len(node[key]) == 1):
                spare = spare or {"type": "null"} in node[key]
                rules = [self._of(one, pointer, spare=spare) for one in node[key] if not self._plain(one)]
                return self._rules.any_of([*rules, self._options([one for one in node[key] if self._plain(one)])])
        if (leaf := leaf_of(node, self._root)) is not None:
            return self._printed(leaf, pointer, spare)
        return self._of_kinds(node, pointer, spare)

    def _plain(self, node: Any) -> bool:
        """Whether `%json` says all of it."""
        return not isinstance(node, dict) or not (has_marks(node) or self._needy.intersection(leads_to(node)))

    def _options(self, nodes: list[Any]) -> str | None:
        """One of these, which are `%json`; None where no answer fits any of them."""
        possible = [one for one in nodes if one is not False]
        if not possible or possible == [{"type": "null"}]:
            return self._json(possible[0]) if possible else None
        one = possible[0] if len(possible) == 1 else {"anyOf": possible}
        return self._json(one) if _fits(self._whole(one if isinstance(one, dict) else {})) else None

    def _of_kinds(self, node: JSON, pointer: str, spare: bool) -> str | None:
        kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
        scalars = [kind for kind in kinds if kind not in ("object", "array")]
        only_scalars = PRINTED in node and len(scalars) == len(kinds)  # what else is said of them validation checks
        if not kinds or (node.keys() - SCALAR - _OBJECT - _ARRAY and not only_scalars):
            raise _Unwritable
        options = [self._object(node, pointer)] if "object" in kinds else []
        options += [self._array(node, pointer)] if "array" in kinds else []
        if scalars:
            own = {**{key: node[key] for key in SCALAR & node.keys()}, "type": scalars}
            options.append(self._printed(own, pointer, spare) if PRINTED in node else self._json(own))
        return self._rules.any_of(options)

    def _printed(self, leaf: JSON, pointer: str, spare: bool) -> str | None:
        assert self._document is not None
        others = [literal for kind, literal in _LITERALS.items() if kind in leaf["type"]]
        found = self._document.terminal(leaf, spare=spare or bool(others))
        if found is None:
            self.missing.append(pointer)
        return self._rules.any_of([found, *others])

    def _json(self, node: Any) -> str:
        if node == {"type": "null"}:
            return self._rules.named("r", _LITERALS["null"])
        return self._rules.named("j", self._whole(node if isinstance(node, dict) else {}))

    def _whole(self, schema: JSON) -> str:
        """As JSON Schema, with the definitions that it uses."""
        defs = reached(schema, self._defs)
        return self._part({**schema, **({"$defs": defs} if defs else {}), **self._guidance})

    def _definition(self, name: str, pointer: str) -> str | None:
        if name not in self._defined:  # it leads back to itself, which unfold.py leaves none
            raise _Unwritable
        definition = self._defined[name]
        self.missing = [*self.missing, *(pointer + one for one in definition.missing)][:_MOST_MISSING]
        return definition.rule

    def _prints(self, node: JSON) -> bool:
        """Whether anything within has to be printed."""
        return has_printed_marks(node) or not self._printing.isdisjoint(leads_to(node))

    def _object(self, node: JSON, pointer: str) -> str | None:
        fields: JSON = node.get("properties", {})
        required = set(node.get("required", ()))
        counted = OTHERS not in node and _COUNTS & node.keys()
        if required - fields.keys() or (counted and fields.keys() - required):
            raise _Unwritable
        values = {name: self._field(node, name, pointer + pointer_to(name)) for name in fields}
        others = self._others(node, list(fields), f"{pointer}/*")
        if others is None or any(values[name] is None for name in required):
            return None
        written = [(name, value, name in required) for name, value in values.items() if value is not None]
        return self._rules.object(written, *others)

    def _field(self, node: JSON, name: str, pointer: str) -> str | None:
        """The value of a declared property, of which patterns may speak too; None where nothing fits it."""
        patterns = node.get(OTHERS, {}).get("patterns", {})
        by_pattern = [node["patternProperties"][kept] for pattern, kept in patterns.items() if matches(pattern, name)]
        one = node["properties"][name]
        if one is False or not by_pattern:
            return self._of(one, pointer)
        both = {"allOf": [one, *by_pattern]}
        self.loose = self.loose or self._prints(both)
        text = self._whole(both)
        return self._rules.named("j", text) if _fits(text) else None

    def _others(self, node: JSON, taken: list[str], pointer: str) -> tuple[str | None, int, int] | None:
        """A key that is not declared, with its value, where there may be one, and how many there may be. None where
        there have to be more than there can be."""
        if OTHERS in node:
            pair = self._rules.any_of(self._pairs(node, taken, pointer))
            least, most = node[OTHERS]["least"], node[OTHERS]["most"]
        else:
            if node.get("additionalProperties", True) is not False:
                raise _Unwritable
            patterns: JSON = node.get("patternProperties", {})
            if patterns and (taken or "maxProperties" not in node):
                raise _Unwritable
            keys = [(self._key_of(node, pattern, pointer), one) for pattern, one in patterns.items()]
            pair = self._rules.any_of([self._pair(key, one, pointer) for key, one in keys])
            least = max(0, node.get("minProperties", 0) - len(taken))
            most = node.get("maxProperties", len(taken)) - len(taken)
        return None if most < 0 or (least and pair is None) else (pair, least, most)

    def _pair(self, key: str | None, values: Any, pointer: str) -> str | None:
        value = None if key is None else self._of(values, pointer)
        return None if value is None else f'{key} ":" {value}'

    def _key_of(self, node: JSON, pattern: str, pointer: str) -> str | None:
        """A key of a map."""
        if KEYS not in node:
            return self._json({"type": "string", "pattern": pattern})
        constraints = {} if is_any_key(pattern) else {"pattern": pattern}
        return self._printed_key(node, constraints, pointer, spare=not node.get("minProperties"))

    def _printed_key(self, node: JSON, constraints: JSON, pointer: str, *, spare: bool, but: str = "") -> str | None:
        """`constraints`: of the key; `but`: terminals that it is none of; `spare`: there may be none. How long one may
        be that is only copied the engine knows: to count letters beside the words of a long document is more than
        llguidance does."""
        assert self._document is not None
        leaf = {"type": "string", PRINTED: node[KEYS], KEYS: True, **constraints}
        found = self._document.terminal(leaf, spare=False, but=but)  # no comma may lead to one that nothing fits
        if found is None and not spare:
            self.missing.append(pointer)
        return found

    def _pairs(self, node: JSON, taken: list[str], pointer: str) -> list[str | None]:
        """Keys of each pattern with their values, and those of none."""
        others: JSON = node[OTHERS]
        patterns = {pattern: keys_of(pattern) for pattern in others["patterns"]}
        distinct = all(begin_apart(one, other) for one, other in combinations(patterns, 2))
        if None in patterns.values() or not distinct:
            raise _Unwritable
        declared = [quoted(json_text(name)) for name in taken]
        pairs = []
        for pattern, name in others["patterns"].items():
            key = f'/"{short_keys_of(pattern, others["chars"])}"/'
            not_it = declared if any(matches(pattern, one) for one in taken) else []
            name_of = self._other(node, key, {"pattern": for_grammar(pattern)}, not_it, pointer)
            pairs.append(self._pair(name_of, node["patternProperties"][name], pointer))
        if (values := node.get("additionalProperties", False)) is not False:
            not_it = [*declared, *(f'/"{one}"/' for one in patterns.values())]
            name_of = self._other(node, f'/"{LETTER}{{0,{others["chars"]}}}"/', {}, not_it, pointer)
            pairs.append(self._pair(name_of, values, pointer))
        return pairs

    def _other(self, node: JSON, key: str, constraints: JSON, not_it: list[str], pointer: str) -> str | None:
        """A key beside those that are declared: `key` is a terminal of all of its kind, `constraints` the same as a
        schema, `not_it` terminals of others."""
        but = " | ".join(not_it)
        if KEYS in node:
            return self._printed_key(node, constraints, pointer, spare=not node[OTHERS]["least"], but=but)
        return self._rules.named("T", f"{key} & ~({but})" if but else key)

    def _array(self, node: JSON, pointer: str) -> str | None:
        least, most = node.get("minItems", 0), node.get("maxItems")
        if most is None:
            raise _Unwritable
        first, rest = node.get("prefixItems", [])[:most], node.get("items", True)
        listed: list[str] = []
        for at, one in enumerate(first):
            value = self._of(one, f"{pointer}/{at}", spare=not at and not least)
            if value is None:  # nor may any be that comes after it
                rest = False
                break
            listed.append(value)
        item = self._of(rest, f"{pointer}/*", spare=not first and not least) if len(listed) < most else None
        most = most if item is not None else len(listed)
        return self._rules.array(listed, item, least, most) if least <= most else None


@lru_cache(maxsize=1024)
def _fits(text: str) -> bool:
    """Whether a rule's text is one that llguidance builds: it builds none that no answer fits."""
    return not LLMatcher.validate_grammar(f"start: {text}")
