"""Problem details (RFC 9457): the one shape of every error this API answers, and the codes it can carry.

Knows no route and no ledger. A problem never holds document text, a traceback or another tenant's anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:extractor:problem:"
MAX_ERRORS = 100


@dataclass(frozen=True)
class ProblemKind:
    """One row of the table in docs/errors.md: the status and title a code always has."""

    status: int
    title: str
    retryable: bool = False


CODES: dict[str, ProblemKind] = {
    # the connection
    "invalid_http": ProblemKind(400, "The request is not HTTP/1.1"),
    "headers_too_large": ProblemKind(431, "The head of the request is over the limit"),
    "header_timeout": ProblemKind(408, "The head of the request did not arrive in time", retryable=True),
    "too_many_connections": ProblemKind(429, "The caller has too many connections", retryable=True),
    "too_many_bodies": ProblemKind(429, "The tenant's requests need more memory than it may have", retryable=True),
    "overloaded": ProblemKind(503, "The server has too many connections", retryable=True),
    # the request itself
    "invalid_json": ProblemKind(400, "The body is not JSON"),
    "invalid_multipart": ProblemKind(400, "The body is not a valid multipart form"),
    "invalid_request": ProblemKind(422, "The request does not have the expected form"),
    "invalid_cursor": ProblemKind(422, "The cursor is not one this API gave"),
    "invalid_idempotency_key": ProblemKind(422, "The Idempotency-Key cannot be used"),
    "idempotency_key_reused": ProblemKind(422, "The Idempotency-Key was used for another request"),
    "body_too_large": ProblemKind(413, "The request body is over the limit"),
    "batch_too_large": ProblemKind(413, "The batch is over a limit"),
    "line_too_large": ProblemKind(413, "The line is over the limit"),
    "empty_batch": ProblemKind(422, "The batch has no line"),
    "duplicate_custom_id": ProblemKind(422, "Another line of the batch has this custom_id"),
    "invalid_gzip": ProblemKind(400, "The body is not valid gzip"),
    "body_timeout": ProblemKind(408, "The request body did not arrive in time", retryable=True),
    "unsupported_media_type": ProblemKind(415, "The media type is not accepted"),
    # the schema
    "unknown_schema": ProblemKind(422, "No schema has this name"),
    "invalid_schema": ProblemKind(422, "The JSON Schema cannot be used"),
    "schema_too_large": ProblemKind(422, "The JSON Schema is over a limit"),
    "unsupported_keyword": ProblemKind(422, "The JSON Schema uses a keyword that is refused"),
    "schema_too_complex": ProblemKind(422, "The JSON Schema takes too much time or memory"),
    "schema_check_busy": ProblemKind(503, "JSON Schemas cannot be checked now", retryable=True),
    # the document
    "empty_document": ProblemKind(422, "The document is empty"),
    "document_too_large": ProblemKind(413, "The document is over the limit"),
    "invalid_base64": ProblemKind(422, "The document's content is not base64"),
    "binary_document": ProblemKind(422, "The document is of no known kind"),
    "password_required": ProblemKind(422, "The document needs a password"),
    "undecodable_document": ProblemKind(422, "The document is not in the encoding it claims"),
    "password_wrong": ProblemKind(422, "The password does not open the document"),
    "unreadable_document": ProblemKind(422, "The document is damaged"),
    "document_too_complex": ProblemKind(422, "The document takes too much time or memory to read"),
    "drawing_busy": ProblemKind(503, "Pages cannot be drawn now", retryable=True),
    # who asks, and for what
    "unauthorized": ProblemKind(401, "A valid API key is needed"),
    "keys_required": ProblemKind(403, "Without API keys only this machine may ask"),
    "not_found": ProblemKind(404, "There is nothing here"),
    "extraction_not_found": ProblemKind(404, "No extraction has this id"),
    "batch_not_found": ProblemKind(404, "No batch has this id"),
    "schema_not_found": ProblemKind(404, "No schema has this name"),
    "method_not_allowed": ProblemKind(405, "The method is not allowed here"),
    "not_finished": ProblemKind(409, "It has not finished yet"),
    "no_answer": ProblemKind(409, "There is no answer"),
    "webhook_secret_missing": ProblemKind(409, "There is no secret for webhooks yet"),
    "webhook_not_found": ProblemKind(404, "No message of this id was given up"),
    "already_finished": ProblemKind(409, "It has already finished"),
    "batch_closed": ProblemKind(409, "The batch takes no more lines from this upload"),
    # not now
    "quota_exceeded": ProblemKind(429, "A quota of the tenant is used up", retryable=True),
    "store_unavailable": ProblemKind(503, "The job store cannot be reached", retryable=True),
    "not_ready": ProblemKind(503, "The service is not ready", retryable=True),
    "internal_error": ProblemKind(500, "Something broke in the service", retryable=True),
    "http_error": ProblemKind(400, "The request failed"),
}


class Problem(Exception):
    """Raised anywhere in a request; answered as problem+json. `pointer` places begin with `/` in the body, or
    with `/query/`, `/header/` or `/path/` outside it."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.kind = CODES[code]
        self.status = status or self.kind.status
        self.detail = detail
        self.errors = tuple(errors)[:MAX_ERRORS]
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def body(self, request_id: str) -> dict[str, Any]:
        title = self.kind.title if self.code != "http_error" else HTTPStatus(self.status).phrase
        return {
            "type": TYPE_BASE + self.code,
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": self.kind.retryable,
            "request_id": request_id,
            "errors": [{"pointer": pointer, "detail": detail} for pointer, detail in self.errors],
            **self.extra,
        }

    def text(self, request_id: str) -> str:
        return orjson.dumps(self.body(request_id)).decode()

    def response(self, request_id: str) -> Response:
        return Response(self.text(request_id), self.status, headers=self.headers, media_type=MEDIA_TYPE)


class ResponseBroken(RuntimeError):
    """An answer broke after its first byte, and whoever raises this has said so in the log or says why in its text; all
    that is left is to close the connection."""


def pointer(*parts: str | int) -> str:
    """An RFC 6901 JSON pointer."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def limited(name: str, value: float) -> dict[str, Any]:
    """The members of a problem that name the limit that was crossed."""
    return {"limit": {"name": name, "value": value}}


def too_many_connections(full: Literal["connections", "address"]) -> Problem:
    """The limit on all connections is reached, or that on those of one address."""
    code, whose = ("too_many_connections", "your address") if full == "address" else ("overloaded", "all callers")
    detail = f"This server has as many connections of {whose} as it takes; end some, or come later"
    return Problem(code, detail, headers={"Retry-After": "1"})


def unavailable(detail: str = "The job store did not answer. Nothing was lost; try again.") -> Problem:
    return Problem("store_unavailable", detail, headers={"Retry-After": "5"})
