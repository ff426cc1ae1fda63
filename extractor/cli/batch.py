"""`extractor batch`: many documents through the service in one upload, results as JSONL or a table in the order of the
inputs.

The service does the work and holds the state; this command may be ended and `--resume`d at any point. What it has to
remember for that, which upload this was, lies beside the output until the output is whole."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any

from extractor.cli.batch_formats import BatchFormat, Rows, failed_in, format_of, writer_of
from extractor.cli.batch_inputs import Inputs
from extractor.cli.batch_record import UploadRecord, files_of, record_path
from extractor.cli.declare import Exit, argument, option
from extractor.cli.failures import Failures
from extractor.cli.flags import (
    ApiKey,
    Charset,
    DraftersFlag,
    KeepText,
    MaxTokens,
    Password,
    PrintedMode,
    ReviewBelow,
    Url,
    connect,
    options_of,
    schema_of,
    sender_of,
)
from extractor.cli.output import SOME_FAILED, fail, reader, say
from extractor.cli.progress import Bar, bar
from extractor.cli.table import ResultTable
from extractor.cli.whole_file import check_replaceable, replace_whole
from extractor.client import Batch, Client, Conflict, NotFound, Refused, Row, Unauthorized
from extractor.client.validation import Schema, Validator, validator_of
from extractor.errors import ExtractorError
from schemas.jsontext import dumps

PATIENCE_S = 120.0  # of each call: a service that restarts does not end a batch
POLL_S = 0.5
_CUT = "body_timeout"  # an upload that came too slowly: what has come is there


def batch(
    inputs: Annotated[list[str], argument(metavar="INPUT", help="Files, folders, globs, or .jsonl of lines.")],
    schema: Annotated[
        str | None, option("--schema", "-s", help="As for submit; .jsonl lines may name their own.")
    ] = None,
    output: Annotated[Path | None, option("--output", "-o", help="A file; else standard output.")] = None,
    kind: Annotated[
        BatchFormat | None, option("--format", help="jsonl, csv or xlsx; else as the output's name ends.")
    ] = None,
    full: Annotated[bool, option("--full", help="With evidence, confidence, review and usage.")] = False,
    items: Annotated[
        str | None, option("--rows", metavar="LIST", help="A table with a line for each of a list, as items.")
    ] = None,
    resume: Annotated[bool, option("--resume", help="Go on with the batch that this output began.")] = False,
    overwrite: Annotated[bool, option("--overwrite", help="Replace an output that is there.")] = False,
    drafters: DraftersFlag = "all",
    max_output_tokens: MaxTokens = None,
    printed: PrintedMode = "declared",
    review_below: ReviewBelow = None,
    keep_text: KeepText = False,
    charset: Charset = None,
    password: Password = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Extract many documents through the service: a line each, in order: file, id, status, needs_review, data, error.

    --full writes each as the API has it. A table has a column for each value (seller.name) and lists as JSON in a cell.
    A .jsonl file (.gz too) holds lines as POST /v1/batches takes them; custom_id and line stand for the file. Ctrl-C
    leaves the batch running in the service: --resume waits for it. Without -o it is cancelled.
    """
    what = None if schema is None else schema_of(schema)
    options = options_of(drafters, max_output_tokens, printed, text=keep_text, review_below=review_below)
    _check_output(output, resume=resume, overwrite=overwrite)
    write = writer_of(kind := _checked_format(kind, output, items), ResultTable(items, full))
    found = Inputs.of(inputs, options, but=files_of(output), how=sender_of(charset, password))
    _check_inputs(found, what)
    digest = _digest(found, what, options, charset)
    if resume and output is not None and _is_whole(output):
        raise Exit(_status_of(output, kind))
    _raise_unless_there(url, api_key)
    record = UploadRecord.of(output, digest, resume=resume)
    with connect(url, api_key, PATIENCE_S) as client:
        ended = _uploaded(client, found, what, record, output)
        answers = _marks_counted(client.batch_rows(ended.id), count := Counter[str]())
        failed = _written_out(ended, found.rows(answers, _judge(what), full=full), write, output, count)
        record.forget()
    if failed:
        raise Exit(SOME_FAILED)


def _is_whole(output: Path) -> bool:
    whole = output.exists() and not record_path(output).exists()
    if whole:
        say(f"{output} is whole already")
    return whole


def _raise_unless_there(url: str | None, api_key: str | None) -> None:
    """Is there any service at all? Soon said, before the patience of a long batch sets in."""
    with connect(url, api_key) as client:
        client.fetch("/healthz")


def _judge(what: Schema | None) -> Validator | None:
    return None if what is None else validator_of(what)


def _check_inputs(found: Inputs, what: Schema | None) -> None:
    if not found.found:
        fail("There is nothing among the inputs but the output")
    if what is None and not found.all_lines:
        fail("Files need a --schema")


