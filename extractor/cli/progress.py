"""How far a batch is: a bar on a terminal, elsewhere (a log, a pipe) a line now and then."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any, Protocol

from extractor.cli.output import err, say

SAID_EVERY_S = 30.0


class Bar(Protocol):
    def update(self, **fields: Any) -> None:
        """`total`, `completed`, and `what` is said beside it."""


class _Lines:
    """One every `SAID_EVERY_S`, when something has changed."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._line = ""
        self._since = time.monotonic()

    def update(self, **fields: Any) -> None:
        self._known |= fields
        if "completed" not in self._known or time.monotonic() - self._since < SAID_EVERY_S:
            return
        line = "  {completed:,} of {total:,}, {what}".format_map(self._known)
        if line != self._line:
            say(line)
        self._line, self._since = line, time.monotonic()


@contextlib.contextmanager
def bar(total: int | None) -> Iterator[Bar]:
    if err is None or not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[what]}"), TimeRemainingColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("", total=total, what="")
        yield _Task(progress, task)


class _Task:
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task

    def update(self, **fields: Any) -> None:
        self._progress.update(self._task, **fields)
