"""What a trial found of a schema, as other processes are told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Verdict:
    """`code` empty: its grammar was built; else why not, and where."""

    code: str = ""
    detail: str = ""
    errors: tuple[tuple[str, str], ...] = ()


class Verdicts(Protocol):
    """Where they are kept; `key` names the schema and all that a verdict depends on beside it."""

    def get(self, key: str) -> Verdict | None: ...
    def put(self, key: str, verdict: Verdict) -> None: ...
