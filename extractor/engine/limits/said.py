"""What an answer has said already: how often each word of its values is there, beside how often its document prints
it; and how long nothing new has been said. A function of the values alone."""

from __future__ import annotations

from collections import Counter

from extractor.engine.limits.repeats import Repeats

_TIMES = 12  # that a word may be there, or as often as the document has parts: it may say what kind a part is
_SILENT = 12  # members in succession, of whatever is open, that say nothing new
LEAST = 6  # bytes of such a member


class Said:
    """By one answer. A value says something new while more than half of its words are there no more often than may
    be."""

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        self._times: Counter[str] = Counter()
        self._copied = 0  # bytes
        self._silent = 0  # members since something new was said
        self._shared = False  # `_times`, with a copy

    def copy(self) -> Said:
        """Neither feels what is said to the other."""
        other = object.__new__(Said)
        self._shared = True
        other.__dict__.update(self.__dict__)
        return other

    def add(self, words: list[str]) -> bool:
        """Those of a value; whether it says something new."""
        if self._shared:
            self._times, self._shared = self._times.copy(), False
        self._times.update(words)
        over = sum(self._times[word] > self._most(word) for word in words)
        is_new = 2 * over < len(words)
        if is_new:
            self._silent = 0
        return is_new

    def copied(self, run: int) -> None:
        """A text that ends in one piece over and over, as the document does: so many bytes of it."""
        self._copied += run

    def may_copy(self, run: int) -> bool:
        """Whether so many bytes more of such texts are no more than the document has in all."""
        return self._copied + run <= self._repeats.size

    def speaks(self) -> None:
        """A member has ended in which something new was said."""
        self._silent = 0

    def is_silent(self) -> None:
        """One has ended in which nothing was."""
        self._silent += 1

    def is_all(self) -> bool:
        """Whether nothing new was said for so long that nothing is to follow."""
        return self._silent >= _SILENT

    def calm_for(self) -> int:
        """For how many bytes it is not, whatever is written; negative where that is not plain."""
        return LEAST * (_SILENT - self._silent - 1) - 1

    def _most(self, word: str) -> int:
        return max(_TIMES, self._repeats.parts, self._repeats.times_of_word(word))
