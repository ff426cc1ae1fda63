"""Windows read side by side, and what became of each.

At most so many of a document are with the engine at a time, so that others find a slot. An error of the engine is
tried once more; an answer that was cut off makes two windows of one, unless it ran on; whatever else fails costs the
window, and the others go on. Withdrawing the document withdraws all of them.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Literal

from extractor.documents import Document
from extractor.engine.limits.limits import Why
from extractor.errors import (
    CONTEXT_EXCEEDED,
    Cancelled,
    DeadlineExceeded,
    DocumentError,
    EngineError,
    ExtractorError,
    InvalidOutput,
    OutputError,
    SchemaError,
    TruncatedOutput,
)
from extractor.result import Known, Mark, Other, Tell, Unprinted, tell_nobody
from extractor.review.marks import unprinted_of
from extractor.windows.cut import Cutter
from extractor.windows.tree import Path
from extractor.windows.window import Window
from extractor.windows.wordless import wordless
from schemas.errors import pointer

State = Literal["read", "truncated", "failed", "skipped"]

_POLL_S = 0.05  # how soon a withdrawal is noticed
TRIES = 2


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


Ask = Callable[[WindowPlace, threading.Event], WindowAnswer]  # withdrawn when set
_Waiting = tuple[int, Window]  # a part of the schema, and a window


def read_all(
    cutters: Sequence[Cutter],
    document: Document,
    ask: Ask,
    *,
    at_once: int,
    until: float,
    abort: threading.Event | None,
    tell: Tell = tell_nobody,
    left_out: Sequence[frozenset[int]] = (),
) -> list[WindowOutcome]:
    """All windows of each part of the schema, in order; their own spans cover the document. `cutters`: one a part,
    which are read one after the other, because prompts of a part begin alike. `left_out`: of the windows of each, by
    number, those that are not read; nothing is told of them. What has not begun at `until` (monotonic) does not.
    Raises Cancelled, and SchemaError, which is no window's fault."""
    waiting, unlikely = deque[_Waiting](), list[WindowOutcome]()
    for part, cutter in enumerate(cutters):
        for at, one in enumerate(cutter.windows):
            if left_out and at in left_out[part]:
                unlikely.append(WindowOutcome(one, "skipped", part=part, unlikely=True))
            else:
                waiting.append((part, one))
    flight = _Flight(waiting, document, ask, until, abort, lambda part, window: cutters[part].halves(window), unlikely)
    return flight.over(at_once, tell)


def read_again(
    outcomes: Sequence[WindowOutcome],
    document: Document,
    ask: Ask,
    *,
    at_once: int,
    until: float,
    abort: threading.Event | None,
    tell: Tell = tell_nobody,
) -> list[WindowOutcome]:
    """These windows once more, each with what it says now, or said before where it was not read to its end. Raises as
    `read_all` does."""
    waiting = deque((one.part, one.window) for one in outcomes)
    found = _Flight(waiting, document, ask, until, abort, _uncut, []).over(at_once, tell)
    again = {(one.part, one.window): one for one in found if one.state == "read"}
    return [again.get((one.part, one.window), one) for one in outcomes]


def _uncut(_part: int, window: Window) -> list[Window]:
    return [window]


