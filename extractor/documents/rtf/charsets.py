"""The code pages of RTF: those of a document, and those of its fonts by their `\\fcharset`."""

from __future__ import annotations

import codecs

SYMBOL = "symbol"  # a font of signs; of it the bullets are known
_OF_FONT = {
    0: "cp1252",
    2: SYMBOL,
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_OF_PAGE = {10000: "mac_roman", 10007: "mac_cyrillic", 936: "gb18030", 65001: "utf-8", 42: SYMBOL}


def of_font(charset: int) -> str | None:
    """None for what means the document's own."""
    return _OF_FONT.get(charset)


def of_page(number: int) -> str:
    """A Windows code page by its number; cp1252 for what is none."""
    name = _OF_PAGE.get(number, f"cp{number}")
    if name == SYMBOL:
        return name
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"


def decoded(data: bytes, charset: str) -> str:
    if charset == SYMBOL:
        return "".join(chr(byte) if byte < 0x80 else "•" for byte in data)
    return data.decode(charset, "replace")
