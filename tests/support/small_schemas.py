"""Schemas of a few fields, as tests write them."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]


def fields(**named: Any) -> JSON:
    return {"type": "object", "properties": named}


def whole(field: Any) -> JSON:
    """The field `f` alone, which every answer has."""
    return {**fields(f=field), "required": ["f"]}
