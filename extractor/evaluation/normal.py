"""When two values say the same: a key for each, the same for the same thing written otherwise. `exact_key` sees every
letter; `normal_key` folds case, white space, quotes, dashes and what parts words, and reads days, times and numbers in
any notation. Pure: knows values."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from extractor.notation import find, possible, spell

Key = tuple[str, Any]
NULL: Key = ("null", None)

_ALIKE = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("‘’‚‛´`", "'") | dict.fromkeys("“”„‟«»", '"'))
_AROUND = " .,;:"  # ends that say nothing
_NUMBER = re.compile(r"[-+(]?\d[\d.,' ]*\)?")
_CODE = re.compile(r"[A-Z0-9]+(?:(?: ?[-/.] ?| )[A-Z0-9]+)*")  # `DE12 3456`: its spaces are for the eye
_WORD = re.compile(r"\w+")
_BETWEEN_WORDS = re.compile(
    r"\.(?=[ ,;])|(?<!\d) ?[,;]|[,;](?! ?\d)"
)  # not those that may be of a number: `1,5` `1, 5`
_BESIDE_MARK = re.compile(r" *([,;:/&+-]) *")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


def exact_key(value: Any) -> Key:
    """Of a scalar. Numbers are the same when their values are."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int | float | Decimal):
        return "number", _decimal(value)
    return "text", str(value)


def normal_key(value: Any) -> Key:
    """Of a scalar. The same for all that have the same `exact_key`."""
    return _of_text(value) if isinstance(value, str) else exact_key(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def words(value: Any) -> frozenset[str]:
    """By which two texts that differ are more or less alike."""
    return frozenset(_WORD.findall(folded(value))) if isinstance(value, str) else frozenset()


def folded(text: str) -> str:
    """Without case, quotes and dashes of several kinds, white space that says nothing, and commas, semicolons and full
    stops between words: a line's end says as much."""
    plain = _BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFKC", text).translate(_ALIKE))
    return " ".join(_BESIDE_MARK.sub(r"\1", plain.casefold()).split()).strip(_AROUND)


@lru_cache(maxsize=65_536)
def _of_text(text: str) -> Key:
    plain = " ".join(unicodedata.normalize("NFKC", text).translate(_ALIKE).split()).strip(_AROUND)
    found = _moment(plain) or _number(plain)
    if found is not None:
        return found
    plain = " ".join(_BETWEEN_WORDS.sub(" ", plain).split())
    if _CODE.fullmatch(plain) and any(map(str.isdigit, plain)):
        return "text", plain.replace(" ", "").casefold()
    return "text", folded(text)


def _moment(plain: str) -> Key | None:
    """A day, a time, or both in ISO's form; a day in any form that can mean one day only. UTC may be said or not."""
    if _MOMENT.fullmatch(plain):
        with suppress(ValueError):
            read = datetime.fromisoformat(plain)
            return "moment", (read.astimezone(UTC) if read.tzinfo else read).replace(tzinfo=None).isoformat()
    parts = find.date_and_time(plain)
    if parts is not None and parts[0] is None and parts[1] is not None:
        return "time", parts[1] if len(parts[1]) == 8 else f"{parts[1]}:00"
    dates = list(spell.dates(plain))
    if len(dates) != 1 or (dates[0].start, dates[0].stop) != (0, len(plain)):
        return None
    days = list(possible.days(plain)) if len(dates[0].text) == 10 else [dates[0].text]
    return ("day", days[0]) if len(days) == 1 else None


def _number(plain: str) -> Key | None:
    """One that can mean one thing only. Its decimals count: `1.10` and `1.1` may be headings."""
    if not _NUMBER.fullmatch(plain) or find.padded(plain.lstrip("-+(")) or plain.count(".") + plain.count(",") == 0:
        return None
    meant = find.readings(plain)
    if len(meant) != 1:
        return None
    value = -meant.pop() if plain[0] in "-(" else meant.pop()
    return "number in text", (value, value.as_tuple().exponent)


def _decimal(value: int | float | Decimal) -> Decimal:
    """With the digits that it is written with."""
    exact = getattr(value, "exact", None)  # of a `jsontext.Number`
    return exact if isinstance(exact, Decimal) else Decimal(str(value))
