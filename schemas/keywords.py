"""What becomes of each keyword of JSON Schema (draft 2020-12), measured against llguidance
1.9.1 and jsonschema-rs 0.60.

    enforced    the grammar lets the model write nothing else (and validation checks it again)
    validated   the grammar leaves it out; the finished answer is checked, and a failure is asked again once
    refused     neither can do it, or it reaches outside the document
    ignored     says nothing about validity, or is not known to anyone

tests/schemas/test_keywords.py compiles a case for each line of the table, so a release that changes one is noticed.
The check of a schema and the compilation of its grammar both read this table; nothing else decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal
from urllib.parse import unquote

from schemas.checks.numbers import FARTHEST, all_held, held_as_bound, is_number
from schemas.patterns import of_whole_text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENFORCED = _words(
    "type enum const properties required additionalProperties patternProperties minProperties maxProperties items "
    "prefixItems minItems maxItems minLength maxLength pattern format minimum maximum exclusiveMinimum "
    "exclusiveMaximum multipleOf allOf anyOf oneOf $ref propertyNames"
)
VALIDATED = _words(
    "not if then else dependentRequired dependentSchemas contains minContains maxContains uniqueItems "
    "unevaluatedItems unevaluatedProperties"
)
REFUSED = {
    "$dynamicRef": "only $ref within the document is followed",
    "$recursiveRef": "only $ref within the document is followed",
    "$anchor": "refer to a schema by its pointer, such as #/$defs/name",
    "$dynamicAnchor": "refer to a schema by its pointer, such as #/$defs/name",
    "$recursiveAnchor": "refer to a schema by its pointer, such as #/$defs/name",
    "$vocabulary": "belongs in a meta-schema",
    "dependencies": "is of older drafts: use dependentRequired or dependentSchemas",
    "additionalItems": "is of older drafts: use items after prefixItems",
}
ANNOTATIONS = _words(
    "$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly "
    "contentEncoding contentMediaType contentSchema discriminator"
)
Mode = Literal["declared", "all", "none"]  # which values have to stand in the document: as the schema says, all, none
PRINTED = "x-printed"  # that a value has to
CHECKED = "x-checked"  # what only a model's own validator tells, in the JSON Schema we make of it

# Where schemas stand inside a schema.
ONE = _words(
    "additionalProperties items contains not if then else propertyNames unevaluatedItems unevaluatedProperties"
)
MANY = _words("allOf anyOf oneOf prefixItems")
NAMED = _words("properties patternProperties dependentSchemas $defs definitions")
DEFINITIONS = _words("$defs definitions")

GRAMMAR_FORMATS = _words("date-time time date date-time-local time-local duration email hostname ipv4 ipv6 uuid uri")
VALIDATOR_FORMATS = _words(
    "idn-email idn-hostname uri-reference iri iri-reference json-pointer relative-json-pointer regex uri-template"
)
DIALECTS = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
    }
)


COUNTS = _words("minLength maxLength minItems maxItems minProperties maxProperties")
BOUNDS = _words("minimum maximum exclusiveMinimum exclusiveMaximum")


def digits_in_grammar(key: str, value: Any) -> bool:
    """Whether the grammar holds every digit of what `enum`, `const` or a bound says; true of other keywords."""
    if key in ("enum", "const"):
        return all_held(value)
    return key not in BOUNDS or held_as_bound(value, excluded=key.startswith("exclusive"))


def beyond(schema: dict[str, Any]) -> bool:
    """Whether its bounds leave only numbers that are farther than a grammar counts."""
    bounds = {key: schema[key] for key in BOUNDS & schema.keys() if is_number(schema[key])}
    return any(abs(bound) >= FARTHEST and ("inimum" in key) == (bound > 0) for key, bound in bounds.items())


# How often a definition may stand within itself in an answer. Threads, organisations, parts lists and tables of
# contents seldom have half as many levels.
DEPTH = 16
# And one that holds itself both in arrays and under free keys: deeper, an answer that goes on may be cut off before it
# ends (docs/experiments.md).
DEPTH_IN_TWO_WAYS = 5

MAX_MULTIPLE = 1_000
_MOST_MULTIPLES = 100  # looked at
_U32 = 2**32
_LEAST_DECIMALS = 4


class Multiples:
    """Which `multipleOf` of a schema its grammar keeps. The grammar divides by an automaton with a state for every
    remainder, and where several meet on one number by one with a state for every remainder of their common multiple
    (powers of ten, which only move the point, count as a hundred at most). So the grammar keeps the smallest of them,
    as long as all it keeps have a common multiple of at most `MAX_MULTIPLE`. Measured: ten
    thousand take 30 ms to build and a million 10 s, and where tokens hold three digits the mask of a step reaches a
    limit of llguidance's beyond about two thousand."""

    def __init__(self, root: Any) -> None:
        found = sorted({value for value in values_of(root, "multipleOf") if _is_multiple(value)})[:_MOST_MULTIPLES]
        self._kept: set[float] = set()
        common = Fraction(1)
        for value in sorted(found, key=lambda value: (_remainders(Fraction(str(value))), value)):
            together = _common_multiple(common, Fraction(str(value))) if self._kept else Fraction(str(value))
            if _read_exactly(value) and _remainders(together) <= MAX_MULTIPLE:
                self._kept.add(value)
                common = together
        self._common = common

    def __contains__(self, value: object) -> bool:
        return value in self._kept

    def decimals(self, most: int) -> int | None:
        """How many a number may have where others say what it is a multiple of; None where that is not to be said. The
        grammar's common multiples are products of 32 bits."""
        if not self._kept:
            return most
        return next((count for count in range(most, _LEAST_DECIMALS - 1, -1) if self._common * 10**count < _U32), None)


