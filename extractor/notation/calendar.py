"""The names of months and weekdays, by language (ISO 639-1). One table: what reads dates, what prints them and what
searches for them mean the same names."""

from __future__ import annotations

from collections.abc import Iterator

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "pl": "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
}
_WEEKDAYS = {  # from Sunday on
    "en": "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
    "de": "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
    "fr": "dimanche lundi mardi mercredi jeudi vendredi samedi",
    "es": "domingo lunes martes miércoles jueves viernes sábado",
    "it": "domenica lunedì martedì mercoledì giovedì venerdì sabato",
    "nl": "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
    "pt": "domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
    "pl": "niedziela poniedziałek wtorek środa czwartek piątek sobota",
}
MONTHS = {language: tuple(names.split()) for language, names in _MONTHS.items()}
WEEKDAYS = {language: tuple(names.split()) for language, names in _WEEKDAYS.items()}
SHORT_MONTHS_FR = tuple("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split())

# Languages whose dates are read in running text. Polish is not among them: `lis` and `maj` begin words of others.
READ = ("en", "de", "fr", "es", "it", "nl", "pt")
# Beside the first three letters of each name: Dutch `mrt`, Scandinavian `maj`, and `juillet`, which begins as `juin`.
_MORE = {"mrt": 3, "maj": 5, "juil": 7}


def _prefixes() -> Iterator[tuple[str, int]]:
    for month in range(12, 0, -1):  # backwards: what two begin with, `jui`, is the earlier one's
        for language in READ:
            yield MONTHS[language][month - 1][:3].lower(), month


MONTH_BY_PREFIX = dict(_prefixes()) | _MORE

# Regular expressions: a month's name, whole or short, in any case, and the letters that one may begin with.
NAME = f"(?i:{'|'.join(MONTH_BY_PREFIX)})[^\\W\\d_]{{0,9}}"
FIRST_LETTERS = "".join(sorted({letter for name in MONTH_BY_PREFIX for letter in (name[0], name[0].upper())}))

ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}  # Japanese: the year before the first of each


_DAYS = frozenset(name.lower() for names in WEEKDAYS.values() for name in names)


def month(name: str) -> int:
    """1 to 12 of a month's name, whole or short; 0 where `name` is none. `maandag` and `mardi` only begin like one."""
    low = name.lower()
    if low in _DAYS:
        return 0
    return MONTH_BY_PREFIX.get(low[:4]) or MONTH_BY_PREFIX.get(low[:3], 0)
