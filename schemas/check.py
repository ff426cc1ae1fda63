"""Judges a JSON Schema: within the limits? which keywords does the grammar enforce, which does only validation check,
which are refused? Each answer has its JSON pointer into the schema.

Never raises and never recurses deeper than `LIMITS.max_depth`, whatever it is given. Knows no model and no grammar;
the table of keywords was measured against them (keywords.py). It compiles patterns and the validator, which native code
does for as long as it takes: a stranger's schema is checked in a process that may die (extractor/grammar/judge.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas import keywords
from schemas.checks.compiled import faults_of, misfits_of
from schemas.checks.expansion import expansion
from schemas.checks.measure import measure
from schemas.checks.report import Note, Report, note
from schemas.checks.rewrite import without
from schemas.checks.walk import Walk
from schemas.limits import LIMITS, SchemaLimits


def check(json_schema: object, limits: SchemaLimits = LIMITS) -> Report:
    """The report on any value offered as a JSON Schema. What is cheap to find out comes first."""
    report = Report()
    if (refusal := measure(json_schema, limits)) is not None:
        report.refuse(refusal)
        return report
    assert isinstance(json_schema, dict)  # measure refuses anything else
    misfits = list(misfits_of(json_schema))
    _refuse_all(report, [*_dialect(json_schema), *(note(path, why) for path, why in misfits)])
    root = without(json_schema, [path for path, _ in misfits]) if misfits else json_schema
    if root is None or any(misfits_of(root)):
        return report
    walk = Walk(root, limits, report)
    walk.schema(root, (), live=True)
    walk.astray()
    walk.compile()
    if report.ok:
        _refuse_all(report, _root(json_schema))
        _refuse_all(report, filter(None, [expansion(json_schema, limits, report)]))
    if report.ok:
        _refuse_all(report, faults_of(json_schema))
    return report


def _refuse_all(report: Report, refusals: Iterator[Note] | list[Note]) -> None:
    for refusal in refusals:
        report.refuse(refusal)


def _dialect(root: dict[str, Any]) -> Iterator[Note]:
    dialect = root.get("$schema")
    if dialect is not None and (not isinstance(dialect, str) or dialect.rstrip("#") not in keywords.DIALECTS):
        yield note(("$schema",), "is not a dialect known here: leave it out, or name draft 2020-12")


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
        yield note((), 'the top level must be an object: "type": "object", with its fields in "properties"')
