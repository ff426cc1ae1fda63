"""Judges a JSON Schema without compiling it: within the limits? which keywords does the grammar enforce, which does
only validation check, which are refused? Each answer has its JSON pointer into the schema.

Never raises and never recurses deeper than `LIMITS.max_depth`, whatever it is given. Knows no model and no grammar;
the table of keywords was measured against them (keywords.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jsonschema_rs

from schemas import keywords
from schemas.errors import pointer
from schemas.limits import LIMITS, Limits
from schemas.patterns import fits_grammar, pattern_size


@dataclass(frozen=True)
class Note:
    """One keyword's fate. `code` says why a refused one is refused, as the errors' codes do; `limit` which of `Limits`
    it is over, and how much that is."""

    pointer: str
    detail: str
    code: str = "invalid_schema"
    limit: tuple[str, int] | None = None


@dataclass
class Report:
    """`ok` is false when anything is refused."""

    enforced: list[Note] = field(default_factory=list)
    validated: list[Note] = field(default_factory=list)
    refused: list[Note] = field(default_factory=list)
    ignored: list[Note] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.refused

    def as_json(self) -> dict[str, Any]:
        def rows(notes: list[Note]) -> list[dict[str, str]]:
            return [{"pointer": note.pointer, "detail": note.detail} for note in notes]

        return {
            "ok": self.ok,
            "enforced": rows(self.enforced),
            "validated": rows(self.validated),
            "refused": rows(self.refused),
            "ignored": rows(self.ignored),
        }


def check(json_schema: object, limits: Limits = LIMITS) -> Report:
    """The report on any value offered as a JSON Schema."""
    report = Report()
    report.refused = list(_measure(json_schema, limits))
    if not report.ok:
        return report
    assert isinstance(json_schema, dict)  # _measure refuses anything else
    report.refused = list(_meta(json_schema))
    if not report.ok:
        return report
    walk = _Walk(json_schema, limits, report)
    walk.schema(json_schema, (), live=True)
    report.refused.extend(walk.astray())
    if report.ok:
        report.refused.extend(_root(json_schema))
        report.refused.extend(_expansion(json_schema, limits))
    if report.ok:
        report.refused.extend(_compile(json_schema))
    return report


def _measure(root: object, limits: Limits) -> Iterator[Note]:
    """Is it JSON at all, and of a size that the rest may look at? Breadth first, so no depth is too deep."""
    if not isinstance(root, dict):
        yield Note("", "a schema is a JSON object")
        return
    level: list[tuple[str, Any]] = [("", root)]
    values = 0
    for _ in range(limits.max_depth):
        below: list[tuple[str, Any]] = []
        for where, node in level:
            if isinstance(node, dict):
                if not all(isinstance(key, str) for key in node):
                    yield Note(where, "the keys of a JSON object are strings")
                    return
                below.extend((where + pointer(key), item) for key, item in node.items())
            elif isinstance(node, list):
                below.extend((where + pointer(at), item) for at, item in enumerate(node))
            elif not isinstance(node, str | int | float | bool | None):
                yield Note(where, f"a {type(node).__name__} is not a JSON value")
                return
            if values + len(below) > limits.max_values:
                yield _over("", "JSON values", limits, "max_values")
                return
        values += len(below)
        level = below
        if not level:
            break
    else:
        yield _over(level[0][0], "levels of nesting", limits, "max_depth")
        return
    try:
        size = len(json.dumps(root, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # NaN, infinity, or a lone surrogate that UTF-8 cannot hold
        yield Note("", "holds a number or a character that JSON does not have")
        return
    if size > limits.max_bytes:
        yield _over("", "bytes", limits, "max_bytes", size)


def _meta(root: dict[str, Any]) -> Iterator[Note]:
    dialect = root.get("$schema")
    if dialect is not None and (not isinstance(dialect, str) or dialect.rstrip("#") not in keywords.DIALECTS):
        yield Note("/$schema", "is not a dialect known here: leave it out, or name draft 2020-12")
        return
    try:
        jsonschema_rs.meta.validate({**root, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    except jsonschema_rs.ValidationError as error:
        yield Note(pointer(*error.instance_path), error.message[:300])
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        yield Note("", str(error).splitlines()[0])


class _Walk:
    """Visits every subschema once. `live` is false below keywords that the grammar leaves out."""

    def __init__(self, root: dict[str, Any], limits: Limits, report: Report) -> None:
        self._root, self._limits, self._report = root, limits, report
        self._properties = self._definitions = 0
        self._visited: set[int] = set()
        self._targets: list[tuple[str, int]] = []  # of references: where they stand, and what they point to

    def astray(self) -> Iterator[Note]:
        """References to what is no schema of the document, be it one by its looks: nothing above has judged it."""
        for where, target in self._targets:
            if target not in self._visited:
                yield Note(where, "points to a place where no schema stands: put it directly under $defs")

    def schema(self, node: Any, path: tuple[object, ...], *, live: bool) -> None:
        if not isinstance(node, dict):
            return  # `true` and `false` are schemas too
        self._visited.add(id(node))
        for key, value in node.items():
            where = pointer(*path, key)
            refusal = self._refusal(key, value, path)
            if refusal is not None:
                self._report.refused.append(refusal)
            elif key in keywords.ENFORCED or key in keywords.VALIDATED:
                self._judge(key, value, node, where, live=live)
            elif key not in keywords.ANNOTATIONS:
                self._report.ignored.append(Note(where, "is not a keyword of JSON Schema"))
            self._below(key, value, (*path, key), live=live and key not in keywords.VALIDATED)

    def _below(self, key: str, value: Any, path: tuple[object, ...], *, live: bool) -> None:
        if key in keywords.ONE:
            self.schema(value, path, live=live)
        elif key in keywords.MANY and isinstance(value, list):
            for at, item in enumerate(value):
                self.schema(item, (*path, at), live=live)
        elif key in keywords.NAMED and isinstance(value, dict):
            for name, item in value.items():
                self.schema(item, (*path, name), live=live)

    def _judge(self, key: str, value: Any, node: dict[str, Any], where: str, *, live: bool) -> None:
        report = self._report
        if not live:
            return  # its place is reported as a whole by the keyword above it
        if key in keywords.VALIDATED:
            report.validated.append(Note(where, "is checked when the answer is complete"))
        elif key == "format" and value not in keywords.GRAMMAR_FORMATS:
            if value in keywords.VALIDATOR_FORMATS:
                report.validated.append(Note(where, f"the format {value} is checked when the answer is complete"))
            else:
                report.ignored.append(Note(where, "is not a format known here; nothing checks it"))
        elif key == "pattern" and not fits_grammar(value):
            report.validated.append(Note(where, "has an anchor or word boundary inside: checked in the answer only"))
        elif key in ("minProperties", "maxProperties") and not keywords.counts_in_grammar(node):
            report.validated.append(Note(where, "is enforced only where every declared property is required"))
        elif key in keywords.BOUNDS and not keywords.bounds_in_grammar(value):
            report.validated.append(Note(where, "is too far for the grammar: checked in the answer only"))
        elif key == "oneOf":
            report.enforced.append(Note(where, "one of the options is enforced"))
            report.validated.append(Note(where, "that no second option fits is checked when the answer is complete"))
        else:
            report.enforced.append(Note(where, f"{key} is enforced"))

    def _refusal(self, key: str, value: Any, path: tuple[object, ...]) -> Note | None:
        where, limits = pointer(*path, key), self._limits
        if key in keywords.REFUSED:
            return Note(where, keywords.REFUSED[key], "unsupported_keyword")
        if key == "$id" and path:
            return Note(where, "only the whole document may have an $id", "unsupported_keyword")
        if key == "$ref":
            return self._ref(value, where)
        if key == "enum" and len(value) > limits.max_enum:
            return _over(where, "values", limits, "max_enum", len(value))
        if key == "pattern":
            return self._pattern(value, where)
        if key == "patternProperties":
            return next(filter(None, (self._pattern(one, where + pointer(one), name=True) for one in value)), None)
        if key in ("minItems", "minProperties", "minLength", "minContains") and value > limits.max_required_repeat:
            return _over(where, "required", limits, "max_required_repeat", value)
        if key in ("maxItems", "maxProperties", "maxLength", "maxContains") and value > limits.max_repeat:
            return _over(where, "allowed", limits, "max_repeat", value)
        if key == "properties":
            self._properties += len(value)
            if self._properties > limits.max_properties:
                return _over(where, "properties in all", limits, "max_properties")
        if key in ("$defs", "definitions"):
            self._definitions += len(value)
            if self._definitions > limits.max_definitions:
                return _over(where, "definitions", limits, "max_definitions", self._definitions)
        return None

    def _ref(self, value: str, where: str) -> Note | None:
        if value != "#" and not value.startswith("#/"):
            return Note(where, "points outside the document: nothing is fetched", "unsupported_keyword")
        try:
            target = keywords.resolve(self._root, value)
        except KeyError:
            return Note(where, "points to nothing in the document")
        if not isinstance(target, dict | bool):
            return Note(where, "does not point to a schema")
        if isinstance(target, dict):
            self._targets.append((where, id(target)))
        seen = set()
        while isinstance(target, dict) and "$ref" in target:  # a chain of nothing but references must end
            step = target["$ref"]
            if not isinstance(step, str):
                break  # no schema stands here
            if step in seen:
                return Note(where, "leads in a circle")
            seen.add(step)
            try:
                target = keywords.resolve(self._root, step)
            except KeyError:
                break  # reported where it stands
        return None

    def _pattern(self, pattern: str, where: str, *, name: bool = False) -> Note | None:
        limits = self._limits
        if len(pattern) > limits.max_pattern_chars:
            return _over(where, "characters", limits, "max_pattern_chars", len(pattern))
        if pattern_size(pattern) > limits.max_pattern_size:
            return _over(where, "repeats written out", limits, "max_pattern_size")
        if fault := _pattern_fault(pattern):
            return Note(where, fault)
        if name and not fits_grammar(pattern):
            return Note(where, "has an anchor or word boundary inside, which a name's pattern cannot have")
        return None


@lru_cache(maxsize=1024)
def _pattern_fault(pattern: str) -> str:
    """Why no engine here matches it; empty when they do. An engine that backtracks tells the two reasons apart."""
    if _parses(pattern, jsonschema_rs.RegexOptions()):
        return ""
    if _parses(pattern, jsonschema_rs.FancyRegexOptions()):
        return "is not a pattern matched in linear time (no look-around, no backreferences)"
    return "is not a regular expression"


def _parses(pattern: str, engine: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=engine)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _root(root: dict[str, Any]) -> Iterator[Note]:
    node: Any = root
    for _ in range(LIMITS.max_depth):
        if not isinstance(node, dict):
            break
        if "$ref" in node:
            node = keywords.resolve(root, node["$ref"])
        elif "type" not in node and len(node.get("allOf", ())) == 1:
            node = node["allOf"][0]
        else:
            break
    if not isinstance(node, dict) or node.get("type", "object" if "properties" in node else None) != "object":
        yield Note("", 'the top level must be an object: "type": "object"')


def _expansion(root: dict[str, Any], limits: Limits) -> Iterator[Note]:
    """The fields a prompt would show, where each use of a definition is written out again. The walk is the
    prompt's own (a recursive use ends it), with a budget: definitions that double each other end here."""
    budget = limits.max_expanded
    stack: list[tuple[Any, frozenset[str], int]] = [(root, frozenset(), 0)]
    while stack:
        node, open_refs, depth = stack.pop()
        if not isinstance(node, dict):
            continue
        budget -= 1
        if budget < 0:
            yield _over("", "fields and options with every $ref written out", limits, "max_expanded")
            return
        if depth > limits.max_depth:
            yield _over("", "levels with every $ref written out", limits, "max_depth")
            return
        ref = node.get("$ref")
        if ref is not None and ref not in open_refs:
            stack.append((keywords.resolve(root, ref), open_refs | {ref}, depth + 1))
        for key in ("properties", "anyOf", "oneOf", "allOf", "items", "additionalProperties"):
            value = node.get(key)
            if isinstance(value, dict):
                below = list(value.values()) if key == "properties" else [value]
            else:
                below = value if isinstance(value, list) else []
            stack.extend((item, open_refs, depth + 1) for item in below)


def _compile(root: dict[str, Any]) -> Iterator[Note]:
    try:
        validator(root)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        yield Note("", str(error).splitlines()[0])


def validator(json_schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The compiled validator: offline, linear-time patterns, formats checked, values masked in its messages."""
    known = {key: value for key, value in json_schema.items() if key not in ("$schema", "$id")}
    return jsonschema_rs.Draft202012Validator(
        known,
        offline=True,
        validate_formats=True,
        ignore_unknown_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        mask="the value",
    )


def _over(where: str, what: str, limits: Limits, name: str, size: int | None = None) -> Note:
    found, limit = "" if size is None else f" ({size:,} here)", getattr(limits, name)
    return Note(where, f"too large: at most {limit:,} {what}{found}", "schema_too_large", (name, limit))
