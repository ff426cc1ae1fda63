"""How sure the model was of each value: the masked probabilities of the tokens it is made of."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from extractor.evidence.scalars import Scalar


class Sureness(NamedTuple):
    """Natural logarithms of probabilities: of all tokens of a value together, of the least sure one, and their mean."""

    whole: float
    least: float
    mean: float


def sureness(
    text: str, found: Sequence[Scalar], logprobs: Sequence[float], sizes: Sequence[int]
) -> list[Sureness | None]:
    """Of each scalar of the answer `text`; None where the tokens are not this text's. `logprobs` and `sizes` (bytes of
    the text) are of all tokens, in order."""
    ends = list(accumulate(sizes))
    if len(sizes) != len(logprobs) or not ends or ends[-1] != len(text.encode()):
        return [None] * len(found)
    places = range(len(text) + 1) if text.isascii() else [0, *accumulate(len(char.encode()) for char in text)]
    sure: list[Sureness | None] = []
    for scalar in found:
        first = bisect_left(ends, places[scalar.start] + 1)
        own = [min(0.0, one) for one in logprobs[first : bisect_left(ends, places[scalar.stop]) + 1]]
        sure.append(Sureness(math.fsum(own), min(own), math.fsum(own) / len(own)))
    return sure
