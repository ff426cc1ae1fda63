"""A list or an object of a JSON text that is being written."""

from __future__ import annotations

from dataclasses import dataclass

from extractor.engine.limits.items import Items
from extractor.engine.limits.limits import Why
from extractor.engine.limits.members import Members


@dataclass
class Container:
    """`start`: where it begins, in bytes; `full`: why no other member may follow."""

    start: int
    of_keys: bool
    items: Items | Members | None  # None: only what its grammar says ends it
    member: int  # where the one that is written begins
    begun: int = 1  # members, the one that is written among them
    full: Why | None = None
    shared: bool = False  # `items`, with a copy of this

    def copy(self) -> Container:
        """Neither feels what is added to the other."""
        self.shared = True
        return Container(self.start, self.of_keys, self.items, self.member, self.begun, self.full, shared=True)

    def add(self, item: bytes) -> None:
        """A member that has ended."""
        if self.items is None:
            return
        if self.shared:  # by now: most copies end before one is added, and of many items each is long
            self.items, self.shared = self.items.copy(), False
        self.items.add(item)
