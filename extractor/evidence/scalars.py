"""The scalars of an answer, each with its JSON pointer and its place in the text, so that what is known of tokens can
be said of values. Knows JSON only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from schemas.errors import pointer
from schemas.jsontext import loads

JsonPath = tuple[str | int, ...]
ScalarValue = str | int | Decimal | bool | None

_TOKEN = re.compile(r'[ \t\n\r]*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+))')


@dataclass(frozen=True)
class Scalar:
    """`text[start:stop]` of the answer is its JSON; `value` has the digits of numbers as they are written."""

    path: JsonPath
    value: ScalarValue
    start: int
    stop: int

    @property
    def pointer(self) -> str:
        return pointer(*self.path)


@dataclass(frozen=True)
class _Part:
    """A key (`key`: the path is its member's), a scalar with its JSON, or the beginning of a container."""

    path: JsonPath
    start: int
    stop: int
    scalar: str | None
    key: bool = False


def scalars(text: str) -> Iterator[Scalar]:
    """In the order of the answer. `text` is JSON; another may bring ValueError."""
    for part in _parts(text):
        if part.scalar is not None and not part.key:
            yield Scalar(part.path, loads(part.scalar), part.start, part.stop)


def byte_spans(text: str) -> dict[str, tuple[int, int]]:
    """Of each scalar, by its pointer, where its JSON stands in the answer's UTF-8."""
    return {one.pointer: (len(text[: one.start].encode()), len(text[: one.stop].encode())) for one in scalars(text)}


def pointers(text: str) -> dict[int, str]:
    """Of every value, by where it begins in `text`; of every member of an object by where its key does too."""
    return {part.start: pointer(*part.path) for part in _parts(text)}


def _parts(text: str) -> Iterator[_Part]:
    path: list[str | int] = []  # of the value that is due; the last part is moved on at each comma
    lists: list[bool] = []  # for each container around it, whether it is a list
    key = False  # a key is due, not a value
    for found in _TOKEN.finditer(text):
        mark, scalar = found.groups()
        if scalar is None:
            if mark in "{[":
                yield _Part(tuple(path), found.start(1), found.end(1), None)
                lists.append(mark == "[")
                path.append(0 if mark == "[" else "")
                key = mark == "{"
            elif mark in "}]":
                lists.pop()
                path.pop()
            elif mark == ",":
                last = path[-1]
                path[-1] = last + 1 if isinstance(last, int) else ""
                key = not lists[-1]
        elif key:
            path[-1], key = json.loads(scalar), False
            yield _Part(tuple(path), found.start(2), found.end(2), scalar, key=True)
        else:
            yield _Part(tuple(path), found.start(2), found.end(2), scalar)
