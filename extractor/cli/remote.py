"""One document through the service: submit, status, cancel, list. The client makes the calls; this prints what they
return."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from extractor.cli.declare import Exit, argument, option
from extractor.cli.documents import STDIN
from extractor.cli.flags import (
    ApiKey,
    Charset,
    DraftersFlag,
    KeepText,
    MaxTokens,
    Password,
    PrintedMode,
    ReviewBelow,
    SchemaName,
    Url,
    connect,
    options_of,
    schema_of,
    sender_of,
)
from extractor.cli.output import SOME_FAILED, fail, in_a_line, put, put_text, say, say_marks
from extractor.client import Client, ExtractionFailed, Job, WaitTimeout
from extractor.client.validation import data_of, validator_of

SAID_EVERY_S = 10.0
_SCHEMA_WIDTH = 24  # of a list's column; --json has all of an inline schema's name
JobId = Annotated[str, argument(metavar="ID", help="What submit printed.")]


def submit(
    file: Annotated[str, argument(metavar="FILE", help="A document; - reads standard input.")],
    schema: SchemaName,
    wait: Annotated[bool, option("--wait", help="Wait and print the data.")] = False,
    full: Annotated[bool, option("--full", help="With --wait: print the whole extraction.")] = False,
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
    """Hand one document to the service; prints its id and status as JSON, or with --wait its data.

    What a person should look at is said on standard error.
    """
    if file != STDIN and Path(file).is_dir():
        fail(f"{file} is a folder: `extractor batch` takes folders")
    document = sys.stdin.buffer.read() if file == STDIN else Path(file)
    what = schema_of(schema)
    with connect(url, api_key) as client:
        how = sender_of(charset, password)
        how["options"] = options_of(drafters, max_output_tokens, printed, text=keep_text, review_below=review_below)
        job = client.submit(document, what, **how)
        if not wait:
            put({"id": job.id, "status": job.status})
            return
        say(f"{job.id} submitted")
        try:
            job = _ended(client, job.id)
        except KeyboardInterrupt:
            say(f"It goes on in the service: `extractor status {job.id}` has its result, `extractor cancel` stops it")
            raise
    try:
        data_of(job, validator_of(what))
    except ExtractionFailed as failed:
        if full:
            put(failed.job.as_json())
        raise
    say_marks(job.review)
    put(job.as_json() if full else job.data)


def _ended(client: Client, job_id: str) -> Job:
    """When it has. Until then a person is told how far it is, or why it waits, whenever that has changed."""
    before = ""
    while True:
        try:
            return client.wait(job_id, SAID_EVERY_S)
        except WaitTimeout as late:
            if (now := how_far(late.job)) != before:
                say(f"  {now}")
            before = now


def how_far(job: Job) -> str:
    """`running, 14 of 52 windows`; `queued: No worker is there`."""
    if job.progress:
        return f"{job.status}, {job.progress['done']} of {job.progress['total']} {job.progress['unit']}"
    return f"{job.status}: {job.waiting['detail']}" if job.waiting else job.status


def status(job_id: JobId, url: Url = None, api_key: ApiKey = None) -> None:
    """Print one extraction: status, and result or error. Exit code 1 when it has failed."""
    with connect(url, api_key) as client:
        job = client.get(job_id)
    put(job.as_json(), indent=sys.stdout.isatty())
    if job.status == "failed":
        raise Exit(SOME_FAILED)


def cancel(job_id: JobId, url: Url = None, api_key: ApiKey = None) -> None:
    """Stop one extraction, also while it runs."""
    with connect(url, api_key) as client:
        job = client.cancel(job_id)
    put({"id": job.id, "status": job.status})


def list_(
    status: Annotated[str | None, option("--status", help="queued, running, succeeded, failed or cancelled.")] = None,
    schema: Annotated[str | None, option("--schema", "-s", help="Of this schema only.")] = None,
    review: Annotated[
        str | None, option("--review", help="open: those that wait for a review; done: reviewed.")
    ] = None,
    limit: Annotated[int, option("--limit", min=1, help="At most so many.")] = 50,
    json: Annotated[bool, option("--json", help="One line of JSON each, whole.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """The service's extractions, newest first: id, status, schema, when, which document, and why it failed or that a
    person should look at it."""
    which = {key: value for key, value in (("status", status), ("schema", schema), ("review", review)) if value}
    count = 0
    with connect(url, api_key) as client:
        for count, job in enumerate(client.list(**which), start=1):
            if json:
                put(job.as_json())
            else:
                put_text([_line(job)])
            if count == limit:
                say(f"The newest {limit}; --limit shows more.")
                return
    if not count:
        say("There are none.")


def _line(job: Job) -> str:
    """Of one in a list. What a document is called is its sender's text."""
    when = job.created_at.isoformat(timespec="seconds")
    schema = job.schema_ if len(job.schema_) <= _SCHEMA_WIDTH else f"{job.schema_[: _SCHEMA_WIDTH - 1]}…"
    cells = [job.id, f"{job.status:<9}", f"{schema:<{_SCHEMA_WIDTH}}", when]
    about = [in_a_line(job.name or ""), job.error_code or "", "to review" if job.needs_review else ""]
    return "  ".join([*cells, *filter(None, about)])
