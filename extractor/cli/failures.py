"""What of a batch did not succeed, said for a person: the first few by their names, what to do, where the rest is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from extractor.cli.output import TO_DO, in_a_line

_NAMED = 5
_LONGEST = 300  # characters of a reason: all of it is in the output
_AGAIN = "another try may work"


class Failures:
    """`note` each row as it is written. Keeps few, however many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def note(self, row: Mapping[str, Any]) -> None:
        self.count += 1
        if len(self._first) < _NAMED:
            self._first.append(f"  {in_a_line(_name(row))}: {in_a_line(_why(row))}")

    def lines(self, output: Path | None) -> Iterator[str]:
        """Empty where all succeeded."""
        yield from self._first
        if rest := self.count - len(self._first):
            where = f"in {output}" if output else "in the rows above"
            yield f"  and {rest:,} more, {where} with their `error`"


def _name(row: Mapping[str, Any]) -> str:
    """The file's, or of a line its custom_id or number."""
    return str(row.get("file") or row.get("custom_id") or f"line {row.get('line')}")


def _why(row: Mapping[str, Any]) -> str:
    """What, its code, and what to do where that is not said."""
    error = row.get("error") or {"code": row["status"], "detail": row["status"]}
    code, detail = str(error["code"]), " ".join(str(error["detail"]).split())
    detail = detail if len(detail) <= _LONGEST else f"{detail[:_LONGEST]}…"
    what_to_do = TO_DO.get(code, _AGAIN if error.get("retryable") else "")
    return f"{detail} ({code})" + (f"; {what_to_do}" if what_to_do else "")
