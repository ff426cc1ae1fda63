"""Of `/v1/extractions`."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

CARD_TEXT = "Dr. Mina Okafor\nHead of Research, Larkspur Labs\nm.okafor@larkspur.example\nMobile +44 7700 900123\n"
_ID = "019ab0f3c4e63d1f0a7b5c2e8d94f6a1"
CREATE_JSON: JSON = {
    "schema": "contact",
    "document": {"text": CARD_TEXT},
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
    "document": {"text": CARD_TEXT},
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
    "needs_review": False,
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
    "progress": None,
    "request_id": "3b0f6c1de4a84c0a9d9d6e5c8a0f5a52",
    "options": {"max_output_tokens": 512},
    "result": None,
    "error": None,
    "reviewed": None,
}
RUNNING: JSON = {
    **QUEUED,
    "status": "running",
    "started_at": "2026-11-23T12:00:00.131Z",
    "attempt": 1,
    "reason": None,
    "waiting": None,
    "progress": {"done": 14, "total": 52, "unit": "windows"},
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
                "label": None,
                "confidence": 0.9976,
            },
            "/website": {"evidence": [], "label": None, "confidence": 0.9714},
        },
        "review": [],
        "needs_review": False,
        "calibration": {"model": "bundled", "fitted": "2026-11-29", "documents": 639, "covers": ["value", "null"]},
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
REVIEWED: JSON = {
    **SUCCEEDED,
    "reviewed": {
        "corrections": {"/website": "larkspur.example"},
        "confirmed": ["/name"],
        "at": "2026-11-23T12:04:10.771Z",
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
        {key: value for key, value in SUCCEEDED.items() if key not in ("result", "options", "error", "reviewed")}
        | {"error_code": None, "reviewed": False}
    ],
    "next_cursor": _ID,
}
EVENTS = (
    f'event: queued\r\ndata: {{"id": "{_ID}", "status": "queued", …}}\r\n\r\n'
    f'event: running\r\ndata: {{"id": "{_ID}", "status": "running", …}}\r\n\r\n'
    f'event: succeeded\r\ndata: {{"id": "{_ID}", "status": "succeeded", "result": {{…}}, …}}\r\n\r\n'
)
