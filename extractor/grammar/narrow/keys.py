"""The keys of an object that `properties` does not name: which ones, how long, how many."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from extractor.grammar.narrow.anything import a_map
from extractor.grammar.narrow.bounds import Bounds
from extractor.grammar.narrow.marks import KEYS, OTHERS
from schemas import keywords
from schemas.checks.compiled import matches
from schemas.checks.names import Names, pattern_of
from schemas.patterns import begin_apart, bounded, for_grammar, unbounded

JSON = dict[str, Any]
_MOST_LISTED = 300  # names as properties: of more, llguidance 1.9.1 has too many to come next


class Keys:
    """Of one schema. `open`: whether keys are left to the grammar's own idea of all others, which takes every escape
    of JSON, so that a declared name could be written another way."""

    def __init__(self, root: JSON, bounds: Bounds) -> None:
        self._bounds = bounds
        self.open = False
        declared = [name for names in keywords.values_of(root, "properties") for name in names]
        self.longest = max([bounds.max_key_chars, *map(len, declared)])  # characters of any key
        open_keywords = ("patternProperties", "propertyNames")
        self.patterned = any(True for key in open_keywords for _ in keywords.values_of(root, key))

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

    def named(self, node: JSON, names: Names, values: Any) -> JSON:
        """The keywords of an object whose keys are `names`."""
        counted = "minProperties" in node or "maxProperties" in node
        if names.listed is not None and len(names.listed) <= _MOST_LISTED and not counted:
            return {"properties": dict.fromkeys(names.listed, values), "additionalProperties": False}
        if names.listed == ():
            return {"additionalProperties": False}
        pattern = pattern_of(names)
        if names.listed is None:  # what has to be printed ends with the document
            pattern = str(for_grammar(pattern)) if KEYS in node else self._bounded(pattern)
        limits = a_map(values, self._bounds, node.get("minProperties", 0))
        return {**limits, "patternProperties": {pattern: values}}

    def others(self, new: JSON, values: Any, *, endless: bool = False) -> None:
        """Lets `new` have other keys than it names, of `values`; none of them endless, but beside patterns and where
        `endless` says so: llguidance does not see that keys so long are none of another schema that meets it."""
        self.open = True
        if not endless and "patternProperties" not in new and not self.patterned:
            new["patternProperties"] = {f"^(?s:.{{{self.longest + 1},}})$": False}
        new["additionalProperties"] = values

    def count(self, new: JSON, patterns: list[str], *, unheld: bool) -> None:
        """As many keys that nobody declares as an array has items, where the schema says nothing else. `unheld`: JSON
        Schema does not say how long they are."""
        all_required, fields = keywords.counts_in_grammar(new), len(new.get("properties", ()))
        least = new.get("minProperties", 0)
        most = new.get("maxProperties", max(fields + self._bounds.max_items, least))
        if all_required:
            new["maxProperties"] = most
        kept = list(new.get("patternProperties", ()))[: len(patterns)]
        if len(kept) == len(patterns) and most >= fields:
            new[OTHERS] = {
                "least": max(0, least - fields),
                "most": most - fields,
                "chars": self.longest,
                "patterns": dict(zip(patterns, kept, strict=True)),
                "needed": unheld or not all_required,
            }

    def _bounded(self, pattern: str) -> str:
        return bounded(pattern, self._bounds.max_key_chars)