class _Flight:
    """`halves`: what a window becomes whose answer was cut off."""

    def __init__(
        self,
        waiting: deque[_Waiting],
        document: Document,
        ask: Ask,
        until: float,
        abort: threading.Event | None,
        halves: Callable[[int, Window], list[Window]],
        left_out: list[WindowOutcome],
    ) -> None:
        self._waiting, self._document, self._ask, self._halves = waiting, document, ask, halves
        self._until, self._abort, self._left_out = until, abort, left_out
        self._withdrawn = threading.Event()
        self._read: list[WindowOutcome] = []

    def over(self, at_once: int, tell: Tell) -> list[WindowOutcome]:
        flying: dict[Future[WindowAnswer], _Waiting] = {}
        with ThreadPoolExecutor(at_once, thread_name_prefix="window") as threads:
            try:
                while self._waiting or flying:
                    while self._waiting and len(flying) < at_once:
                        self._begin(*self._waiting.popleft(), threads, flying)
                    tell(len(self._read), len(self._read) + len(flying) + len(self._waiting))
                    self._look(flying)
                tell(len(self._read), len(self._read))
            except BaseException:
                self._withdrawn.set()
                raise
        return sorted([*self._read, *self._left_out], key=lambda one: (one.part, one.window.fresh, one.window.stop))

    def _begin(
        self, part: int, window: Window, threads: ThreadPoolExecutor, flying: dict[Future[WindowAnswer], _Waiting]
    ) -> None:
        if wordless(self._document.text, window.fresh, window.stop):
            self._read.append(WindowOutcome(window, "skipped", part=part))
        elif time.monotonic() >= self._until:
            late = DeadlineExceeded("there was no time left to read it")
            self._read.append(WindowOutcome(window, "failed", error=late, part=part))
        else:
            place = self._place(part, window, flying)
            # with the context of whoever reads the document, for what is logged
            call = contextvars.copy_context().run
            flying[threads.submit(call, self._try, place)] = part, window

    def _place(self, part: int, window: Window, flying: dict[Future[WindowAnswer], _Waiting]) -> WindowPlace:
        """The how manieth it is, of how many as far as that is known."""
        under_way = [one for its_part, one in (*flying.values(), *self._waiting) if its_part == part]
        others = [one.window for one in (*self._read, *self._left_out) if one.part == part]
        all_of_them = [*others, *under_way, window]
        return WindowPlace(part, window, 1 + sum(one.fresh < window.fresh for one in all_of_them), len(all_of_them))

    def _look(self, flying: dict[Future[WindowAnswer], _Waiting]) -> None:
        """Takes what is over."""
        if not flying:
            return
        done = wait(flying, _POLL_S if self._abort else None, FIRST_COMPLETED).done
        if self._abort is not None and self._abort.is_set():
            raise Cancelled("the extraction was cancelled")
        for future in done:
            self._take(*flying.pop(future), future)

    def _take(self, part: int, window: Window, future: Future[WindowAnswer]) -> None:
        try:
            self._read.append(WindowOutcome(window, "read", future.result(), part=part))
        except (Cancelled, SchemaError):
            raise
        except (TruncatedOutput, DocumentError) as error:
            if isinstance(error, DocumentError) and error.code != CONTEXT_EXCEEDED:
                self._read.append(WindowOutcome(window, "failed", error=error, part=part))
            elif not _ran_on(error) and len(halves := self._halves(part, window)) > 1:
                self._waiting.extendleft((part, half) for half in reversed(halves))
            else:
                self._read.append(_kept(part, window, "truncated", error))
        except InvalidOutput as error:  # what is wrong with it is said of the whole answer
            self._read.append(_kept(part, window, "read", error))
        except ExtractorError as error:
            self._read.append(WindowOutcome(window, "failed", error=error, part=part))

    def _try(self, place: WindowPlace) -> WindowAnswer:
        for left in reversed(range(TRIES)):
            try:
                return self._ask(place, self._withdrawn)
            except EngineError:
                if not left or self._withdrawn.is_set() or time.monotonic() >= self._until:
                    raise
        raise AssertionError


def _kept(part: int, window: Window, state: State, error: ExtractorError) -> WindowOutcome:
    """With as much of its answer as is whole."""
    kept = error.kept if isinstance(error, OutputError) else {}
    if "data" not in kept:
        return WindowOutcome(window, "failed", error=error, part=part)
    data = without_last_row(kept["data"]) if state == "truncated" else kept["data"]
    answer = WindowAnswer.of(data, kept["fields"], kept["review"])
    return WindowOutcome(window, state, answer, error if state == "truncated" else None, part)


def _ran_on(error: ExtractorError) -> bool:
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
