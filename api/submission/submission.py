"""A submission, checked: from the plain fields of a request to the job the ledger will keep, or a Problem that says
what to change and where. Pure but for the registry it is given. It runs in a thread and never in the event loop: a
large document costs milliseconds to decode."""

from __future__ import annotations

import binascii
import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cachetools import LRUCache
from pydantic import BaseModel, ValidationError

from api.config import ApiSettings
from api.heavy import Lifted
from api.models.batches import BatchLine
from api.models.extractions import Ask, CreateExtraction, DocumentIn
from api.problems import Problem, limited, pointer
from api.submission.body import Upload
from api.submission.document_check import check_document, check_document_size
from api.submission.judge import as_text
from extractor.documents.gate import DocumentType
from schemas import Registry, UnknownSchema, unjudged
from workers.ledger.ledger import NewJob

Model = TypeVar("Model", bound=BaseModel)
_OF_DOCUMENT = ("password", "filename")  # fields of a form or a query that are a document's
_KNOWN_SCHEMAS = 1000
_PARTS = ("document", "options", "metadata")  # objects within a request, but for schemas, which have their own limits
_MOST_FIELDS = 64
_NAMED = 3


def prepare(
    fields: dict[str, Any], upload: Upload | Lifted, schemas: Registry, settings: ApiSettings, **came: str | None
) -> tuple[NewJob, str]:
    """The job, and the hash that tells one request from another under the same Idempotency-Key. `upload`: the file that
    came with the fields, or what was left out of them. `came`: by which request (`request_id`, `trace`), as the ledger
    keeps it."""
    if isinstance(upload, Lifted):
        return _prepared(fields, upload, schemas, settings, **came)
    if "document" in fields:
        raise invalid([("/document", "not a field of the form: the file is the document")])
    stands_in = {name: fields.pop(name) for name in _OF_DOCUMENT if name in fields}
    try:
        return _prepared({**fields, "document": {"content": "", **stands_in}}, upload, schemas, settings, **came)
    except Problem as problem:
        problem.errors = tuple((upload.place(at), said) for at, said in problem.errors)
        raise


def _prepared(
    fields: dict[str, Any], upload: Upload | Lifted, schemas: Registry, settings: ApiSettings, **came: str | None
) -> tuple[NewJob, str]:
    content = _taken_out(fields)
    request = validated(CreateExtraction, fields)
    _check_options(request, settings)
    if isinstance(upload, Lifted):
        document = _document(request.document, content, upload, settings)
    else:
        document = _uploaded(upload, request, settings)
    job = _job(request, document, _schema_ref(request, schemas), priority=request.priority, **came)
    _ = job.stored  # compressed here, in a thread
    return job, _hash(request, job)


class Intake:
    """The lines of one batch: as `prepare`, with the schemas that many lines share looked at once."""

    def __init__(self, schemas: Registry, settings: ApiSettings) -> None:
        self._schemas = schemas
        self._settings = settings
        self._refs: LRUCache[bytes, str | Problem] = LRUCache(_KNOWN_SCHEMAS)

    def line(self, fields: dict[str, Any], left_out: Lifted) -> NewJob:
        """Raises Problem, and Unjudged for an inline schema of which nothing was learned yet."""
        content = _taken_out(fields)
        request = validated(BatchLine, fields)
        _check_options(request, self._settings)
        kept = _document(request.document, content, left_out, self._settings)
        return _job(request, kept, self._ref(request), priority="bulk", custom_id=request.custom_id)

    def learn(self, json_schema: dict[str, Any], refusal: Problem | None) -> None:
        """What the judge says of an inline schema."""
        self._refs[_key(json_schema)] = refusal or unjudged(json_schema).ref

    def _ref(self, request: BatchLine) -> str:
        if request.schema_ is not None:
            return _schema_ref(request, self._schemas)
        json_schema = request.json_schema or {}
        known = self._refs.get(_key(json_schema))
        if known is None:
            raise Unjudged(json_schema)
        if isinstance(known, Problem):
            raise Problem(known.code, known.detail, errors=known.errors, extra=known.extra)
        return known


class Unjudged(Exception):
    def __init__(self, json_schema: dict[str, Any]) -> None:
        super().__init__("an inline schema nobody has judged")
        self.json_schema = json_schema


def _key(json_schema: dict[str, Any]) -> bytes:
    return hashlib.sha256(as_text(json_schema)).digest()


def _taken_out(fields: dict[str, Any]) -> list[str]:
    """The content in base64, if there is any, which leaves the request: so that it can be let go of when it has been
    decoded, and a large one is not held twice for longer than that takes."""
    document = fields.get("document")
    if not isinstance(document, dict) or not isinstance(document.get("content"), str):
        return []
    content, document["content"] = document["content"], ""
    return [content]


@dataclass(frozen=True)
class _Document:
    content: bytes
    type: DocumentType
    filename: str | None


def _job(request: Ask, document: _Document, schema_ref: str, **more: Any) -> NewJob:
    password = request.document.password
    return NewJob(
        schema_ref=schema_ref,
        json_schema=request.json_schema,
        document=document.content,
        media_type=str(document.type),
        filename=document.filename,
        form=document.type.form,
        password=None if password is None else password.get_secret_value(),
        options=request.options.model_dump(mode="json", exclude_none=True),
        metadata=request.metadata,
        **more,
    )


def validated(model: type[Model], value: object) -> Model:
    """`value` as `model`, every fault of it in one Problem, which never repeats a value that was sent."""
    if crowded := _crowded(value):
        raise invalid(crowded, ("max_fields", _MOST_FIELDS))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [_fault(fault) for fault in error.errors(include_url=False, include_input=False)]
        raise invalid(faults, _crossed(error)) from None


