"""Months and weekdays in the languages that a number format may name, by Windows' number of the language."""

from __future__ import annotations

_ENGLISH = 0x09
_LANGUAGES = {  # months, weekdays from Sunday on, and how many letters are left of them when short
    _ENGLISH: (
        "January February March April May June July August September October November December",
        "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
        3,
        3,
    ),
    0x07: (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
        3,
        2,
    ),
    0x0A: (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "domingo lunes martes miércoles jueves viernes sábado",
        3,
        3,
    ),
    0x10: (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "domenica lunedì martedì mercoledì giovedì venerdì sabato",
        3,
        3,
    ),
    0x13: (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
        3,
        2,
    ),
    0x15: (
        "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
        "niedziela poniedziałek wtorek środa czwartek piątek sobota",
        3,
        3,
    ),
    0x16: (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
        3,
        3,
    ),
    0x0C: (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "dimanche lundi mardi mercredi jeudi vendredi samedi",
        0,
        3,
    ),
}
_SHORT_FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."


def names(what: str, locale: str) -> list[str]:
    """`what`: `months`, `days`, `short months` or `short days`. `locale`: as in `[$-407]`; English where it names
    none of these."""
    try:
        language = int(locale.split(",")[0] or "0", 16) & 0xFF  # above are the country, the calendar and the figures
    except ValueError:
        language = _ENGLISH
    months, days, of_month, of_day = _LANGUAGES.get(language, _LANGUAGES[_ENGLISH])
    if what == "short months" and not of_month:
        return _SHORT_FRENCH.split()
    every = (months if what.endswith("months") else days).split()
    if not what.startswith("short"):
        return every
    return [name[: of_month if what.endswith("months") else of_day] for name in every]
