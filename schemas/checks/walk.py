"""Visits every subschema once and says what becomes of each keyword. Compiles patterns, and nothing else; knows the
table of keywords, and no grammar and no model."""

from __future__ import annotations

from typing import Any

from schemas import keywords
from schemas.checks.compiled import pattern_fault
from schemas.checks.measure import over
from schemas.checks.names import names_in_grammar
from schemas.checks.report import Note, Path, Report, note
from schemas.checks.required import forbidden
from schemas.limits import SchemaLimits
from schemas.patterns import fault, for_grammar, measure

_NOWHERE = "points to a place where no schema stands: put it directly under $defs"
_MEETING = ("$ref", "allOf", "anyOf", "oneOf", "patternProperties")
_REQUIRED = ("minItems", "minProperties", "minLength", "minContains")
_ALLOWED = ("maxItems", "maxProperties", "maxLength", "maxContains")


class Walk:
    """One look at one schema, which is known to be one and of a size to be looked at. `schema` visits it and fills the
    report; afterwards `astray` tells of references that lead out of what was visited, and `compile` of patterns."""

    def __init__(self, root: dict[str, Any], limits: SchemaLimits, report: Report) -> None:
        self._root, self._limits, self._report = root, limits, report
        self._multiples = keywords.Multiples(root)
        self._far = _meets_far(root)
        self._properties = self._definitions = self._patterns_cost = 0
        self._patterns: dict[str, Path] = {}  # where each stands first
        self._visited: set[int] = set()
        self._targets: list[tuple[Path, int]] = []  # of references: where they stand, and what they point to
        self._ending: set[str] = set()  # references whose chain is known to end

    def schema(self, node: Any, path: Path, *, live: bool) -> None:
        """`live` is false below keywords that the grammar leaves out."""
        if not isinstance(node, dict):
            return  # `true` and `false` are schemas too
        self._visited.add(id(node))
        for key, value in node.items():
            where = (*path, key)
            refusal = self._refusal(key, value, path)
            if refusal is not None:
                self._report.refuse(refusal)
            elif key in keywords.ENFORCED or key in keywords.VALIDATED:
                if live:  # else its place is reported as a whole by the keyword above it
                    self._judge(key, value, node, where)
            elif key == keywords.CHECKED and isinstance(value, str):
                self._report.say("validated", where, f"is checked in the answer only, by the model in Python: {value}")
            elif key == keywords.PRINTED:
                if not isinstance(value, bool):
                    self._report.refuse(note(where, "is true or false: whether the value has to stand in the document"))
                elif live and value:
                    what = "key" if path[-1:] == ("propertyNames",) else "value"
                    self._report.say("enforced", where, f"a {what} is one that the document prints")
            elif key not in keywords.ANNOTATIONS:
                self._report.say("ignored", where, "is not a keyword of JSON Schema")
            self._below(key, value, where, live=live and self._live_below(key, node))

    def _live_below(self, key: str, node: dict[str, Any]) -> bool:
        if key == "propertyNames":
            names = node[key]
            only_printed = isinstance(names, dict) and names.keys() == {keywords.PRINTED}
            return only_printed or names_in_grammar(self._root, node) is not None
        return key not in keywords.VALIDATED

    def astray(self) -> None:
        """References to what is no schema of the document, be it one by its looks: nothing above has judged it."""
        for where, target in self._targets:
            if target not in self._visited:
                self._report.refuse(note(where, _NOWHERE))

    def compile(self) -> None:
        """Each pattern by itself, if they are within the budget: a schema that is refused for it costs no more."""
        if self._patterns_cost > self._limits.max_patterns_cost:
            return
        for pattern, where in self._patterns.items():
            if why := pattern_fault(pattern):
                self._report.refuse(note(where, why))

    def _below(self, key: str, value: Any, path: Path, *, live: bool) -> None:
        if key in keywords.ONE:
            self.schema(value, path, live=live)
        elif key in keywords.MANY and isinstance(value, list):
            for at, item in enumerate(value):
                self.schema(item, (*path, at), live=live)
        elif key in keywords.NAMED and isinstance(value, dict):
            for name, item in value.items():
                self.schema(item, (*path, name), live=live)

    def _judge(self, key: str, value: Any, node: dict[str, Any], where: Path) -> None:
        say = self._report.say
        if key == "pattern" and fault(value):
            return  # told by `compile`
        if key == "required":
            for at, why in forbidden(node):
                self._report.refuse(note((*where, at), why))
        if key in keywords.VALIDATED:
            say("validated", where, "is checked when the answer is complete")
        elif key == "format" and value not in keywords.GRAMMAR_FORMATS:
            if value in keywords.VALIDATOR_FORMATS:
                say("validated", where, f"the format {value} is checked when the answer is complete")
            else:
                say("ignored", where, "is not a format known here; nothing checks it")
        elif key == "format" and not keywords.format_in_grammar(node):
            say("validated", where, "the grammar follows the pattern beside it: checked in the answer only")
        elif key == "pattern" and not keywords.pattern_in_grammar(node):
            say("validated", where, "the grammar follows the format beside it: checked in the answer only")
        elif key == "pattern" and for_grammar(value) is None:
            say("validated", where, "has an anchor or word boundary inside: checked in the answer only")
        elif key in ("minProperties", "maxProperties") and not keywords.counts_in_grammar(node):
            say("validated", where, "is enforced only where every declared property is required")
        elif key == "minProperties" and not keywords.keys_differ(node):
            say("validated", where, "a key that is written twice counts once: checked in the answer only")
        elif not keywords.digits_in_grammar(key, value):
            say("validated", where, "has more digits than the grammar holds: the last are checked in the answer only")
        elif key == "multipleOf" and (value not in self._multiples or keywords.beyond(node) or self._far):
            say("validated", where, "is more than the grammar counts to: checked in the answer only")
        elif key == "propertyNames" and not self._live_below(key, node):
            say("validated", where, "is checked when the answer is complete")
        elif key == "oneOf":
            say("enforced", where, "one of the options is enforced")
            say("validated", where, "that no second option fits is checked when the answer is complete")
        else:
            say("enforced", where, f"{key} is enforced")

    def _refusal(self, key: str, value: Any, path: Path) -> Note | None:
        where, limits = (*path, key), self._limits
        if key in keywords.REFUSED:
            return note(where, keywords.REFUSED[key], "unsupported_keyword")
        if key == "$id" and path:
            return note(where, "only the whole document may have an $id", "unsupported_keyword")
        if key == "$ref":
            return self._ref(value, where)
        if key == "enum" and len(value) > limits.max_enum:
            return over(where, "values", limits, "max_enum", len(value))
        if key == "pattern":
            return self._pattern(value, where)
        if key == "patternProperties":
            return next(filter(None, (self._pattern(one, (*where, one), name=True) for one in value)), None)
        if key in _REQUIRED and value > limits.max_required_repeat:
            return over(where, "required", limits, "max_required_repeat", value)
        if key in _ALLOWED and value > limits.max_repeat:
            return over(where, "allowed", limits, "max_repeat", value)
        if key == "properties":
            self._properties += len(value)
            if self._properties > limits.max_properties:
                return over(where, "properties in all", limits, "max_properties")
        if key in keywords.DEFINITIONS:
            self._definitions += len(value)
            if self._definitions > limits.max_definitions:
                return over(where, "definitions", limits, "max_definitions", self._definitions)
        return None

    def _ref(self, value: str, where: Path) -> Note | None:
        if value != "#" and not value.startswith("#/"):
            return note(where, "points outside the document: nothing is fetched", "unsupported_keyword")
        try:
            target = keywords.resolve(self._root, value)
        except KeyError:
            return note(where, "points to nothing in the document")
        if not isinstance(target, dict | bool):
            return note(where, "does not point to a schema")
        if isinstance(target, dict):
            self._targets.append((where, id(target)))
        return note(where, "leads in a circle") if self._circles(value) else None

    def _circles(self, ref: str) -> bool:
        """Whether the chain of nothing but references that begins here never ends."""
        chain: set[str] = set()
        while ref not in self._ending:
            if ref in chain:
                return True
            chain.add(ref)
            try:
                target = keywords.resolve(self._root, ref)
            except KeyError:
                break  # reported where it stands
            if not isinstance(target, dict) or not isinstance(target.get("$ref"), str):
                break
            ref = target["$ref"]
        self._ending |= chain
        return False

    def _pattern(self, pattern: str, where: Path, *, name: bool = False) -> Note | None:
        limits = self._limits
        if len(pattern) > limits.max_pattern_chars:
            return over(where, "characters", limits, "max_pattern_chars", len(pattern))
        if pattern in self._patterns and not name:  # compiled once, however often it is there
            return None
        measured = measure(pattern)
        if measured.size > limits.max_pattern_size:
            return over(where, "repeats written out", limits, "max_pattern_size")
        self._patterns_cost += measured.cost
        if self._patterns_cost > limits.max_patterns_cost:
            what = r"for all patterns (a letter costs 1, \p{…} costs 700, each times its repeats)"
            return over(where, what, limits, "max_patterns_cost")
        self._patterns[pattern] = where
        if name and for_grammar(pattern) is None and not pattern_fault(pattern):
            return note(where, "has an anchor or word boundary inside, which a name's pattern cannot have")
        return None


def _meets_far(root: dict[str, Any]) -> bool:
    """Whether numbers farther than a grammar counts may be meant where schemas meet: which do is not looked for."""
    far = any(keywords.beyond({key: one}) for key in keywords.BOUNDS for one in keywords.values_of(root, key))
    return far and any(True for key in _MEETING for _ in keywords.values_of(root, key))
