"""Whether an array goes on although its document has no more to say: an item is there again and again, or items stand
nowhere. A function of the items alone."""

from __future__ import annotations

import sys

from extractor.engine.limits.json_string import value_of
from extractor.engine.limits.limits import Why
from extractor.engine.limits.repeats import Repeats

_SHORT = 6  # bytes: a shorter item says too little to be missed in a document
_SENTENCE = 32  # bytes: a longer item is no name of a kind
_PASSAGE = 160  # bytes: a longer item is not printed once and meant many times
_INVENTED, _COPIED = 3, 12  # times that an item is believed which is printed nowhere, or less often
_RUN, RUN_BYTES = 24, 96  # times in succession, and bytes, that a short item is believed, however seldom it is printed
_ALONE = 12  # items in succession that stand nowhere, and more than the document has parts
_NO_BOUND = 1 << 40  # times: of what may be there as often as it likes


class Items:
    """Of one array, each as the bytes of its JSON. `longest`: bytes."""

    free = True  # it may have as many as it likes

    def __init__(self, repeats: Repeats) -> None:
        self.longest = 0
        self._repeats = repeats
        self._times: dict[bytes, int] = {}
        self._most: dict[bytes, int] = {}  # of those that are there as often as is believed of any: of it, in truth
        self._most_on_end: dict[bytes, int] = {}  # the same of short ones, in succession
        self._names, self._sentences = _Margins(_SHORT, _COPIED), _Margins(_SENTENCE, _INVENTED)
        self._last, self._run = b"", 0  # the last item, and how often it is there on end
        self._nowhere = 0  # so many of the last ones, before those that were not looked for
        self._unread: list[bytes] = []

    def copy(self) -> Items:
        """Neither feels what is added to the other."""
        other = object.__new__(Items)
        other.__dict__.update(self.__dict__)
        other._times, other._most, other._unread = dict(self._times), dict(self._most), list(self._unread)
        other._names, other._sentences = self._names.copy(), self._sentences.copy()
        return other

    def add(self, item: bytes) -> None:
        size = len(item)
        self.longest = max(self.longest, size)
        self._last, self._run = item, self._run + 1 if item == self._last else 1
        if size < _SHORT:
            return
        times = self._times.get(item, 0) + 1
        self._times[item] = times
        margins = self._sentences if size >= _SENTENCE else self._names
        before = self._most.get(item, margins.any) - times + 1
        if times == margins.any:
            self._most[item] = max(times, self._believed(item))
        margins.move(size, before if times > 1 else None, self._most.get(item, margins.any) - times)
        self._unread.append(item)

    def over(self, item: bytes) -> Why | None:
        """Why `item`, as the next one, would be one too many."""
        size = len(item)
        if size < _SHORT:
            return "repeated" if item == self._last and self._run >= self._on_end(item) else None
        times = self._times.get(item, 0) + 1
        if times > self._most.get(item, sys.maxsize):
            return "repeated"
        if not self._alone() or self._stands(item):
            return None
        return "ran_on" if times == 1 else "repeated"

    def calm_for(self) -> int:
        """For how many bytes none is one too many, whatever they are; negative where that is not plain."""
        alone = _bytes_of(self._before_alone(), _SHORT)
        return min(self._names.bytes_left(), self._sentences.bytes_left(), alone, self._before_end()) - 1

    def _before_end(self) -> int:
        """So many bytes are written before a short item is there too often on end: the last one, or another."""
        size = len(self._last)
        if not 0 < size < _SHORT:
            return RUN_BYTES
        return min(RUN_BYTES, (self._on_end(self._last) - self._run) * (size + 1))

    def _on_end(self, item: bytes) -> int:
        """How often a short item may be there in succession: numbers only, for there may be as many of a kind of thing
        as there are things. One that is not printed may be said of each part of the document."""
        if item not in self._most_on_end:
            row = value_of(item)
            is_number = row is not None and not isinstance(row, str | bool | list | dict)
            printed = self._repeats.printed(row)[0] if is_number else 0
            most = max(_RUN, RUN_BYTES // (len(item) + 1) + 1, 2 * printed or self._repeats.parts)
            self._most_on_end[item] = most if is_number else sys.maxsize
        return self._most_on_end[item]

    def _believed(self, item: bytes) -> int:
        """How often it may be there."""
        row = value_of(item)
        if row is None:
            return sys.maxsize
        printed, copied = self._repeats.printed(row)
        if not copied:
            return sys.maxsize  # of kinds of lines there may be as many as there are lines
        least = _COPIED if len(item) < _PASSAGE else _INVENTED
        return max(least, 2 * printed) if printed else _INVENTED

    def _alone(self) -> bool:
        """Whether so many items before stand nowhere that no other may."""
        return self._before_alone() <= 0

    def _before_alone(self) -> int:
        """How many more items may stand nowhere; fewer where that many have not been looked for. Amortized, an item is
        looked for once at most."""
        left = _ALONE - self._nowhere - len(self._unread)
        if left > 0:
            return left
        for at in reversed(range(len(self._unread))):
            if self._stands(self._unread[at]):
                self._nowhere, self._unread = 0, self._unread[at + 1 :]
                break
        self._nowhere, self._unread = self._nowhere + len(self._unread), []
        return max(_ALONE, self._repeats.parts) - self._nowhere

    def _stands(self, item: bytes) -> bool:
        row = value_of(item)
        return row is None or self._repeats.says(row)


class _Margins:
    """How many more times items of a size may be there: `shortest`, bytes; `any`, times that is believed of any of
    them. Those of one margin are counted together, so that a step costs the same however many there are."""

    def __init__(self, shortest: int, any: int) -> None:
        self.any = any
        self._least, self._shortest = shortest, sys.maxsize  # bytes: of what may come, of what is there
        self._counts: dict[int, int] = {}  # of items, by their margins

    def copy(self) -> _Margins:
        other = object.__new__(_Margins)
        other.__dict__.update(self.__dict__)
        other._counts = dict(self._counts)
        return other

    def move(self, size: int, before: int | None, after: int) -> None:
        """One item, which is new where it had none before."""
        self._shortest = min(self._shortest, size)
        if before in self._counts:
            self._counts[before] -= 1
            if not self._counts[before]:
                del self._counts[before]
        if after < _NO_BOUND:
            self._counts[after] = self._counts.get(after, 0) + 1

    def bytes_left(self) -> int:
        """So many are written before one of them is one too many."""
        known = _bytes_of(min(self._counts, default=_NO_BOUND), self._shortest)
        return min(known, _bytes_of(self.any, self._least))


def _bytes_of(items: int, size: int) -> int:
    """Each after a comma, and without what closes it: a quote, and a brace for each object, which takes five bytes."""
    return items * (size - size // 6)
