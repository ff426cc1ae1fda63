"""What values of a field look like, by its name and format: an address of mail, a telephone number, a web page."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from extractor.evidence.spans import Span
from extractor.notation import find
from extractor.notation.key_words import key_words

_MOST = 16  # of what looks alike, that are looked at
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WEB = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.])(?:\+|\(?0)[\d ()/.\-]{6,20}\d")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_PATTERNS = {"mail": _MAIL, "web": _WEB, "phone": _PHONE, "iban": _IBAN}
_WORDS = {
    "mail": "email mail e-mail courriel",
    "web": "url website web homepage link",
    "phone": "phone telephone tel mobile fax telefon handy cell",
    "iban": "iban",
}
_BY_WORD = {word: look for look, words in _WORDS.items() for word in words.split()}
_BY_FORMAT = {"email": "mail", "idn-email": "mail", "uri": "web"}


def look_of(key: str, format: str) -> str | None:
    """Which of the looks the values of such a field have; None for any."""
    words = (word.casefold() for word in key_words(key[:64]))
    return _BY_FORMAT.get(format) or next((_BY_WORD[word] for word in words if word in _BY_WORD), None)


def looks_like(key: str, format: str, value: str) -> bool:
    """Whether a value looks as those of the field do, where that can be told."""
    look = look_of(key, format)
    return look is None or _PATTERNS[look].search(value) is not None or (look == "phone" and _digits(value) > 4)


def printed(text: str, look: str) -> list[Span]:
    """Where a document prints what looks so; `look` may be `date` too."""
    if look == "date":
        return [span for spans in find.date_spans(text).values() for span in spans][:_MOST]
    return [at.span() for at in islice(_PATTERNS[look].finditer(text), _MOST)]


def of_kind(kind: str, key: str, format: str, text: str) -> bool:
    """Whether `text`, what stands behind a label, may hold a value of the field."""
    return _KINDS[kind](text) and (kind != "text" or looks_like(key, format, text))


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))


_KINDS: dict[str, Callable[[str], bool]] = {
    "text": lambda text: any(map(str.isalnum, text)),
    "number": lambda text: any(map(str.isdecimal, text)),
    "date": lambda text: bool(find.date_spans(text) or find.time_spans(text)),
    "choice": lambda text: any(map(str.isalnum, text)),
}
