"""Whether an array goes on although its document has no more to say: an item is there again and again, or items stand
nowhere. A function of the items alone."""

from __future__ import annotations

import json
import sys
from typing import Any

from extractor.engine.limits.limits import Why
from extractor.engine.limits.repeats import Repeats

_SHORT = 6  # bytes: a shorter item says too little to be missed in a document
_SENTENCE = 32  # bytes: a longer item is no name of a kind
_INVENTED, _COPIED = 3, 12  # times that an item is believed which is printed nowhere, or less often
_ALONE = 12  # items in succession that stand nowhere, and more than the document has parts


class Items:
    """Of one array, each as the bytes of its JSON. `longest`: bytes."""

    def __init__(self, repeats: Repeats) -> None:
        self.longest = 0
        self._repeats = repeats
        self._times: dict[bytes, int] = {}
        self._most, self._shortest = 0, sys.maxsize  # times and bytes, of all
        self._most_said, self._shortest_said = 0, sys.maxsize  # of sentences
        self._nowhere = 0  # so many of the last ones, before those that were not looked for
        self._unread: list[bytes] = []

    def copy(self) -> Items:
        """Neither feels what is added to the other."""
        other = object.__new__(Items)
        other.__dict__.update(self.__dict__)
        other._times, other._unread = dict(self._times), list(self._unread)
        return other

    def add(self, item: bytes) -> None:
        size = len(item)
        self.longest = max(self.longest, size)
        if size < _SHORT:
            return
        times = self._times[item] = self._times.get(item, 0) + 1
        self._most, self._shortest = max(self._most, times), min(self._shortest, size)
        if size >= _SENTENCE:
            self._most_said, self._shortest_said = max(self._most_said, times), min(self._shortest_said, size)
        self._unread.append(item)

    def over(self, item: bytes) -> Why | None:
        """Why `item`, as the next one, would be one too many."""
        size = len(item)
        if size < _SHORT:
            return None
        times = self._times.get(item, 0) + 1
        if times > (_INVENTED if size >= _SENTENCE else _COPIED) and times > self._believed(item):
            return "repeated"
        if not self._alone() or self._stands(item):
            return None
        return "ran_on" if times == 1 else "repeated"

    def calm_for(self) -> int:
        """For how many bytes none is one too many, whatever they are; negative where that is not plain."""
        left = (
            (_COPIED - self._most, self._shortest),
            (_COPIED, _SHORT),
            (_INVENTED - self._most_said, self._shortest_said),
            (_INVENTED, _SENTENCE),
            (_ALONE - self._nowhere - len(self._unread), _SHORT),
        )
        # Each after a comma, and without what closes it: a quote, and a brace for each object, which takes five bytes.
        return min(times * (size - size // 6) for times, size in left) - 1

    def _believed(self, item: bytes) -> int:
        """How often it may be there."""
        row = _read(item)
        if row is None:
            return sys.maxsize
        printed, copied = self._repeats.printed(row)
        if not copied:
            return sys.maxsize  # of kinds of lines there may be as many as there are lines
        return max(_COPIED, 2 * printed) if printed else _INVENTED

    def _alone(self) -> bool:
        """Whether so many items before stand nowhere that no other may."""
        if self._nowhere + len(self._unread) < _ALONE:
            return False
        for at in reversed(range(len(self._unread))):
            if self._stands(self._unread[at]):
                self._nowhere, self._unread = 0, self._unread[at + 1 :]
                break
        self._nowhere, self._unread = self._nowhere + len(self._unread), []
        return self._nowhere >= max(_ALONE, self._repeats.parts)

    def _stands(self, item: bytes) -> bool:
        row = _read(item)
        return row is None or self._repeats.says(row)


def _read(item: bytes) -> Any:
    """None where it is not whole."""
    try:
        return json.loads(item)
    except ValueError:
        return None
