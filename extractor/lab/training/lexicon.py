"""The words of the generator: the files of `data/`, read once, and the split of everything into train and held-out.

A string belongs to the held-out side when the checksum of its lower-case form says so, whichever list or random draw
it came from. Labels and field names are judged by their words, values by their JSON text, quotes included: a word may
so be a label on one side and a value on the other. Which values are not split at all is in `values.py`, which were
never met in `unseen.py`. Knows nothing of fields or documents.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from random import Random

_EIGHTHS = 8


def held(text: str) -> bool:
    """Whether `text` is on the held-out side (an eighth of all strings), whatever its case and outer blanks."""
    return zlib.crc32(text.strip().lower().encode()) % _EIGHTHS == 0


@dataclass(frozen=True)
class Split:
    """What a document may be made of: `values` and `names` (field names, label words) True mean held-out only."""

    values: bool = False
    names: bool = False
    layouts: bool = False


TRAIN = Split()
NEW_VALUES = Split(values=True)
NEW_EVERYTHING = Split(values=True, names=True, layouts=True)


@dataclass(frozen=True)
class Concept:
    id: str
    value: str
    keys: list[str]
    labels: list[str]
    notes: list[str] = field(default_factory=list)


def _rows(name: str) -> list[str]:
    text = (files("extractor.lab.training") / "data" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def words(name: str) -> list[str]:
    """Every word of a file of words, in order."""
    return " ".join(_rows(name)).split()


@cache
def sided(name: str, held_out: bool) -> list[str]:
    """The words of a file that are on one side of the split."""
    return [word for word in words(name) if held(word) == held_out]


@cache
def lines(name: str) -> list[str]:
    return _rows(name)


@cache
def streets() -> list[str]:
    return [street.strip() for row in _rows("streets.txt") for street in row.split(":", 1)[1].split("|")]


@cache
def small(name: str) -> list[str]:
    table = dict(row.split(" | ", 1) for row in _rows("small.txt"))
    return [item.strip() for item in table[name].split(";")]


@cache
def enums() -> dict[str, str]:
    """The sets of options by name, as they stand in their file."""
    return dict(row.split(" | ", 1) for row in _rows("enums.txt"))


@cache
def enum(name: str) -> dict[str, list[str]]:
    """Of one set of options: how each is printed."""
    pairs = (option.split("=", 1) for option in enums()[name].split(" ; "))
    return {value.strip(): [form.strip() for form in forms.split(",")] for value, forms in pairs}


@cache
def concepts() -> dict[str, Concept]:
    table = {}
    for row in _rows("concepts.txt"):
        id_, value, keys, labels, notes = (part.strip() for part in row.split(" | "))
        split = [[item.strip() for item in part.split(";")] for part in (keys, labels, notes)]
        table[id_] = Concept(id_, value, *split)
    return table


@cache
def _named() -> dict[str, set[str]]:
    """The ids of the concepts that a label or a key, in lower case, may stand for."""
    ids: dict[str, set[str]] = {}
    for concept in concepts().values():
        for name in (*concept.keys, *concept.labels):
            ids.setdefault(name.lower(), set()).add(concept.id)
    return ids


@cache
def generic() -> frozenset[str]:
    """Labels and keys, in lower case, that more than one concept uses: by themselves they name no field."""
    return frozenset(name for name, ids in _named().items() if len(ids) > 1)


@cache
def namesakes() -> dict[str, set[str]]:
    """Of each concept those that share a label or a key with it, itself included: of two in one document nobody could
    say which is meant."""
    sharing: dict[str, set[str]] = {id_: {id_} for id_ in concepts()}
    for ids in _named().values():
        for id_ in ids:
            sharing[id_] |= ids
    return sharing


_ONSETS = (
    "b c d f g h j k l m n p r s t v w z "
    "b d f g k l m n p r s t br ch cl dr fl fr gl gr kl kr pl pr qu sh sk sl sp st tr"
).split()
_VOWELS = "a e i o u a e i o a e i o u ai au ei ou ä é ö ü".split()
_CODAS = ["", "", "", "", "", *"l m n r s t l n r s nd nt rk st".split()]


def pseudo(rng: Random, held_out: bool) -> str:
    """A word no language has, two to four syllables, on the wanted side."""
    while True:
        count = rng.choice((2, 2, 2, 2, 3))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))
        if held(word) == held_out:
            return word


def word(rng: Random, held_out: bool) -> str:
    """A noun, real or made up, on the wanted side, as it stands in its list."""
    if rng.random() < 0.15:
        return pseudo(rng, held_out)
    return rng.choice(sided("words.txt", held_out))


def modifier(rng: Random, held_out: bool) -> str:
    return pseudo(rng, held_out) if rng.random() < 0.06 else rng.choice(sided("modifiers.txt", held_out))
