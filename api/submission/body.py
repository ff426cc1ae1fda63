"""Bytes of a request → a plain dict and at most one uploaded file, within limits and time. Knows the three forms a
submission can have (JSON, multipart, the document itself) and nothing of what is in them."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

import pydantic_core
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from api.config import SCHEMA_ROOM_BYTES, ApiSettings
from api.heavy import HEAVY_BYTES, MAX_TEXT_BYTES, Lifted, TooMuchText, lifted
from api.offload import Offload
from api.problems import Problem, limited, pointer
from api.submission import arrival, structure
from api.submission.content_type import FORM_TYPE, JSON_TYPE, content_type_of, not_accepted
from api.submission.room import Held
from extractor.documents.charset_names import codec_name
from schemas import LIMITS

_FORM_TEXT = ("schema", "priority", "password")
_QUERY_TEXT = ("schema", "priority", "filename")  # a password stands in no address: those are logged
_FORM_JSON = ("json_schema", "options", "metadata")
_IN_PLACE_BYTES = 256 * 1024  # up to here parsing costs less than a millisecond
_POSITION = re.compile(r" at line (\d+) column (\d+)$")


@dataclass(frozen=True)
class Upload:
    """`at` and `charset_at` point to the file and to what says its charset; `fields_at` is put before the pointers of
    the fields that came with it."""

    content: bytes
    media_type: str | None
    filename: str | None
    at: str = "/file"
    charset_at: str = "/file"
    fields_at: str = ""

    def place(self, at: str) -> str:
        """Where in the request stands what would stand at `at` of a body in JSON."""
        return at if at in (self.at, self.charset_at) else self.fields_at + at.removeprefix("/document")


async def read_json(request: Request, settings: ApiSettings, offload: Offload, held: Held) -> dict[str, Any]:
    """The body as one JSON object; a large one is at work (room.py) from here on. Raises Problem (415, 413, 408, 429,
    400, 422)."""
    return (await _read_json(request, settings, offload, held))[0]


async def _read_json(
    request: Request, settings: ApiSettings, offload: Offload, held: Held
) -> tuple[dict[str, Any], Lifted]:
    _only(request, (JSON_TYPE,))
    body = bytearray()
    async for chunk in arrival.submission(request, settings, held):
        body += chunk
    if len(body) < _IN_PLACE_BYTES:
        return parse_object(body), Lifted()
    await held.work()
    return await offload.submission(partial(parse_request, body))


async def read_submission(
    request: Request, settings: ApiSettings, offload: Offload, held: Held
) -> tuple[dict[str, Any], Upload | Lifted]:
    """The fields of a submission, and its file when it came as a form or by itself, else what was left out of the
    fields. Raises Problem."""
    bare = _type_of(request)
    if bare == JSON_TYPE:
        return await _read_json(request, settings, offload, held)
    if bare == FORM_TYPE:
        return await _read_form(request, settings, held)
    return await _read_itself(request, settings, held)


def parse_object(body: bytes | bytearray, at: str = "") -> dict[str, Any]:
    """`body` as a JSON object, strictly: no NaN, no lone surrogate, no nesting beyond the parser's 200 levels.
    UTF-8's mark before it, as some editors write, is passed over. What holds more values than any request is refused
    before it is made into any."""
    _refuse_too_many(body, at)
    try:
        marked = body.startswith(BOM_UTF8)  # a large body is not copied for nothing
        value = pydantic_core.from_json(body[len(BOM_UTF8) :] if marked else body, allow_inf_nan=False)
    except ValueError as error:
        raise _malformed(error, at) from None
    return _object(value, at)


def parse_request(body: bytes | bytearray) -> tuple[dict[str, Any], Lifted]:
    """As `parse_object`, of a body that may be large: then its document is left out of the object (heavy.py)."""
    if len(body) < HEAVY_BYTES:
        return parse_object(body), Lifted()
    _refuse_too_many(body, "")
    try:
        value, left_out = lifted(body)
    except TooMuchText as error:
        raise _too_much_text(structure.place(error.field)) from None
    except ValueError as error:
        raise _malformed(error, "") from None
    return _object(value, ""), left_out


def _object(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Problem("invalid_request", "An object is expected", errors=[(at, "not an object")])
    return value


def _malformed(error: ValueError, at: str) -> Problem:
    what = "nested too deeply" if "recursion" in str(error) else "not well formed"
    position = _POSITION.search(str(error))
    where = f" at line {position[1]}, column {position[2]}" if position else ""
    return Problem("invalid_json", f"The JSON is {what}{where}", errors=[(at, f"{what}{where}")])


def _refuse_too_many(body: bytes | bytearray, at: str) -> None:
    if structure.too_many(body) and (field := structure.where(body)) is not None:  # else the parser stops before that
        raise _too_many(at or field)


def _too_much_text(at: str) -> Problem:
    if at == "/json_schema":
        detail = f"too large: at most {LIMITS.max_bytes:,} bytes"
        extra = limited("max_bytes", LIMITS.max_bytes)
        return Problem("schema_too_large", f"The schema is {detail}", errors=[(at, detail)], extra=extra)
    detail = f"holds more than {MAX_TEXT_BYTES:,} bytes of text beside the document"
    extra = limited("max_text", MAX_TEXT_BYTES)
    return Problem("invalid_request", f"{at or 'The body'} {detail}", errors=[(at, detail)], extra=extra)


def _too_many(at: str) -> Problem:
    code, detail = "invalid_request", f"holds more than {structure.MAX_VALUES:,} values"
    limit = ("max_values", structure.MAX_VALUES)
    if at == "/json_schema":
        limit = ("max_values", LIMITS.max_values)
        code, detail = "schema_too_large", f"too large: at most {LIMITS.max_values:,} JSON values"
    return Problem(code, f"{at or 'The body'} {detail}", errors=[(at, detail)], extra=limited(*limit))


async def _read_itself(request: Request, settings: ApiSettings, held: Held) -> tuple[dict[str, Any], Upload]:
    """A body that is neither is the document, and its fields stand in the query. What the Content-Type calls it is
    believed as far as it tells kinds of text apart."""
    query = request.query_params.multi_items()
    given = request.headers.get("content-type")
    if not {"schema", "json_schema"} & {name for name, _ in query}:
        detail = (
            "A body of another Content-Type than application/json or multipart/form-data is the document itself, and "
            "needs ?schema="
        )
        raise not_accepted(content_type_of(request), (JSON_TYPE, FORM_TYPE), detail)
    fields: dict[str, Any] = {}
    for name, value in query:
        at = "/query" + pointer(name[:100])
        if name in fields:
            raise Problem("invalid_request", "A parameter of the query is there twice", errors=[(at, "given twice")])
        if name not in _QUERY_TEXT + _FORM_JSON:
            raise Problem("invalid_request", "The query has a parameter that is not known", errors=[(at, "not known")])
        fields[name] = value if name in _QUERY_TEXT else parse_object(value.encode(), at)
    body = BytesIO()  # whose bytes are taken without a copy
    async for chunk in arrival.document(request, settings, held):
        body.write(chunk)
    await held.work()
    upload = Upload(body.getvalue(), given, None, at="", charset_at="/header/Content-Type", fields_at="/query")
    return fields, upload


class _InMemory(MultiPartParser):
    """Starlette's parser, which would write files over 1 MiB to disk: documents stay in memory, whose size the
    cap on the body bounds."""

    spool_max_size = 0  # SpooledTemporaryFile: 0 never rolls over
    ended = False

    def on_end(self) -> None:
        """The closing boundary, without which a part that was cut is just not there."""
        self.ended = True

    def close(self) -> None:
        """Every file begun; the form itself knows only those that were ended."""
        for file in self._files_to_close_on_error:
            file.close()


async def _read_form(request: Request, settings: ApiSettings, held: Held) -> tuple[dict[str, Any], Upload]:
    _check_charset(request.headers["content-type"])
    chunks, most = arrival.submission(request, settings, held), len(_FORM_TEXT + _FORM_JSON)
    parser = _InMemory(request.headers, chunks, max_files=1, max_fields=most, max_part_size=SCHEMA_ROOM_BYTES)
    try:
        form = await parser.parse()
        if not parser.ended:
            raise MultiPartException("The form has no closing boundary: it was cut off, or its length is wrong")
        await held.work()
        return await _fields(form.multi_items())
    except MultiPartException as error:
        raise Problem("invalid_multipart", error.message, errors=[("", error.message)]) from None
    except UnicodeError:  # the charset of the Content-Type is the caller's
        detail = "A field is not text of the charset that the form names"
        raise Problem("invalid_multipart", detail, errors=[("/header/Content-Type", detail)]) from None
    finally:
        parser.close()


def _check_charset(content_type: str) -> None:
    """The form may name the charset of its fields."""
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8").decode("latin-1")
    if codec_name(charset) is None:
        detail = f"{charset[:40]!r} is no charset this service knows"
        raise Problem("invalid_multipart", detail, errors=[("/header/Content-Type", detail)])


async def _fields(items: list[tuple[str, UploadFile | str]]) -> tuple[dict[str, Any], Upload]:
    fields: dict[str, Any] = {}
    upload: Upload | None = None
    for name, value in items:
        at = pointer(name)
        if name in fields or (name == "file" and upload is not None):
            raise Problem("invalid_request", "A field of the form is there twice", errors=[(at, "given twice")])
        if isinstance(value, UploadFile):
            if name != "file":
                raise Problem("invalid_request", "The file's field is named file", errors=[(at, "not a file field")])
            upload = Upload(_whole(value), value.content_type, value.filename)
        elif name in _FORM_TEXT:
            fields[name] = value
        elif name in _FORM_JSON:
            fields[name] = parse_object(value.encode(), at)
        elif name == "file":
            raise Problem("invalid_request", "The field file has no filename", errors=[(at, "sent as a plain field")])
        else:
            raise Problem("invalid_request", "The form has a field that is not known", errors=[(at, "not known")])
    if upload is None:
        raise Problem("invalid_request", "The form has no file", errors=[("/file", "missing")])
    return fields, upload


def _whole(file: UploadFile) -> bytes:
    """Its bytes, where they stand and not another time."""
    kept = getattr(file.file, "_file", None)  # of SpooledTemporaryFile, which has no other way
    return kept.getvalue() if isinstance(kept, BytesIO) else file.file.read()


def _type_of(request: Request) -> str:
    """The request's media type. Raises Problem 415 for a body that is packed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        detail = "A compressed body is not accepted"
        raise Problem("unsupported_media_type", detail, errors=[("/header/Content-Encoding", detail)])
    return content_type_of(request)


def _only(request: Request, accepted: tuple[str, ...]) -> str:
    """The same, which is one of `accepted`, else 415."""
    bare = _type_of(request)
    if bare not in accepted:
        raise not_accepted(bare, accepted)
    return bare
