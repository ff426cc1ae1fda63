"""Documents in which it is marked where each value of the right answer stands. A file is the answer as JSON, a line
`---`, and the text, in which `⟨/total⟩12,00⟨⟩` marks a place by the value's JSON pointer. A value that stands in
several places is marked in each. A value that is not marked is not printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from extractor.errors import InputError
from extractor.evidence.scalars import Scalar
from extractor.lab.bench.places import says
from extractor.notation import find

Kind = Literal["literal", "normalised", "in other words"]

_MARK = re.compile(r"⟨(/[^⟩]*)⟩|⟨⟩")
_BREAK = "\n---\n"


@dataclass(frozen=True)
class Gold:
    """`places`: by JSON pointer the half-open spans of `document` where the value stands. `json_schema`: empty where
    none is known."""

    name: str
    document: str
    answer: str
    places: dict[str, list[tuple[int, int]]]
    json_schema: dict[str, Any] = field(default_factory=dict)


def golds(folder: Path) -> list[Gold]:
    """Of a folder, by name. Raises InputError where it holds none."""
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise InputError(f"{folder} holds no marked document", code="unreadable_document")
    return [gold(file.stem, file.read_text("utf-8")) for file in files]


def gold(name: str, marked: str) -> Gold:
    answer, _, body = marked.partition(_BREAK)
    pieces: list[str] = []
    places: dict[str, list[tuple[int, int]]] = {}
    at = since = start = 0
    pointer = ""
    for mark in _MARK.finditer(body):
        pieces.append(body[since : mark.start()])
        at += mark.start() - since
        since = mark.end()
        if mark[1] is not None:
            pointer, start = mark[1], at
        else:
            places.setdefault(pointer, []).append((start, at))
    return Gold(name, "".join(pieces) + body[since:], answer, places)


def kind(scalar: Scalar, printed: str) -> Kind:
    """How `printed` says a value: letter by letter, in another notation, or in words that mean it."""
    value = scalar.value
    if isinstance(value, str) and " ".join(printed.split()).casefold() == " ".join(value.split()).casefold():
        return "literal"
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if is_number and printed in (str(value), f"{Decimal(str(value)):f}"):
        return "literal"
    return "normalised" if says(value, printed) or _is_time(value, printed) else "in other words"


def _is_time(value: object, printed: str) -> bool:
    parts = find.date_and_time(value) if isinstance(value, str) else None
    if parts is None or parts[1] is None:
        return False
    spans = find.time_spans(printed)
    unsaid = f"{int(parts[1][:2]) % 12:02}{parts[1][2:5]}?"
    return any(key in spans for key in (parts[1], parts[1][:5], unsaid))
