"""Whether an object goes on although its document has no more to say: keys are there again, members stand nowhere, or
there are more of them than the document has words for. A function of the members alone."""

from __future__ import annotations

import re

from extractor.engine.limits.json_string import value_of
from extractor.engine.limits.limits import SchemaKeys, Why
from extractor.engine.limits.repeats import Repeats

_AGAIN = 3  # members in succession whose keys are there already, and more often than the document prints them
_ALONE = 12  # members in succession that bring nothing, and more than the document has parts
_LEAST = 4  # bytes of a member as far as it may be one too many: a comma, a key and a colon
_KEY_WORDS = 4  # that are counted of a key
_MEMBER = re.compile(rb'("(?:[^"\\]|\\.)*"):(.+)', re.DOTALL)


class Members:
    """Of one object, each as the bytes of its JSON. `longest`: bytes; `names`: keys that are never invented."""

    def __init__(self, repeats: Repeats, names: SchemaKeys) -> None:
        self.longest = 0
        self.free = False  # it has a key that the schema does not speak of
        self._repeats, self._names = repeats, names
        self._keys: dict[str, int] = {}
        self._values: dict[bytes, int] = {}
        self._again = 0  # so many of the last ones
        self._nowhere = 0  # so many of the last ones, before those that were not looked for
        self._words = 0  # of keys that are printed, and one of each other member; of those that were looked for
        self._unread: list[tuple[str, int, bytes, int]] = []  # a key and a value, each the how manieth

    def copy(self) -> Members:
        """Neither feels what is added to the other."""
        other = object.__new__(Members)
        other.__dict__.update(self.__dict__)
        other._keys, other._values, other._unread = dict(self._keys), dict(self._values), list(self._unread)
        return other

    def add(self, member: bytes) -> None:
        self.longest = max(self.longest, len(member))
        found = self._counted(member)
        if found is None:
            return
        key, times, value, uses = found
        self._keys[key], self._values[value] = times, uses
        self.free = self.free or not self._names.has(key)
        self._again = self._again + 1 if self._comes_again(key, times) else 0
        self._unread.append(found)

    def over(self, member: bytes) -> Why | None:
        """Why `member`, as the next one, would be one too many."""
        if self._again < _AGAIN and max(len(self._keys), self._nowhere + len(self._unread)) < _ALONE:
            return None
        found = self._counted(member)
        if found is None:
            return None
        key, times, value, uses = found
        if self._again >= _AGAIN and self._comes_again(key, times):
            return "repeated"
        if self._before_words() <= 0:
            return "ran_on"
        if self._before_alone() > 0 or self._brings(key, times, value, uses):
            return None
        return "ran_on" if times == 1 else "repeated"

    def calm_for(self) -> int:
        """For how many bytes none is one too many, whatever they are; negative where that is not plain."""
        return _LEAST * min(_AGAIN - self._again, self._before_alone(), self._before_words()) - 1

    def _counted(self, member: bytes) -> tuple[str, int, bytes, int] | None:
        """Its key and its value, each the how manieth. None where it is not whole."""
        found = _MEMBER.fullmatch(member)
        key = None if found is None else value_of(found[1])
        if found is None or not isinstance(key, str):
            return None
        return key, self._keys.get(key, 0) + 1, found[2], self._values.get(found[2], 0) + 1

    def _comes_again(self, key: str, times: int) -> bool:
        return times > 1 and times > self._printed(key)

    def _before_words(self) -> int:
        """How many more members there may be at least, until its keys have as many words as the document."""
        if len(self._keys) < _ALONE:
            return _ALONE - len(self._keys)
        self._look()
        return -((self._words - self._repeats.words) // _KEY_WORDS)

    def _before_alone(self) -> int:
        """How many more members may bring nothing; fewer where that many have not been looked for."""
        left = _ALONE - self._nowhere - len(self._unread)
        if left > 0:
            return left
        self._look()
        return max(_ALONE, self._repeats.parts) - self._nowhere

    def _look(self) -> None:
        """For those that have not been looked for."""
        for key, times, value, uses in self._unread:
            self._words += self._words_of(key, times)
            self._nowhere = 0 if self._brings(key, times, value, uses) else self._nowhere + 1
        self._unread = []

    def _words_of(self, key: str, times: int) -> int:
        if self._names.has(key):
            return 0
        if times > 1 or not self._printed(key):
            return 1
        return min(_KEY_WORDS, self._repeats.words_of(_spaced(key)))

    def _brings(self, key: str, times: int, value: bytes, uses: int) -> bool:
        """Whether its key is new and printed, or one that the schema names; or its value is printed, as often as it is
        there by now, or once in good part."""
        if times == 1 and (self._names.has(key) or self._printed(key)):
            return True
        row = value_of(value)
        if row is None:  # or not whole
            return value != b"null"
        return uses <= self._repeats.printed(row)[0] or (uses == 1 and self._repeats.says(row))

    def _printed(self, key: str) -> int:
        """How often it is."""
        return max(self._repeats.times(key), self._repeats.times(_spaced(key)))


def _spaced(key: str) -> str:
    return key.replace("_", " ")
