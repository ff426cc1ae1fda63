"""A run as JSON: totals, fields, and each document with its leaves; and two such reports side by side."""

from __future__ import annotations

from typing import Any

from extractor.errors import InputError
from extractor.evaluation.judged import Judged, JudgedLeaf
from extractor.evaluation.totals import by_field, f1_of, totals

JSON = dict[str, Any]
VERSION = 1


def report(judged: list[Judged], about: JSON, seconds: float) -> JSON:
    """`about`: what was run, with what."""
    return {
        "version": VERSION,
        **about,
        "totals": totals(judged, seconds),
        "fields": by_field(judged),
        "documents": [_document(one) for one in judged],
    }


def _document(one: Judged) -> JSON:
    return {
        "name": one.case.name,
        "schema": one.case.schema.ref,
        "right": one.right,
        "f1": f1_of(one.leaves).f1,
        "seconds": round(one.answered.seconds, 4),
        "error": one.answered.error,
        "not_printed": list(one.unprinted),
        "leaves": [_leaf(leaf) for leaf in one.leaves],
    }


def _leaf(leaf: JudgedLeaf) -> JSON:
    outcome, grounding = leaf.outcome, leaf.grounding
    return {
        "gold_pointer": outcome.pointer_in_gold,
        "pointer": outcome.pointer_in_answer,
        "kind": outcome.kind,
        "gold": outcome.gold,
        "value": outcome.value,
        "confidence": leaf.confidence,
        "printed": leaf.printed,
        "evidence": [{"start": one["start"], "stop": one["stop"], "page": one["page"]} for one in leaf.evidence],
        "grounding": None if grounding is None else grounding.found,
    }


def check_report(read: Any) -> None:
    """Raises InputError where `read` is no report that `compared` can take."""
    compared(read, read)


def compared(before: Any, after: JSON) -> JSON:
    """What got better and what worse from one report to another, of the leaves that both judged. Raises InputError
    where `before` is no report."""
    try:
        if before["version"] != VERSION:
            raise InputError(f"the report is of version {before['version']!r}, not {VERSION}", code="invalid_report")
        old, new = _right(before), _right(after)
        micro = [each["totals"]["value_f1"]["micro"]["f1"] for each in (before, after)]
    except (KeyError, TypeError, AttributeError):
        raise InputError("this is no report of `extractor eval --json`", code="invalid_report") from None
    both = [key for key in new if key in old]
    return {
        "leaves": len(both),
        "f1": {"before": micro[0], "after": micro[1]},
        "better": [_change(key, old[key], new[key]) for key in both if _is_right(new[key]) > _is_right(old[key])],
        "worse": [_change(key, old[key], new[key]) for key in both if _is_right(new[key]) < _is_right(old[key])],
        "only_before": sorted({name for name, _ in old.keys() - new.keys()} - {name for name, _ in new}),
        "only_after": sorted({name for name, _ in new.keys() - old.keys()} - {name for name, _ in old}),
    }


def _right(report: JSON) -> dict[tuple[str, str], JSON]:
    """Each gold leaf by document and pointer; of several outcomes of one (invented items) any that is wrong."""
    found: dict[tuple[str, str], JSON] = {}
    for document in report["documents"]:
        for leaf in document["leaves"]:
            if leaf["gold_pointer"] is not None:
                key = document["name"], leaf["gold_pointer"]
                if key not in found or _is_right(found[key]):
                    found[key] = leaf
    return found


def _is_right(leaf: JSON) -> bool:
    return leaf["kind"] in ("exact", "normalised", "null_right")


def _change(key: tuple[str, str], old: JSON, new: JSON) -> JSON:
    name, pointer = key
    return {"document": name, "pointer": pointer, "gold": new["gold"], "before": old["value"], "after": new["value"]}
