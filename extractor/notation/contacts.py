"""How somebody is reached, as documents print it: addresses of mail and of the web, telephone numbers, postal codes,
IBANs. Each kind has a look of its own, and a document prints few of each. Spans of characters, in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from extractor.notation import addresses, find

Span = tuple[int, int]  # half-open

_MAIL = re.compile(rf"{addresses.EMAIL}|(?<![\w.+-])[\w.+-]{{1,64}} ?[\[({{] ?(?:at|@) ?[\])}}] ?[\w.-]{{1,64}}\w")
_WEB = re.compile(
    rf"{addresses.URI}|(?<![\w@.-])(?:[^\W_][\w-]*\.)+(?!(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|tiff?|csv|txt|zip|eml|msg)\b)"
    r"[a-z]{2,12}(?![\w@])(?:/[\w./%-]*\w)?"
)
_IBAN = re.compile(r"\b[A-Z]{2} ?\d{2}(?: ?(?:[A-Z] )?[A-Z0-9]{4,5}){2,7}(?: ?[A-Z0-9]{1,4})?\b")

# Digits in groups, of which one may stand in brackets, and an extension.
_PHONE = re.compile(
    r"(?<![\w.,/@-])(?:\+ ?|(?=\())?(?:\(0?\d{1,5}\)[ /-]{0,3}|\d{2,6} ?/ ?)?"
    r"\d(?:(?:[ .\u2011-]|\) ?| ?\(0\) ?| ?[\u2013-] ?)?\d){3,14}"
    r"(?: ?(?:x|ext\.?|Durchwahl|DW|int\.?) ?\d{1,6})?(?![\w@]|[.,/]\d)"
)
_LEAST = 6  # digits of one
_DAYS = re.compile(r"(?:\d{1,2}[./-])?\d{1,2}[./-](?:19|20)\d{2}|(?:19|20)\d{2}[./-]\d{1,2}(?:[./-]\d{1,2})?")
# What stands before one, in the line: `Tel.`, `Handy (privat):`, `T`, `☎`.
_CALLED = re.compile(
    r"(?:(?-i:(?<![^\W_])[TMPFHC](?![^\W\d_]))"
    r"|\b(?:te?l|tlf|fon|phone|mob|cell|cel|fax|handy|gsm|call|m[oó]vil|portable|komórka|kom|puh|natel|whatsapp"
    r"|тел|факс|моб|τηλ|κιν|φαξ)[^\W\d_]{0,8}"
    r"|[☎☏📞📱✆]|電話|携帯|手机|电话|전화|휴대|هاتف|جوال|טל|נייד)[^\d\n+]{0,14}$",
    re.IGNORECASE,
)
_NEAR = 40  # characters before it
_SURE = re.compile(  # with a country's or a trunk prefix, or as North America writes them
    r"\+|00[1-9][\d ]{7}|\(\d{1,5}\) ?\d|0\d{8}|0\d{1,5}[ /.-]+\d[\d ./-]{4}|(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}\b"
)
_GROUPED = re.compile(r"\d{2,4}[ .-]\d{2,5}(?:[ .-]\d{2,5}){1,3}(?!\d|[.,/-]\d)")

_CODE = re.compile(r"[A-Z]{2} ?\d|\w[A-Z]{2}\d")  # of a country, before the number of a firm

_ALONE = r"(?<![\w.,/+-])"  # before a number that is no end of another
_POSTCODE = re.compile(
    "|".join(
        (
            r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b",  # GB
            r"\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b",  # CA
            r"\b\d{4} ?[A-Z]{2}\b(?=[ ,]+[^\W\d_])",  # NL
            r"\b[A-Z]\d[\dW] ?[A-Z0-9]{4}\b",  # IE
            r"\b[A-Z]\d{4}(?:[A-Z]{3})?\b",  # AR
            rf"{_ALONE}\d{{5}}-\d{{3,4}}(?![\w-])",  # BR, US
            r"〒? ?\b\d{3}-\d{4}\b(?!-)",  # JP
            rf"{_ALONE}(?:\d{{2}}-\d{{3}}|\d{{4}}-\d{{3}})(?=,? [^\W\d_])",  # PL, PT
            rf"{_ALONE}(?:[A-Z]{{1,2}}-)?(?:\d{{3}} \d{{2,3}}|\d{{4,6}})(?=,? {{1,3}}[^\W\d_]{{2}})",  # before a town
            r"(?<=[^\W\d_] )\d{4,6}(?= *(?:$|[,;|·•\n)]))",  # behind one
        )
    ),
    re.MULTILINE,
)
_COUNTRY = re.compile(r"[A-Z]{1,3}-(?=\d)|〒 ?")


def mails(text: str) -> Iterator[Span]:
    yield from (found.span() for found in _MAIL.finditer(text))


def webs(text: str) -> Iterator[Span]:
    """With the scheme or without, no host of an address of mail."""
    yield from (found.span() for found in _WEB.finditer(text))


def ibans(text: str) -> Iterator[Span]:
    yield from (found.span() for found in _IBAN.finditer(text))


def phones(text: str) -> Iterator[Span]:
    """Those behind a word that says so, with a prefix, or as North America writes them; where there is none, three
    groups of digits or more that are no day and no IBAN."""
    days = [span for spans in find.date_spans(text).values() for span in spans]
    others = [*days, *(one.span() for one in _DAYS.finditer(text)), *ibans(text)]
    found = [one for one in _apart(_PHONE.finditer(text), others) if _digits(text[slice(*one)]) >= _LEAST]
    sure = [one for one in found if _SURE.match(text, one[0]) or _is_called(text, one[0])]
    yield from sure or [
        one for one in found if _GROUPED.match(text, one[0]) and not _CODE.match(text, max(0, one[0] - 3))
    ]


def postcodes(text: str) -> Iterator[Span]:
    """With a country's letters before them, and without."""
    for start, stop in _apart(_POSTCODE.finditer(text), phones(text)):
        yield start, stop
        if country := _COUNTRY.match(text, start, stop):
            yield country.end(), stop


def _is_called(text: str, start: int) -> bool:
    line = text.rfind("\n", 0, start) + 1
    return _CALLED.search(text[max(line, start - _NEAR) : start]) is not None


def _apart(found: Iterable[re.Match[str]], others: Iterable[Span]) -> Iterator[Span]:
    """Those that share no character with others."""
    taken = {at for start, stop in others for at in range(start, stop)}
    yield from (one.span() for one in found if taken.isdisjoint(range(*one.span())))


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))
