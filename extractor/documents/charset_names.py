"""Charsets by the names that pages and mails use for them."""

from __future__ import annotations

import codecs
import re

_WINDOWS = re.compile(r"(?:windows|cp|microsoft-cp)[-_]?(\d{3,5})")
_NO_CHARSET = frozenset(
    "base64 bz2 hex quopri rot-13 uu zlib idna punycode raw-unicode-escape unicode-escape undefined".split()
)
_ALIASES = {
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "sjis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "gb_2312-80": "gb18030",
    "cp65001": "utf-8",
    "windows-65001": "utf-8",
}
_OLD = {  # names that the web uses for other encodings than the ones they name (WHATWG, Encoding, 4.2)
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}


def known(name: str) -> str | None:
    """Python's name of a charset as the web and mails mean it; None for what is none."""
    name = name.strip().strip("\"'").lower().removeprefix("x-")
    name = _ALIASES.get(name, name)
    if (windows := _WINDOWS.fullmatch(name)) is not None:
        name = f"cp{windows[1]}"
    if len(name) > 40:
        return None
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return None if found.name in _NO_CHARSET else _OLD.get(found.name, found.name)
