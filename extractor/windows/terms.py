"""Words of a text as they are compared with those of a schema: in small letters, without marks and the `s` of a plural;
and the kinds of value that it prints. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from sys import intern

from extractor.evidence.word_index import plain
from extractor.notation.calendar import is_name
from extractor.windows.window import Window

Term = tuple[str, ...]  # words that stand one after another, or one of the kinds below

LABEL = "<label>"  # before words of a label, or before all of them
DATE, AMOUNT, EMAIL = ("<date>",), ("<amount>",), ("<email>",)  # no word has such signs

_WORD = re.compile(r"[^\W_]+")
_AMOUNT = re.compile(
    r"[$€£¥] ?\d"
    r"|(?<![\d.,])\d{1,3}(?:[,.'\u2019\u00a0\u202f]\d{3})+(?!\d)"
    r"|(?<![\d.,])\d+[.,]\d\d(?![\d.,])"
)  # fmt: skip
_DATE = re.compile(r"(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d|\d{4}))(?!\d)")
_EMAIL = re.compile(r"[\w.+-]@\w")
_LEAST = 4  # letters of a word in the plural
_LABEL = re.compile(  # perhaps with a number before it: `10.2 (a) Notices.`
    r"(?m)^[^\w\n]*+(?:\d[\d.]*+[^\w\n]*+)?(?:\w{1,3}[.)][^\w\n]*+)?"
    r"([^\W\d_][^\n:|\t.]{0,60}?)(?=:|\.(?: |$)|\t|\||  |$)"
)
_LABELLING = 8  # words of a label


@dataclass(frozen=True, slots=True)
class LineTerms:
    """Of a line: its words, and how often its labels and the kinds of value stand in it."""

    words: Term
    others: tuple[tuple[Term, int], ...] = ()


_BLANK = LineTerms(())


class DocumentTerms:
    """The terms of a document's text, looked for once however many windows show a line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[tuple[int, int], LineTerms] = {}

    def window(self, window: Window) -> list[LineTerms]:
        return [terms for piece in window.pieces for terms in self._within(piece.start, piece.stop)]

    def _within(self, start: int, stop: int) -> Iterator[LineTerms]:
        """Of each line of the half-open span, or of what is there of it."""
        while start < stop:
            end = self._text.find("\n", start, stop)
            end = stop if end < 0 else end
            if (start, end) not in self._known:
                self._known[start, end] = terms_of_line(self._text[start:end])
            yield self._known[start, end]
            start = end + 1


def terms_of_line(line: str) -> LineTerms:
    words = term_of(line)
    if not words:
        return _BLANK
    others = Counter(dict(kinds_of(line, words)))
    for label in labels_of(line):
        others.update({label, *((LABEL, word) for word in label[1:])})
    return LineTerms(tuple(map(intern, words)), tuple(others.items()))


def term_of(text: str) -> Term:
    """Its words."""
    return tuple(map(_singular, _WORD.findall(plain(text))))


def labels_of(text: str) -> Iterator[Term]:
    """What lines begin with, up to a mark or a gap: the names of what stands behind them, and headings."""
    for found in _LABEL.finditer(text):
        words = tuple(word for word in term_of(found[1]) if not word.isdecimal())
        if 0 < len(words) <= _LABELLING:
            yield (LABEL, *words)


def kinds_of(text: str, words: Term) -> Iterator[tuple[Term, int]]:
    """How many of each kind it prints. `words`: its own."""
    months = sum(
        word.isalpha() and _is_day(words[max(0, at - 1) : at + 2]) and is_name(word, dated=True)
        for at, word in enumerate(words)
    )
    for kind, count in (
        (DATE, months + sum(1 for _ in _DATE.finditer(text))),
        (AMOUNT, sum(1 for _ in _AMOUNT.finditer(text))),
        (EMAIL, sum(1 for _ in _EMAIL.finditer(text))),
    ):
        if count:
            yield kind, count


def _singular(word: str) -> str:
    ends = len(word) >= _LEAST and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if ends else word


def _is_day(around: Term) -> bool:
    """Whether a day or a year stands beside a month."""
    return any(word.isdecimal() and len(word) in (1, 2, 4) for word in around)
