"""The words that a field's key is made of, and how keys spell them."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


def key_words(key: str) -> list[str]:
    """`invoice_number` and `invoiceNumber`: two each; digits are a word of their own."""
    return _WORD.findall(key)


def plain(text: str) -> str:
    """In small letters without marks, as keys of programs spell words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
