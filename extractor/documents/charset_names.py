"""Charsets by name: as Python calls them, and as pages and mails do.

Python's codecs are asked for names that they have only. They remember every name they were ever asked for and did not
find, so a caller who makes up names would fill the memory.
"""

from __future__ import annotations

import codecs
import encodings
import encodings.aliases
import pkgutil
import re

_WINDOWS = re.compile(r"(?:windows|cp|microsoft-cp)[-_]?(\d{3,5})")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,39}")
_NO_CHARSET = frozenset("idna punycode raw-unicode-escape undefined unicode-escape".split())
_NEVER_DECLARED = frozenset("charmap utf-7".split())
_MODULES = frozenset(one.name for one in pkgutil.iter_modules(encodings.__path__))
_CODECS = frozenset(encodings.aliases.aliases) | frozenset(encodings.aliases.aliases.values()) | _MODULES
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


def codec_name(charset: str) -> str | None:
    """Python's name of a charset that a sender declares by a name of Python's; None for what is none."""
    found = _lookup(charset.lower())
    return None if found is None or found in _NEVER_DECLARED else found


def python_name(name: str) -> str | None:
    """Python's name of a charset as the web and mails mean it; None for what is none."""
    name = name.strip().strip("\"'").lower().removeprefix("x-")
    name = _ALIASES.get(name, name)
    if (windows := _WINDOWS.fullmatch(name)) is not None:
        name = f"cp{windows[1]}"
    found = _lookup(name)
    return None if found is None else _OLD.get(found, found)


def _lookup(name: str) -> str | None:
    if not _NAME.fullmatch(name) or re.sub(r"[^a-z0-9]+", "_", name) not in _CODECS:
        return None
    try:
        found = codecs.lookup(name)
    except LookupError:  # a module of the package that is no codec
        return None
    return found.name if found._is_text_encoding and found.name.replace("_", "-") not in _NO_CHARSET else None
