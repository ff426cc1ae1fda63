"""From a row of features to a probability: what a fit has found. Plain Python, for it is used with every answer."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

_MOST = 40.0  # of a logit
_LARGEST = 1e9  # of any number of a fit, and one over the smallest scale: sums of them stay finite


class Move(NamedTuple):
    """A logit becomes `shift` and `slope` times what it was."""

    shift: float
    slope: float

    def of(self, probability: float) -> float:
        if probability in (0.0, 1.0):
            return probability
        return _sigmoid(self.shift + self.slope * math.log(probability / (1 - probability)))


@dataclass(frozen=True)
class Curve:
    """A logistic regression over features by `names`, each less its `mean` and by its `scale`; then, where there are
    some, steps: a probability of `steps` is `truth` in truth, and what is between is interpolated."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    steps: tuple[float, ...] = ()
    truth: tuple[float, ...] = ()

    def probability(self, features: Sequence[float]) -> float:
        parts = zip(features, self.mean, self.scale, self.weights, strict=True)
        total = self.bias + math.fsum((figure - mean) / scale * weight for figure, mean, scale, weight in parts)
        return self._in_truth(_sigmoid(total))

    def moved(self, move: Move) -> Curve:
        """Whose probabilities have moved. Between steps they are interpolated as before."""
        if self.steps:
            return replace(self, truth=tuple(round(move.of(one), 6) for one in self.truth))
        weights = tuple(round(move.slope * one, 6) for one in self.weights)
        return replace(self, weights=weights, bias=round(move.shift + move.slope * self.bias, 6))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, read: Any) -> Curve:
        """Raises ValueError, TypeError, KeyError for what is none."""
        names = tuple(str(name) for name in read["names"])
        mean, scale, weights = (tuple(float(one) for one in read[name]) for name in ("mean", "scale", "weights"))
        steps, truth = (tuple(float(one) for one in read[name]) for name in ("steps", "truth"))
        curve = cls(names, mean, scale, weights, float(read["bias"]), steps, truth)
        numbers = (*mean, *scale, *weights, *steps, *truth, curve.bias)
        if not len(names) == len(mean) == len(scale) == len(weights) or len(steps) != len(truth):
            raise ValueError("its features are not as many as their names")
        if not all(abs(one) <= _LARGEST for one in numbers) or not all(one >= 1 / _LARGEST for one in scale):
            raise ValueError("its features are no fit: a number is missing, too large or too small")
        if list(steps) != sorted(steps) or not all(0 <= one <= 1 for one in (*steps, *truth)):
            raise ValueError("its features are no fit: its steps are no probabilities in their order")
        return curve

    def _in_truth(self, sure: float) -> float:
        if not self.steps:
            return sure
        at = bisect_right(self.steps, sure)
        if at in (0, len(self.steps)):
            return self.truth[min(at, len(self.steps) - 1)]
        low, high = self.steps[at - 1], self.steps[at]
        share = (sure - low) / (high - low) if high > low else 0.0
        return self.truth[at - 1] + share * (self.truth[at] - self.truth[at - 1])


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, logit))))
