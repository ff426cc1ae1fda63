"""Fits what makes a probability of a row of features: a logistic regression, and steps on top of it where there is
enough to judge by. Needs numpy; knows no document.

Of figures whose direction is known beforehand a weight against it is none: few samples say anything of what is rare.
The strength of the regularisation is chosen, and every figure that is reported is made, by leaving documents out: what
is said of a document comes from a fit that has not seen it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractor.calibration.curve import Curve

Matrix = NDArray[np.float64]

FOLDS = 5
LEAST = 40  # rows, and
LEAST_OF_EACH = 5  # right and wrong ones, that a fit is made of
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # of the regularisation
_ENOUGH = 400  # rows, and
_ENOUGH_OF_EACH = 60  # right and wrong ones, for steps
_OF_KNOWN = 0.2  # of the regularisation, for figures whose sign is known
_FLAT = 1e-4  # the spread of a figure that is as good as always the same; a fit keeps six decimals of it
_ROUNDS = 50  # of Newton's method
_STEPS = 20  # at most, of a fit
_NO_STEPS = (np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Fitted:
    """`left_out`: of each row what a fit says that has not seen its document."""

    curve: Curve
    left_out: list[float]


def fit(
    names: Sequence[str],
    features: Sequence[Sequence[float]],
    right: Sequence[bool],
    documents: Sequence[object],
    signs: Mapping[str, int] | None = None,
) -> Fitted | None:
    """Of rows with features by `names`, each `right` or not and of one of `documents`. `signs`: of features that may
    only raise (1) or only lower (-1) the probability. None where there are too few rows."""
    wrong = len(right) - sum(right)
    if len(right) < LEAST or min(wrong, len(right) - wrong) < LEAST_OF_EACH or len(set(documents)) < FOLDS:
        return None
    x, y = np.asarray(features, float), np.asarray(right, float)
    folds, known = _folds(documents), np.asarray([float((signs or {}).get(name, 0)) for name in names])
    by_strength = {strength: _left_out(x, y, folds, strength, known) for strength in STRENGTHS}
    best = min(STRENGTHS, key=lambda strength: _loss(by_strength[strength], y))
    left_out = by_strength[best]
    curve, steps = _curve(names, x, y, best, known), _NO_STEPS
    if len(y) >= _ENOUGH and min(y.sum(), len(y) - y.sum()) >= _ENOUGH_OF_EACH:
        smooth = left_out.copy()
        for fold in set(folds):
            own = folds == fold
            left_out[own] = np.interp(smooth[own], *_steps(smooth[~own], y[~own]))
        steps = _steps(smooth, y)
    curve_ = Curve(curve.names, curve.mean, curve.scale, curve.weights, curve.bias, *map(_plain, steps))
    return Fitted(curve_, left_out.tolist())


def _curve(names: Sequence[str], x: Matrix, y: Matrix, strength: float, signs: Matrix) -> Curve:
    mean, scale, weights, bias = _regression(x, y, strength, signs)
    return Curve(tuple(names), _plain(mean), _plain(scale), _plain(weights), round(bias, 6), (), ())


def _plain(numbers: Sequence[float] | Matrix) -> tuple[float, ...]:
    return tuple(round(float(one), 6) for one in numbers)


def _folds(documents: Sequence[object]) -> NDArray[np.int64]:
    """For each row the number of its document's fold."""
    known = list(dict.fromkeys(documents))
    random.Random(0).shuffle(known)
    fold = {document: place % FOLDS for place, document in enumerate(known)}
    return np.asarray([fold[document] for document in documents])


def _left_out(x: Matrix, y: Matrix, folds: NDArray[np.int64], strength: float, signs: Matrix) -> Matrix:
    predicted = np.empty(len(y))
    for fold in set(folds.tolist()):
        own = folds == fold
        mean, scale, weights, bias = _regression(x[~own], y[~own], strength, signs)
        predicted[own] = _sigmoid((x[own] - mean) / scale @ weights + bias)
    return predicted


def _loss(sure: Matrix, y: Matrix) -> float:
    sure = np.clip(sure, 1e-6, 1 - 1e-6)
    return float(-(y * np.log(sure) + (1 - y) * np.log(1 - sure)).mean())


def _regression(x: Matrix, y: Matrix, strength: float, signs: Matrix) -> tuple[Matrix, Matrix, Matrix, float]:
    """Mean and scale of each figure, its weight, and what is added. A figure that is always the same weighs nothing,
    nor does one whose weight would be against its sign."""
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale < _FLAT, 1.0, scale)
    z = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    penalty = np.where(signs == 0, strength, strength * _OF_KNOWN)
    penalty = np.append(penalty, 1e-6)
    weights, used = np.zeros(z.shape[1]), np.ones(z.shape[1], bool)
    while True:
        weights[used] = likeliest(z[:, used], y, penalty[used], weights[used])
        against = np.append(weights[:-1] * signs < 0, False)
        if not against.any():
            return mean, scale, weights[:-1], float(weights[-1])
        weights[against], used = 0, used & ~against


def likeliest(z: Matrix, y: Matrix, penalty: Matrix, weights: Matrix, counts: Matrix | float = 1.0) -> Matrix:
    """The weights of the greatest penalised likelihood, by Newton's method from `weights` on. `y`: of each row the
    share that is right, of `counts` samples."""
    for _ in range(_ROUNDS):
        sure = _sigmoid(z @ weights)
        slope = z.T @ (counts * (sure - y)) + penalty * weights
        bend = (z * (counts * sure * (1 - sure))[:, None]).T @ z + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights = weights - step * min(1.0, 5.0 / float(np.abs(step).max() + 1e-12))
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights


def _sigmoid(z: Matrix) -> Matrix:
    return 1 / (1 + np.exp(-np.clip(z, -40, 40)))


def _steps(sure: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    """Probabilities and what they are in truth: isotonic regression (pool adjacent violators) over a few bins of equal
    count, so that no step is of a handful; between them, and on to 0 and 1, it is interpolated."""
    order = np.argsort(sure, kind="stable")
    some = [part for part in np.array_split(order, min(_STEPS, len(order) // 20)) if len(part)]
    blocks: list[list[float]] = []  # where, how often right (one of each is added), count
    for part in some:
        blocks.append([float(sure[part].sum()), float(y[part].sum()), float(len(part))])
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    where = [block[0] / block[2] for block in blocks]
    truth = [(block[1] + 0.5) / (block[2] + 1) for block in blocks]
    return np.asarray([0.0, *where, 1.0]), np.asarray([0.0, *truth, 1.0])
