"""Months and weekdays in the languages that a number format may name, by Windows' number of the language."""

from __future__ import annotations

from extractor.notation.calendar import MONTHS, SHORT_MONTHS_FR, WEEKDAYS

_LANGUAGES = {0x07: "de", 0x09: "en", 0x0A: "es", 0x0C: "fr", 0x10: "it", 0x13: "nl", 0x15: "pl", 0x16: "pt"}
_SHORT = 3  # letters of a name
_SHORT_WEEKDAY = {"de": 2, "nl": 2}


def names(what: str, locale: str) -> list[str]:
    """`what`: `months`, `days`, `short months` or `short days`. `locale`: as in `[$-407]`; English where it names
    none of these."""
    try:
        number = int(locale.split(",")[0] or "0", 16) & 0xFF  # above are the country, the calendar and the digits
    except ValueError:
        number = 0
    language = _LANGUAGES.get(number, "en")
    match what:
        case "months":
            return list(MONTHS[language])
        case "days":
            return list(WEEKDAYS[language])
        case "short months":
            return list(SHORT_MONTHS_FR) if language == "fr" else [name[:_SHORT] for name in MONTHS[language]]
    return [name[: _SHORT_WEEKDAY.get(language, _SHORT)] for name in WEEKDAYS[language]]
