"""A list or an object of a JSON text that is being written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extractor.engine.limits.items import Items
from extractor.engine.limits.limits import Why
from extractor.engine.limits.members import Members

MOST_LOOPS = 8  # values that may have been ended in it, none of which said something


@dataclass
class Container:
    """`start`: where it begins, in bytes; `full`: why no other member may follow. `loops`: how many values in it were
    ended because they went on, since a member that says something; `loops_before`: the member that is written."""

    start: int
    of_keys: bool
    items: Items | Members | None  # None: only what its grammar says ends it
    member: int  # where the one that is written begins
    begun: int = 1  # members, the one that is written among them
    full: Why | None = None
    shared: bool = False  # `items`, with a copy of this
    loops: int = 0
    loops_before: int = 0

    def copy(self) -> Container:
        """Neither feels what is added to the other."""
        self.shared = True
        return replace(self)

    def end_within(self) -> None:
        """A value in it was ended because it went on: after some it says nothing any more. An object ends so if it has
        keys that nobody named."""
        self.loops += 1
        if self.loops >= MOST_LOOPS and self.full is None and self.items is not None and self.items.free:
            self.full = "repeated"

    def go_on(self, place: int, *, speaks: bool) -> None:
        """The next member begins at `place`. `speaks`: whether the last one says something."""
        self.begun, self.member = self.begun + 1, place
        self.loops = self.loops_before = 0 if speaks else self.loops

    def add(self, item: bytes) -> None:
        """A member that has ended."""
        if self.items is None:
            return
        if self.shared:  # by now: most copies end before one is added, and of many items each is long
            self.items, self.shared = self.items.copy(), False
        self.items.add(item)
