"""How usual it is that a document says what a field asks for, by the words of the field's name: most say a total or a
name, few a tip. Of documents written by hand, and none that a fit is made of (`extractor.lab.calibration.usual`)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from extractor.evidence.scalars import JsonPath
from extractor.notation.key_words import key_words

FILE = "usual.json"
_STEM = 6  # letters that words of one stem share
_KEY = 64  # characters of a name that are looked at
_NAMES = 2  # of a path, the last: `seller`, `name`
_MOST = 4.0


def usual(path: JsonPath) -> float:
    """The logit of how often a field there has a value, between -4 and 4."""
    bias, weights = _table()
    found = stems(part for part in path if isinstance(part, str))
    total = bias + math.fsum(weights.get(stem, 0.0) for stem in found)  # the same in whatever order a set has them
    return max(-_MOST, min(_MOST, total))


def stems(names: Iterable[str]) -> frozenset[str]:
    """Of the last two of a path's names."""
    words = (word for name in list(names)[-_NAMES:] for word in key_words(name[:_KEY]))
    return frozenset(word.casefold()[:_STEM] for word in words if len(word) > 1 and not word.isdecimal())


@cache
def _table() -> tuple[float, dict[str, float]]:
    table = json.loads(files("extractor.calibration").joinpath(FILE).read_text("utf-8"))
    return table["bias"], table["weights"]
