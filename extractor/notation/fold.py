"""Digits, spaces and signs as plain text has them, each in its place: `２，５００` is `2,500`, `٢٥٠٫٥` is `250.5`.

One character becomes one character: what stands at a place of the folded text stands there in the text too.
"""

from __future__ import annotations

import re
import unicodedata

_DIGITS = (
    "\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f"
    "\u0be6-\u0bef\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0e50-\u0e59\u0ed0-\u0ed9\u0f20-\u0f29\u1040-\u1049"
    "\u17e0-\u17e9\u1810-\u1819"
)
_SIGNS = {
    "\u066b": ".", "\u066c": "'", "\u066a": "%",  # Arabic: its comma within numbers is a word's outside of them
    "\u2010": "-", "\u2011": "-", "\ufe63": "-",  # hyphens; a minus and a dash say more and stay
    "\u2007": "\u202f", "\u2008": "\u202f", "\u2009": "\u202f", "\u2006": "\u202f",  # between groups of digits
    "\u3000": " ", "\uffe5": "¥", "\uffe1": "£", "\uffe6": "₩", "\u2044": "/",
}  # fmt: skip
_WIDE = "\uff01-\uff5e"  # as in ASCII, each as wide as a Chinese character
_ODD = re.compile(f"[{_DIGITS}{''.join(_SIGNS)}{_WIDE}]")


def folded(text: str) -> str:
    """As long as `text`."""
    return text if text.isascii() else _ODD.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    char = found.group()
    if char in _SIGNS:
        return _SIGNS[char]
    return str(unicodedata.decimal(char)) if char.isdecimal() else chr(ord(char) - 0xFEE0)
