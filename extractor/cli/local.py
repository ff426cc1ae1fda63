"""`extractor run`: extract here and now, with the library, no service."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from extractor.cli.documents import Source, sources
from extractor.cli.flags import (
    Charset,
    DraftersFlag,
    MaxTokens,
    ModelFlag,
    Password,
    PrintedMode,
    ReviewBelow,
    SchemaName,
    checked_share,
    drafters_of,
    known_schema_of,
)
from extractor.cli.output import BAD_INPUT, SOME_FAILED, describe, put, say, say_marks
from extractor.config import read_settings
from extractor.documents import read
from extractor.documents.readers import Readers
from extractor.errors import ExtractorError, InputError

if TYPE_CHECKING:
    from extractor.result import Extraction

D = TypeVar("D")
R = TypeVar("R")


def run(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files, folders or globs; - reads stdin.")],
    schema: SchemaName,
    drafters: DraftersFlag = "all",
    full: Annotated[bool, typer.Option("--full", help="Fields, usage and errors too, not the data alone.")] = False,
    max_output_tokens: MaxTokens = None,
    printed: PrintedMode = "declared",
    review_below: ReviewBelow = None,
    charset: Charset = None,
    password: Password = None,
    model: ModelFlag = None,
) -> None:
    """Extract here, without a service: one line of JSON a file, in the order given (null for one that failed)."""
    documents = list(sources(files))
    chosen, below = drafters_of(drafters), checked_share("--review-below", review_below)
    settings = read_settings(**({} if model is None else {"model": model}))
    what = known_schema_of(schema, settings.schemas)  # before a model is loaded for it
    from extractor import Extractor, Options  # here: it loads torch

    piped = sys.stdin.buffer.read() if any(source.path is None for source in documents) else b""
    options = Options(drafters=chosen, max_output_tokens=max_output_tokens, printed=printed, review_below=below)
    abort = threading.Event()
    readers = Readers(texts=2, pictures=os.cpu_count() or 1, engine=settings.ocr_engine)
    with Extractor(settings) as extractor, closing(readers):
        say(f"{settings.model} loaded; {len(documents)} document{'s' if len(documents) != 1 else ''}")
        document_of = partial(
            read,
            max_bytes=settings.max_document_bytes,
            charset=charset,
            password=password,
            ocr=settings.ocr,
            readers=readers,
            cancel=abort,
        )

        def extract(source: Source) -> Extraction:
            return extractor.extract(document_of(source.file or piped), what, options, abort=abort)

        outcomes = in_order(documents, extract, settings.slots, abort)
        failures = [error for source, outcome in outcomes if (error := _put_outcome(source, outcome, full))]
    if failures:
        if len(documents) > 1:
            say(f"{len(documents) - len(failures)} succeeded, {len(failures)} failed")
        nothing_but_input = len(failures) == len(documents) and all(isinstance(each, InputError) for each in failures)
        raise typer.Exit(BAD_INPUT if nothing_but_input else SOME_FAILED)


def _put_outcome(source: Source, outcome: Future[Extraction], full: bool) -> ExtractorError | None:
    """The line of one document, and a word about it; its error, where it failed."""
    try:
        done = outcome.result()
    except ExtractorError as error:
        say(f"{source.name}: {describe(error)}")
        put(_failure(source, error) if full else None)
        return error
    say(f"{source.name}: {summary(done.as_json()['usage'])}")
    say_marks(done.as_json()["review"])
    put({"file": source.name, **done.as_json()} if full else done.data)
    return None


def summary(usage: dict[str, Any]) -> str:
    """One line of what an extraction took."""
    drafts = ", ".join(
        f"{name} {each['accepted']}/{each['proposed']}" for name, each in usage["drafts"].items() if each["proposed"]
    )
    seconds, tokens, forwards = usage["duration_s"], usage["output_tokens"], usage["target_forwards"]
    rate = tokens / seconds if seconds else 0.0
    line = f"{seconds:.2f} s, {tokens} tokens, {rate:.0f} tokens/s, {tokens / max(1, forwards):.2f} tokens per forward"
    return line + (f"; drafts accepted: {drafts}" if drafts else "")


def in_order(
    documents: Sequence[D], extract: Callable[[D], R], slots: int, abort: threading.Event
) -> Iterator[tuple[D, Future[R]]]:
    """As many at once as the engine has slots; each handed out in the order given, and not kept. An interrupt aborts
    the rest."""
    with ThreadPoolExecutor(max_workers=slots) as pool:
        begun = deque((source, pool.submit(extract, source)) for source in documents)
        try:
            while begun:
                yield begun.popleft()
        except BaseException:
            abort.set()
            pool.shutdown(cancel_futures=True)
            raise


def _failure(source: Source, error: ExtractorError) -> dict[str, Any]:
    errors = [{"pointer": each.pointer, "detail": each.detail} for each in error.errors]
    last = {"last": error.last, **error.kept} if error.last else {}
    return {"file": source.name, "error": {"code": error.code, "detail": error.detail, "errors": errors, **last}}
