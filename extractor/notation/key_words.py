"""The words that a field's key is made of."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


def key_words(key: str) -> list[str]:
    """`invoice_number` and `invoiceNumber`: two each; digits are a word of their own."""
    return _WORD.findall(key)
