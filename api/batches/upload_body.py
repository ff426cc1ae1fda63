"""The body of `POST /v1/batches` as a stream: its bytes as they come, or the file of a multipart form and the fields
before it. Knows no line and no ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from api.config import SENT_SCHEMA_BYTES, ApiSettings
from api.problems import Problem, pointer
from api.submission.body_stream import upload_chunks
from api.submission.content_type import FORM_TYPE, content_type_of, not_accepted
from api.submission.json_body import parse_object
from api.submission.memory_budget import SMALL_BYTES, BodyReservation

JSONL_TYPES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/octet-stream")
GZIP_TYPES = ("application/gzip", "application/x-gzip")
_MAX_NAME_CHARACTERS = 200
_BYTES_PER_SCHEMA_BYTE = 8  # what a byte of a schema costs as objects
ACCEPTED = (*JSONL_TYPES, *GZIP_TYPES, FORM_TYPE)


@dataclass(frozen=True)
class UploadBody:
    """`fields` are those of the form, which stand before its file: `schema`, `json_schema`."""

    chunks: AsyncIterator[bytes]
    gzip: bool
    fields: dict[str, Any] = field(default_factory=dict)


async def open_upload(request: Request, settings: ApiSettings, reservation: BodyReservation) -> UploadBody:
    """Reads up to the first byte of the lines. Reserves the memory that an upload needs while it lasts: little,
    unless its form brings a large schema. Raises Problem; so does reading on."""
    await reservation.reserve(SMALL_BYTES)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        detail = "Only gzip is unpacked here"
        raise Problem("unsupported_media_type", detail, errors=[("/header/Content-Encoding", detail)])
    given = content_type_of(request)
    if given not in ACCEPTED:
        raise not_accepted(given, ACCEPTED, "curl -H 'Content-Type: application/x-ndjson' --data-binary @lines.jsonl")
    chunks = upload_chunks(request, settings)
    if given != FORM_TYPE:
        return UploadBody(chunks, encoding == "gzip" or given in GZIP_TYPES)
    if encoding == "gzip":
        detail = "In a form it is the file that may be gzip"
        raise Problem("unsupported_media_type", detail, errors=[("/header/Content-Encoding", detail)])
    form = _Form(request.headers["content-type"])
    async for chunk in chunks:
        form.feed(chunk)
        if form.text_bytes * _BYTES_PER_SCHEMA_BYTE > SMALL_BYTES:
            await reservation.reserve(SENT_SCHEMA_BYTES * _BYTES_PER_SCHEMA_BYTE)
        if form.in_file:
            return UploadBody(_file(form, chunks), False, form.fields)
    raise _bad_form("/file", "missing")


async def _file(form: _Form, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield form.take()
    async for chunk in chunks:
        form.feed(chunk)
        yield form.take()
    form.end()


class _Form:
    """A multipart form whose last part is the file. `feed` it; `take` gives what came of the file since."""

    def __init__(self, content_type: str) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise Problem("invalid_multipart", "Missing boundary in multipart.", errors=[("", "no boundary")])
        self.fields: dict[str, Any] = {}
        self.in_file = False
        self.text_bytes = 0  # of all fields
        self._file = bytearray()
        self._text = bytearray()
        self._header = self._value = b""
        self._name: str | None = None
        self._ended = False
        self._parser = MultipartParser(boundary, {
            "on_part_begin": self._begin, "on_part_data": self._data, "on_part_end": self._part_end,
            "on_header_field": self._on_header, "on_header_value": self._on_value,
            "on_header_end": self._header_end, "on_headers_finished": self._headers_end, "on_end": self._on_end,
        })  # fmt: skip

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise Problem("invalid_multipart", str(error), errors=[("", str(error))]) from None

    def take(self) -> bytes:
        part = bytes(self._file)
        self._file.clear()
        return part

    def end(self) -> None:
        if not self._ended:
            raise Problem("invalid_multipart", "The form has no end", errors=[("", "it has no closing boundary")])

    def _begin(self) -> None:
        if self.in_file:
            raise _bad_form("", "nothing follows the file, which is the last part")
        self._header = self._value = b""
        self._name = None
        self._text.clear()

    def _on_header(self, data: bytes, start: int, stop: int) -> None:
        self._header += data[start:stop]

    def _on_value(self, data: bytes, start: int, stop: int) -> None:
        self._value += data[start:stop]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._name = parse_options_header(self._value)[1].get(b"name", b"").decode("utf-8", "replace")
        self._header = self._value = b""

    def _headers_end(self) -> None:
        name = (self._name or "")[:100]
        if name not in ("schema", "json_schema", "file") or name in self.fields:
            raise _bad_form(pointer(name), "given twice" if name in self.fields else "not known")
        self.in_file = name == "file"

    def _data(self, data: bytes, start: int, stop: int) -> None:
        if self.in_file:
            self._file += data[start:stop]
        elif len(self._text) + stop - start > SENT_SCHEMA_BYTES:
            raise _bad_form(pointer(self._name or ""), f"over the limit of {SENT_SCHEMA_BYTES} bytes")
        else:
            self._text += data[start:stop]
            self.text_bytes += stop - start

    def _part_end(self) -> None:
        if not self.in_file and self._name == "json_schema":
            self.fields["json_schema"] = parse_object(bytes(self._text), "/json_schema")
        elif not self.in_file:
            if len(self._text) > _MAX_NAME_CHARACTERS:
                raise _bad_form("/schema", f"a name has at most {_MAX_NAME_CHARACTERS} characters")
            self.fields["schema"] = self._text.decode("utf-8", "replace")

    def _on_end(self) -> None:
        self._ended = True


def _bad_form(at: str, detail: str) -> Problem:
    return Problem("invalid_request", f"The form of a batch: {at or 'the whole'}: {detail}", errors=[(at, detail)])
