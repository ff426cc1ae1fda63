"""Whether a right answer fits its schema, as far as it goes: what it leaves out is no fault. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from extractor.evaluation.shape import JSON, SchemaShape
from schemas.checks.compiled import validator
from schemas.errors import Place
from schemas.errors import pointer as pointer_to
from schemas.jsontext import exact

MOST = 20
_HERE = "this-place"
_KINDS = {dict: "object", list: "array"}


def misfits(json_schema: JSON, expected: JSON) -> list[Place]:
    """(pointer, what is wrong there): keys that the schema has not, and values that it does not allow."""
    return list(islice(_misfits(SchemaShape.of(json_schema), exact(expected), ""), MOST))


def _misfits(shape: SchemaShape, value: Any, pointer: str) -> Iterator[Place]:
    if isinstance(value, dict | list) and not shape.takes(_KINDS[type(value)]):
        yield pointer, f"the schema has no {_KINDS[type(value)]} here"
    elif isinstance(value, dict):
        for key, one in value.items():
            if shape.knows(key):
                yield from _misfits(shape.below(key), one, pointer + pointer_to(key))
            else:
                yield pointer + pointer_to(key), "is no field of the schema"
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _misfits(shape.below(at), one, f"{pointer}/{at}")
    elif shape.own_nodes:
        for error in _validator(_whole(shape)).iter_errors(value):
            yield pointer, error.message[:300]


def _whole(shape: SchemaShape) -> bytes:
    """One schema of a place, with what its references mean. `properties` are there to be referred to: a scalar has
    none."""
    kept = {key: shape.root[key] for key in ("$defs", "definitions", "properties") if key in shape.root}
    one = shape.own_nodes[0] if len(shape.own_nodes) == 1 else {"anyOf": list(shape.own_nodes)}
    return orjson.dumps(kept | {"$defs": {**kept.get("$defs", {}), _HERE: one}, "$ref": f"#/$defs/{_HERE}"})


@lru_cache(maxsize=4096)
def _validator(written: bytes) -> Any:
    return validator(orjson.loads(written))
