"""RTF's bytes → groups, control words and text (Rich Text Format 1.9.1). Text is told as bytes: which characters they
are is a matter of the font."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?"
    rb"|\\'(?P<byte>[0-9A-Fa-f]{2})"
    rb"|\\(?P<symbol>.)"
    rb"|(?P<brace>[{}])"
    rb"|(?P<end>[\r\n]+)"
    rb"|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)


class Lexeme(NamedTuple):
    """`kind`: `word`, `symbol`, `open`, `close`, `byte`, `binary` or `text`. `number` is a control word's parameter."""

    kind: str
    word: str = ""
    number: int | None = None
    data: bytes = b""


_OPEN, _CLOSE = Lexeme("open"), Lexeme("close")


def lexemes(data: bytes) -> Iterator[Lexeme]:
    at = 0
    while (found := _TOKEN.match(data, at)) is not None:
        at = found.end()
        kind = found.lastgroup
        if kind in ("word", "number"):
            word, number = found["word"].decode(), int(found["number"]) if found["number"] else None
            if word == "bin":
                begin, at = at, at + max(0, number or 0)
                yield Lexeme("binary", data=data[begin:at])
            else:
                yield Lexeme("word", word, number)
        elif kind == "brace":
            yield _OPEN if found["brace"] == b"{" else _CLOSE
        elif kind == "byte":
            yield Lexeme("byte", data=bytes.fromhex(found["byte"].decode()))
        elif kind == "symbol":
            yield Lexeme("symbol", found["symbol"].decode("latin-1"))
        elif kind == "text":
            yield Lexeme("text", data=found["text"])
