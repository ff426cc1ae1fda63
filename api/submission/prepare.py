"""A submission, checked: from the plain fields of a request to the job the ledger will keep, or a Problem that says
what to change and where. Pure but for the registry it is given. It runs in a thread and never in the event loop: a
large document costs milliseconds to decode."""

from __future__ import annotations

import hashlib
from typing import Any

from cachetools import LRUCache

from api.config import ApiSettings
from api.models.batches import BatchLine
from api.models.requests import CreateExtraction, SubmissionFields
from api.problems import Problem
from api.submission.document_source import DocumentSource, decode_document, take_content, uploaded_document
from api.submission.large_json import DetachedDocuments
from api.submission.schema_check import as_json
from api.submission.uploaded_file import UploadedFile
from api.submission.validation import invalid, unknown_schema, validated
from schemas import Registry, UnknownSchema, unjudged
from workers.ledger.ledger import NewJob

_DOCUMENT_FIELDS = ("password", "filename")  # fields of a form or a query that are a document's
_CACHED_SCHEMAS = 1000


def prepare(
    fields: dict[str, Any],
    upload: UploadedFile | DetachedDocuments,
    schemas: Registry,
    settings: ApiSettings,
    **origin: str | None,
) -> tuple[NewJob, str]:
    """The job, and the hash that tells one request from another under the same Idempotency-Key. `upload`: the file that
    came with the fields, or the documents that were left out of them. `origin`: by which request it came (`request_id`,
    `trace`), as the ledger keeps it."""
    if isinstance(upload, DetachedDocuments):
        return _prepared(fields, upload, schemas, settings, **origin)
    if "document" in fields:
        raise invalid([("/document", "not a field of the form: the file is the document")])
    about = {name: fields.pop(name) for name in _DOCUMENT_FIELDS if name in fields}
    try:
        return _prepared({**fields, "document": {"content": "", **about}}, upload, schemas, settings, **origin)
    except Problem as problem:
        problem.errors = tuple((upload.pointer(at), detail) for at, detail in problem.errors)
        raise


def _prepared(
    fields: dict[str, Any],
    upload: UploadedFile | DetachedDocuments,
    schemas: Registry,
    settings: ApiSettings,
    **origin: str | None,
) -> tuple[NewJob, str]:
    base64 = take_content(fields)
    request = validated(CreateExtraction, fields)
    _check_options(request, settings)
    if isinstance(upload, DetachedDocuments):
        document = decode_document(request.document, base64, upload, settings.max_document_bytes)
    else:
        document = uploaded_document(upload, request.document.filename, settings.max_document_bytes)
    webhook = None if request.webhook is None else request.webhook.model_dump()
    more = {"priority": request.priority, "webhook": webhook, **origin}
    job = _job(request, document, _schema_ref(request, schemas), **more)
    _ = job.stored  # compressed here, in a thread
    return job, _request_hash(request, job)


class LinePreparer:
    """The lines of one batch: as `prepare`, with the schemas that many lines share looked at once."""

    def __init__(self, schemas: Registry, settings: ApiSettings) -> None:
        self._schemas = schemas
        self._settings = settings
        self._refs: LRUCache[bytes, str | Problem] = LRUCache(_CACHED_SCHEMAS)

    def prepare(self, fields: dict[str, Any], detached: DetachedDocuments) -> NewJob:
        """Raises Problem, and UncheckedSchema for an inline schema that has not been checked yet."""
        base64 = take_content(fields)
        request = validated(BatchLine, fields)
        _check_options(request, self._settings)
        document = decode_document(request.document, base64, detached, self._settings.max_document_bytes)
        return _job(request, document, self._ref(request), priority="bulk", custom_id=request.custom_id)

    def schema_checked(self, json_schema: dict[str, Any], refusal: Problem | None) -> None:
        """What the check of an inline schema found."""
        self._refs[_key(json_schema)] = refusal or unjudged(json_schema).ref

    def _ref(self, request: BatchLine) -> str:
        if request.schema_ is not None:
            return _schema_ref(request, self._schemas)
        json_schema = request.json_schema or {}
        ref = self._refs.get(_key(json_schema))
        if ref is None:
            raise UncheckedSchema(json_schema)
        if isinstance(ref, Problem):
            raise Problem(ref.code, ref.detail, errors=ref.errors, extra=ref.extra)
        return ref


class UncheckedSchema(Exception):
    def __init__(self, json_schema: dict[str, Any]) -> None:
        super().__init__("an inline schema that has not been checked")
        self.json_schema = json_schema


def _key(json_schema: dict[str, Any]) -> bytes:
    return hashlib.sha256(as_json(json_schema)).digest()


def _job(request: SubmissionFields, document: DocumentSource, schema_ref: str, **more: Any) -> NewJob:
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


def _check_options(request: SubmissionFields, settings: ApiSettings) -> None:
    """The limits an operator sets."""
    limits = {"max_output_tokens": "output_tokens_limit", "timeout_s": "max_timeout_s"}
    over = [
        (f"/options/{option}", name, getattr(settings, name))
        for option, name in limits.items()
        if (getattr(request.options, option) or 0) > getattr(settings, name)
    ]
    if over:
        raise invalid([(at, f"over the limit of {value:g}") for at, _, value in over], over[0][1:])


def _schema_ref(request: SubmissionFields, schemas: Registry) -> str:
    if request.schema_ is None:
        return unjudged(request.json_schema or {}).ref  # it is checked by schema_check.py
    try:
        return schemas.get(request.schema_).ref
    except UnknownSchema as error:
        raise unknown_schema(error, request.schema_, schemas) from None


def _request_hash(request: CreateExtraction, job: NewJob) -> str:
    """Of what was asked, not of what it resolved to: a retry stays the same request across a schema's new version. The
    order of a schema's properties is part of it, for it is the order of the answer; that of metadata is not. Nor is a
    password, of which nothing is to be left when the document is gone.
    Raises Problem where an inline schema holds a number the ledger cannot write."""
    unset = {"webhook"} if request.webhook is None else set()  # such a request hashes as before there were webhooks
    content = {
        **request.model_dump(mode="json", by_alias=True, exclude={"document"} | unset),
        "metadata": sorted(request.metadata.items()),
        "document": [hashlib.sha256(job.document).hexdigest(), job.media_type, job.filename, job.form],
    }
    return hashlib.sha256(as_json(content)).hexdigest()
