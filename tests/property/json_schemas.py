"""JSON Schemas by chance, of every keyword."""
# ruff: noqa: E501 - tables

from __future__ import annotations

import random
from typing import Any

from schemas import keywords

JSON = dict[str, Any]

PATTERNS = [
    "^[A-Z]{3}$", r"^\d{2}-\d{3}$", r"^\p{Lu}\p{L}+$", r"^[^[\]]+$", r"^[a&&b~~[-]+$", r"^\<[a-z]+\>$", "b+", r"\d\d", "^x", "y$",
    r"^(?<year>\d{4})(-\d\d)?$", r"^[\w.-]+@[\w.-]+\.\w{2,}$", r"^\S+( \S+)*$", r"(^|,)a(,|$)", r"^[^\"\\]*$", r"^\s*\S",
    r"^\u{41}[\uD83D\uDE00-\uD83D\uDE4F]?$", "^(a|b|)$", r"^[\x00-\x7f]*$", r"^.{3,8}$", r"^(?i)eur|usd$", r"\bcat\b", "",
    r"^[+-]?\d+(\.\d{1,2})?$", r"^([01]\d|2[0-3]):[0-5]\d$", r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", r"^\W+\w$", r"^[^\n]*\n?$",
]  # fmt: skip
NAMES = ["a", "b", "c d", "é", "x/y", "t~z", "type", '"q"', "a\\b", "0"]
TEXTS = ["", "a", "EUR", "two words", "Grüße", '"', "\\", "line\nend", "😀", "null", "1", "\u2028", "/"]
NUMBERS = [
    0, 1, -1, 3.5, 0.1, -2.25, 1e-7, 12345.678, 2**53, 2**53 + 1, -(2**53) - 1, 10**15, 10**18, 10**19, 1e20, 10, 1e30, -1e22,
    1.5e300, 123456789012345678901234567890, -(10**25) - 3, 1.2345678901234567e23, 2**64, 0.12345678901234568,
]  # fmt: skip
STEPS = [1, 2, 5, 7, 10, 100, 0.01, 0.1, 0.5, 0.25, 1e-3, 3, 1.5, 999, 2.5]


