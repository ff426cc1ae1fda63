"""Whether an object goes on although its document has no more to say: keys are there again, members stand nowhere, or
there are more of them than the document has words for. A function of the members alone."""

from __future__ import annotations

import re
from typing import NamedTuple

from extractor.engine.limits.json_string import value_of
from extractor.engine.limits.limits import SchemaKeys, Why
from extractor.engine.limits.repeats import Repeats

_AGAIN = 3  # members in succession whose keys are there already, and more often than the document prints them
_ALONE = 12  # members in succession that bring nothing, and more than the document has parts
_LEAST = 4  # bytes of a member as far as it may be one too many: a comma, a key and a colon
_KEY_WORDS = 4  # that are counted of a key
_MEMBER = re.compile(rb'("(?:[^"\\]|\\.)*"):(.+)', re.DOTALL)


class _Member(NamedTuple):
    """`times`: how often its key is there, itself among them; `uses`: how often its value is."""

    key: str
    times: int
    value: bytes
    uses: int


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
        self._unread: list[_Member] = []  # that have not been looked for

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
        self._keys[found.key], self._values[found.value] = found.times, found.uses
        self.free = self.free or not self._names.has(found.key)
        self._again = self._again + 1 if self._comes_again(found) else 0
        self._unread.append(found)

    def over(self, member: bytes) -> Why | None:
        """Why `member`, as the next one, would be one too many."""
        if self._again < _AGAIN and max(len(self._keys), self._nowhere + len(self._unread)) < _ALONE:
            return None
        found = self._counted(member)
        if found is None:
            return None
        if self._again >= _AGAIN and self._comes_again(found):
            return "repeated"
        if self._before_words() <= 0:
            return "ran_on"
        if self._before_alone() > 0 or self._brings(found):
            return None
        return "ran_on" if found.times == 1 else "repeated"

    def calm_for(self) -> int:
        """For how many bytes none is one too many, whatever they are; negative where that is not plain."""
        return _LEAST * min(_AGAIN - self._again, self._before_alone(), self._before_words()) - 1

    def _counted(self, member: bytes) -> _Member | None:
        """As the next one. None where it is not whole."""
        found = _MEMBER.fullmatch(member)
        key = None if found is None else value_of(found[1])
        if found is None or not isinstance(key, str):
            return None
        return _Member(key, self._keys.get(key, 0) + 1, found[2], self._values.get(found[2], 0) + 1)

    def _comes_again(self, member: _Member) -> bool:
        return member.times > 1 and member.times > self._printed(member.key)

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
        for one in self._unread:
            self._words += self._words_of(one)
            self._nowhere = 0 if self._brings(one) else self._nowhere + 1
        self._unread = []

    def _words_of(self, member: _Member) -> int:
        """That its key counts for."""
        if self._names.has(member.key):
            return 0
        if member.times > 1 or not self._printed(member.key):
            return 1
        return min(_KEY_WORDS, self._repeats.words_of(_spaced(member.key)))

    def _brings(self, member: _Member) -> bool:
        """Whether it brings something: its key is new and printed, or one that the schema names; or its value is
        printed, as often as it is there by now, or once in good part."""
        if member.times == 1 and (self._names.has(member.key) or self._printed(member.key)):
            return True
        value = value_of(member.value)
        if value is None:  # or not whole
            return member.value != b"null"
        return member.uses <= self._repeats.printed(value)[0] or (member.uses == 1 and self._repeats.says(value))

    def _printed(self, key: str) -> int:
        """How often it is."""
        return max(self._repeats.times(key), self._repeats.times(_spaced(key)))


def _spaced(key: str) -> str:
    return key.replace("_", " ")
