"""A submission as a multipart form, kept in memory: its fields and its file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from api.config import SENT_SCHEMA_BYTES, ApiSettings
from api.problems import Problem, pointer
from api.submission.body_stream import submission_chunks
from api.submission.json_body import parse_object
from api.submission.memory_budget import BodyReservation
from api.submission.uploaded_file import UploadedFile
from extractor.documents.charset_names import codec_name

TEXT_FIELDS = ("schema", "priority", "password")
JSON_FIELDS = ("json_schema", "options", "metadata", "webhook")


class _InMemoryParser(MultiPartParser):
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


async def read_form(
    request: Request, settings: ApiSettings, reservation: BodyReservation
) -> tuple[dict[str, Any], UploadedFile]:
    """The fields and the file. Raises Problem."""
    _check_charset(request.headers["content-type"])
    chunks, max_fields = submission_chunks(request, settings, reservation), len(TEXT_FIELDS + JSON_FIELDS)
    parser = _InMemoryParser(
        request.headers, chunks, max_files=1, max_fields=max_fields, max_part_size=SENT_SCHEMA_BYTES
    )
    try:
        form = await parser.parse()
        if not parser.ended:
            raise MultiPartException("The form has no closing boundary: it was cut off, or its length is wrong")
        await reservation.start_work()
        return _fields(form.multi_items())
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


def _fields(items: list[tuple[str, UploadFile | str]]) -> tuple[dict[str, Any], UploadedFile]:
    fields: dict[str, Any] = {}
    file: UploadedFile | None = None
    for name, value in items:
        at = pointer(name)
        if name in fields or (name == "file" and file is not None):
            raise Problem("invalid_request", "A field of the form is there twice", errors=[(at, "given twice")])
        if isinstance(value, UploadFile):
            if name != "file":
                raise Problem("invalid_request", "The file's field is named file", errors=[(at, "not a file field")])
            file = UploadedFile(_content(value), value.content_type, value.filename)
        elif name in TEXT_FIELDS:
            fields[name] = value
        elif name in JSON_FIELDS:
            fields[name] = parse_object(value.encode(), at)
        elif name == "file":
            raise Problem("invalid_request", "The field file has no filename", errors=[(at, "sent as a plain field")])
        else:
            raise Problem("invalid_request", "The form has a field that is not known", errors=[(at, "not known")])
    if file is None:
        raise Problem("invalid_request", "The form has no file", errors=[("/file", "missing")])
    return fields, file


def _content(file: UploadFile) -> bytes:
    """Its bytes, without another copy of them."""
    in_memory = getattr(file.file, "_file", None)  # of SpooledTemporaryFile, which has no other way
    return in_memory.getvalue() if isinstance(in_memory, BytesIO) else file.file.read()
