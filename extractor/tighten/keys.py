"""The keys of an object that `properties` does not name: which ones, how long, how many."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from extractor.tighten.anything import a_map
from extractor.tighten.bounds import Bounds
from schemas.checks.names import names_in_grammar, pattern_of
from schemas.patterns import begin_apart, bounded, for_grammar

JSON = dict[str, Any]
_MOST_LISTED = 300  # names as properties: of more, llguidance 1.9.1 has too many to come next


class Keys:
    """Of one schema. `open`: whether keys are left to the grammar's own idea of all others, which takes every escape
    of JSON, so that a declared name could be written another way."""

    def __init__(self, root: JSON, bounds: Bounds) -> None:
        self._root, self._bounds = root, bounds
        self.open = False

    def patterns(self, given: JSON) -> JSON:
        """`patternProperties`, with no key without an end where that leaves it plain that no key has two of them."""
        if all(begin_apart(one, other) for one, other in combinations(given, 2)):
            return {self._bounded(pattern): values for pattern, values in given.items()}
        return {for_grammar(pattern) or pattern: values for pattern, values in given.items()}

    def named(self, node: JSON, values: Any) -> JSON | None:
        """The keywords of an object whose keys `propertyNames` says; None where that is not for a grammar."""
        names = names_in_grammar(self._root, node)
        if names is None:
            return None
        counted = "minProperties" in node or "maxProperties" in node
        if names.listed is not None and len(names.listed) <= _MOST_LISTED and not counted:
            return {"properties": dict.fromkeys(names.listed, values), "additionalProperties": False}
        if names.listed == ():
            return {"additionalProperties": False}
        pattern = pattern_of(names) if names.listed is not None else self._bounded(names.pattern)
        made = a_map(values, self._bounds, node.get("minProperties", 0))
        return {**made, "patternProperties": {pattern: values}}

    def others(self, new: JSON, values: Any) -> None:
        """Lets `new` have other keys than it names, of `values`; none of them endless, but beside patterns."""
        self.open = True
        if "patternProperties" not in new:
            most = max(self._bounds.max_key_chars, *map(len, new.get("properties", ())))
            new["patternProperties"] = {f"^(?s:.{{{most + 1},}})$": False}
        new["additionalProperties"] = values

    def _bounded(self, pattern: str) -> str:
        return bounded(pattern, self._bounds.max_key_chars)
