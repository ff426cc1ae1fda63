"""Checks that mark an answer and do not fail it: what of it should be looked at by a person.

A model says them as methods that yield places and what is doubtful there; they run with its validation, and only for
who listens (`listen`). Knows pydantic, and no schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, model_validator

from schemas.errors import Place, pointer

M = TypeVar("M", bound=BaseModel)
Found = list[tuple[BaseModel, str, str]]  # the record, the pointer within it, what is doubtful

_found: ContextVar[Found | None] = ContextVar("doubts", default=None)


def should(check: Callable[[M], Iterable[tuple[str, str]]]) -> Any:
    """A method of a model that yields `(pointer, what is doubtful)`, the pointer from this model on. The answer
    stands all the same, and its result says so in `review`."""

    def after(self: M) -> M:
        found = _found.get()
        if found is not None:
            found.extend((self, where, what) for where, what in check(self))
        return self

    return model_validator(mode="after")(after)


@contextmanager
def listen() -> Iterator[Found]:
    """What is found by validations within, some of which may come to nothing."""
    found: Found = []
    token = _found.set(found)
    try:
        yield found
    finally:
        _found.reset(token)


def places(value: Any, found: Found) -> list[Place]:
    """Of what was found, what concerns records within `value`, with pointers from there."""
    if not found:
        return []
    where = {id(record): path for record, path in _records(value, ())}
    return [(pointer(*where[id(record)]) + at, what) for record, at, what in found if id(record) in where]


def _records(value: Any, path: tuple[object, ...]) -> Iterator[tuple[BaseModel, tuple[object, ...]]]:
    if isinstance(value, BaseModel):
        yield value, path
        for name, info in type(value).model_fields.items():
            alias = info.validation_alias
            key = next((one for one in alias.choices if isinstance(one, str)), name) if isinstance(
                alias, AliasChoices
            ) else (alias if isinstance(alias, str) else name)  # fmt: skip
            yield from _records(getattr(value, name), (*path, key))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _records(one, (*path, key))
    elif isinstance(value, list | tuple):
        for at, one in enumerate(value):
            yield from _records(one, (*path, at))
