"""A document as runs of words that a value may be: chunks of text, any stretch of which is printed there.

White space is folded and a word that a line break cut is healed: without its hyphen before a small letter, with it
before others; both ways within two lines. Where lines stand under each other, as an address does, they may be joined by
a comma; where a page has columns, the lines of one column follow each other too. An IBAN may be written without spaces.
Where a text has ligatures, wide letters, accents apart or joiners, it is read once more as people type it. Each of
these ways to read it is a part of one list, with a separator between parts that no value crosses. Pure: knows text and
notation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from extractor.notation import addresses, as_typed, codes
from extractor.notation.as_typed import seen
from extractor.notation.file_names import NOTHING
from extractor.notation.word_pieces import CHUNK

SEPARATOR = "\x01"  # between parts; no JSON string holds it unescaped
MOST_CHUNKS = 60_000  # of all parts: what llguidance builds within half a second

_NEVER = re.compile(r"[\x01-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # in a JSON string
_LETTER = re.compile(r"[^\W\d_]")
_CELL = re.compile(r"\S+(?: \S+)*")
_CUT = re.compile(r"[-\u2010][ \t]*\n\s*(?=([^\W_]))(?!(?:und|oder|bzw|and|or|et|ou|y|e)\b)")
_SOFT = re.compile("\u00ad[ \t]*\r?\n[ \t]*")  # a hyphen that is there only where a line ends
_BESIDE = 200  # characters of the lines around such a cut that are read both ways
_LABEL = re.compile(r"[^\W\d_][^:]{0,40}: (?=\S)")
_COMMA = ", "  # one chunk: no value ends with a comma that is not printed
_LINE = 100  # characters of a line that may be one of several lines of one value
_LINES = 30  # of a column that are taken together
_LONG_WORD, _LONGEST_WORD = 256, 4_000  # letters: a key, a token; what is longer is no value
_OFFSET = 2  # columns by which the lines of one column may begin apart

Block = tuple[list[str], bool]


def chunks(document: str) -> list[str]:
    """The chunks of `document`, escaped as in a JSON string; parts are separated by `SEPARATOR`. Runs of them, parts
    apart, are what it prints. Of a document with `MOST_CHUNKS` or more nothing but its plain reading."""
    whole = _SOFT.sub("", document)
    text, typed = _clean(seen(whole)), _clean(as_typed.typed(whole))
    cut = _CutWords()
    pieces = cut.all(_healed(text))
    for part in chain(_joined(text, cut), [cut.all(_healed(typed)), *_joined(typed, cut)] if typed != text else ()):
        if len(pieces) + len(part) + 1 > MOST_CHUNKS:
            break
        pieces += [SEPARATOR, *part]
    return pieces


def _clean(text: str) -> str:
    """With what no JSON string may hold as a space; no value crosses what stands for no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    return _NEVER.sub(" ", text).replace(NOTHING, SEPARATOR)


def _healed(text: str) -> str:
    """Words whole that a line break cut."""

    def whole(found: re.Match[str]) -> str:
        before = text[found.start() - 1 : found.start()]
        small = found[1].islower() and before.isalpha()
        return ("" if small else "-") if before.isalnum() else found.group()

    return _CUT.sub(whole, text)


class _CutWords(dict[str, list[str]]):
    """The chunks of words, and the space behind. Each is cut once: a document is read in several ways."""

    def all(self, text: str) -> list[str]:
        """Chunks of one stretch of text, white space folded, none at its ends."""
        return [chunk for word in text.split() for chunk in self[word]][:-1]

    def __missing__(self, word: str) -> list[str]:
        found = [word] if word.isascii() and word.isalpha() else CHUNK.findall(escaped(word))
        self[word] = [piece for chunk in found for piece in (_pieces(chunk) if len(chunk) > _LONG_WORD else (chunk,))]
        self[word].append(" ")
        return self[word]


def _pieces(word: str) -> Iterator[str]:
    """Of a word that is more than llguidance takes at once; none of one that no text is long enough for."""
    if len(word) > _LONGEST_WORD:
        yield SEPARATOR
        return
    for at in range(0, len(word), _LONG_WORD):
        yield word[at : at + _LONG_WORD]


def escaped(text: str) -> str:
    """As in a JSON string, of text without what `_clean` takes away."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _joined(text: str, cut: _CutWords) -> Iterator[list[str]]:
    """Lines under each other that may be one value: joined by commas, and by spaces where other columns are between."""
    for block, alone in _blocks(text):
        whole = _healed("\n".join(block))  # no line ends within a word
        if not alone:
            yield cut.all(whole)
        if sum(map(_has_letters, block)) * 2 > len(block) and any(line[-1] not in ",;:" for line in block[:-1]):
            first, *rest = (cut.all(line.rstrip(",;")) for line in whole.split("\n"))
            yield [*first, *(chunk for line in rest for chunk in (_COMMA, *line))]
    for found in _CUT.finditer(text):
        if found[1].islower():  # a hyphen that stays: `well-\nknown`
            before = text[max(0, found.start() - _BESIDE) : found.start()].rpartition("\n")[2]
            left, right = cut.all(before), cut.all(text[found.end() : found.end() + _BESIDE].partition("\n")[0])
            if left and right:
                yield [*left[:-1], f"{left[-1]}-{right[0]}", *right[1:]]  # no value ends within the word
    yield from ([code] for code in (*codes.ibans(text), *addresses.over_lines(text)))


def _blocks(text: str) -> Iterator[Block]:
    """Cells under each other, at least two, with at most one line between them that has none there; and whether each is
    its whole line. A value may go on under itself, not under its label: `To: 14 Quay St`."""
    last: dict[int, Block] = {}  # by where their last cell begins, those that the last line belongs to
    passed: dict[int, Block] = {}  # those that it does not belong to, and the line before it does
    for line in [*text.expandtabs().split("\n"), ""]:
        cells = [(found.start(), found.group()) for found in _CELL.finditer(line)]
        going: dict[int, Block] = {}
        for start, cell in cells:
            if len(cell) > _LINE:
                continue
            lines, alone = _taken(last, start) or _taken(passed, start) or ([], True)
            if len(lines) == _LINES:
                yield lines, alone
                lines, alone = [], True
            going[start] = ([*lines, cell], alone and len(cells) == 1)
        if cells and (label := _LABEL.match(cells[0][1])):
            going[cells[0][0] + label.end()] = ([cells[0][1][label.end() :]], True)
        ended = [*passed.values()] if cells else [*passed.values(), *last.values()]
        yield from (block for block in ended if len(block[0]) > 1)
        passed, last = last if cells else {}, going


def _taken(blocks: dict[int, Block], start: int) -> Block | None:
    """The one whose last cell begins about there."""
    return next((blocks.pop(at) for at in range(start - _OFFSET, start + _OFFSET + 1) if at in blocks), None)


def _has_letters(cell: str) -> bool:
    return _LETTER.search(cell) is not None
