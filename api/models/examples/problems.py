"""An error."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

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
