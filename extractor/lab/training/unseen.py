"""Which values training cannot have met in an answer, whatever they stand for there.

The split keeps most values apart by the checksum of their JSON (`values.sided`), but not the shortest and not kinds
with few values; and what is a single word may also have been a name, an option or a drill's word, which are split by
their own letters if at all. What none of these can be was never read: a held-out set says both, and is to be judged by
these. Errs on the side of "met".
"""

from __future__ import annotations

import re
from functools import cache

from extractor.lab.training import lexicon, values
from extractor.lab.training.lexicon import held
from extractor.lab.training.values import PrintedValue

_LISTS = ("carrier", "country", "terms", "skill", "language", "unit", "incoterm")
_TITLES = "dr. prof. mr. ms. mrs. dipl.-ing. mag.".split()
_WORDS = re.compile(r"[^\W\d_]+(_[^\W\d_]+)?")
_FREE = re.compile(  # four digits and postal codes, versions, names of attached files
    r"\d{4,5}|\d{4} [a-z]{2}|[a-z]{2}\d \d[a-z]{2}|v?\d+(\.\d+){1,2}|"
    r"[a-z0-9]+([_-]\d)?\.(pdf|png|jpg|log|txt|zip|docx|csv)"
)
_NUMBERS = 1000  # below it any number may be one that was counted, weighed or measured, and those are not split


def unseen(json: str) -> bool:
    """Whether no answer of the training side can hold `json`, the JSON text of a scalar."""
    if (
        values.sided(PrintedValue("", json), held_out=False) or "SS" in json
    ):  # perhaps an ß, which is split as one, in capitals
        return False
    if not json.startswith('"'):
        return abs(float(json)) >= _NUMBERS
    text = json.strip('"').lower()
    word = _WORDS.fullmatch(text)
    if word and not any(held(piece) for piece in text.split("_")):
        return False
    return text not in _listed() and not _FREE.fullmatch(text)


@cache
def _listed() -> frozenset[str]:
    """What is drawn from a list of its own for both sides, in lower case."""
    names = [*lexicon.words("first.txt"), *lexicon.words("last.txt"), *_TITLES, "prof. dr."]
    items = [item for name in _LISTS for item in lexicon.small(name)]
    options = [option for name in lexicon.enums() for option in lexicon.enum(name)]
    return frozenset(text.lower() for text in (*names, *items, *options))