def _crossed(error: ValidationError) -> tuple[str, int] | None:
    """The first limit on a length that a fault is about."""
    contexts = (fault.get("ctx", {}) for fault in error.errors(include_url=False, include_input=False))
    return next((("max_length", ctx["max_length"]) for ctx in contexts if "max_length" in ctx), None)


def _crowded(value: object) -> list[tuple[str, str]]:
    """Objects with far more fields than there are: each would be a fault of its own, at a cost of its own."""
    if not isinstance(value, dict):
        return []
    parts = {"": value, **{f"/{name}": value[name] for name in _PARTS if name in value}}
    return [
        (at, f"has {len(part)} fields")
        for at, part in parts.items()
        if isinstance(part, dict) and len(part) > _MOST_FIELDS
    ]


def invalid(faults: Sequence[tuple[str, str]], limit: tuple[str, float] | None = None) -> Problem:
    """`limit`: the name and value of the first that was crossed. `errors` has every place, the detail the first few."""
    count = "One place in the request is" if len(faults) == 1 else f"{len(faults)} places in the request are"
    named = "; ".join(f"{at or 'the body'}: {detail}" for at, detail in faults[:_NAMED])
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    extra = limited(*limit) if limit else None
    return Problem("invalid_request", f"{count} wrong: {named}{more}", errors=faults, extra=extra)


def unknown_schema(error: UnknownSchema, name: str, schemas: Registry) -> Problem:
    return Problem(
        "unknown_schema", error.detail, errors=[("/schema", error.detail)], extra={"near": near(name, schemas)}
    )


def near(name: str, schemas: Registry) -> list[str]:
    """Names that `name` may have been meant to be."""
    known = sorted({schema.name for schema in schemas.list()})
    return difflib.get_close_matches(name.partition("@")[0].lower()[:100], known, n=3, cutoff=0.5)


def _fault(fault: Any) -> tuple[str, str]:
    parts = (str(part)[:100] for part in fault["loc"] if part != "[key]")
    where = (fault.get("ctx") or {}).get("pointer") or pointer(*parts)
    return where, fault["msg"].removeprefix("Value error, ")


def _check_options(request: Ask, settings: ApiSettings) -> None:
    """The limits an operator sets."""
    limits = {"max_output_tokens": "output_tokens_limit", "timeout_s": "max_timeout_s"}
    over = [
        (f"/options/{option}", name, getattr(settings, name))
        for option, name in limits.items()
        if (getattr(request.options, option) or 0) > getattr(settings, name)
    ]
    if over:
        raise invalid([(at, f"over the limit of {value:g}") for at, _, value in over], over[0][1:])


def _uploaded(upload: Upload, request: Ask, settings: ApiSettings) -> _Document:
    name = upload.filename or request.document.filename or None
    found = check_document(
        upload.content, upload.media_type, name, max_bytes=settings.max_document_bytes, at=upload.at,
        media_type_at=upload.charset_at,
    )  # fmt: skip
    return _Document(upload.content, found, name and name[-255:])


def _document(given: DocumentIn, base64: list[str], left_out: Lifted, settings: ApiSettings) -> _Document:
    text = given.text is not None
    at = "/document/text" if text else "/document/content"
    mark = given.text if given.text is not None else base64[0]
    if mark in left_out:
        content = _left_out(mark, left_out, settings.max_document_bytes, at, text=text)
    else:
        content = given.text.encode() if given.text is not None else _decoded(base64, at)
    found = check_document(
        content, given.media_type, given.filename, max_bytes=settings.max_document_bytes, at=at,
        media_type_at="/document/media_type", text=text,
    )  # fmt: skip
    return _Document(content, found, given.filename)


def _left_out(mark: str, left_out: Lifted, limit: int, at: str, *, text: bool) -> bytes:
    """What stood in a large body. Raises Problem."""
    try:
        content, size = left_out.text(mark, limit) if text else left_out.base64(mark, limit)
    except binascii.Error:
        raise _no_base64(at) from None
    except ValueError:
        what = "not a JSON string"
        raise Problem("invalid_json", f"The JSON is not well formed: {at} is {what}", errors=[(at, what)]) from None
    check_document_size(size, limit, at)
    return content


def _decoded(base64: list[str], at: str) -> bytes:
    """Strict but for line breaks, which MIME encoders and `base64 FILE` put in. `base64` is empty afterwards."""
    try:
        return binascii.a2b_base64("".join(base64.pop().split()), strict_mode=True)
    except ValueError:  # binascii.Error, or characters beyond ASCII
        raise _no_base64(at) from None


def _no_base64(at: str) -> Problem:
    return Problem("invalid_base64", "content is not base64 (RFC 4648, padded)", errors=[(at, "not base64")])


def _schema_ref(request: Ask, schemas: Registry) -> str:
    if request.schema_ is None:
        return unjudged(request.json_schema or {}).ref  # judge.py judges it
    try:
        return schemas.get(request.schema_).ref
    except UnknownSchema as error:
        raise unknown_schema(error, request.schema_, schemas) from None


def _hash(request: CreateExtraction, job: NewJob) -> str:
    """Of what was asked, not of what it resolved to: a retry stays the same request across a schema's new version. The
    order of a schema's properties is part of it, for it is the order of the answer; that of metadata is not. Nor is a
    password, of which nothing is to be left when the document is gone.
    Raises Problem where an inline schema holds a number the ledger cannot write."""
    asked = {
        **request.model_dump(mode="json", by_alias=True, exclude={"document"}),
        "metadata": sorted(request.metadata.items()),
        "document": [hashlib.sha256(job.document).hexdigest(), job.media_type, job.filename, job.form],
    }
    return hashlib.sha256(as_text(asked)).hexdigest()