class SchemaMaker:
    """Each `schema` is another; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._defs: list[str] = []

    def whole(self) -> JSON:
        self._defs = [f"d{at}" for at in range(self._dice.randint(0, 3))]
        root = self._object(0)
        if self._defs:
            root["$defs"] = {name: self.schema(1) for name in self._defs}
        return root

    def schema(self, depth: int) -> Any:
        dice = self._dice
        kinds = [self._string, self._string, self._integer, self._number, self._choice, self._plain, self._untyped]
        if depth < 3:
            kinds += [self._array, self._object, self._map, self._union, self._meeting, self._listed]
        if self._defs and depth:
            kinds += [self._reference]
        schema = dice.choice(kinds)(depth)
        if isinstance(schema, dict) and dice.random() < 0.08:
            schema |= {"title": "T", "default": 1, "examples": [None], "x-note": True, "$comment": "c"}
        return schema

    def _some(self, chance: float = 0.5) -> bool:
        return self._dice.random() < chance

    def _lengths(self, least: str, most: str, top: int) -> JSON:
        low, high = sorted(self._dice.randint(0, top) for _ in range(2))
        return {**({least: low} if self._some() else {}), **({most: max(high, 1)} if self._some() else {})}

    def _string(self, _: int) -> JSON:
        dice, schema = self._dice, {"type": "string"}
        kind = dice.randrange(6)
        if kind in (0, 4):
            schema["pattern"] = dice.choice(PATTERNS)
        if kind in (1, 4):
            schema["format"] = dice.choice(sorted(keywords.GRAMMAR_FORMATS | keywords.VALIDATOR_FORMATS))
        if kind in (2, 5) or self._some(0.15):
            schema |= self._lengths("minLength", "maxLength", dice.choice((3, 12, 60)))
        if self._some(0.1):
            schema["not"] = {"const": "a"}
        return schema

    def _integer(self, _: int) -> JSON:
        schema: JSON = {"type": "integer", **self._limits()}
        if self._some(0.3):
            schema["multipleOf"] = self._dice.choice([step for step in STEPS if step == int(step)])
        return schema

    def _number(self, _: int) -> JSON:
        schema: JSON = {"type": "number", **self._limits()}
        if self._some(0.4):
            schema["multipleOf"] = self._dice.choice(STEPS)
        return schema

    def _limits(self) -> JSON:
        low, high = sorted(self._dice.choice(NUMBERS) * self._dice.choice((1, 1, -1)) for _ in range(2))
        schema: JSON = {}
        if self._some():
            schema[self._dice.choice(("minimum", "exclusiveMinimum"))] = low
        if self._some():
            schema[self._dice.choice(("maximum", "exclusiveMaximum"))] = high + self._dice.choice((0, 1, 100))
        return schema

    def _value(self, depth: int = 0) -> Any:
        dice = self._dice
        kind = dice.randrange(7 if depth < 2 else 5)
        if kind == 6 and not depth and self._some(0.2):
            return {f"k{at}": dice.choice(TEXTS) for at in range(dice.choice((30, 200)))}
        if kind < 2:
            return dice.choice(TEXTS)
        if kind < 4:
            return dice.choice(NUMBERS)
        if kind == 4:
            return dice.choice([None, True, False])
        if kind == 5:
            return [self._value(depth + 1) for _ in range(dice.randint(0, 2))]
        return {dice.choice(NAMES): self._value(depth + 1) for _ in range(dice.randint(0, 2))}

    def _choice(self, _: int) -> JSON:
        schema: JSON = {"const": self._value()}
        if self._some(0.7):
            schema = {"enum": [self._value() for _ in range(self._dice.randint(1, 5))]}
        if self._some(0.2):
            schema["type"] = ["string", "number", "null", "boolean", "array", "object"]
        return schema

    def _plain(self, _: int) -> JSON:
        return {"type": self._dice.choice(["boolean", "null", "integer", "number", "string"])}

    def _listed(self, depth: int) -> JSON:
        kinds = self._dice.sample(["string", "null", "integer", "number", "boolean", "array", "object"], 2)
        schema: JSON = {"type": kinds, **self._lengths("minLength", "maxLength", 8)}
        if "array" in kinds:
            schema |= {"items": self.schema(depth + 1), "maxItems": 3}
        if self._some(0.3):
            schema |= self._limits()
        return schema

    def _untyped(self, depth: int) -> Any:
        dice = self._dice
        options: list[Any] = [
            {}, True, {"minLength": 1}, {"maxLength": 3}, {"minimum": 3}, {"maximum": 3.5}, {"pattern": dice.choice(PATTERNS)},
            {"format": dice.choice(sorted(keywords.GRAMMAR_FORMATS))}, {"multipleOf": dice.choice(STEPS)}, {"minItems": 1},
            {"required": ["a"]}, {"properties": {"a": {"type": "integer"}}}, {"items": {"type": "integer"}, "maxItems": 2},
            {"prefixItems": [{"type": "string"}], "items": False}, {"additionalProperties": {"type": "integer"}},
            {"minProperties": 1, "maxProperties": 2}, {"uniqueItems": True}, self._limits(),
        ]  # fmt: skip
        return dice.choice(options) if depth else {"minLength": 1}

    def _array(self, depth: int) -> JSON:
        schema: JSON = {"type": "array"}
        if self._some(0.8):
            schema["items"] = self.schema(depth + 1)
        if self._some(0.3):
            schema["prefixItems"] = [self.schema(depth + 1) for _ in range(self._dice.randint(1, 3))]
            if self._some(0.3):
                schema["items"] = False
        schema |= self._lengths("minItems", "maxItems", 5)
        for key, value in (
            ("uniqueItems", True), ("contains", {"type": "integer"}), ("unevaluatedItems", False), ("minContains", 1)
        ):  # fmt: skip
            if self._some(0.07):
                schema[key] = value
        return schema

    def _object(self, depth: int) -> JSON:
        dice = self._dice
        names = dice.sample(NAMES, dice.randint(1, 3))
        schema: JSON = {"type": "object", "properties": {name: self.schema(depth + 1) for name in names}}
        if self._some(0.7):
            schema["required"] = [name for name in names if self._some(0.6)]
        if self._some(0.25):
            schema["additionalProperties"] = dice.choice([False, True, {"type": "integer"}, self.schema(depth + 1)])
        if self._some(0.12):
            schema["patternProperties"] = {dice.choice(PATTERNS): self.schema(depth + 1)}
        rare: JSON = {
            "minProperties": 1, "maxProperties": 3, "propertyNames": {"maxLength": 5}, "unevaluatedProperties": False,
            "dependentRequired": {names[0]: [names[-1]]}, "dependentSchemas": {names[0]: {"required": names}},
            "not": {"required": ["zz"]},
        }  # fmt: skip
        for key, value in rare.items():
            if self._some(0.04):
                schema[key] = value
        if self._some(0.05):
            schema |= {"if": {"required": [names[0]]}, "then": {"required": names}, "else": {}}
        return schema

    def _map(self, depth: int) -> JSON:
        schema: JSON = {"type": "object", **self._lengths("minProperties", "maxProperties", 4)}
        if self._some(0.8):
            schema["additionalProperties"] = self.schema(depth + 1)
        if self._some(0.3):
            schema["patternProperties"] = {"^[a-c]+$": self.schema(depth + 1)}
        if self._some(0.2):
            schema["propertyNames"] = self._dice.choice(
                [{"enum": ["EUR", "USD"]}, {"pattern": "^[A-Z]{3}$"}, {"maxLength": 4}]
            )
        return schema

    def _union(self, depth: int) -> JSON:
        options = [self.schema(depth + 1) for _ in range(self._dice.randint(1, 3))]
        if self._some(0.3):
            options.append({"type": "null"})
        if self._some(0.3):
            return {self._dice.choice(("anyOf", "oneOf")): options, **self._string(depth)}
        if self._some(0.25):
            tags = [{"const": name} for name in ("x", "y")]
            return {
                self._dice.choice(("anyOf", "oneOf")): [
                    {"type": "object", "properties": {"kind": tag, "v": self.schema(depth + 1)}, "required": ["kind"]}
                    for tag in tags
                ]
            }
        return {self._dice.choice(("anyOf", "oneOf")): options}

    def _meeting(self, depth: int) -> JSON:
        dice = self._dice
        kind = dice.randrange(4)
        if kind == 0:
            return {"allOf": [self._object(depth + 1), self._object(depth + 1)]}
        if kind == 1:
            return {**self._object(depth), "anyOf": [{"required": ["a"]}, self._object(depth + 1)]}
        if kind == 2:
            return {"allOf": [self._integer(depth), self._number(depth)]}
        return {"allOf": [{"type": "string"}, {"pattern": dice.choice(PATTERNS)}, {"maxLength": 20}]}

    def _reference(self, _: int) -> JSON:
        schema: JSON = {"$ref": "#" if self._some(0.1) else f"#/$defs/{self._dice.choice(self._defs)}"}
        if self._some(0.3):
            return {"type": "array", "items": schema, **self._lengths("minItems", "maxItems", 2)}
        if self._some(0.2):
            return {
                "type": "object",
                "properties": {"next": schema, "x": {"type": "integer"}},
                "additionalProperties": schema,
            }
        return {"anyOf": [schema, {"type": "null"}]} if self._some() else schema
