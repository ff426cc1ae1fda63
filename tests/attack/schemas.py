# ruff: noqa: E501 -- tables of attacks, one a line
"""Hostile schemas, made from a grammar of attacks: a *charge* (what costs) put behind a *way in* (an applicator), as
often as a *copy* says. Seeded: the same number gives the same schemas. Knows nothing of a service."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

Schema = Any  # JSON, also where it is no schema at all
Made = Callable[[random.Random], Schema]


def hostile(count: int, seed: int = 0) -> Iterator[tuple[str, Schema]]:
    """(what it is, the schema). Every charge comes bare once, then with ways in and copies by chance."""
    dice = random.Random(f"hostile schemas {seed}")
    charges, ways = list(CHARGES.items()), list(WAYS.items())
    for at in range(count):
        name, charge = charges[at % len(charges)]
        if at < len(charges):
            yield name, _rooted(charge(dice))
            continue
        way, into = dice.choice(ways)
        schema = into(charge(dice), dice)
        if dice.random() < 0.4:
            more, again = dice.choice(ways)
            schema, way = again(schema, dice), f"{more} > {way}"
        if dice.random() < 0.3:
            other, second = dice.choice(charges)
            schema, name = {"allOf": [schema, second(dice)]}, f"{name} and {other}"
        yield f"{way} > {name}", _rooted(schema)


def _rooted(schema: Schema) -> Schema:
    """As a field of an object, with the definitions it refers to at the root."""
    if not isinstance(schema, dict):
        return {"type": "object", "properties": {"a": schema}}
    if schema.pop("bare", None):
        return schema
    definitions: dict[str, Any] = {}
    _gather(schema, definitions)
    return {"type": "object", "properties": {"a": schema}, "required": ["a"], "$defs": definitions}


def _gather(node: Any, into: dict[str, Any], depth: int = 0) -> None:
    if depth > 50:
        return
    if isinstance(node, dict):
        into.update(node.pop("defs", {}))
        for part in list(node.values()):
            _gather(part, into, depth + 1)
    elif isinstance(node, list):
        for part in node[:2000]:
            _gather(part, into, depth + 1)


# ---- charges ----


def _multiples(dice: random.Random) -> Schema:
    primes = dice.sample([997, 1009, 2999, 3001, 7919, 49_999, 99_991, 999_983], dice.randint(1, 4))
    bounds = dice.choice([{}, {"minimum": 123_456_789_012, "maximum": 987_654_321_098}, {"minimum": -(10**15)}])
    return {"allOf": [{"type": dice.choice(["integer", "number"]), "multipleOf": prime, **bounds} for prime in primes]}


def _fractions(dice: random.Random) -> Schema:
    step = dice.choice([0.0999983, 0.007, 1e-7, 1e-300, 3.3333333333, 1e300])
    return {"type": "number", "multipleOf": step, "maximum": dice.choice([1e15, 1e300])}


def _doubling(dice: random.Random) -> Schema:
    """D0 uses D1 twice, D1 uses D2 twice, …: 2^n nodes from n."""
    keyword = dice.choice(
        "allOf anyOf oneOf prefixItems not if then propertyNames contains items additionalProperties "
        "patternProperties properties dependentSchemas unevaluatedItems".split()
    )
    depth = dice.randint(16, 60)
    definitions: dict[str, Any] = {}
    for at in range(depth):
        twice = [{"$ref": f"#/$defs/D{at + 1}"}, {"$ref": f"#/$defs/D{at + 1}"}]
        inner: Any = twice if keyword in ("allOf", "anyOf", "oneOf", "prefixItems") else {"allOf": twice}
        if keyword in ("properties", "patternProperties", "dependentSchemas"):
            inner = {"x": {"allOf": twice}, "y": {"allOf": twice}}
        definitions[f"D{at}"] = {keyword: inner}
    definitions[f"D{depth}"] = dice.choice([{"type": "string"}, {"type": "integer"}, {}, False])
    return {"$ref": "#/$defs/D0", "defs": definitions}


def _behind(keyword: str) -> Made:
    def made(dice: random.Random) -> Schema:
        inner = _doubling(dice)
        definitions = inner.pop("defs")
        shape: dict[str, Any] = {"not": inner, "propertyNames": inner, "contains": inner, "if": inner}
        kind = "array" if keyword == "contains" else "object" if keyword == "propertyNames" else "string"
        return {"type": kind, keyword: shape[keyword], "defs": definitions}

    return made


def _recursion(dice: random.Random) -> Schema:
    """An answer that fails deep inside is tried by every branch at every level."""
    keyword, width = dice.choice(["anyOf", "oneOf", "allOf"]), dice.randint(2, 8)
    leaf = {"type": "object", "properties": {"n": {"$ref": "#/$defs/R"}, "v": {"type": "integer"}}, "required": ["n"]}
    options = [{**leaf, "title": str(at)} for at in range(width)] + [{"type": "null"}]
    return {"$ref": "#/$defs/R", "defs": {"R": {keyword: options}}}


def _arrays(dice: random.Random) -> Schema:
    schema: Schema = {"type": "integer"}
    for _ in range(dice.randint(1, 6)):
        most = dice.choice([10, 1000, 100_000])
        schema = {"type": "array", "items": schema, "minItems": dice.choice([0, 1, 1000]), "maxItems": most}
    return {**schema, "uniqueItems": dice.random() < 0.5}


def _ambiguous(dice: random.Random) -> Schema:
    many = [
        {"type": "array", "items": {"$ref": "#/$defs/n"}, "maxItems": 100 + at} for at in range(dice.randint(2, 20))
    ]
    return {"$ref": "#/$defs/n", "defs": {"n": {"anyOf": [*many, {"type": "integer"}]}}}


PIECES = (
    r"\pL", r"\p{Lu}", r"\w", ".", "[a-z]", r"\d", "(a|b)", "(a|aa)", "[^x]", r"\p{Greek}", "(?:ab?)", r"[\w-]", "é",
    "(a*)*", r"\S+", "([a-z]{0,20}[0-9]{0,20})",
)  # fmt: skip


def _pattern(dice: random.Random) -> str:
    shape = dice.randrange(7)
    times = dice.choice([2, 18, 30, 100, 400, 1000])
    one, two = dice.choice(PIECES), dice.choice(PIECES)
    return [
        f"{one}{{{times}}}",
        f"^.*{one}{two}{{{times}}}$",
        f"({one}?){{{times}}}{one}{{{times}}}",
        f"(({one}{{1,9}}{two}){{1,9}}){{1,{times}}}",
        f"(?i){one}{{{times}}}<{dice.randrange(99)}>",
        f"({one}|{two})*a({one}|{two}){{{times}}}",
        "|".join(f"{one}x{at}{two}" for at in range(dice.choice([5, 30]))),
    ][shape]


def _patterns(dice: random.Random) -> Schema:
    keyword, many = dice.choice(["anyOf", "allOf", "oneOf"]), dice.choice([1, 4, 16, 100])
    return {keyword: [{"type": "string", "pattern": _pattern(dice)[:512]} for _ in range(many)]}


def _pattern_keys(dice: random.Random) -> Schema:
    return {"type": "object", "patternProperties": {_pattern(dice)[:200]: {} for _ in range(dice.choice([2, 20, 100]))}}


def _lengths(dice: random.Random) -> Schema:
    least = dice.choice([0, 1, 999, 1000])
    return {"type": "string", "minLength": least, "maxLength": dice.choice([1000, 4000, 100_000]),
            "pattern": dice.choice(["^(ab)*$", "^(a|aa|aaa|b.c)*$", "^([a-z]+ ?)*$", _pattern(dice)[:512]])}  # fmt: skip


def _formats(dice: random.Random) -> Schema:
    formats = "date-time time date duration email hostname ipv4 ipv6 uuid uri regex json-pointer iri".split()
    return {"allOf": [{"type": "string", "format": one} for one in dice.sample(formats, dice.randint(1, 4))]
            + [{"pattern": ".*a.*"}, {"minLength": dice.choice([0, 100])}]}  # fmt: skip


def _enums(dice: random.Random) -> Schema:
    kind = dice.randrange(5)
    values: list[Any] = [
        [10**at for at in range(60)],
        ["x" * 10_000 + str(at) for at in range(20)],
        [f"value {at} of it" for at in range(1000)],
        [{"a": [[[at]]]} for at in range(500)],
        [chr(0x1F600 + at % 70) * (1 + at % 9) for at in range(300)],
    ][kind]
    return {"enum": values}


def _wide(dice: random.Random) -> Schema:
    many = dice.choice([200, 505, 1000, 5000])
    properties = {f"f{at}": {"type": dice.choice(["string", "integer", "number"])} for at in range(many)}
    needed = list(properties)[: dice.choice([0, many])]
    return {"type": "object", "properties": properties, "required": needed,
            "additionalProperties": dice.choice([True, False, {"type": "string"}])}  # fmt: skip


def _deep(dice: random.Random) -> Schema:
    schema: Schema = {"type": "string"}
    for _ in range(dice.choice([40, 63, 150, 300])):
        schema = {"properties": {"a": schema}} if dice.random() < 0.5 else {"items": schema}
    return schema


def _long_key(dice: random.Random) -> Schema:
    """Pointers are made of keys: one long one over many values."""
    key = "k" * dice.choice([1000, 100_000, 200_000])
    return {"bare": True, "type": "object", key: [0] * dice.choice([10, 3000]), "properties": {}}


def _many_faults(dice: random.Random) -> Schema:
    """A report with a line for each of them."""
    return {"type": "object", "properties": {f"{'p' * 50}{at}": {"$anchor": "x", "pattern": "(", "foo": at}
                                             for at in range(dice.choice([100, 1500]))}}  # fmt: skip


def _brackets(dice: random.Random) -> Schema:
    inner: Any = []
    return {"bare": True, "type": "object", "examples": [inner] * dice.choice([1000, 30_000])}


def _numbers(dice: random.Random) -> Schema:
    ranges = [
        {"type": "number", "minimum": at * 7.3, "maximum": 10**9 + at * 3.1} for at in range(dice.choice([5, 300]))
    ]
    return {dice.choice(["anyOf", "allOf", "oneOf"]): ranges}


def _odd(dice: random.Random) -> Schema:
    return dice.choice(
        [
            {"const": "\ud800"}, {"enum": ["\x00", "\u202e", "a\u0301" * 200]}, {"$ref": "#"}, {"$ref": "#/properties/a"},
            {"$id": "urn:x", "$ref": "http://127.0.0.1:9/x"}, {"$dynamicRef": "#x"}, {"type": ["string"] * 50},
            {"type": "object", "discriminator": {"propertyName": "k"}, "oneOf": []}, {"allOf": []}, {"enum": []}, True,
            False, [], "string", 3, None, {"minimum": 10**400}, {"maxLength": 10**30}, {"maxItems": -1},
            {"required": ["b"] * 5000}, {"minProperties": 1000, "maxProperties": 2}, {"not": {}},
            {"contains": {"not": True}, "minContains": 999}, {"unevaluatedProperties": False, "$ref": "#/$defs/n"},
        ]
    )  # fmt: skip


CHARGES: dict[str, Made] = {
    "multiples": _multiples, "fractions": _fractions, "doubling": _doubling, "not doubled": _behind("not"),
    "names doubled": _behind("propertyNames"), "contains doubled": _behind("contains"), "if doubled": _behind("if"),
    "recursion": _recursion, "arrays": _arrays, "ambiguous": _ambiguous, "patterns": _patterns,
    "pattern keys": _pattern_keys, "lengths": _lengths, "formats": _formats, "enums": _enums, "wide": _wide,
    "deep": _deep, "long key": _long_key, "many faults": _many_faults, "brackets": _brackets, "numbers": _numbers,
    "odd": _odd,
}  # fmt: skip


# ---- ways in ----


def _one(keyword: str) -> Callable[[Schema, random.Random], Schema]:
    return lambda schema, _: {keyword: schema}


def _list(keyword: str) -> Callable[[Schema, random.Random], Schema]:
    return lambda schema, dice: {keyword: [schema] * dice.choice([1, 3, 20])}


def _named(keyword: str) -> Callable[[Schema, random.Random], Schema]:
    return lambda schema, dice: {keyword: {f"k{at}": schema for at in range(dice.choice([1, 4, 30]))}}


WAYS: dict[str, Callable[[Schema, random.Random], Schema]] = {
    **{key: _one(key) for key in ("not", "if", "then", "else", "contains", "items", "propertyNames",
                                  "additionalProperties", "unevaluatedItems", "unevaluatedProperties")},
    **{key: _list(key) for key in ("allOf", "anyOf", "oneOf", "prefixItems")},
    **{key: _named(key) for key in ("properties", "patternProperties", "dependentSchemas")},
}  # fmt: skip
