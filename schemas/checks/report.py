"""What the check of a schema says: findings with their pointers, as many as anybody reads and no more bytes than that.
A pointer is written when a finding is kept, not before: a schema's keys are its author's, and so is their length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Path = tuple[object, ...]  # keys and indices from the root
KINDS = ("enforced", "validated", "refused", "ignored")
MAX_POINTER = 400  # characters
MAX_DETAIL = 300
MAX_FINDINGS = 1_000  # of one kind
MAX_REFUSALS = 100
MAX_BYTES = 200_000  # of pointers and details, refusals apart
_CUT = "…"


def written(path: Iterable[object]) -> str:
    """The JSON pointer (RFC 6901) to `path`, cut where it is longer than anybody reads."""
    pointer = ""
    for part in path:
        pointer += "/" + str(part)[: MAX_POINTER + 1].replace("~", "~0").replace("/", "~1")
        if len(pointer) > MAX_POINTER:
            return pointer[:MAX_POINTER] + _CUT
    return pointer


@dataclass(frozen=True)
class Note:
    """One keyword's fate. `code` says why a refused one is refused, as the errors' codes do; `limit` which of `Limits`
    it is over, and how much that is."""

    pointer: str
    detail: str
    code: str = "invalid_schema"
    limit: tuple[str, int] | None = None


def note(
    path: Path, detail: str, code: str = "invalid_schema", limit: tuple[str, int] | None = None, *, beneath: str = ""
) -> Note:
    """A finding at `path`, or at the key `beneath` it."""
    return Note(written((*path, beneath) if beneath else path), detail[:MAX_DETAIL], code, limit)


@dataclass
class Report:
    """`ok` is false when anything is refused. `omitted`: findings that were left out."""

    enforced: list[Note] = field(default_factory=list)
    validated: list[Note] = field(default_factory=list)
    refused: list[Note] = field(default_factory=list)
    ignored: list[Note] = field(default_factory=list)
    omitted: int = 0
    _bytes: int = field(default=0, repr=False)

    @property
    def ok(self) -> bool:
        return not self.refused

    def say(self, kind: str, path: Path, detail: str) -> None:
        """One more finding, or one more that is only counted."""
        found: list[Note] = getattr(self, kind)
        if len(found) >= MAX_FINDINGS or self._bytes > MAX_BYTES:
            self.omitted += 1
            return
        found.append(note(path, detail))
        self._bytes += len(found[-1].pointer.encode()) + len(found[-1].detail)

    def refuse(self, refusal: Note) -> None:
        if len(self.refused) < MAX_REFUSALS:
            self.refused.append(refusal)
        else:
            self.omitted += 1

    def as_json(self) -> dict[str, Any]:
        rows = {kind: [{"pointer": one.pointer, "detail": one.detail} for one in getattr(self, kind)] for kind in KINDS}
        return {"ok": self.ok, **rows, "omitted": self.omitted}
