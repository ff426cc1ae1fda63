"""What is asked of a window, what it says, and what became of it: its answer, as much of one as is kept of one that was
cut off or does not stand, or why there is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Literal

from extractor.engine.limits.limits import Why
from extractor.errors import DocumentError, ExtractorError, OutputError
from extractor.result import Known, Mark, Other, Unprinted
from extractor.review.marks import unprinted_of
from extractor.windows.tree import Path
from extractor.windows.window import Window
from schemas.errors import pointer

State = Literal["read", "truncated", "failed", "skipped"]


@dataclass
class WindowAnswer:
    """What a window says, with offsets of its own: `fields`, `ended` and the other values of keys that it writes
    `again` by pointer into `data`."""

    data: Any = None
    fields: dict[str, Known] = field(default_factory=dict)
    unprinted: list[Unprinted] = field(default_factory=list)
    ended: list[tuple[str, Why]] = field(default_factory=list)
    again: dict[str, list[Other]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any, fields: dict[str, Known], review: list[Mark]) -> WindowAnswer:
        """Of an extraction."""
        ended: list[tuple[str, Why]] = [
            (mark["pointer"], mark["code"])
            for mark in review
            if mark["code"] == "repeated" or mark["code"] == "ran_on" or mark["code"] == "cut_off"
        ]
        again = {mark["pointer"]: mark["others"] for mark in review if mark["code"] == "duplicate_key"}
        return cls(data, fields, unprinted_of(review), ended, again)

    def without(self, path: Path) -> WindowAnswer:
        """What stands at `path` is as if the window had not said it."""
        where = pointer(*path)
        fields = {one: known for one, known in self.fields.items() if one != where}
        unprinted = [one for one in self.unprinted if one.pointer != where]
        return replace(self, data=_without(self.data, path), fields=fields, unprinted=unprinted)


def _without(data: Any, path: Path) -> Any:
    """A copy with a null there."""
    if not path:
        return None
    copy = data.copy()
    copy[path[0]] = _without(copy[path[0]], path[1:])
    return copy


@dataclass
class WindowOutcome:
    """`error`: why a window was not read, or not to its end. `part`: of the schema, counted from 0. `unlikely`: it was
    skipped because there were too many, and others have more to do with what is asked for."""

    window: Window
    state: State
    answer: WindowAnswer | None = None
    error: ExtractorError | None = None
    part: int = 0
    unlikely: bool = False

    def without(self, paths: Iterable[Path]) -> WindowOutcome:
        """As if the window had not said what stands at these places of its answer."""
        return replace(self, answer=reduce(WindowAnswer.without, paths, self.answer)) if self.answer else self


@dataclass(frozen=True)
class WindowPlace:
    """What is asked of which window: a `part` of the schema, of the window that is the `number`th `of` so many."""

    part: int
    window: Window
    number: int
    of: int


def kept_outcome(part: int, window: Window, state: State, error: ExtractorError) -> WindowOutcome:
    """With as much of its answer as is whole."""
    kept = error.kept if isinstance(error, OutputError) else {}
    if "data" not in kept:
        return WindowOutcome(window, "failed", error=error, part=part)
    data = without_last_row(kept["data"]) if state == "truncated" else kept["data"]
    answer = WindowAnswer.of(data, kept["fields"], kept["review"])
    return WindowOutcome(window, state, answer, error if state == "truncated" else None, part)


def raise_where_none_was_read(outcomes: Sequence[WindowOutcome]) -> None:
    """What ended the first window."""
    if any(one.answer is not None for one in outcomes):
        return
    errors = [one.error for one in outcomes if one.error is not None]
    if errors:
        raise next((error for error in errors if error.retryable), errors[0])
    detail = (
        "the document is longer than the model's context (EXTRACTOR_CONTEXT) and holds no whole word: it is one long "
        "word, one sign over and over, or encoded"
    )
    raise DocumentError(detail, code="empty_document")


def ran_on(error: ExtractorError) -> bool:
    """Whether an answer was cut off not because its window says so much: lists of it had to be ended, and more of its
    values stand nowhere than somewhere. Halves of the window would do the same."""
    kept = error.kept if isinstance(error, OutputError) else {}
    if "data" not in kept:
        return False
    codes = [mark["code"] for mark in kept["review"]]
    printed = sum(bool(known["evidence"]) for known in kept["fields"].values())
    return ("repeated" in codes or "ran_on" in codes) and codes.count("not_printed") >= printed


def without_last_row(data: Any) -> Any:
    """Of an answer that was cut off: the record of a list that was being written is left out, as far as it was."""
    node, rows = data, None
    while isinstance(node, dict | list) and node:
        if isinstance(node, list):
            rows = node if isinstance(node[-1], dict) else None
            node = node[-1]
        else:
            node = node[next(reversed(node))]
    if rows is not None:
        rows.pop()
    return data
