"""JSON Schema → the narrower JSON Schema a grammar is made from. Every answer to the result is an answer to the
original, save for what only validation checks (schemas/keywords.py), which is left out here.

    nullable properties    become required: null is an answer, a missing key is a riddle
    declared objects       take no other keys, unless the schema speaks of them itself
    strings, numbers,      get the bounds of `Bounds` where the schema has none: no model can run away in a
    arrays and maps        string of spaces or an endless row of digits

Pure: knows JSON Schema and nothing else. Assumes what `schemas.check` has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas import keywords
from schemas.patterns import fits_grammar

JSON = dict[str, Any]


@dataclass(frozen=True)
class Bounds:
    """What an answer may hold where its schema does not say."""

    max_chars: int = 4_000  # of a string
    max_items: int = 1_000  # of an array, and keys of a map
    max_key_chars: int = 200  # of a key that no schema declares
    max_integer: int = 10**18
    max_number: int = 10**15
    decimals: int = 9


_BOUNDED_FORMATS = frozenset({"date", "uuid", "ipv4", "ipv6"})
_SAID = ("additionalProperties", "patternProperties")
_DROPPED = keywords.VALIDATED | keywords.ANNOTATIONS


class Counts(dict[str, int]):
    """Of the schemas that meet on one value, how many declare each property. `forbids`: whether they may forbid a key
    for what else there is or is not; then none is asked for that need not be."""

    forbids = False

    def __repr__(self) -> str:
        return f"{super().__repr__()} {self.forbids}"


_PRESENCE = ("not", "if", "dependentRequired", "dependentSchemas", "maxProperties")
_ANY = "any"


class Tighten:
    """One pass over one schema. A definition is rewritten once as a whole value, and again as a part where it meets
    other schemas on the same value, because there it must not forbid the keys of the others."""

    def __init__(self, root: JSON, bounds: Bounds) -> None:
        self._root, self._bounds = root, bounds
        self._multiples = keywords.Multiples(root)
        self._names: dict[tuple[str, bool, str], str] = {}
        self._defs: JSON = {}
        self._waiting: list[tuple[str, Any, bool, Counts | None]] = []  # definitions named but not yet rewritten

    def whole(self) -> JSON:
        """The rewritten schema, self-contained."""
        top = self._value(self._root)
        while self._waiting:  # not by recursion: a long chain of definitions is no deep one
            name, target, alone, counts = self._waiting.pop()
            self._defs[name] = self._value(target) if alone else self._rewrite(target, alone=False, counts=counts)
        return {**top, "$defs": self._defs}

    def _value(self, node: Any) -> Any:
        """`node` where it alone decides about a value."""
        if isinstance(node, bool):
            return self._anything() if node else False
        if all(key in _DROPPED for key in node):
            return self._anything()
        sources = [key for key in ("$ref", "allOf", "anyOf", "oneOf") if key in node]
        beside = [("properties", *_SAID), _PRESENCE]
        meets = len(sources) > 0 and len(sources) + sum(any(key in node for key in keys) for keys in beside) > 1
        meets = meets or len(node.get("allOf", ())) > 1
        if not meets:
            return self._rewrite(node, alone=True)
        counts = self._declared(node, ())
        if counts is not None:
            counts.forbids = self._forbids_keys(node, ())
        closed = self._rewrite(node, alone=False, counts=counts)
        if counts:
            own = closed.pop("properties", {})
            closed = {"properties": {name: own.get(name, True) for name in counts}, **closed}
            closed["additionalProperties"] = False
        return closed

    def _rewrite(self, node: Any, *, alone: bool, counts: Counts | None = None) -> Any:
        """`node` keyword by keyword. `alone`: no other schema meets it on the same value. `counts`: where others
        do, how many of them declare each property; None when that is not known."""
        if isinstance(node, bool):
            return node

        def inner(item: Any) -> Any:
            return self._value(item) if alone else self._rewrite(item, alone=False)

        new: JSON = {}
        for key, value in node.items():
            if key == "$ref":
                new[key] = self._ref(value, alone, counts)
            elif key in ("allOf", "anyOf", "oneOf"):
                new[key] = [
                    self._value(one) if alone else self._rewrite(one, alone=False, counts=counts) for one in value
                ]
            elif key == "properties":
                single = {name for name in value if alone or (counts or {}).get(name) == 1}
                new[key] = {name: self._value(one) if name in single else inner(one) for name, one in value.items()}
            elif key == "patternProperties":
                new[key] = {pattern: inner(one) for pattern, one in value.items()}
            elif key in ("items", "additionalProperties"):
                new[key] = inner(value)
            elif key == "prefixItems":
                new[key] = [inner(one) for one in value]
            elif self._kept(key, value, node):
                new[key] = value
        if "enum" not in new and "const" not in new:
            self._object(new, node, alone, counts)
            lost = {key: node[key] for key in keywords.BOUNDS if key in node and key not in new}
            far = any(bound > 0 if "inimum" in key else bound < 0 for key, bound in lost.items())
            self._bound(new, far)
        return new

    def _kept(self, key: str, value: Any, node: JSON) -> bool:
        if key == "format":
            return value in keywords.GRAMMAR_FORMATS
        if key == "pattern":
            return fits_grammar(value)
        if key in ("minProperties", "maxProperties"):
            return keywords.counts_in_grammar(node)
        if key in keywords.BOUNDS:
            return keywords.bounds_in_grammar(value)
        if key == "multipleOf":
            return value in self._multiples
        return key in keywords.ENFORCED

    def _object(self, new: JSON, node: JSON, alone: bool, counts: Counts | None) -> None:
        fields = node.get("properties")
        if fields:
            listed = list(new.get("required", ()))
            forbids = self._forbids_keys(node, ()) if counts is None else counts.forbids
            nullable = [
                name
                for name, item in ({} if forbids else fields).items()
                if name not in listed and (alone or (counts or {}).get(name) == 1) and self._admits_null(item, ())
            ]
            if listed or nullable:
                new["required"] = listed + nullable
        if not alone or not (fields or "object" in _types(new)):
            return
        if fields:
            if not any(key in node for key in _SAID) and node.get("unevaluatedProperties", False) is False:
                new["additionalProperties"] = False
                for name in new.get("required", ()):  # required but not declared: it may be anything
                    new["properties"].setdefault(name, self._anything())
        elif "patternProperties" not in node and node.get("additionalProperties") is not False:
            keys = f"^(?s:.{{0,{self._bounds.max_key_chars}}})$"
            new["patternProperties"] = {keys: new.get("additionalProperties", self._anything())}
            new["additionalProperties"] = False
            new.setdefault("maxProperties", max(self._bounds.max_items, new.get("minProperties", 0)))

    def _forbids_keys(self, node: Any, seen: tuple[str, ...]) -> bool:
        """Whether `node`, or a schema that meets it, makes it depend on other keys whether a key may be there."""
        if not isinstance(node, dict):
            return False
        if any(key in node for key in _PRESENCE):
            return True
        if any(isinstance(one, dict) and "required" in one for one in node.get("oneOf", ())):
            return True
        below = [one for key in ("allOf", "anyOf", "oneOf") for one in node.get(key, ())]
        if "$ref" in node and node["$ref"] not in seen:
            seen = (*seen, node["$ref"])
            below.append(keywords.resolve(self._root, node["$ref"]))
        return any(self._forbids_keys(one, seen) for one in below)

    def _bound(self, new: JSON, far: bool) -> None:
        """`far`: every right answer is beyond the numbers a grammar can bound, so bounds of ours would rule it out."""
        types, bounds = _types(new), self._bounds
        if "string" in types and new.get("format") not in _BOUNDED_FORMATS:
            new.setdefault("maxLength", max(bounds.max_chars, new.get("minLength", 0)))
        if "array" in types:
            if "items" not in new:
                new["items"] = self._anything()
            new.setdefault("maxItems", max(bounds.max_items, new.get("minItems", 0)))
        if ("number" in types or "integer" in types) and not far:
            limit = bounds.max_number if "number" in types else bounds.max_integer
            low = new.get("minimum", new.get("exclusiveMinimum"))
            high = new.get("maximum", new.get("exclusiveMaximum"))
            if low is None:
                new["minimum"] = -limit if high is None else min(-limit, 1000 * high - limit)
            if high is None:
                new["maximum"] = limit if low is None else max(limit, 1000 * low + limit)
        if "number" in types:
            new.setdefault("multipleOf", 10.0**-bounds.decimals)

    def _ref(self, ref: str, alone: bool, counts: Counts | None) -> str:
        """The new reference for `ref`. A part is written for its site, because counts differ between sites."""
        key = (ref, alone, str(counts))
        if key not in self._names:
            self._names[key] = f"d{len(self._names)}"
            self._waiting.append((self._names[key], keywords.resolve(self._root, ref), alone, counts))
        return f"#/$defs/{self._names[key]}"

    def _anything(self) -> JSON:
        """Any JSON value, within bounds."""
        if _ANY not in self._defs:
            self._defs[_ANY] = True
            shapes = ({"type": kind} for kind in ("null", "boolean", "number", "string", "array", "object"))
            self._defs[_ANY] = {"anyOf": [self._rewrite(shape, alone=True) for shape in shapes]}
        return {"$ref": f"#/$defs/{_ANY}"}

    def _declared(self, node: Any, seen: tuple[str, ...]) -> Counts | None:
        """The properties declared for one value by all the schemas that meet there, in order, each with how many
        declare it (alternatives do not meet); None when one of them speaks of undeclared ones itself."""
        counts = Counts()
        if not isinstance(node, dict):
            return counts
        if any(key in node for key in _SAID) or node.get("unevaluatedProperties", False) is not False:
            return None
        for key, value in node.items():
            below: list[Any] = []
            if key == "$ref" and value not in seen:
                seen = (*seen, value)
                below = [keywords.resolve(self._root, value)]
            elif key in ("allOf", "anyOf", "oneOf"):
                below = value
            elif key in ("properties", "required"):
                for name in value:
                    counts[name] = counts.get(name, 0) + (key == "properties")
            together = Counts()
            for one in below:
                found = self._declared(one, seen)
                if found is None:
                    return None
                for name, times in found.items():
                    before = together.get(name, 0)
                    together[name] = max(before, times) if key in ("anyOf", "oneOf") else before + times
            for name, times in together.items():
                counts[name] = counts.get(name, 0) + times
        return counts

    def _admits_null(self, node: Any, seen: tuple[str, ...]) -> bool:
        if isinstance(node, bool):
            return node
        if "$ref" in node and (
            node["$ref"] in seen
            or not self._admits_null(keywords.resolve(self._root, node["$ref"]), (*seen, node["$ref"]))
        ):
            return False
        if "type" in node and "null" not in _types(node):
            return False
        if ("enum" in node and None not in node["enum"]) or node.get("const") is not None:
            return False
        if not all(self._admits_null(item, seen) for item in node.get("allOf", ())):
            return False
        return all(
            any(self._admits_null(item, seen) for item in node[key]) for key in ("anyOf", "oneOf") if key in node
        )


def _types(node: JSON) -> list[str]:
    kind = node.get("type", [])
    return [kind] if isinstance(kind, str) else kind
