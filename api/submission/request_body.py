"""The body of a request → a plain dict and at most one uploaded file, within limits and time. Knows the three forms a
submission can have (JSON, multipart, the document itself) and nothing of what is in them."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any

from starlette.requests import Request

from api.config import ApiSettings
from api.problems import Problem, pointer
from api.submission.body_stream import document_chunks, submission_chunks
from api.submission.content_type import FORM_TYPE, FORM_URLENCODED, JSON_TYPE, content_type_of, not_accepted
from api.submission.form import JSON_FIELDS, read_form
from api.submission.json_body import parse_object, parse_request
from api.submission.large_json import DetachedDocuments
from api.submission.memory_budget import BodyReservation
from api.submission.uploaded_file import UploadedFile
from api.thread_pools import ThreadPools
from extractor.documents.sniff import sniff

_QUERY_TEXT = ("schema", "priority", "filename")  # a password stands in no address: those are logged
_LONG_ENOUGH = 64  # bytes of a file that has a line end or a zero, unless somebody took them out
_INLINE_BYTES = 256 * 1024  # up to here parsing costs less than a millisecond, and needs no thread


async def read_json(
    request: Request, settings: ApiSettings, threads: ThreadPools, reservation: BodyReservation
) -> dict[str, Any]:
    """The body as one JSON object; a large one is at work (memory_budget.py) from here on. Raises Problem (415, 413,
    408, 429, 400, 422)."""
    given = _content_type(request)
    if given != JSON_TYPE:
        raise not_accepted(given, (JSON_TYPE,), "curl -H 'Content-Type: application/json' -d '{…}'")
    return (await _read_json(request, settings, threads, reservation))[0]


async def read_submission(
    request: Request, settings: ApiSettings, threads: ThreadPools, reservation: BodyReservation
) -> tuple[dict[str, Any], UploadedFile | DetachedDocuments]:
    """The fields of a submission, and its file when it came as a form or by itself, else the documents that were left
    out of the fields. Raises Problem."""
    given = _content_type(request)
    if given == JSON_TYPE:
        return await _read_json(request, settings, threads, reservation)
    if given == FORM_TYPE:
        return await read_form(request, settings, reservation)
    return await _read_document(request, settings, reservation)


async def _read_json(
    request: Request, settings: ApiSettings, threads: ThreadPools, reservation: BodyReservation
) -> tuple[dict[str, Any], DetachedDocuments]:
    body = bytearray()
    async for chunk in submission_chunks(request, settings, reservation):
        body += chunk
    if len(body) < _INLINE_BYTES:
        return parse_object(body), DetachedDocuments()
    await reservation.start_work()
    return await threads.submission(partial(parse_request, body))


async def _read_document(
    request: Request, settings: ApiSettings, reservation: BodyReservation
) -> tuple[dict[str, Any], UploadedFile]:
    """A body that is neither is the document, and its fields stand in the query. What the Content-Type calls it is
    believed as far as it tells kinds of text apart."""
    fields = _query_fields(request)
    body = BytesIO()  # whose bytes are taken without a copy
    async for chunk in document_chunks(request, settings, reservation):
        body.write(chunk)
    await reservation.start_work()
    media_type, at = request.headers.get("content-type"), "/header/Content-Type"
    if content_type_of(request) == FORM_URLENCODED:
        _check_line_ends(body.getvalue())
    return fields, UploadedFile(body.getvalue(), media_type, None, at="", media_type_at=at, fields_at="/query")


def _query_fields(request: Request) -> dict[str, Any]:
    query = request.query_params.multi_items()
    if not {"schema", "json_schema"} & {name for name, _ in query}:
        example = (
            "curl -H 'Content-Type: application/json' -d '{\"schema\": …, \"document\": …}', "
            "or curl -F file=@FILE -F schema=NAME"
        )
        also = ", and of any other type the document itself where the query has ?schema=NAME"
        raise not_accepted(content_type_of(request), (JSON_TYPE, FORM_TYPE), example, also)
    fields: dict[str, Any] = {}
    for name, value in query:
        at = "/query" + pointer(name[:100])
        if name in fields:
            raise Problem("invalid_request", "A parameter of the query is there twice", errors=[(at, "given twice")])
        if name not in _QUERY_TEXT + JSON_FIELDS:
            raise _unknown_parameter(name[:100], at)
        fields[name] = value if name in _QUERY_TEXT else parse_object(value.encode(), at)
    return fields


def _unknown_parameter(name: str, at: str) -> Problem:
    known = ", ".join(_QUERY_TEXT + JSON_FIELDS)
    instead = "; to wait for the result send the header Prefer: wait=20" if name == "wait" else ""
    detail = f"The query has a parameter that is not known. It may have {known}{instead}"
    return Problem("invalid_request", detail, errors=[(at, f"not known{instead}")])


def _check_line_ends(document: bytes) -> None:
    """What curl's -d makes of a file: it takes line ends and zeros out, and there is no PDF and no picture without
    any."""
    if len(document) < _LONG_ENOUGH or any(byte in document for byte in (b"\n", b"\r", b"\0")):
        return
    if not sniff(document).startswith("text/"):
        detail = "The file has lost its line ends on the way, as curl's -d does: send it with --data-binary @FILE"
        raise Problem("invalid_request", detail, errors=[("", "no byte of it is a line end or zero")])


def _content_type(request: Request) -> str:
    """Raises Problem 415 for a body that is packed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        detail = "A compressed body is not accepted"
        raise Problem("unsupported_media_type", detail, errors=[("/header/Content-Encoding", detail)])
    return content_type_of(request)