def _digest(found: Inputs, what: Schema | None, options: dict[str, Any], charset: str | None) -> str:
    """Of what is sent, to know the batch again. Not of the password, which is written nowhere. Floats are written by
    Python: a batch is resumed under another orjson too, or without one, which write 1e-7 otherwise."""
    judge = _judge(what)
    sent = judge.json_schema if judge else what
    parameters = [found.names(), sent, options, *([charset] if charset else [])]
    return hashlib.sha256(dumps(parameters).encode()).hexdigest()


def _check_output(output: Path | None, *, resume: bool, overwrite: bool) -> None:
    """Raises Exit where nothing may be written, or nothing is there to go on with."""
    if output is None:
        if resume:
            fail("--resume needs the -o of the batch to go on with")
    elif not output.parent.is_dir():
        fail(f"There is no folder {output.parent} for {output.name}")
    elif output.is_dir():
        fail(f"{output} is a folder; -o names the file to write")
    elif output.is_file() and not (resume or overwrite or record_path(output).exists()):
        fail(f"{output} is there already; --overwrite replaces it")
    else:
        check_replaceable(output)


def _checked_format(wanted: BatchFormat | None, output: Path | None, items: str | None) -> BatchFormat:
    """Raises Exit for what does not go together."""
    kind = format_of(wanted, output)
    if kind is BatchFormat.XLSX and output is None:
        fail("--format xlsx needs -o FILE")
    if kind is BatchFormat.JSONL and items is not None:
        fail("--rows is of a table: --format csv or xlsx")
    return kind


def _marks_counted(rows: Iterator[Row[Any]], count: Counter[str]) -> Iterator[Row[Any]]:
    for row in rows:
        count["marked"] += row.job is not None and row.job.needs_review
        yield row


def _written_out(
    ended: Batch, rows: Rows, write: Callable[[IO[bytes], Rows], None], output: Path | None, count: Counter[str]
) -> int:
    """How many lines did not succeed. The first of them are named."""
    failures = Failures()

    def counted() -> Iterator[Mapping[str, Any]]:
        for row in rows:
            if row["status"] == "succeeded":
                count["succeeded"] += 1
            else:
                failures.note(row)
            yield row

    if output is None:
        with reader():
            write(sys.stdout.buffer, counted())
            sys.stdout.buffer.flush()
    else:
        replace_whole(output, lambda file: write(file, counted()))
    rate = f", {ended.documents_per_s:.2f} documents/s" if ended.documents_per_s else ""
    marked = f", {count['marked']} to review (--full writes what)" if count["marked"] else ""
    say(f"{count['succeeded']} succeeded, {failures.count} failed{marked}{rate}")
    for line in failures.lines(output):
        say(line)
    return failures.count


def _uploaded(client: Client, found: Inputs, schema: Schema | None, record: UploadRecord, output: Path | None) -> Batch:
    """The batch when all of it has ended."""
    batch_id: str | None = None
    try:
        with bar(found.count) as progress:

            def lines() -> Iterator[bytes]:
                for sent, line in enumerate(found.lines(), start=1):
                    progress.update(what=f"{sent} sent")
                    yield line

            sent = client.submit_batch(lines, schema, record.key)
            batch_id = sent.id
            return _follow(client, sent, progress)
    except KeyboardInterrupt:
        _interrupted(client, batch_id, output)
        raise
    except ExtractorError as error:
        if error.code == "quota_exceeded" and output is None:
            detail = f"{error.detail}. The batch is cancelled; with -o FILE an upload waits for room and goes on"
            fail(detail, SOME_FAILED)
        if error.code == "idempotency_key_reused":
            fail("The inputs have changed since this batch was begun; delete the .batch file to start anew")
        refused = isinstance(error, (Refused, Unauthorized)) and error.code != _CUT
        if refused and batch_id is None and not record.resumed:
            record.forget()  # nothing was begun: the corrected command is another batch
        raise


def _follow(client: Client, batch: Batch, progress: Bar) -> Batch:
    while True:
        progress.update(
            total=batch.refused + batch.counts["accepted"], completed=batch.ended,
            what=f"{batch.failed} failed, {batch.documents_per_s or 0.0:.2f} documents/s",
        )  # fmt: skip
        if batch.done:
            return batch
        time.sleep(POLL_S)
        batch = client.get_batch(batch.id)


def _interrupted(client: Client, batch_id: str | None, output: Path | None) -> None:
    if output is not None:
        say("The batch goes on in the service; the same command with --resume waits for it")
    elif batch_id is not None:  # nobody could fetch its results
        with contextlib.suppress(Conflict, NotFound):
            client.cancel_batch(batch_id)
            say("The batch is cancelled")


def _status_of(output: Path, kind: BatchFormat) -> int:
    try:
        return SOME_FAILED if failed_in(kind, output) else 0
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        fail(f"{output} is no {kind} that this command wrote")
