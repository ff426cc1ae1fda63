"""What every command shares: exit codes, where output goes, and how an error is told."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from extractor.cli.declare import Exit
from extractor.client import ClientError, ExtractionFailed, Overloaded, Unreachable, WaitTimeout
from extractor.errors import EngineError, ExtractorError, OutputError, places_of
from schemas.jsontext import written

if TYPE_CHECKING:
    from rich.text import Text

    from extractor.result import Mark

SOME_FAILED, BAD_INPUT, NO_SERVICE = 1, 2, 3
TO_DO = {  # by the code of a failure, where its detail does not say it
    "invalid_output": "`error` has the last answer and what is wrong with it",
    "truncated_output": "allow more --max-output-tokens, or ask for less",
    "password_required": "give it with --password",
}
SAID_MARKS = 10  # of one answer; more would drive the answer itself off the screen

err: Any  # a rich Console, or None beside the client alone: lines are plain there
try:
    from rich.console import Console

    class _StandardError(Console):
        """Whoever reads it may go (`extractor run … 2>&1 | head`): what is on standard output counts all the same."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            _no_more_to(sys.stderr)

    err = _StandardError(stderr=True, highlight=False, soft_wrap=True)
except ModuleNotFoundError:
    err = None


def _no_more_to(stream: TextIO) -> None:
    """Whose reader has gone: what is still buffered would make the program's end an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """A line for a person. Where it cannot be written (its file's disk is full) the work goes on."""
    try:
        if err is None:
            print(text, file=sys.stderr)
        else:
            err.print(text, markup=False)
    except OSError:
        _no_more_to(sys.stderr)


def say_marks(marks: Sequence[Mark]) -> None:
    """What of an answer a person should look at, a line each. Standard output has the data alone."""
    for mark in marks[:SAID_MARKS]:
        say(f"  to review: {mark['pointer'] or '(the whole)'}: {mark['detail']}")
    if len(marks) > SAID_MARKS:
        say(f"  to review: {len(marks) - SAID_MARKS} more, which --full prints")


def in_a_line(text: str) -> str:
    """On one line, and without what a terminal would heed: names are strangers'."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def put(value: Any, *, indent: bool = False) -> None:
    """A value for a machine: JSON, one line unless `indent`."""
    with reader():
        sys.stdout.buffer.write(written(value, indent=indent) + b"\n")
        sys.stdout.buffer.flush()


def put_text(lines: Iterable[str]) -> None:
    with reader():
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def put_styled(lines: Iterable[Text]) -> None:
    """As `put_text`; on a terminal in colours."""
    if sys.stdout.isatty():
        out = Console(highlight=False, soft_wrap=True)
        for line in lines:
            out.print(line)
    else:
        put_text(line.plain for line in lines)


def put_rows(rows: Sequence[Sequence[str]], *names: str) -> None:
    """A table for a person, in columns under `names`; for a pipe a line each, its columns two spaces or more apart."""
    if err is None and sys.stdout.isatty():
        rows = [names, *rows]
    if err is None or not sys.stdout.isatty():
        widths = [max((len(row[at]) for row in rows), default=0) for at in range(len(names))]
        put_text("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, name in enumerate(names):
        table.add_column(name, style="cyan" if at == 0 else "", no_wrap=at == 0, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: nothing in them is markup
    Console(highlight=False).print(table)


@contextlib.contextmanager
def reader() -> Iterator[None]:
    """Of our output, who may go: `extractor list | head`. That ends the command as it ends any other in a pipe; told
    here, for Typer takes it for a failure. Raises Exit where it cannot be written otherwise."""
    try:
        yield
    except BrokenPipeError:
        _no_more_to(sys.stdout)
        raise SystemExit(128 + signal.SIGPIPE) from None
    except OSError as error:
        _no_more_to(sys.stdout)
        fail(f"Cannot write to standard output: {error.strerror}")


def fail(detail: str, code: int = BAD_INPUT) -> NoReturn:
    say(f"extractor: {detail}")
    raise Exit(code)


def exit_code_of(error: ExtractorError) -> int:
    """Which of the four an error means when it ends a command."""
    if isinstance(error, Overloaded) and error.status == 429:  # the service is there, and has no room yet
        return SOME_FAILED
    if isinstance(error, (Unreachable, Overloaded)):
        return NO_SERVICE
    if isinstance(error, (ExtractionFailed, WaitTimeout, OutputError, EngineError)):
        return SOME_FAILED
    return BAD_INPUT if not isinstance(error, ClientError) or not error.retryable else NO_SERVICE


def describe(error: ExtractorError) -> str:
    """An error in full: what, its code, when to come again, and each place at fault on a line of its own."""
    later = error.retry_after_s if isinstance(error, Overloaded) else None
    when = f"; try again in {later:g} s" if later else ""
    if isinstance(error, Unreachable):
        when = "; `extractor up` starts a service here, --url names another"
    if error.code == "password_required":
        when = f"; {TO_DO[error.code]}"
    places = places_of(error.errors, error.detail)
    return "\n".join([f"{error.detail} ({error.code}){when}", *(f"  {place}" for place in places)])


def debugging() -> bool:
    return bool(os.environ.get("EXTRACTOR_DEBUG"))
