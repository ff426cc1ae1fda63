"""Which schema a caller means."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest
from pydantic import BaseModel, create_model

from extractor.errors import SchemaError
from extractor.schema_lookup import find_schema
from schemas import Registry
from schemas.builtin.contact import Contact

REGISTRY = Registry.discover([])


def test_a_class_is_made_a_schema_once() -> None:
    found = find_schema(Contact, REGISTRY)
    assert find_schema(Contact, REGISTRY) is found
    assert find_schema(found, REGISTRY) is found
    assert find_schema("contact", REGISTRY).json_schema == found.json_schema


def test_classes_that_a_program_makes_without_end_are_not_kept() -> None:
    def made(number: int) -> weakref.ref[type[BaseModel]]:
        model = create_model(f"Model{number}", name=(str, ...))
        find_schema(model, REGISTRY)
        return weakref.ref(model)

    first, *_ = [made(number) for number in range(300)]
    gc.collect()
    assert first() is None


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(SchemaError) as caught:
        find_schema("contract", REGISTRY)
    assert caught.value.code == "unknown_schema"


def test_a_class_that_has_no_json_schema_is_refused() -> None:
    with pytest.raises(SchemaError):
        find_schema(create_model("Odd", call=(Callable[[int], int], ...)), REGISTRY)
