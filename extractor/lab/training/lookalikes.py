"""Values that look like one another: what teaches to copy the one that was asked for, and to its end.

Codes of one stem, dates of two years and two months, names of two families, texts of the same few scraps. A scrap is a
piece of letters no list holds, so no token is only ever seen where a list has it. Knows nothing of labels.
"""

from __future__ import annotations

import string
from datetime import date
from random import Random

from extractor.lab.training import lexicon, texts, values
from extractor.lab.training.values import PrintedValue, Style

KINDS = ("code", "date", "amount", "phrase", "person", "sentence", "scrap")
_SOURCES = ("words.txt", "words.txt", "modifiers.txt", "places.txt", "first.txt", "last.txt")


def scrap(rng: Random) -> str:
    """A word cut together from the middles of others: four to eighteen letters."""
    letters = ""
    for _ in range(rng.choice((2, 2, 3))):
        word = rng.choice(lexicon.words(rng.choice(_SOURCES)))
        start = rng.randrange(max(1, len(word) - 2))
        letters += word[start : start + rng.choice((2, 3, 3, 4, 4, 5, 6))]
    return letters.capitalize() if rng.random() < 0.6 else letters.lower()


class Lookalikes:
    """The values of one document; what they share is drawn once."""

    def __init__(self, rng: Random, look: Style, held_out: bool) -> None:
        self._rng, self._look, self._held_out = rng, look, held_out
        self._share()

    def _share(self) -> None:
        rng = self._rng
        self._words = [scrap(rng) if rng.random() < 0.6 else texts.phrase(rng) for _ in range(rng.randint(4, 7))]
        self._stem = texts.code(rng)
        self._years = rng.sample(range(2001, 2035), 2)
        self._months = rng.sample(range(1, 13), 2)
        self._days = rng.sample(range(1, 29), 3)
        self._wholes = [rng.randrange(10 ** rng.randint(1, 5)) for _ in range(3)]
        self._cents = rng.sample(range(100), 3)
        self._first = [rng.choice(lexicon.words("first.txt")) for _ in range(2)] + [scrap(rng).capitalize()]
        self._last = [rng.choice(lexicon.words("last.txt")) for _ in range(2)] + [scrap(rng).capitalize()]

    def draw(self, kind: str) -> PrintedValue:
        """A value of one of `KINDS`, on the side of the split."""
        while True:
            for _ in range(200):
                value = self._draw(kind)
                if values.sided(value, self._held_out):
                    return value
            self._share()  # a dozen dates may all be on the other side

    def _draw(self, kind: str) -> PrintedValue:
        rng = self._rng
        match kind:
            case "code":
                return values.text(self._code())
            case "date":
                day = date(rng.choice(self._years), rng.choice(self._months), rng.choice(self._days))
                form = self._look.dates if rng.random() < 0.7 else rng.randrange(values.DATE_FORMS)
                return PrintedValue(values.date_text(day, form, self._look.language), f'"{day.isoformat()}"')
            case "amount":
                digits = f"{rng.choice(self._wholes)}.{rng.choice(self._cents):02d}"
                return values.number(digits, self._look, rng, money=True)
            case "person":
                return values.text(f"{rng.choice(self._first)} {rng.choice(self._last)}")
            case "phrase":
                return values.text(" ".join(rng.choices(self._words, k=rng.randint(1, 3))))
            case "sentence":
                return values.text(" ".join(rng.choices(self._words, k=rng.randint(3, 7))) + rng.choice((".", "")))
        return values.text(scrap(rng))

    def _code(self) -> str:
        """The stem with one or two of its characters changed for others of their kind."""
        rng, chars = self._rng, list(self._stem)
        for at in rng.choices([i for i, char in enumerate(chars) if char.isalnum()], k=rng.randint(1, 2)):
            chars[at] = rng.choice(string.digits if chars[at].isdigit() else string.ascii_uppercase)
        return "".join(chars)
