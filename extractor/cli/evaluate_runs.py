"""What `extractor eval` judges: the answers to gold documents, from a model here or from a running service."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from extractor.calibration.calibrator import Calibrator
from extractor.cli.local import in_order
from extractor.cli.output import err, say
from extractor.client import Client, Row
from extractor.client.document import SubmitOptions, document_body
from extractor.config import Settings
from extractor.documents import read
from extractor.documents.readers import Readers
from extractor.errors import DocumentError, ExtractorError
from extractor.evaluation.gold import GoldCase
from extractor.evaluation.judged import Answered
from schemas.jsontext import written

JSON = dict[str, Any]
_POLL_S = 0.5


@dataclass(frozen=True)
class EvaluationRun:
    """One for each case, in their order; the `model` that gave them, and how long all took once it was there."""

    answers: list[Answered]
    model: str
    seconds: float


def run_here(
    cases: list[GoldCase],
    options: JSON,
    settings: Settings,
    charset: str | None,
    password: str | None,
    calibrator: Calibrator | None = None,
) -> EvaluationRun:
    """With the library's engine, and `calibrator` in the place of the model's own."""
    from extractor import Extractor, Options  # here: it loads torch

    abort = threading.Event()
    readers = Readers(texts=2, pictures=os.cpu_count() or 1, engine=settings.ocr_engine)
    options_ = Options(text=True, **options)
    with Extractor(settings, calibrator=calibrator) as extractor, closing(readers):
        say(f"{settings.model} loaded; {_documents(cases)}")

        def extract(case: GoldCase) -> Answered:
            began, document = time.monotonic(), None
            try:
                document = read(
                    case.document,
                    media_type=case.hints.get("media_type"),
                    filename=case.hints.get("filename"),
                    max_bytes=settings.max_document_bytes,
                    charset=charset,
                    password=case.hints.get("password", password),
                    ocr=settings.ocr,
                    readers=readers,
                    cancel=abort,
                )
                done = extractor.extract(document, case.schema, options_, abort=abort)
            except ExtractorError as error:
                return Answered(None, _error_of(error), time.monotonic() - began, document)
            return Answered(done.as_json(), None, time.monotonic() - began, document)

        started = time.monotonic()
        answers = _gathered(in_order(cases, extract, settings.slots, abort), len(cases))
        return EvaluationRun(answers, str(extractor.model_info()["model"]), time.monotonic() - started)


def run_there(
    cases: list[GoldCase], options: JSON, connected: Callable[[], Client], charset: str | None, password: str | None
) -> EvaluationRun:
    """Through a service, in one batch that is erased at the end, however that comes."""
    refused: dict[int, Answered] = {}
    lines = list(_lines(cases, options | {"text": True}, charset, password, refused))
    if len(refused) == len(cases):
        return EvaluationRun(list(refused.values()), "", 0.0)
    started = time.monotonic()
    with connected() as client:
        batch = client.submit_batch(lambda: lines, None, "")
        say(f"{batch.id}: {_documents(cases)} sent")
        try:
            with _bar(len(cases)) as advance:
                while not batch.done:
                    time.sleep(_POLL_S)
                    batch = client.get_batch(batch.id)
                    advance(batch.ended)
            rows = {row.line: row for row in client.batch_rows(batch.id)}
            seconds = time.monotonic() - started
        finally:
            with contextlib.suppress(ExtractorError):
                client.delete_batch(batch.id)
    answers = [refused.get(at) or _of_row(rows.get(at)) for at in range(1, len(cases) + 1)]
    models = {answer.result["model"] for answer in answers if answer.result}
    return EvaluationRun(answers, ", ".join(sorted(models)), seconds)


def _lines(
    cases: list[GoldCase], options: JSON, charset: str | None, password: str | None, refused: dict[int, Answered]
) -> Iterator[bytes]:
    """A line a case; one whose document cannot be read is blank, so that the numbers of the others stay."""
    for at, case in enumerate(cases, start=1):
        how = SubmitOptions(**case.hints)  # type: ignore[typeddict-item]
        if charset is not None:
            how["media_type"] = f"text/plain; charset={charset}"
        if password is not None:
            how.setdefault("password", password)
        try:
            document = document_body(case.document, how)
        except DocumentError as error:
            refused[at] = Answered(None, _error_of(error), 0.0)
            yield b"\n"
            continue
        named = case.schema.name != "inline" and case.schema.model is None
        schema = {"schema": case.schema.ref} if named else {"json_schema": case.schema.json_schema}
        yield written({"custom_id": str(at), "document": document, "options": options, **schema}) + b"\n"


def _of_row(row: Row[Any] | None) -> Answered:
    if row is None:
        return Answered(None, {"code": "no_answer", "detail": "the service has no row for it"}, 0.0)
    result = row.job.result if row.job is not None else None
    if result is None:
        return Answered(None, row.error or {"code": row.status, "detail": ""}, 0.0)
    return Answered(result, None, float(result["usage"]["duration_s"]))


def _gathered(outcomes: Iterator[tuple[GoldCase, Future[Answered]]], count: int) -> list[Answered]:
    answers = []
    with _bar(count) as advance:
        for _, outcome in outcomes:
            answers.append(outcome.result())
            advance(len(answers))
    return answers


def _error_of(error: ExtractorError) -> JSON:
    places = [{"pointer": each.pointer, "detail": each.detail} for each in error.errors]
    return {"code": error.code, "detail": error.detail, "errors": places}


def _documents(cases: list[GoldCase]) -> str:
    return f"{len(cases)} document{'s' if len(cases) != 1 else ''}"


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; nothing where the output is no terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)
