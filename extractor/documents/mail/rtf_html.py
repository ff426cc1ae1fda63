"""HTML that Outlook has put into RTF, taken out again ([MS-OXRTFEX]): its tags stand in groups of their own, its text
between them, and what only the RTF shows between `\\htmlrtf` and `\\htmlrtf0`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extractor.documents.rtf import charsets
from extractor.documents.rtf.lexer import Lexeme, lexemes

_MARK, _HEAD = b"\\fromhtml", 4_096  # bytes of a file in which it stands
_MOST_GROUPS = 10_000
_UNSEEN = frozenset("fonttbl colortbl stylesheet info pntext listtext pict".split())
_CHARACTERS = {
    "par": "\n",
    "line": "\n",
    "tab": "\t",
    "lquote": "&lsquo;",
    "rquote": "&rsquo;",
    "ldblquote": "&ldquo;",
    "rdblquote": "&rdquo;",
    "bullet": "&bull;",
    "endash": "&ndash;",
    "emdash": "&mdash;",
}
_SYMBOLS = {"~": "&nbsp;", "_": "&shy;", "\\": "\\", "{": "{", "}": "}"}


def holds_html(rtf: bytes) -> bool:
    return _MARK in rtf[:_HEAD]


def html_of(rtf: bytes) -> str:
    """Of what `holds_html`, as far as it goes."""
    reader = _HtmlInRtf()
    for lexeme in lexemes(rtf):
        reader.take(lexeme)
    reader.flush()
    return "".join(reader.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class _TagGroup:
    """`unseen`: no HTML stands in it. `only_rtf`: what follows is the RTF's own. `skip`: characters that stand behind a
    Unicode character for those who know none."""

    unseen: bool = False
    only_rtf: bool = False
    fonts: bool = False
    charset: str = "cp1252"
    skip: int = 1


class _HtmlInRtf:
    def __init__(self) -> None:
        self.out: list[str] = []
        self._raw = bytearray()
        self._group, self._stack = _TagGroup(), list[_TagGroup]()
        self._charset, self._fonts, self._font = "cp1252", dict[int, str](), 0
        self._ignorable, self._drop = False, 0

    def take(self, lexeme: Lexeme) -> None:
        if lexeme.kind == "open":
            self.flush()
            if len(self._stack) < _MOST_GROUPS:
                self._stack.append(self._group)
            self._ignorable, self._drop = False, 0
        elif lexeme.kind == "close":
            self.flush()
            self._group = self._stack.pop() if self._stack else self._group
            self._drop = 0
        elif lexeme.kind == "word":
            self._word(lexeme.word, lexeme.number)
        elif lexeme.kind == "symbol":
            self._symbol(lexeme.word)
        elif lexeme.kind != "binary":
            self._bytes(lexeme.data)

    def flush(self) -> None:
        if self._raw:
            self.out.append(charsets.decoded(bytes(self._raw), self._group.charset))
            self._raw.clear()

    def _word(self, word: str, number: int | None) -> None:
        self.flush()
        ignorable, self._ignorable = self._ignorable, False
        if ignorable:  # tags are read in the document's own code page
            is_tag = word == "htmltag"
            self._group = replace(self._group, unseen=self._group.unseen or not is_tag, charset=self._charset)
        elif word in _UNSEEN:
            self._group = replace(self._group, unseen=True, fonts=word == "fonttbl")
        elif word == "htmlrtf":
            self._group = replace(self._group, only_rtf=number != 0)
        elif word == "u":
            self._say(chr((number or 0) % 0x10000))
            self._drop = self._group.skip
            return
        elif word in _CHARACTERS:
            self._say(_CHARACTERS[word])
        else:
            self._state(word, number or 0)
        self._drop = 0

    def _state(self, word: str, number: int) -> None:
        if word == "uc":
            self._group = replace(self._group, skip=max(0, min(number, 8)))
        elif word == "ansicpg":
            self._charset = charsets.of_page(number)
            self._group = replace(self._group, charset=self._charset)
        elif word == "fcharset":
            self._fonts[self._font] = charsets.of_font(number) or self._charset
        elif word == "f" and self._group.fonts:
            self._font = number
        elif word == "f" or word == "plain":
            charset = self._fonts.get(number, self._charset) if word == "f" else self._charset
            self._group = replace(self._group, charset=self._charset if charset == charsets.SYMBOL else charset)

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._ignorable = True
        elif symbol in _SYMBOLS:
            self.flush()
            self._say(_SYMBOLS[symbol])

    @property
    def _shown(self) -> bool:
        return not self._group.unseen and not self._group.only_rtf

    def _say(self, text: str) -> None:
        if self._shown:
            self.out.append(text)

    def _bytes(self, data: bytes) -> None:
        if self._drop:
            data, self._drop = data[self._drop :], max(0, self._drop - len(data))
        if self._shown:
            self._raw += data
