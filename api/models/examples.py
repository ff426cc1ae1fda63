"""Requests and answers for /docs: real ones, shortened by nothing but taste. Plain data; tests hold each against its
model."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

_TEXT = "Dr. Mina Okafor\nHead of Research, Larkspur Labs\nm.okafor@larkspur.example\nMobile +44 7700 900123\n"
_ID = "019ab0f3c4e63d1f0a7b5c2e8d94f6a1"

CREATE_JSON: JSON = {
    "schema": "contact",
    "document": {"text": _TEXT},
    "options": {"max_output_tokens": 512},
    "metadata": {"source": "inbox"},
}
CREATE_BASE64: JSON = {
    "schema": "contact@1",
    "document": {
        "content": "TWluYSBPa2Fmb3IsIExhcmtzcHVyIExhYnMKbS5va2Fmb3JAbGFya3NwdXIuZXhhbXBsZQo=",
        "media_type": "text/plain; charset=utf-8",
        "filename": "card.txt",
    },
}
CREATE_LOCKED: JSON = {
    "schema": "invoice",
    "document": {"content": "JVBERi0xLjcK…", "filename": "invoice.pdf", "password": "…"},
    "options": {"text": True},
}
CREATE_INLINE: JSON = {
    "json_schema": {
        "type": "object",
        "properties": {
            "company": {"type": ["string", "null"], "description": "employer"},
            "mobile": {"type": ["string", "null"]},
        },
        "required": ["company", "mobile"],
        "additionalProperties": False,
    },
    "document": {"text": _TEXT},
}
_ADDRESSED: JSON = {
    "id": _ID,
    "schema": "contact@1",
    "priority": "interactive",
    "created_at": "2026-11-23T12:00:00.102Z",
    "batch": None,
    "custom_id": None,
    "document": {"filename": None, "media_type": "text/plain; charset=utf-8", "bytes": 97},
    "metadata": {"source": "inbox"},
}
EVIDENCE: JSON = {
    "start": 412,
    "stop": 420,
    "text": "1.250,00",
    "page": 3,
    "part": {"number": 2, "kind": "attachment", "name": "invoice.pdf", "label": None, "cell": None},
    "boxes": [[0.7812, 0.6104, 0.8573, 0.6231]],
}
QUEUED: JSON = {
    **_ADDRESSED,
    "status": "queued",
    "started_at": None,
    "finished_at": None,
    "expires_at": None,
    "attempt": 0,
    "reason": "queued",
    "waiting": {
        "detail": "Waits for its turn: 3 of the same tenant and priority are ahead of it",
        "ahead": 3,
        "until": None,
        "last_fault": None,
    },
    "request_id": "3b0f6c1de4a84c0a9d9d6e5c8a0f5a52",
    "options": {"max_output_tokens": 512},
    "result": None,
    "error": None,
}
SUCCEEDED: JSON = {
    **QUEUED,
    "status": "succeeded",
    "started_at": "2026-11-23T12:00:00.131Z",
    "finished_at": "2026-11-23T12:00:00.949Z",
    "expires_at": "2026-11-24T12:00:00.949Z",
    "attempt": 1,
    "reason": None,
    "waiting": None,
    "result": {
        "data": {
            "name": "Mina Okafor",
            "title": "Dr.",
            "job_title": "Head of Research",
            "company": "Larkspur Labs",
            "email": "m.okafor@larkspur.example",
            "phones": [{"kind": "mobile", "number": "+44 7700 900123"}],
            "website": None,
            "address": None,
        },
        "fields": {
            "/name": {
                "evidence": [{"start": 4, "stop": 15, "text": "Mina Okafor", "page": None, "part": None, "boxes": []}],
                "confidence": 0.9976,
            },
            "/website": {"evidence": [], "confidence": 1.0},
        },
        "document": {
            "format": "text",
            "media_type": "text/plain",
            "characters": 97,
            "pages": [
                {
                    "number": 1,
                    "part": 1,
                    "label": None,
                    "start": 0,
                    "stop": 97,
                    "how": "text",
                    "confidence": None,
                    "warnings": [],
                }
            ],
            "parts": [
                {"number": 1, "name": None, "media_type": "text/plain", "kind": "document", "start": 0, "stop": 97}
            ],
            "warnings": [],
        },
        "usage": {
            "model_calls": 1,
            "prompt_tokens": 214,
            "output_tokens": 96,
            "target_forwards": 17,
            "drafts": {
                "grammar": {"proposed": 52, "accepted": 52},
                "copy": {"proposed": 31, "accepted": 22},
                "mtp": {"proposed": 12, "accepted": 9},
            },
            "document_s": 0.0002,
            "duration_s": 0.81,
            "prefill_s": 0.12,
            "decode_s": 0.67,
        },
        "asks": 1,
        "model": "bundled",
        "schema": "contact@1",
    },
}
CANCELLED: JSON = {
    **QUEUED,
    "status": "cancelled",
    "finished_at": "2026-11-23T12:00:02.004Z",
    "reason": "requested",
    "waiting": None,
}
PAGE: JSON = {
    "data": [
        {key: value for key, value in SUCCEEDED.items() if key not in ("result", "options", "error")}
        | {"error_code": None}
    ],
    "next_cursor": _ID,
}
EVENTS = (
    f'event: queued\r\ndata: {{"id": "{_ID}", "status": "queued", …}}\r\n\r\n'
    f'event: running\r\ndata: {{"id": "{_ID}", "status": "running", …}}\r\n\r\n'
    f'event: succeeded\r\ndata: {{"id": "{_ID}", "status": "succeeded", "result": {{…}}, …}}\r\n\r\n'
)
BATCH_LINE: JSON = {"custom_id": "card-17", "schema": "contact", "document": {"text": _TEXT}}
_BATCH_ID = "01a2089c11d07e5f9a3b264400000000"
BATCH: JSON = {
    "id": _BATCH_ID,
    "status": "running",
    "created_at": "2026-11-23T18:00:00.102Z",
    "started_at": "2026-11-23T18:00:00.340Z",
    "received_at": "2026-11-23T18:00:41.770Z",
    "finished_at": None,
    "expires_at": None,
    "schema": "contact",
    "lines": 100000,
    "refused": 3,
    "counts": {
        "accepted": 99997, "queued": 81975, "running": 8, "succeeded": 18002, "failed": 12, "cancelled": 0
    },
    "documents_per_s": 41.7,
    "seconds_left": 1966.0,
    "reason": None,
    "request_id": "0f5f3b5f2b0f4cfa8d3a3c8d4c0a7a11",
}  # fmt: skip
BATCH_DONE: JSON = {
    **BATCH,
    "status": "completed",
    "finished_at": "2026-11-23T18:39:58.010Z",
    "expires_at": "2026-11-24T18:39:58.010Z",
    "counts": {"accepted": 99997, "queued": 0, "running": 0, "succeeded": 99920, "failed": 77, "cancelled": 0},
    "seconds_left": 0.0,
}
BATCH_CANCELLED: JSON = {
    **BATCH_DONE,
    "status": "cancelled",
    "counts": {"accepted": 99997, "queued": 0, "running": 0, "succeeded": 18010, "failed": 12, "cancelled": 81975},
    "reason": "requested",
}
BATCH_PAGE: JSON = {"data": [BATCH], "next_cursor": None}
BATCH_RESULT: JSON = {
    "line": 1,
    **SUCCEEDED,
    "id": "01a2089c11d07e5f9a3b264400000001",
    "batch": _BATCH_ID,
    "custom_id": "card-17",
    "priority": "bulk",
}
BATCH_ERROR: JSON = {
    "line": 17,
    "custom_id": "card-33",
    "error": {
        "code": "unknown_schema",
        "detail": "There is no schema 'contakt'",
        "retryable": False,
        "errors": [{"pointer": "/schema", "detail": "There is no schema 'contakt'"}],
    },
}
_CONTACT: JSON = {
    "name": "contact",
    "version": "1",
    "ref": "contact@1",
    "sha256": "7428d379e298f076f4b4bb3f6bfc21da3d7c600257370e0d4f446a5a0a3811c1",
    "description": "How to reach a person.",
}
SCHEMA_LIST: JSON = {
    "data": [_CONTACT],
    "problems": [{"file": "my_schemas/lease.py", "detail": "SyntaxError: invalid syntax (line 12)"}],
}
SCHEMA_DETAIL: JSON = {
    **_CONTACT,
    "json_schema": {
        "type": "object",
        "description": "How to reach a person.",
        "properties": {
            "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "full name without title"}
        },
        "additionalProperties": False,
    },
    "examples": [{"document": _TEXT, "answer": {"name": "Mina Okafor"}}],
}
CHECK_REQUEST: JSON = {
    "json_schema": {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}},
    }
}
CHECK_REPORT: JSON = {
    "ok": True,
    "enforced": [
        {"pointer": "/type", "detail": "type is enforced"},
        {"pointer": "/properties", "detail": "properties is enforced"},
        {"pointer": "/properties/tags/type", "detail": "type is enforced"},
        {"pointer": "/properties/tags/items", "detail": "items is enforced"},
        {"pointer": "/properties/tags/items/type", "detail": "type is enforced"},
    ],
    "validated": [{"pointer": "/properties/tags/uniqueItems", "detail": "is checked when the answer is complete"}],
    "refused": [],
    "ignored": [],
    "omitted": 0,
}
HEALTH: JSON = {"status": "ok", "version": "0.1.0"}
READY: JSON = {
    "status": "ready",
    "store": "ok",
    "workers": [
        {"id": "box:4242:9f1c", "pid": 4242, "ready": True, "state": "ready", "slots": 4, "busy": 1, "age_s": 1.2}
    ],
}
PROBLEM: JSON = {
    "type": "urn:extractor:problem:invalid_request",
    "title": "The request does not have the expected form",
    "status": 422,
    "detail": "2 places in the request are wrong: /options/temperature: Input should be less than or equal to 2; "
    "/options/speed: Extra inputs are not permitted",
    "code": "invalid_request",
    "retryable": False,
    "request_id": "3b0f6c1de4a84c0a9d9d6e5c8a0f5a52",
    "errors": [
        {"pointer": "/options/temperature", "detail": "Input should be less than or equal to 2"},
        {"pointer": "/options/speed", "detail": "Extra inputs are not permitted"},
    ],
}
