"""An error."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

PROBLEM: JSON = {
    "type": "urn:extractor:problem:invalid_request",
    "title": "The request does not have the expected form",
    "status": 422,
    "detail": "2 places in the request are wrong: /options/temperature: has to be at most 2; "
    "/options/speed: no field of this name is known here",
    "code": "invalid_request",
    "retryable": False,
    "request_id": "3b0f6c1de4a84c0a9d9d6e5c8a0f5a52",
    "errors": [
        {"pointer": "/options/temperature", "detail": "has to be at most 2"},
        {"pointer": "/options/speed", "detail": "no field of this name is known here"},
    ],
}
