"""A list or an object of a JSON text that is being written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extractor.engine.limits.items import Items
from extractor.engine.limits.json_string import value_of
from extractor.engine.limits.limits import Why
from extractor.engine.limits.members import Members
from extractor.engine.limits.repeats import Repeats

_QUOTE, _BACKSLASH, _COMMA = b'"\\,'
OPENING, CLOSING = frozenset(b"[{"), frozenset(b"]}")
MOST_LOOPS = 8  # values that may have been ended in it, none of which said something


@dataclass
class Container:
    """`start`: where it begins, in bytes; `full`: why no other member may follow. `loops`: how many values in it were
    ended because they went on, since a member that says something; `loops_before`: the member that is written. In that
    one something `is_new`, or one within it was `counted` in which nothing is. `starved`: it began where nothing was
    left to say. `has_free_key`: one that no schema names."""

    start: int
    of_keys: bool
    items: Items | Members | None  # None: only what its grammar says ends it
    member: int  # where the one that is written begins
    begun: int = 1  # members, the one that is written among them
    full: Why | None = None
    shared: bool = False  # `items`, with a copy of this
    loops: int = 0
    loops_before: int = 0
    is_new: bool = False
    counted: bool = False
    starved: bool = False
    has_free_key: bool = False

    @property
    def free(self) -> bool:
        """It may have as many members as it likes."""
        return self.items is not None and (self.items.free or self.has_free_key)

    @property
    def starving(self) -> bool:
        """No member is to follow, and nothing is left to say in the one that is written."""
        return self.full is not None and self.full != "cut_off"

    @property
    def silent(self) -> bool:
        """Whether the member that is written says nothing new, so far."""
        return self.free and not self.is_new

    def speaks(self, member: bytes, repeats: Repeats) -> bool:
        """Whether a member says something although values of it were ended."""
        if not self.loops:
            return False
        value = value_of(b"{%b}" % member if self.of_keys else b"[%b]" % member)
        return value is not None and repeats.speaks(value, self.loops - self.loops_before)

    def copy(self) -> Container:
        """Neither feels what is added to the other."""
        self.shared = True
        return replace(self)

    def end_within(self) -> None:
        """A value in it was ended because it went on: after some it says nothing any more. An object ends so if it has
        keys that nobody named."""
        self.loops += 1
        if self.loops >= MOST_LOOPS and self.full is None and self.free:
            self.full = "repeated"

    def go_on(self, place: int, *, speaks: bool) -> None:
        """The next member begins at `place`. `speaks`: whether the last one says something."""
        self.begun, self.member, self.is_new, self.counted = self.begun + 1, place, False, False
        self.loops = self.loops_before = 0 if speaks else self.loops

    def add(self, item: bytes) -> None:
        """A member that has ended."""
        if self.items is None:
            return
        if self.shared:  # by now: most copies end before one is added, and of many items each is long
            self.items, self.shared = self.items.copy(), False
        self.items.add(item)


def begins_member(token: bytes, full: list[bool], *, quoted: bool, escaped: bool, starving: bool) -> bool:
    """Whether a token would begin one member more in a container that is full, or where nothing is left to say
    (`starving`) the first in one that it begins. `full`: of what is open, the innermost last. `quoted`, `escaped`: in a
    string, behind a backslash."""
    full, empty = [*full], False
    for byte in token:
        if starving and empty and byte not in CLOSING:
            return True
        empty = False
        if quoted:
            quoted, escaped = escaped or byte != _QUOTE, not escaped and byte == _BACKSLASH
        elif byte == _QUOTE:
            quoted = True
        elif byte in OPENING:
            full.append(starving)
            empty = True
        elif byte in CLOSING:
            del full[-1:]
        elif byte == _COMMA and full and full[-1]:
            return True
    return False
