"""A bar on a terminal; nothing where the output is no terminal, or only the client is installed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from extractor.cli.output import err


class Bar(Protocol):
    def update(self, **fields: Any) -> None:
        """`total`, `completed`, and `what` is said beside it."""


class _NoBar:
    def update(self, **fields: Any) -> None: ...


@contextlib.contextmanager
def bar(total: int | None) -> Iterator[Bar]:
    if err is None:
        yield _NoBar()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[what]}"), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=total, what="")
        yield _Task(progress, task)


class _Task:
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task

    def update(self, **fields: Any) -> None:
        self._progress.update(self._task, **fields)
