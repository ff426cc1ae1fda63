"""How much calibration error is chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean

from extractor.evaluation.metrics import Judgement, calibration_error

_DRAWS = 20


def error_by_chance(judged: Sequence[Judgement]) -> float:
    """The calibration error that so many samples would have if each confidence were the probability itself."""
    dice = random.Random(0)
    drawn = ([(sure, dice.random() < sure) for sure, _ in judged] for _ in range(_DRAWS))
    return fmean(calibration_error(one) or 0.0 for one in drawn)