def _is_multiple(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1e-12 <= value < 10**18


def values_of(root: Any, key: str) -> Iterable[Any]:
    """Of every `key` of any object, wherever it stands."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if key in node:
                yield node[key]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _common_multiple(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))


def _remainders(multiple: Fraction) -> int:
    """States of the automaton."""
    while multiple.denominator > 1:  # a decimal fraction
        multiple *= 10
    digits, zeros = multiple.numerator, 0
    while digits % 10 == 0:
        digits, zeros = digits // 10, zeros + 1
    return digits * 10 ** min(zeros, 2) if digits > 1 else 1


def _read_exactly(value: float) -> bool:
    """llguidance 1.9.1 multiplies by ten until nothing is left behind the point, in floats, and wants 32 bits then."""
    shifted = float(value)
    while shifted != math.floor(shifted) and shifted < _U32:
        shifted *= 10
    return shifted < _U32


def counts_in_grammar(schema: dict[str, Any]) -> bool:
    """Whether the grammar can count the properties of an object (`minProperties`, `maxProperties`): only where no
    declared property is optional."""
    return set(schema.get("properties", {})) <= set(schema.get("required", ()))


def format_in_grammar(schema: dict[str, Any]) -> bool:
    """Whether the grammar keeps the format of a schema. Two automata are more than it can always tell whether any text
    fits, so beside a pattern of the whole text the format is left to validation, and beside another the pattern."""
    return schema["format"] in GRAMMAR_FORMATS and not of_whole_text(schema.get("pattern", ""))


def pattern_in_grammar(schema: dict[str, Any]) -> bool:
    """Whether the grammar keeps the pattern of a schema, where it can hold it."""
    return of_whole_text(schema["pattern"]) or schema.get("format") not in GRAMMAR_FORMATS


def keys_differ(schema: dict[str, Any]) -> bool:
    """Whether the least number of properties is reached without a key written twice, which no grammar rules out."""
    return bool(schema["minProperties"] <= max(1, len(set(schema.get("required", ())))))


def resolve(root: Any, ref: str) -> Any:
    """The schema `ref` (`#` or `#/…`) points to in `root`. Raises KeyError when there is none."""
    node = root
    for part in ref.removeprefix("#").split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")  # a reference is a URI
        if isinstance(node, dict):
            node = node[key]
        elif isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            raise KeyError(ref)
    return node
