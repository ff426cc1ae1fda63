"""E-mail addresses and the hosts of web addresses: each is one word, of which no piece is a value. Pure: regular
expressions for whoever cuts words, and the addresses of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What an address is written with: Latin, Greek and Cyrillic. What other scripts write on to it belongs to the sentence.
_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u052f"
_SIGN = rf"{_LETTER}0-9"
_LABEL = rf"[{_SIGN}][{_SIGN}-]{{0,62}}(?<!-)"  # of a host's name

_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
# With a last label that is no number: `3 kg@4.50` is a price.
_TOP = rf"\.[{_LETTER}][{_LETTER}-]+(?<!-)(?![{_SIGN}_])"
EMAIL = rf"(?<![^\W_])[{_SIGN}_][{_SIGN}_.%+-]{{0,63}}@{_HOST}{_TOP}"
SCHEME = rf"(?<![^\W_])(?i:https?|ftp)://(?=[{_SIGN}])"
# A website is named with its scheme, or without. Before the domain's name `www.` may stand.
_WWW = r"(?<![^\W_])(?i:www)\."
WWW = rf"{_WWW}(?={_LABEL}\.{_LABEL})"
_WHOLE_HOST = rf"(?<=://){_HOST}|{_WWW}{_HOST}"
HOST = rf"(?<=(?i:www)\.){_HOST}|{_WHOLE_HOST}"
URI = rf"{SCHEME}{_HOST}(?::\d+)?(?:[/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]*)?"

_LOCAL = rf"[{_SIGN}_.!#$%&'*+/=?^`{{|}}~-]"  # all signs that may stand before the `@`
_ANY_EMAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}{{1,128}}@{_HOST}{_TOP}")
_CUT = re.compile(r"(?<=[\w-])(@?)[ \t]*\n[ \t]*(?=(@)?[\w-])")  # at the end of a line: behind its `@`, or before
_BEFORE = "'*/=|`!?."  # marks that may stand before one
_KEY = re.compile(r"[^\W\d]+=")
_URI, _HOSTS = re.compile(URI), re.compile(_WHOLE_HOST)
_DOMAIN = re.compile(rf"{WWW}({_HOST})")


def emails(text: str) -> Iterator[str]:
    """Whole ones, also over the end of a line, and without marks or a key (`mail=`) before them."""
    for found in (*_ANY_EMAIL.findall(text), *over_lines(text)):
        yield found
        yield _KEY.sub("", found, count=1) if _KEY.match(found) else found.lstrip(_BEFORE)


def over_lines(text: str) -> list[str]:
    """Addresses that the end of a line cuts at their `@`."""
    if "@" not in text:
        return []
    healed = _CUT.sub(lambda cut: cut[1] if cut[1] or cut[2] else cut.group(), text)
    return _ANY_EMAIL.findall(healed) if healed != text else []


def uris(text: str) -> Iterator[str]:
    """Web addresses with their scheme, without what ends a sentence behind them."""
    for found in _URI.findall(text):
        yield found
        yield found.rstrip("'.,;:!?)]")


def hosts(text: str) -> list[str]:
    """Of web addresses, and without `www.`."""
    return [*_HOSTS.findall(text), *_DOMAIN.findall(text)]
