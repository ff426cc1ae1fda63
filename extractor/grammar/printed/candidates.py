"""What a document prints that a value may be and that can be listed: numbers, days, times, and words of one kind. Each
as JSON spells it. Knows notation; knows no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import product

from extractor.notation import addresses, codes, currency, months, possible, spell
from extractor.notation.as_typed import typed
from extractor.notation.file_names import NOTHING
from extractor.notation.fold import folded
from extractor.notation.looks import LOOKS
from extractor.notation.spell import Spelled

MOST_MOMENTS = 4_000  # days with times, of a document that prints many of both
_WORD = re.compile(rf"[^\s{NOTHING}]+")
_AROUND = "\"'.,;:!?()[]<>{}„“”‚‘’«»*"


class Candidates:
    """Of one text, each kind found when it is first asked for."""

    def __init__(self, text: str) -> None:
        self._text = folded(typed(text))
        self._by_look: dict[str, list[str]] = {}  # by a look

    @cached_property
    def numbers(self) -> dict[str, int | float]:
        found = possible.numbers(self._text, self._dates)
        return {spelled: int(value) if "." not in spelled else float(value) for spelled, value in found.items()}

    @cached_property
    def days(self) -> list[str]:
        return list(possible.days(self._text, self._dates))

    @cached_property
    def spellings(self) -> list[str]:
        """What is not printed letter by letter: days, months, times of day, currencies, codes without their gaps; and
        the years of days and months in figures."""
        currencies = dict.fromkeys(code for code, _, _ in currency.codes(self._text))
        of_months = months.spans(self._text)
        found = possible.months(self._text, self._dates, self.days, of_months)
        places = [(date.start, date.stop) for date in self._dates]
        years = months.years(self._text, [*places, *(place for spans in of_months.values() for place in spans)])
        return [*self.days, *found, *years, *self._hours, *currencies, *dict.fromkeys(codes.ungrouped(self._text))]

    @cached_property
    def _dates(self) -> list[Spelled]:
        return list(spell.dates(self._text))

    @cached_property
    def _hours(self) -> list[str]:
        return list(possible.hours(self._text))

    @cached_property
    def words(self) -> list[str]:
        """What stands between white space, with and without the marks around it."""
        printed = dict.fromkeys(_WORD.findall(self._text))
        forms = (form for word in printed for form in (word, word.strip(_AROUND), word.rstrip(_AROUND)) if form)
        return list(dict.fromkeys(forms))

    @cached_property
    def emails(self) -> list[str]:
        """Whole ones."""
        return list(dict.fromkeys(addresses.emails(self._text)))

    def of_format(self, name: str) -> Iterable[str] | None:
        """The values that a format may have; None where texts of it are stretches of words."""
        if name == "email":
            return self.emails
        if name in _WORDS_OF:
            found = _ADDRESSES[name](self._text) if name in _ADDRESSES else ()
            return list(dict.fromkeys([*self.words, *found]))
        return MOMENTS[name](self) if name in MOMENTS else None

    def of_look(self, look: str) -> list[str]:
        """What looks so (notation/looks.py), white space folded."""
        if look not in self._by_look:
            found = (self._text[slice(*span)] for span in LOOKS[look].spans(self._text))
            self._by_look[look] = list(dict.fromkeys(" ".join(one.split()) for one in found))
        return self._by_look[look]

    def _times(self, *, local: bool) -> list[str]:
        full = [f"{hour}:00" if len(hour) == 5 else hour for hour in self._hours]
        if local:
            return [*self._hours, *full]
        return [time + offset for time, offset in product(full, possible.offsets(self._text))]

    def _moments(self, *, local: bool) -> list[str]:
        """A day without a time of its own begins at midnight."""
        times = [*self._times(local=local), *(["00:00:00"] if local else ["00:00:00Z"])]
        return [f"{day}T{time}" for day, time in product(self.days, times)][:MOST_MOMENTS]


MOMENTS: dict[str, Callable[[Candidates], list[str]]] = {
    "date": lambda one: one.days,
    "time": lambda one: one._times(local=False),
    "time-local": lambda one: one._times(local=True),
    "date-time": lambda one: one._moments(local=False),
    "date-time-local": lambda one: one._moments(local=True),
}
_ADDRESSES: dict[str, Callable[[str], Iterable[str]]] = {"uri": addresses.uris, "hostname": addresses.hosts}
_WORDS_OF = frozenset("uuid ipv4 ipv6 uri hostname duration".split())
