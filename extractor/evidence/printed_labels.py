"""Where a document prints a label like a key, and what stands there: `E-mail: a@b.example`, `Discount   5.00`, or a
head with its value below. A label has its cell or its part of a line for itself: `E-mail marketing: yes` is none for
`email`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from extractor.evidence.labels import LONGEST, may_name
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.spans import Span
from extractor.evidence.word_index import plain
from extractor.notation.field_names import is_name, names
from extractor.notation.key_words import key_words

_LINE = 2_000  # characters of a line that are looked at
_LEAD = 80  # characters before a label, and
_LONGEST = 200  # of what stands behind one, that are looked at
_BARS = "|│┃║"
_BAR = re.compile(f"[{_BARS}]")
_CUT = re.compile(  # a cell ends, or a mark comes before the next label: `Paid = no ~ Page = 3`
    f"[\\t\\n{_BARS}]|[ \u00a0]{{2,}}|[ \u00a0][~•·][ \u00a0](?=[^\\W\\d_][\\w .-]{{0,30}}[=:])"
)
_END = re.compile(
    r"[*_\"'\])]{0,3}\.?(?: ?\([^()\n]{1,24}\))?"
    r"(?:(?P<mark> ?(?:[:=~>»]{1,3}|\.(?: ?\.){2,}|_{3,}|[-–—](?= )))"  # what only stands behind labels
    rf"|(?P<number>(?= [+(]?(?:[A-Z]{{1,4}}[-./]?)?\d))|(?=[ \u00a0]{{2}}|[ \u00a0]?[{_BARS}\t\n]|[ \u00a0]*$))"
)
_GAP = re.compile(rf"[ \u00a0\t*_]*(?:[{_BARS}][ \u00a0\t*_]*)?")
_DECORATION = " \u00a0*_#<>~+•·▪◦→›-–—([\"'“"
_BETWEEN = (" ~ ", " • ", " · ")  # labels with their values
_NUMBERED = re.compile(r"(?:\d{1,3}|[A-Za-z])[.)]")
_OWNER = re.compile(r"(?<!\w)(?:your|our|the|ihre?|unsere?|votre|notre|su|vostro|uw)$", re.IGNORECASE)
_NEXT = re.compile(r"[ ,;]+(?=[^\W\d_][\w.\- /]{0,24}:(?:\s|$))")  # a label on the same line
_LABELLED = re.compile(r"[^\W\d_][^\n:|]{0,32}:(?:\s|$)")
_RULER = re.compile(r"[^\w\n]*(?:[=_-]{2}|[─━═])[^\w\n]*(?=\n|$)")
_NOTHING = frozenset(
    "na n/a none nil null no unknown tbd tba keine keiner keines k.a. entfällt unbekannt aucun aucune néant ninguno "
    "ninguna nessuno nessuna geen".split()
) | {"not provided", "not given", "not applicable", "not available", "not stated", "keine angabe", "nicht angegeben"}


class PrintedLabel(NamedTuple):
    """`there`: what stands there, `behind` the same but for a sign for nothing (`–`, `n/a`)."""

    label: Span
    behind: Span | None
    there: Span | None


class PrintedLabels:
    """One document's."""

    def __init__(self, index: DocumentIndex) -> None:
        self._index = index
        self._text = index.text
        self._found: dict[str, list[PrintedLabel]] = {}

    def of(self, key: str) -> list[PrintedLabel]:
        """In the order of the document."""
        if key not in self._found:
            self._found[key] = self.of_words([plain(word) for word in key_words(key[:LONGEST])])
        return self._found[key]

    def of_words(self, words: Sequence[str]) -> list[PrintedLabel]:
        """As `of`, of a key of these words, which are small and without marks."""
        return self._of(names(words))

    def of_name(self, name: str) -> list[PrintedLabel]:
        """As `of`, of no other name."""
        return self._of([name])

    def _of(self, several: Iterable[str]) -> list[PrintedLabel]:
        places = {
            (fragment.start, fragment.stop)
            for name in several
            if may_name(name) and self._index.may_say(name)
            for fragment in self._index.anywhere(name)
        }
        return list(self._labels(places))

    def _labels(self, places: set[Span]) -> Iterator[PrintedLabel]:
        last = 0
        for start, stop in sorted(places, key=lambda span: (span[0], -span[1])):
            end = _END.match(self._text, stop)
            if start < last or end is None or not self._begins(start, end["mark"] is not None):
                continue
            last = stop
            there = self._there(start, stop, end)
            yield PrintedLabel((start, stop), self._unless_nothing(there), there)

    def _begins(self, start: int, is_sure: bool) -> bool:
        """Whether a label may begin there. `is_sure`: it ends as only labels do, so it may follow a value."""
        lead = self._text[max(self._line_start(start), start - _LEAD) : start]
        bare = lead.rstrip(_DECORATION)
        if owner := _OWNER.search(bare):
            lead = bare[: owner.start()]
            bare = lead.rstrip(_DECORATION)
        gap = lead[len(bare) :]
        if not bare.strip() or "  " in gap or bare[-1] in f"{_BARS}\t" or _NUMBERED.fullmatch(bare):
            return True
        if is_sure and gap in _BETWEEN:
            return True
        token = bare.split()[-1]
        return is_sure and (bare[-1] in ".,;)/" or "@" in token or any(map(str.isdecimal, token)))

    def _there(self, start: int, stop: int, end: re.Match[str]) -> Span | None:
        """In the line, where it says that it comes there or nothing else stands in it; else below."""
        text = self._text
        gap = _GAP.match(text, end.end())
        first = gap.end() if gap else end.end()
        value = self._cell(first)
        if self._heads(stop) or (value is not None and end["mark"] is None and self._is_head(value)):
            return self._below(start, stop)
        if value is not None:
            others = text[self._line_start(start) : start].strip(f"{_DECORATION}{_BARS}\t")
            others += text[value[1] : self._line_end(value[1])].strip(f" {_BARS}\t")
            if end["mark"] is not None or end["number"] is not None or not others:
                return value
        elif _BAR.search(text, end.end(), first):
            return None
        return self._below(start, stop)

    def _is_head(self, cell: Span) -> bool:
        """Whether what stands there is a label itself: two heads side by side."""
        return is_name([plain(word) for word in re.findall(r"\w+", self._text[slice(*cell)])])

    def _heads(self, stop: int) -> bool:
        """Whether a ruler is below the line."""
        below = self._line_end(stop) + 1
        return _RULER.match(self._text, below, self._line_end(below)) is not None

    def _cell(self, first: int) -> Span | None:
        """What stands from `first` to the end of its cell, or to the next label."""
        gap = _CUT.search(self._text, first, first + _LONGEST)
        stop = gap.start() if gap else min(len(self._text), first + _LONGEST)
        other = _NEXT.search(self._text, first + 1, stop)
        stop = other.start() if other else stop
        while stop > first and self._text[stop - 1].isspace():
            stop -= 1
        return (first, stop) if stop > first else None

    def _below(self, start: int, stop: int) -> Span | None:
        """What stands under a label, in the next line that is no ruler."""
        text, line = self._text, self._line_start(start)
        below = self._line_end(stop) + 1
        if self._heads(stop):
            below = self._line_end(below) + 1
        end = self._line_end(below)
        ruled = _BAR.search(text, line, self._line_end(stop)) is not None
        number = len(_BAR.findall(text, line, start))
        for cell, (first, last) in enumerate(self._cells(below, end, ruled)):
            under = cell == number if ruled else first - below < stop - line and last - below > start - line
            if under and first < last:
                return None if _LABELLED.match(text, first, end) else (first, last)
        return None

    def _cells(self, start: int, stop: int, ruled: bool) -> Iterator[Span]:
        since = start
        for gap in (_BAR if ruled else _CUT).finditer(self._text, start, stop):
            yield self._stripped(since, gap.start())
            since = gap.end()
        yield self._stripped(since, stop)

    def _stripped(self, start: int, stop: int) -> Span:
        while start < stop and self._text[start].isspace():
            start += 1
        while stop > start and self._text[stop - 1].isspace():
            stop -= 1
        return start, stop

    def _line_start(self, at: int) -> int:
        first = max(0, at - _LINE)
        return max(self._text.rfind("\n", first, at) + 1, first)

    def _line_end(self, at: int) -> int:
        last = min(len(self._text), at + _LINE)
        end = self._text.find("\n", at, last)
        return last if end < 0 else end

    def _unless_nothing(self, span: Span | None) -> Span | None:
        if span is None:
            return None
        words = self._text[slice(*span)].lower().strip(" .()[]")
        return span if any(map(str.isalnum, words)) and words not in _NOTHING else None
