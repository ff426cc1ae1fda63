"""Of `/v1/schemas`."""

from __future__ import annotations

from typing import Any

from api.models.examples.extractions import CARD_TEXT

JSON = dict[str, Any]

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
    "examples": [{"document": CARD_TEXT, "answer": {"name": "Mina Okafor"}}],
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
