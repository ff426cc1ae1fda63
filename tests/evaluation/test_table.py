"""A report in words: which values are not right."""

from __future__ import annotations

from typing import Any

from extractor.evaluation.table import faults


def leaf(kind: str, gold: Any, value: Any, where: str | None = "/a") -> dict[str, Any]:
    return {"kind": kind, "gold_pointer": where, "pointer": "/b", "gold": gold, "value": value}


def document(*leaves: dict[str, Any], name: str = "bill.pdf", error: Any = None) -> dict[str, Any]:
    return {"name": name, "error": error, "leaves": list(leaves)}


def test_what_is_wrong_missing_or_invented_is_named_with_what_is_right() -> None:
    fine = (leaf("exact", 1, 1), leaf("normalised", "A", "a"), leaf("null_right", None, None))
    said = faults(
        {
            "documents": [
                document(*fine, leaf("wrong", 12, 21), leaf("missing", "x\ny", None)),
                document(leaf("invented", None, "z" * 99, where=None), name="b"),
                document(leaf("missing", 1, None), name="torn.pdf", error={"code": "unreadable_document"}),
            ]
        }
    )
    assert list(said) == [
        "bill.pdf /a: 21 (right: 12)",
        "bill.pdf /a: null (right: x y)",
        f"b /b: {'z' * 59}… (right: null)",
    ]


def test_of_many_the_first_are_named() -> None:
    said = list(faults({"documents": [document(*[leaf("wrong", 1, 2)] * 1_234)]}))
    assert len(said) == 11
    assert said[-1] == "and 1,224 more that are not right: --json and --html have all of them"
