"""A document as runs of words that a value may be: chunks of text, any stretch of which is printed there.

White space is folded and a word that a line break cut is healed. Where lines stand under each other, as an address
does, they may be joined by a comma; where a page has columns, the lines of one column follow each other too. Each of
these ways to read it is a part of one list, with a separator between parts that no value crosses. Pure: knows text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SEPARATOR = "\x01"  # between parts; no JSON string holds it unescaped
MOST_CHUNKS = 60_000  # of all parts: what llguidance builds within half a second

# Letters that are written without spaces between words: each is a chunk.
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CHUNK = re.compile(  # of text that is escaped as in a JSON string
    r"\\."
    r"|\d+(?:[.,:'’]\d+)+"  # one number, one time of day
    rf"|[{_UNSPACED}]"
    # the number before its unit, a currency before one
    rf"|\d+(?=[^\W\d_]+(?![^\W_]))|(?<![^\W_])[A-Z]{{3}}(?=\d)"
    rf"|[^\W_{_UNSPACED}]+|.",
    re.DOTALL,
)
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_NEVER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # in a JSON string
_LETTER = re.compile(r"[^\W\d_]")
_CELL = re.compile(r"\S+(?: \S+)*")
_HYPHENED = re.compile(r"[^\W\d_]{1,60}-\n\s{0,80}[^\W\d_]{1,60}")
_COMMA = ", "  # one chunk: no value ends with a comma that is not printed
_BREAK = re.compile(r"[ \t]*\n[ \t]*")
_LINE = 100  # characters of a line that may be one of several lines of one value
_LINES = 30  # of a column that are taken together
_OFFSET = 2  # columns by which the lines of one column may begin apart


def chunks(document: str) -> list[str]:
    """The chunks of `document`, escaped as in a JSON string; parts are separated by `SEPARATOR`. Runs of them, parts
    apart, are what it prints. Of a document with `MOST_CHUNKS` or more nothing but its plain reading."""
    text = _clean(document)
    made = _plain(text)
    for part in _joined(text):
        if len(made) + len(part) + 1 > MOST_CHUNKS:
            break
        made += [SEPARATOR, *part]
    return made


def _clean(document: str) -> str:
    """Without what nobody sees, and with what no JSON string may hold as a space."""
    text = document.translate(_UNSEEN).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    return _NEVER.sub(" ", text)


def _plain(text: str) -> list[str]:
    """In the order of the document, line breaks as spaces."""
    return _cut(re.sub(r"(?<=[^\W\d_])-\n\s*(?=[a-zà-ÿ])", "", text))


def _cut(text: str) -> list[str]:
    """Chunks of one stretch of text, white space folded, none at its ends."""
    return _CHUNK.findall(escaped(" ".join(text.split())))


def escaped(text: str) -> str:
    """As in a JSON string, of text without what `_clean` takes away."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _joined(text: str) -> Iterator[list[str]]:
    """Lines under each other that may be one value: joined by commas, and by spaces where other columns are between."""
    for block, alone in _blocks(text):
        if not alone:
            yield _cut(" ".join(block))
        if sum(map(_has_letters, block)) * 2 > len(block) and any(line[-1] not in ",;:" for line in block[:-1]):
            first, *rest = (_cut(line.rstrip(",;")) for line in block)
            yield [*first, *(chunk for line in rest for chunk in (_COMMA, *line))]
    for found in _HYPHENED.finditer(text):  # a hyphen that stays: `Jean-\nPaul`
        yield _cut(_BREAK.sub("", found.group()))


def _blocks(text: str) -> Iterator[tuple[list[str], bool]]:
    """Cells under each other, at least two, and whether each is its whole line."""
    open_: list[tuple[int, list[str], bool]] = []  # where its last cell begins, its cells
    for line in [*text.expandtabs().split("\n"), ""]:
        cells = [(found.start(), found.group()) for found in _CELL.finditer(line)]
        alone = len(cells) == 1
        going: list[tuple[int, list[str], bool]] = []
        for start, cell in cells:
            above = next((block for block in open_ if abs(block[0] - start) <= _OFFSET), None)
            if len(cell) > _LINE:
                continue
            if above is None or len(above[1]) == _LINES:
                going.append((start, [cell], alone))
            else:
                open_.remove(above)
                above[1].append(cell)
                going.append((start, above[1], above[2] and alone))
        yield from ((cells, alone) for _, cells, alone in open_ if len(cells) > 1)
        open_ = going


def _has_letters(cell: str) -> bool:
    return _LETTER.search(cell) is not None
