"""A value whose words go on below: in the next line of the same cell of a table, or on the next page. Between its parts
stand the other cells of the row, or a page's foot and head. Knows the words of a text, and where they stand."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from extractor.evidence.spans import Span

_LINES = 3  # below, that are looked at
_EDGE = 6  # lines at the foot and at the head of a page that are no part of what goes on
_WORDS = 400  # of a line, that are looked at
_STEP = 8  # as much as so many looks at words: one to another line
_CELL_ENDS = re.compile(r"[^\w\s|]{0,3}(?:\s*$|\s*\n|  |\s*\|)")
_HYPHEN = re.compile(r"[-\u2010](?:\s*$|\s*\n|  |\s*\|)")
_CUT = re.compile(rf"(?<=[^\W_]){_HYPHEN.pattern}")


class WrappedText:
    """`words` are those of `text` as they are compared, `spans` where they stand; `breaks`: where its pages begin."""

    def __init__(self, text: str, words: Sequence[str], spans: Sequence[Span], breaks: Sequence[int] = ()) -> None:
        self._text = text
        self._words = words
        self._spans = spans
        self._lines = [0, *(at.end() for at in re.finditer("\n", text))]
        self._breaks = {bisect_right(self._lines, at) - 1 for at in breaks if at}
        self.hyphenated = [bisect_left(spans, (at.start(), 0)) - 1 for at in _CUT.finditer(text)]  # words
        self.looks = 0  # at words, so far

    def from_word(self, first: int, wanted: Sequence[str]) -> list[Span]:
        """The spans, one a line, that say `wanted` from the word `first` on; empty where they do not."""
        spans: list[Span] = []
        at: int | None = first
        matched, rest = 0, ""  # how many of `wanted` are said; of the next, what a hyphen has cut off
        while at is not None:
            last, matched, rest = self._along(at, wanted, matched, rest)
            if last < at:
                return []
            spans.append((self._spans[at][0], self._spans[last][1] + bool(rest)))
            if matched == len(wanted):
                return spans
            if not (_HYPHEN if rest else _CELL_ENDS).match(self._text, self._spans[last][1]):
                return []
            at = self._below(spans[-1], rest or wanted[matched])
        return []

    def _along(self, at: int, wanted: Sequence[str], matched: int, rest: str) -> tuple[int, int, str]:
        """(the last word on this line that is wanted, `matched` and `rest` behind it)."""
        here = at
        while matched < len(wanted) and here < len(self._words) and (here == at or self._beside(here - 1)):
            self.looks += 1
            due = rest or wanted[matched]
            if self._is_hyphenated(here, due):
                return here, matched, due[len(self._words[here]) :]
            if self._words[here] != due:
                return here - 1, matched, rest
            matched, rest, here = matched + 1, "", here + 1
        return here - 1, matched, rest

    def _is_hyphenated(self, here: int, due: str) -> bool:
        """Whether the word is the first part of `due`, and a hyphen says so."""
        word = self._words[here]
        return word != due and due.startswith(word) and bool(_HYPHEN.match(self._text, self._spans[here][1]))

    def _beside(self, word: int) -> bool:
        """Whether the next word stands in the same cell."""
        between = self._text[self._spans[word][1] : self._spans[word + 1][0]]
        return "\n" not in between and "  " not in between and "|" not in between

    def _below(self, span: Span, word: str) -> int | None:
        """The first word of the cell under `span`, where it is `word` or a first part of that."""
        self.looks += _STEP
        line = bisect_right(self._lines, span[0]) - 1
        left, right = span[0] - self._lines[line], span[1] - self._lines[line]
        for below in range(line + 1, min(line + 1 + _LINES, len(self._lines))):
            if below in self._breaks:
                break
            for start in self._cells(below):
                column = self._spans[start][0] - self._lines[below]
                if left - 1 <= column <= right:
                    return start if self._words[start] == word or self._is_hyphenated(start, word) else None
        return self._overleaf(line, word)

    def _overleaf(self, line: int, word: str) -> int | None:
        """As `_below`, near the head of the next page."""
        turned = next((at for at in range(line + 1, line + 1 + _EDGE) if at in self._breaks), None)
        if turned is None:
            return None
        lines = range(turned, min(turned + _EDGE, len(self._lines)))
        return next((start for at in lines for start in self._cells(at) if self._words[start] == word), None)

    def _cells(self, line: int) -> Iterator[int]:
        """The words that begin a cell of the line."""
        stop = self._lines[line + 1] if line + 1 < len(self._lines) else len(self._text)
        first = bisect_left(self._spans, (self._lines[line], 0))
        for word in range(first, min(first + _WORDS, len(self._spans))):
            self.looks += 1
            start = self._spans[word][0]
            if start >= stop:
                return
            before = self._text[max(self._lines[line], start - 4) : start].rstrip("([\"'„“«")
            if start == self._lines[line] or not before or before.endswith(("  ", "| ", "|")) or not before.strip():
                yield word
