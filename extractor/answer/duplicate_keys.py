"""An answer in which no object has a key twice, as JSON allows and most readers of it overlook: the first member of a
key stays, and what others of that key say is told beside. Pure: knows JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from extractor.answer.written import EMPTY, Span, WrittenText, outermost
from extractor.engine.limits.limits import Ended
from extractor.engine.sequence import Completion
from schemas.errors import pointer

_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[{}\[\],:]', re.DOTALL)


@dataclass(frozen=True)
class Duplicate:
    """What a member says whose key, the last step of `pointer`, its object had already: JSON, in the tokens that it was
    written in."""

    pointer: str
    value: WrittenText


def without_duplicates(completion: Completion) -> tuple[Completion, list[Duplicate]]:
    """The engine's completion as if none of these had been written, and they themselves, in their order. Of a text that
    ends within one, that is left out too."""
    found = list(_duplicates(completion.text))
    if not found:
        return completion, []
    written = WrittenText.of(completion)
    spans = outermost([one.span for one in found])
    kept = replaced(written, dict.fromkeys(spans, EMPTY))
    again = [Duplicate(one.pointer, written.part(*one.value)) for one in found if one.value and one.span in spans]
    ended = [one for one in completion.ended if not any(start <= one.start < stop for start, stop in spans)]
    moved = [Ended(one.start - _before(spans, one.start), one.why) for one in ended]
    return kept.put_into(completion, moved), again


def replaced(written: WrittenText, pieces: Mapping[Span, WrittenText]) -> WrittenText:
    """With other text at spans that have nothing in common."""
    whole, at = EMPTY, 0
    for (start, stop), piece in sorted(pieces.items(), key=lambda one: one[0]):
        whole, at = whole + written.part(at, start) + piece, stop
    return whole + written.part(at, len(written.text))


@dataclass(frozen=True)
class _Found:
    """`span`: with the comma before it; `value`: None where it does not come to its end."""

    pointer: str
    span: Span
    value: Span | None


@dataclass
class _OpenContainer:
    """A container: of a list the `step` is the number of the item that is due. `again`: its member's key was there."""

    step: str | int
    keys: set[str] = field(default_factory=set)
    key_is_due: bool = False
    again: bool = False
    comma: int = 0
    value: int = 0

    @classmethod
    def at(cls, sign: bytes) -> _OpenContainer:
        return cls(0) if sign == b"[" else cls("", key_is_due=True)

    def name(self, key: str) -> None:
        self.step, self.key_is_due, self.again = key, False, key in self.keys
        self.keys.add(key)

    def go_on(self, comma: int) -> None:
        self.comma, self.again = comma, False
        if isinstance(self.step, int):
            self.step += 1
        else:
            self.key_is_due = True


def _duplicates(text: bytes) -> Iterator[_Found]:
    """Of a JSON text or its beginning; of those within others, too."""
    around: list[_OpenContainer] = []
    for found in _PIECE.finditer(text):
        sign, at = found[0], found.start()
        if sign in b"{[":
            around.append(_OpenContainer.at(sign))
        elif not around:
            continue
        elif sign[:1] == b'"' and around[-1].key_is_due:
            if (key := _key(sign)) is None:
                break
            around[-1].name(key)
        elif sign == b":":
            around[-1].value = at + 1
        elif sign in b"}],":
            if around[-1].again:
                yield _Found(_pointer(around), (around[-1].comma, at), (around[-1].value, at))
            if sign == b",":
                around[-1].go_on(at)
            else:
                around.pop()
    for depth, one in enumerate(around, 1):
        if one.again:
            yield _Found(_pointer(around[:depth]), (one.comma, len(text)), None)


def _key(text: bytes) -> str | None:
    """None where it does not come to its end."""
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return None


def _pointer(around: list[_OpenContainer]) -> str:
    return pointer(*(one.step for one in around))


def _before(spans: list[Span], place: int) -> int:
    """Bytes of them in front of it."""
    return sum(stop - start for start, stop in spans if stop <= place)
