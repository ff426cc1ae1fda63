"""The keys of an object that `properties` does not name: which ones, how long, how many."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from extractor.grammar.narrow.anything import a_map
from extractor.grammar.narrow.bounds import Bounds
from schemas import keywords
from schemas.checks.compiled import matches
from schemas.checks.names import names_in_grammar, pattern_of
from schemas.patterns import begin_apart, bounded, unbounded

JSON = dict[str, Any]
_MOST_LISTED = 300  # names as properties: of more, llguidance 1.9.1 has too many to come next


class Keys:
    """Of one schema. `open`: whether keys are left to the grammar's own idea of all others, which takes every escape
    of JSON, so that a declared name could be written another way."""

    def __init__(self, root: JSON, bounds: Bounds) -> None:
        self._root, self._bounds = root, bounds
        self.open = False
        declared = [name for names in keywords.values_of(root, "properties") for name in names]
        self.longest = max([bounds.max_key_chars, *map(len, declared)])  # characters of any key
        said = ("patternProperties", "propertyNames")
        self.patterned = any(True for key in said for _ in keywords.values_of(root, key))

    def patterned_names(self, node: JSON) -> set[str]:
        """The properties of an object that its patterns speak of too."""
        patterns = node.get("patternProperties", ())
        return {name for name in node.get("properties", ()) if any(matches(pattern, name) for pattern in patterns)}

    def patterns(self, given: JSON, *, endless: bool) -> JSON:
        """`patternProperties`, with no key without an end where that leaves it plain that no key has two of them, and
        where keys without a pattern are not `endless`: then those that are longer would have none."""
        if not endless and all(begin_apart(one, other) for one, other in combinations(given, 2)):
            return {self._bounded(pattern): values for pattern, values in given.items()}
        return {unbounded(pattern): values for pattern, values in given.items()}

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
        if "patternProperties" not in new and not self.patterned:
            new["patternProperties"] = {f"^(?s:.{{{self.longest + 1},}})$": False}
        new["additionalProperties"] = values

    def _bounded(self, pattern: str) -> str:
        return bounded(pattern, self._bounds.max_key_chars)
