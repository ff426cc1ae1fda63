"""What a document seems to say of a field, before a letter of its value is written: what stands behind its label, in
the next cell of a table's row, on the next line of a form, spelled as JSON would spell it.

Extraction is looking up, and most look-ups are easy. The model is asked anyway; this makes its answer cheap to check.
It reads the text of the output so far, and knows no schema and no model.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from extractor.notation.key_words import key_words
from extractor.notation.spell import Spelled, dates, numbers

_SHORTEST = 3  # letters of a name that is looked for
_TAIL = 200  # bytes of the output that say what is due
_REACH = 120  # characters of a value
_NEAR = 6  # characters between a place and a number or date that is meant by it
_WORDS = 30  # before and after a place, of which one may be what is meant

# The end of the output so far
_STRING = r'"(?:[^"\\]|\\.)*"'
_ASKED = re.compile(rf'(?:[{{,]|^)({_STRING}):(\[?)("?)$')  # the value of a field is due, or the first of its list
_NEXT = re.compile(r'["\d],("?)$')  # the next of a list is due
_LISTED = re.compile(rf"[\[,]({_STRING}|-?\d[\d.]*)$")  # one of a list has been written
_BEGUN = re.compile(r'[:\[,]("?)([^"\\{}\[\]:]+)$')  # a value is being written
_DUE = (":", ':"', ":[", ':["')
_SYNTAX = '"\\{}[]:'
_VALUE = re.compile(rf"(?<=[:\[,])({_STRING}|-?\d[\d.]*)(?=[,}}\]])")

# In the document
_WORD = re.compile(r"[^\W_]+")
_TO_VALUE = re.compile(r"[^\S\n]*(?:[^\n:=|\t]{0,16}[:=|\t])?[\s:=|.#]*")  # between a label and what it labels
_TO_CELL = re.compile(r"[\s|;:,*€$£@-]*")
_LABEL = re.compile(r"[^:=\n\t|]{1,40}?(?:[:=|\t]|  )[:=|\s]*")
_GAP = re.compile(r"\s*(?:\n|\t|\||  )")  # behind a cell
_AMONG = re.compile(r"[,;/]")  # between values on one line
_FIGURE = re.compile(r"(?<!\S)[\d.,]*\d(?!\w)")
_YES = re.compile(r"(?i)(?:yes|y|ja|oui|s[ií]|true|x)\b")


class Candidate(NamedTuple):
    """`kind` is how it was found, which says much of how likely it is: label, cell, line, list, rest, or like (one of
    the few things there that a narrow grammar lets through)."""

    kind: str
    text: bytes


class Lookup:
    """One document and, while its answer is written, the place in it that was read last."""

    def __init__(self, document: bytes) -> None:
        self._text = document.decode("utf-8", "replace")
        self._low = self._text.lower()
        self._words = [found.span() for found in _WORD.finditer(self._text)]
        self._starting: defaultdict[str, list[int]] = defaultdict(list)  # by its text, where in `_words` a word is
        for index, (start, stop) in enumerate(self._words):
            self._starting[self._low[start:stop]].append(index)
        self._dates, self._numbers = list(dates(self._text)), list(numbers(self._text))
        self._labels: dict[str, int | None] = {}
        self._place = 0  # in the document, behind the last value written
        self._walked = 0  # bytes of the output, up to the end of that value

    def candidates(self, written: bytearray, more: bytes) -> Iterator[Candidate]:
        """What may follow `written + more` (the output so far, and a guess of how it goes on), the most likely first:
        a value or its rest, without what closes it, or whether a list goes on. The grammar decides which can be."""
        place = self._walk(written, more)
        text = bytes(written) + more
        tail = text[-_TAIL:].decode("utf-8", "ignore")
        if tail.endswith(_DUE) and (begun_value := _ASKED.search(tail, _string(tail, tail.rfind(":")) - 1)):
            name, listed, opened = begun_value.groups()
            # In a table labels stand above the first row, and what helps is the cell before.
            within = _in_row(text) or text.count(f"{name}:".encode()) > 1
            label = None if within else self._label(name[1:-1])
            kind = "cell" if within else "line" if label is None else "label"
            at = self._ahead(place, within) if label is None else label
            yield from self._at(at, kind, bool(opened), bool(listed))
            yield Candidate("list", b"{")
        elif following := _NEXT.search(tail, len(tail) - 3):
            yield from self._at(self._ahead(place, True), "cell", bool(following.group(1)), True)
        elif tail.endswith("}"):
            yield Candidate("list", b"," if self._another(place) else b"]")
        elif listing := _LISTED.search(tail, _value(tail) - 1):
            more_of_it = _AMONG.match(self._text, self._behind(listing.group(1), place))
            yield Candidate("list", b"," if more_of_it else b"]")
        elif begun := _BEGUN.search(tail, max(map(tail.rfind, _SYNTAX)) - 1):
            for rest in self._rests(place, bool(begun.group(1)), begun.group(2)):
                yield Candidate("rest", rest.encode())

    # What is printed at a place

    def _at(self, place: int, kind: str, opened: bool, listed: bool) -> Iterator[Candidate]:
        """The spellings of what is printed at `place`, and of what is like it near there; `opened`: the quote of a
        string is written already; `listed`: one of several on a line."""
        cell, quote = self._cell(place), "" if opened else '"'
        numbers = [] if opened else self._from(place, self._numbers)[:1]
        if listed:
            cell = _AMONG.split(cell)[0].rstrip()
        if numbers and place <= numbers[0].start < place + _NEAR:
            yield Candidate(kind, numbers[0].text.encode())
        if cell:
            yield Candidate(kind, (quote + _escaped(cell)).encode())
        # A grammar that refused these asks for a date, a number, a flag or one of a few words.
        for date in self._from(place, self._dates)[:2]:
            yield Candidate(kind if place <= date.start < place + _NEAR else "like", (quote + date.text).encode())
        for figure in numbers:
            yield Candidate("like", figure.text.encode())
        if not opened:
            yield Candidate("like", b"true" if _YES.match(cell) else b"false")
        for word in self._near(place):
            yield Candidate("like", (quote + word).encode())

    def _rests(self, place: int, opened: bool, prefix: str) -> Iterator[str]:
        """How a value that begins with `prefix` may go on."""
        spelled = dict.fromkeys(one.text for one in self._from(place, self._dates if opened else self._numbers))
        yield from (text[len(prefix) :] for text in spelled if text.startswith(prefix) and text != prefix)
        if opened and len(prefix) < _SHORTEST:  # what is longer is found by the text itself
            start = self._beginning(prefix, place)
            if start is not None:
                yield _escaped(self._cell(start + len(prefix)))

    def _beginning(self, prefix: str, place: int) -> int | None:
        """Where a word begins with `prefix`: the first from `place` on, else the first of all."""
        for since in (place, 0):
            at = self._text.find(prefix, since)
            while at >= 0:
                if not at or not self._text[at - 1].isalnum():
                    return at
                at = self._text.find(prefix, at + 1)
        return None

    def _cell(self, place: int) -> str:
        line = self._text[place : place + _REACH]
        gap = _GAP.search(line)
        return (line[: gap.start()] if gap else line).rstrip()

    def _near(self, place: int) -> list[str]:
        """The words around `place`, in small letters and as they are."""
        at = bisect_left(self._words, (place,))
        spans = self._words[at : at + _WORDS] + self._words[max(0, at - _WORDS) : at]
        return list(dict.fromkeys(text[slice(*span)] for span in spans for text in (self._low, self._text)))

    def _from(self, place: int, spelled: list[Spelled]) -> list[Spelled]:
        """`spelled` from `place` on, then from the start."""
        at = bisect_left(spelled, (place,))
        return spelled[at:] + spelled[:at]

    # Where a value is printed

    def _walk(self, written: bytearray, more: bytes) -> int:
        """The place behind the last value of `written + more`. What is written stays, so it is walked once."""
        known, end = written[self._walked :].decode("utf-8", "replace"), 0
        for found in _VALUE.finditer(known):
            self._place, end = self._behind(found.group(), self._place), found.end()
        self._walked += len(known[:end].encode())
        place = self._place
        for found in _VALUE.finditer((written[self._walked :] + more).decode("utf-8", "replace")):
            place = self._behind(found.group(), place)
        return place

    def _behind(self, value: str, place: int) -> int:
        """Where the document goes on after `value`, looked for from `place` on; `place` when it is not there."""
        quoted = value.startswith('"')
        text: str = value[1:-1] if quoted else value
        if "\\" in text:
            text = json.loads(value, strict=False)
        if not text:
            return place
        if quoted:
            at = self._text.find(text, place)
            if at >= 0 or (at := self._text.find(text)) >= 0:
                return at + len(text)
        for one in self._from(place, self._dates if quoted else self._numbers):
            if one.text == text and one.start >= place:
                return one.stop
        return place

    def _ahead(self, place: int, within: bool) -> int:
        """The next cell after `place`; unless `within` a table, and if that begins a line, what is behind the label
        there."""
        cell = _TO_CELL.match(self._text, place)
        to = cell.end() if cell else place
        fresh = not within and (not place or "\n" in self._text[place:to])
        label = _LABEL.match(self._text, to) if fresh else None
        return label.end() if label else to

    def _another(self, place: int) -> bool:
        """Whether the line after that of `place` looks like it: as many figures, and words or none."""
        end = self._text.find("\n", place)
        return end >= 0 and self._shape(self._text.rfind("\n", 0, place) + 1) == self._shape(end + 1)

    def _shape(self, start: int) -> tuple[int, bool]:
        line = self._text[start : start + _REACH].split("\n", 1)[0]
        return len(_FIGURE.findall(line)), any(len(word) > 1 and word.isalpha() for word in _WORD.findall(line))

    def _label(self, key: str) -> int | None:
        """Where the value behind the label begins that reads most like `key`: its first words will do."""
        if key not in self._labels:
            self._labels[key] = self._find([word.lower() for word in key_words(key)])
        return self._labels[key]

    def _find(self, words: list[str]) -> int | None:
        for count in range(len(words), 0, -1):
            name = "".join(words[:count])
            for end in self._named(name) if len(name) >= _SHORTEST else ():
                found = _TO_VALUE.match(self._text, end)
                if found and found.end() < len(self._text):
                    return found.end()
        return None

    def _named(self, name: str) -> Iterator[int]:
        """Where words end that spell `name`, what separates them apart."""
        for length in range(1, len(name) + 1):
            for index in self._starting.get(name[:length], ()):
                joined, at = name[:length], index + 1
                while len(joined) < len(name) and at < len(self._words):
                    joined += self._low[slice(*self._words[at])]
                    at += 1
                if joined == name:
                    yield self._words[at - 1][1]


def _value(tail: str) -> int:
    """Where the string or number begins that `tail` ends with: searching from there is much quicker than from its
    start."""
    return _string(tail, len(tail)) if tail.endswith('"') else len(tail.rstrip("0123456789.").removesuffix("-"))


def _string(tail: str, end: int) -> int:
    """Where the string begins that ends before `end`."""
    at = tail.rfind('"', 0, max(0, end - 1))
    while at > 0 and tail[at - 1] == "\\":
        at = tail.rfind('"', 0, at)
    return at


def _in_row(text: bytes) -> bool:
    """Whether a field of an object in a list is due that is not its first."""
    start = text.rfind(b"{")
    return text[max(0, start - 1) : start] in (b"[", b",") and text.count(b'":', start) > 1


def _escaped(text: str) -> str:
    """As it stands inside a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
