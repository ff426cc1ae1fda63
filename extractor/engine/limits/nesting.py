"""The lists and objects that are open in a JSON text, and whether anything is left to say in them."""

from __future__ import annotations

import sys

from extractor.engine.limits.container import Container
from extractor.engine.limits.items import Items
from extractor.engine.limits.limits import Why
from extractor.engine.limits.members import Members
from extractor.engine.limits.repeats import Repeats
from extractor.engine.limits.said import LEAST, Said


class Nesting:
    """`open`: the innermost last."""

    def __init__(self, repeats: Repeats) -> None:
        self.open: list[Container] = []
        self.so_far = Said(repeats)

    def copy(self) -> Nesting:
        """Neither feels what is added to the other."""
        other = object.__new__(Nesting)
        other.open, other.so_far = [one.copy() for one in self.open], self.so_far.copy()
        return other

    @property
    def starving(self) -> bool:
        """Whether nothing is left to say in what begins now."""
        return any(one.starving or (one.silent and self.so_far.is_all()) for one in self.open)

    def is_empty(self, end: int) -> bool:
        """Whether one has begun right before `end`, and no more."""
        return bool(self.open) and self.open[-1].start == end - 1

    def begin(self, place: int, *, of_keys: bool, items: Items | Members | None) -> None:
        """Those around it that say nothing new any more are full where it is starved."""
        starved = self.starving
        full: Why | None = "repeated" if starved else None
        for one in self.open if starved else ():
            one.full = one.full or ("repeated" if one.silent else None)
        self.open.append(Container(place, of_keys, items, place + 1, full=full, starved=starved))

    def say(self, words: list[str]) -> None:
        """Those of a value that has ended, or of a key that no schema names."""
        if self.so_far.add(words):
            for one in self.open:
                one.is_new = True

    def count(self, container: Container, end: int) -> None:
        """The member of it that ends there. One with members that were counted is not counted itself."""
        if not container.free:
            return
        if not container.silent:
            self.so_far.speaks()
        elif not container.counted and end - container.member >= LEAST:
            self.so_far.is_silent()
            for one in self.open:
                one.counted = True

    def fill(self) -> None:
        """The innermost, where a value has ended and nothing is left to say."""
        if self.open and self.open[-1].full is None and self.open[-1].silent and self.so_far.is_all():
            self.open[-1].full = "repeated"

    def longest(self, last: int | None) -> int:
        """Bytes of a member of those that go on although nothing is left to say; `last`: the number of one more."""
        going_on = [one for at, one in enumerate(self.open) if at == last or one.starving]
        return max((one.items.longest for one in going_on if one.items is not None), default=sys.maxsize)
