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
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from extractor.documents import Document
from extractor.errors import (
    CONTEXT_EXCEEDED,
    Cancelled,
    DeadlineExceeded,
    DocumentError,
    EngineError,
    ExtractorError,
    InvalidOutput,
    SchemaError,
    TruncatedOutput,
)
from extractor.result import Tell, tell_nobody
from extractor.windows.cut import Cutter
from extractor.windows.outcome import WindowAnswer, WindowOutcome, WindowPlace, kept_outcome, ran_on
from extractor.windows.window import Window
from extractor.windows.wordless import wordless

_POLL_S = 0.05  # how soon a withdrawal is noticed
TRIES = 2

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
    reader = _WindowReader(
        waiting, document, ask, until, abort, lambda part, window: cutters[part].halves(window), unlikely
    )
    return reader.outcomes(at_once, tell)


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
    found = _WindowReader(waiting, document, ask, until, abort, _uncut, []).outcomes(at_once, tell)
    again = {(one.part, one.window): one for one in found if one.state == "read"}
    return [again.get((one.part, one.window), one) for one in outcomes]


def _uncut(_part: int, window: Window) -> list[Window]:
    return [window]


class _WindowReader:
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

    def outcomes(self, at_once: int, tell: Tell) -> list[WindowOutcome]:
        in_flight: dict[Future[WindowAnswer], _Waiting] = {}
        with ThreadPoolExecutor(at_once, thread_name_prefix="window") as threads:
            try:
                while self._waiting or in_flight:
                    while self._waiting and len(in_flight) < at_once:
                        self._begin(*self._waiting.popleft(), threads, in_flight)
                    tell(len(self._read), len(self._read) + len(in_flight) + len(self._waiting))
                    self._look(in_flight)
                tell(len(self._read), len(self._read))
            except BaseException:
                self._withdrawn.set()
                raise
        return sorted([*self._read, *self._left_out], key=lambda one: (one.part, one.window.fresh, one.window.stop))

    def _begin(
        self, part: int, window: Window, threads: ThreadPoolExecutor, in_flight: dict[Future[WindowAnswer], _Waiting]
    ) -> None:
        if wordless(self._document.text, window.fresh, window.stop):
            self._read.append(WindowOutcome(window, "skipped", part=part))
        elif time.monotonic() >= self._until:
            late = DeadlineExceeded("there was no time left to read it")
            self._read.append(WindowOutcome(window, "failed", error=late, part=part))
        else:
            place = self._place(part, window, in_flight)
            # with the context of whoever reads the document, for what is logged
            call = contextvars.copy_context().run
            in_flight[threads.submit(call, self._try, place)] = part, window

    def _place(self, part: int, window: Window, in_flight: dict[Future[WindowAnswer], _Waiting]) -> WindowPlace:
        """Its number among those of its part, counted from 1, and how many there are as far as that is known."""
        under_way = [one for its_part, one in (*in_flight.values(), *self._waiting) if its_part == part]
        others = [one.window for one in (*self._read, *self._left_out) if one.part == part]
        all_of_them = [*others, *under_way, window]
        return WindowPlace(part, window, 1 + sum(one.fresh < window.fresh for one in all_of_them), len(all_of_them))

    def _look(self, in_flight: dict[Future[WindowAnswer], _Waiting]) -> None:
        """Takes what is over."""
        if not in_flight:
            return
        done = wait(in_flight, _POLL_S if self._abort else None, FIRST_COMPLETED).done
        if self._abort is not None and self._abort.is_set():
            raise Cancelled("the extraction was cancelled")
        for future in done:
            self._take(*in_flight.pop(future), future)

    def _take(self, part: int, window: Window, future: Future[WindowAnswer]) -> None:
        try:
            self._read.append(WindowOutcome(window, "read", future.result(), part=part))
        except (Cancelled, SchemaError):
            raise
        except (TruncatedOutput, DocumentError) as error:
            if isinstance(error, DocumentError) and error.code != CONTEXT_EXCEEDED:
                self._read.append(WindowOutcome(window, "failed", error=error, part=part))
            elif not ran_on(error) and len(halves := self._halves(part, window)) > 1:
                self._waiting.extendleft((part, half) for half in reversed(halves))
            else:
                self._read.append(kept_outcome(part, window, "truncated", error))
        except InvalidOutput as error:  # what is wrong with it is said of the whole answer
            self._read.append(kept_outcome(part, window, "read", error))
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
