"""What `extractor batch` says at its end of the documents that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from extractor.cli.failures import Failures


def row(file: str | None = "a.pdf", *, code: str = "unreadable_document", detail: str = "damaged", **more: Any) -> Any:
    whose = {"file": file} if file else {}
    return {**whose, "status": "failed", "error": {"code": code, "detail": detail, "retryable": False}, **more}


def lines_of(*rows: Any, output: Path | None = None) -> list[str]:
    failures = Failures()
    for one in rows:
        failures.note(one)
    assert failures.count == len(rows)
    return list(failures.lines(output))


def test_nothing_is_said_where_nothing_failed() -> None:
    assert lines_of() == []


def test_the_first_are_named_and_where_the_rest_is() -> None:
    rows = [row(f"{number}.pdf") for number in range(1_207)]
    lines = lines_of(*rows, output=Path("out.jsonl"))
    assert lines[:5] == [f"  {number}.pdf: damaged (unreadable_document)" for number in range(5)]
    assert lines[5:] == ["  and 1,202 more, in out.jsonl with their `error`"]
    assert lines_of(*rows)[5:] == ["  and 1,202 more, in the rows above with their `error`"]
    assert len(lines_of(*rows[:5])) == 5, "there is no rest"


@pytest.mark.parametrize(
    ("failed", "line"),
    [
        (row(None, custom_id="bill-7", line=3), "  bill-7: damaged (unreadable_document)"),
        (row(None, custom_id=None, line=3), "  line 3: damaged (unreadable_document)"),
        (row("a\x1b[2J\n\udcff.pdf"), r"  a\x1b[2J\n\udcff.pdf: damaged (unreadable_document)"),
        (row("Müller & 東.pdf", detail="\x07 5"), r"  Müller & 東.pdf: \x07 5 (unreadable_document)"),
        (row(detail="two\n lines"), "  a.pdf: two lines (unreadable_document)"),
        (row(detail="x" * 301), f"  a.pdf: {'x' * 300}… (unreadable_document)"),
        ({"file": "a.pdf", "status": "cancelled", "error": None}, "  a.pdf: cancelled (cancelled)"),
        (
            {
                "file": "a.pdf",
                "status": "failed",
                "error": {"code": "poison", "detail": "3 attempts", "retryable": True},
            },
            "  a.pdf: 3 attempts (poison); another try may work",
        ),
        (
            row(code="truncated_output", detail="too long"),
            "  a.pdf: too long (truncated_output); allow more --max-output-tokens, or ask for less",
        ),
        (row(code="password_required"), "  a.pdf: damaged (password_required); give it with --password"),
    ],
)
def test_a_failure_has_its_name_its_reason_and_what_to_do(failed: Any, line: str) -> None:
    assert lines_of(failed) == [line]
