"""Of `/v1/batches`."""

from __future__ import annotations

from typing import Any

from api.models.examples.extractions import CARD_TEXT, SUCCEEDED

JSON = dict[str, Any]

BATCH_LINE: JSON = {"custom_id": "card-17", "schema": "contact", "document": {"text": CARD_TEXT}}
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
