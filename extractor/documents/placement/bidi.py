"""Hebrew and Arabic: a line as it stands from left to right → as it is read.

The other way round than in the Unicode bidirectional algorithm, which lays text out: the line is read from the right,
and in it numbers and words of other scripts are read from their left. https://www.unicode.org/reports/tr9/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from extractor.documents.placement.glyphs import Glyph, Word, word_of

_FIRST = "\u0590"  # no script before it runs to the left
_LEFTWARD = ("R", "AL")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")  # behind Arabic
_SIGNED = re.compile(r"[$€£¥₪#%°+-]*\d+(?:[.,:/+-]\d+)*[$€£¥₪#%°]*")  # behind Hebrew
_LAID_OUT = re.compile(r"\d+(?: \d+)+\+")  # a telephone number among Arabic, with its + at the right
_BRACKETS = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_OPENING = frozenset("([{<«")
_TOUCHING = 0.1  # of the size
_SPACE = None  # between two words


def runs_leftward(text: str) -> bool:
    return bool(text) and max(text) >= _FIRST and any(unicodedata.bidirectional(char) in _LEFTWARD for char in text)


def in_reading_order(words: list[Word], page_leftward: bool) -> list[Word]:
    """`words` as they stand from left to right. `page_leftward`: whether there is such text on the page at all."""
    if not page_leftward:
        return words
    words = _whole(words)
    text = " ".join(word.text for word in words)
    if not runs_leftward(text):
        if _LAID_OUT.fullmatch(text):
            return _read(words)
        _face([glyph for word in words for glyph in word.glyphs])
        return [word_of(word.glyphs, word.confidence) for word in words]
    leftward = sum(unicodedata.bidirectional(char) in _LEFTWARD for char in text)
    if leftward >= sum(unicodedata.bidirectional(char) == "L" for char in text):
        return _read(words)
    found: list[Word] = []
    held: list[Word] = []
    for word in words:
        if runs_leftward(word.text):
            held.append(word)
            continue
        found += [*_read(held), word]
        held = []
    return found + _read(held)


def _whole(words: Sequence[Word]) -> list[Word]:
    """Words that touch are one: files have brackets, and numbers within them, in an order of their own."""
    found: list[Word] = []
    for word in words:
        last = found[-1] if found else None
        if last is not None and abs(word.left - last.right) < _TOUCHING * max(word.size, last.size):
            found[-1] = word_of([*_as_they_stand(last), *_as_they_stand(word)], last.confidence)
        else:
            found.append(word)
    return found


def _read(words: Sequence[Word]) -> list[Word]:
    """Words of a line that is read from the right."""
    owner = {id(glyph): word for word in words for glyph in word.glyphs}
    line: list[Glyph | None] = []
    for word in words:
        line += [*_as_they_stand(word), _SPACE]
    line = line[-2::-1]
    at = 0
    arabic = not any(unicodedata.bidirectional(char) == "R" for word in words for char in word.text)
    while at < len(line):
        end = at
        while end < len(line) and not _is_leftward(line[end]):
            end += 1
        line[at:end] = _rightward(line[at:end], arabic)
        at = max(end, at) + 1
    _face(line)
    return _parted(line, owner)


def _as_they_stand(word: Word) -> list[Glyph]:
    """Files have the letters of a word in either order; those of a ligature, which share a place, in the same one."""
    glyphs = word.glyphs
    if any(unicodedata.bidirectional(char) in ("L", "EN", "AN") for char in word.text):
        return sorted(glyphs, key=lambda glyph: glyph.left)
    return glyphs if glyphs[0].left < glyphs[-1].left else glyphs[::-1]


def _is_leftward(glyph: Glyph | None) -> bool:
    return glyph is not None and runs_leftward(glyph.text)


def _rightward(line: list[Glyph | None], arabic: bool) -> list[Glyph | None]:
    """What stands between words that run to the left, seen from the right: other words as one, numbers each."""
    back = line[::-1]
    text = "".join(glyph.text if glyph is not None else " " for glyph in back)
    if any(unicodedata.bidirectional(char) == "L" for char in text):
        cores = [re.search(r"\w.*\w|\w", text)]
    else:
        cores = list((_NUMBER if arabic else _SIGNED).finditer(text))
    found: list[Glyph | None] = []
    end = len(back)
    for core in reversed([core for core in cores if core is not None]):
        found += [*back[core.end() : end][::-1], *back[core.start() : core.end()]]
        end = core.start()
    return found + back[:end][::-1]


def _face(line: Sequence[Glyph | None]) -> None:
    """Brackets open before they close: some files say how they look, others what they mean, and PDFium turns those
    beside a change of direction."""
    brackets = [glyph for glyph in line if glyph is not None and glyph.text.translate(_BRACKETS) != glyph.text]
    texts = [glyph.text for glyph in brackets]
    turned = [text.translate(_BRACKETS) for text in texts]
    in_turn = [min(pair) if at % 2 == 0 else max(pair) for at, pair in enumerate(zip(texts, turned, strict=True))]
    best = min((texts, turned, in_turn), key=_unmatched)
    for glyph, text in zip(brackets, best, strict=True):
        glyph.text = text


def _unmatched(brackets: Sequence[str]) -> int:
    """How many close nothing, or are never closed."""
    open_ = unopened = 0
    for text in brackets:
        if text in _OPENING:
            open_ += 1
        elif open_:
            open_ -= 1
        else:
            unopened += 1
    return open_ + unopened


def _parted(line: Sequence[Glyph | None], owner: dict[int, Word]) -> list[Word]:
    words: list[Word] = []
    held: list[Glyph] = []
    for glyph in [*line, _SPACE]:
        if glyph is not None:
            held.append(glyph)
        elif held:
            words.append(word_of(held, owner[id(held[0])].confidence))
            held = []
    return words
