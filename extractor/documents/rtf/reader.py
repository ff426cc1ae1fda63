"""RTF's tokens → blocks. What a group is for (its destination) decides whether its text is shown, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, Break, is_page_number
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.rtf import charsets
from extractor.documents.rtf.lexer import Lexeme, lexemes
from extractor.documents.rtf.picture import RtfPicture
from extractor.documents.rtf.stream import Stream
from extractor.sandbox import Rejected

_MOST_GROUPS = 10_000  # within each other
_SKIPPED = frozenset(
    "colortbl stylesheet info object objdata nonshppict listtable listoverridetable revtbl rsidtbl annotation "
    "atnid atnauthor atnicn atnref atntime atndate xe tc txe rxe bkmkstart bkmkend fldinst sn shprslt nonesttables "
    "filetbl private themedata datastore latentstyles xmlnstbl ftnsep ftnsepc aftnsep aftnsepc pntxta pntxtb "
    "pnseclvl template passwordhash formfield ffname ffdeftext ffformat ffhelptext ffstattext fontemb fontfile "
    "falt panose do mmath".split()
)
_SHOWN = frozenset("shpinst shptxt nesttableprops ud shppict dptxbxtext".split())  # although they may be ignored
_ABOVE = frozenset({"header", "headerl", "headerr", "headerf"})
_BELOW = frozenset({"footer", "footerl", "footerr", "footerf"})
_CHARACTERS = {
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "line": "\n",
    "lbr": "\n",
}
_SYMBOLS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}"}


def read(data: bytes, into: Builder, context: Context) -> None:
    del context
    blocks, whole = blocks_of(data)
    into.begin_page()
    write(blocks, into)
    if not whole:
        into.warn("the file ends early: what may have followed is lost")


def blocks_of(data: bytes, attached: Callable[[], list[Block]] | None = None) -> tuple[list[Block], bool]:
    """What is shown, and whether the file is whole. `attached`: in a mail, what the next attached file shows where the
    text has a place for it. Raises Rejected `document_too_complex`."""
    reader = _RtfReader(attached)
    whole = reader.run(data)
    return reader.blocks(), whole


@dataclass(frozen=True)
class _Group:
    """What holds within a group and ends with it."""

    shown: bool = True
    hidden: bool = False  # as its characters are
    charset: str = "cp1252"
    skip: int = 1  # characters that stand behind a Unicode character for those who know none
    place: str = ""  # `fonts`, `label`, `above`, `below`, `note`, `value`, `picture`


class _RtfReader:
    def __init__(self, attached: Callable[[], list[Block]] | None) -> None:
        self._attached = attached
        self._picture: RtfPicture | None = None
        self._group = _Group()
        self._stack: list[tuple[_Group, Stream | None]] = []
        self._stream = Stream()
        self._above: list[Block] = []
        self._below: list[Block] = []
        self._noted = 0
        self._fonts: dict[int, str | None] = {}
        self._font = 0
        self._document_charset = "cp1252"
        self._drop = 0  # characters that a Unicode character has replaced
        self._raw = b""  # text of one code page
        self._ignorable = False

    def blocks(self) -> list[Block]:
        body = self._stream.blocks()
        above = [*self._above, Break.GAP] if self._above else []
        return [*above, *body, *([Break.GAP, *self._below] if self._below else [])]

    def run(self, data: bytes) -> bool:
        """Whether the file is whole: no group is open at its end."""
        for lexeme in lexemes(data):
            if lexeme.kind == "open":
                self._open()
            elif lexeme.kind == "close":
                self._close()
                if not self._stack:
                    return True
            elif lexeme.kind == "word":
                self._word(lexeme)
            elif lexeme.kind == "symbol":
                self._symbol(lexeme.word)
            elif lexeme.kind == "binary":
                if self._in_picture is not None:
                    self._in_picture.binary += lexeme.data
            else:
                self._bytes(lexeme.data)
        self._flush()
        whole = not self._stack
        while self._stack:
            self._close()
        return whole

    # Groups

    def _open(self) -> None:
        self._flush()
        if len(self._stack) >= _MOST_GROUPS:
            raise Rejected("document_too_complex", f"the RTF has groups more than {_MOST_GROUPS:,} deep")
        self._stack.append((self._group, None))
        self._ignorable = False
        self._drop = 0

    def _close(self) -> None:
        self._flush()
        self._drop = 0
        if not self._stack:
            return
        place = self._group.place
        self._group, outer = self._stack.pop()
        if place == "picture" != self._group.place and self._picture is not None:
            self._stream.show([self._picture.block()])
            self._picture = None
        if outer is not None:
            inner, self._stream = self._stream, outer
            self._put_away(inner, place)

    def _destination(self, word: str) -> bool:
        """Whether the control word says what its group is for."""
        ignorable, self._ignorable = self._ignorable, False
        if word == "fonttbl":
            self._group = replace(self._group, place="fonts")
        elif word == "pict":
            self._begin_picture()
        elif word == "sv":  # of a drawing, one of whose properties is the picture in it
            place = "value" if self._group.shown else self._group.place
            self._group = replace(self._group, shown=False, place=place)
        elif word in ("listtext", "pntext"):
            self._group = replace(self._group, place="label")
        elif word in _ABOVE or word in _BELOW or word == "footnote":
            self._aside("above" if word in _ABOVE else "below" if word in _BELOW else "note")
        elif word in ("result", "ud"):  # what is shown of an object; what was said just before, in Unicode
            self._group = replace(self._group, shown=True)
        elif word in _SKIPPED or word == "upr" or (ignorable and word not in _SHOWN):
            self._group = replace(self._group, shown=False)
        elif word not in _SHOWN:
            return False
        return True

    def _begin_picture(self) -> None:
        visible = self._group.place == "value" or (self._visible and self._group.place != "picture")
        if self._stack and visible and not self._group.hidden:
            self._picture = RtfPicture()
            self._group = replace(self._group, shown=True, place="picture")
        else:
            self._group = replace(self._group, shown=False)

    @property
    def _in_picture(self) -> RtfPicture | None:
        return self._picture if self._group.place == "picture" and self._group.shown else None

    def _aside(self, place: str) -> None:
        """What follows in this group stands elsewhere."""
        if not self._stack or self._stack[-1][1] is not None or not self._group.shown:
            return
        if place == "note":
            self._noted += 1
            self._stream.say(f"[{self._noted}]")
        group, _ = self._stack[-1]
        self._stack[-1] = group, self._stream
        self._stream = Stream()
        self._group = replace(self._group, place=place)

    def _put_away(self, stream: Stream, place: str) -> None:
        found_blocks = [
            block
            for block in stream.blocks()
            if not isinstance(block, Break) and not (isinstance(block, str) and is_page_number(block)) and block != ""
        ]
        if place == "note" and found_blocks:
            first = found_blocks[0] if isinstance(found_blocks[0], str) else ""
            notes = self._stream.notes
            notes += [
                *([] if notes else [Break.GAP]),
                f"[{self._noted}] {first.strip()}",
                *(found_blocks[1:] if first else found_blocks),
            ]
        elif place in ("above", "below"):
            margin = self._above if place == "above" else self._below
            if found_blocks and repr(found_blocks) not in map(
                repr, (margin[at : at + len(found_blocks)] for at in range(len(margin)))
            ):
                margin += found_blocks

    # Words

    def _word(self, lexeme: Lexeme) -> None:
        word, number = lexeme.word, lexeme.number
        self._flush()
        if word == "u":
            self._unicode(number or 0)
            return
        if self._destination(word):
            return
        self._drop = 0
        on = number != 0
        if word == "v" or word == "deleted":
            self._group = replace(self._group, hidden=on)
        elif word == "plain":
            self._group = replace(self._group, hidden=False)
        elif word == "uc":
            self._group = replace(self._group, skip=max(0, min(number or 0, 8)))
        elif word in ("ansicpg", "mac", "pc", "pca"):
            page = {"mac": 10000, "pc": 437, "pca": 850}.get(word, number or 1252)
            self._document_charset = charsets.of_page(page)
            self._group = replace(self._group, charset=self._document_charset)
        elif word in ("f", "fcharset", "cpg"):
            self._font_word(word, number or 0)
        elif not self._visible:
            return
        elif self._in_picture is not None:
            self._in_picture.words[word] = number or 0
        elif word == "objattph" and self._attached is not None:
            self._stream.show(self._attached())
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word == "tab":
            self._add(" " if self._group.place == "label" else "\t")
        else:
            self._stream.act(word, number)

    def _font_word(self, word: str, number: int) -> None:
        if self._group.place == "fonts":
            if word == "f":
                self._font = number
            else:
                self._fonts[self._font] = charsets.of_font(number) if word == "fcharset" else charsets.of_page(number)
        elif word == "f":
            self._group = replace(self._group, charset=self._fonts.get(number) or self._document_charset)

    @property
    def _visible(self) -> bool:
        return self._group.shown and self._group.place != "fonts"

    # Characters

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._ignorable = True
        elif symbol in "\r\n":
            self._flush()
            self._stream.act("par", None)
        elif symbol in _SYMBOLS:
            self._bytes(_SYMBOLS[symbol].encode())

    def _bytes(self, data: bytes) -> None:
        if self._drop:
            dropped = min(self._drop, len(data))
            self._drop -= dropped
            data = data[dropped:]
        if self._in_picture is not None:
            self._in_picture.digits += data
        elif self._visible and not self._group.hidden:
            self._raw += data

    def _unicode(self, number: int) -> None:
        self._ignorable = False
        self._drop = self._group.skip
        if self._visible and not self._group.hidden:
            self._stream.say(chr(number % 0x10000))

    def _add(self, text: str) -> None:
        if not self._group.hidden:
            self._stream.say(text)

    def _flush(self) -> None:
        if self._raw:
            raw, self._raw = self._raw, b""
            self._stream.say(charsets.decoded(raw, self._group.charset))
