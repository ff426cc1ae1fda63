"""Fits what makes a probability of a row of features: a logistic regression, and steps on top of it where they help.
Needs numpy; knows no document.

Of features whose direction is known beforehand a weight against it is none: few samples say anything of what is rare.
What is chosen, and every figure that is reported, is of documents left out: what is said of a document comes from a fit
that has not seen it. Where it is known of what kind each document is, whole kinds are left out to choose by, since
documents to come may be of none of them; a kind counts with the square root of its rows, so that none outvotes the
rest; and kinds may differ by a number of their own, which is no part of the fit that is kept: what tells kinds apart
would else be taken for what tells right from wrong.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from extractor.calibration.curve import Curve

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]  # of a row its fold, or its kind

FOLDS = 5
KIND_FOLDS = 12  # at most: where there are more kinds, small ones are left out together
LEAST = 40  # rows, and
LEAST_OF_EACH = 5  # right and wrong ones, that a fit is made of
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # of the regularisation
_ENOUGH = 400  # rows, and
_ENOUGH_OF_EACH = 60  # right and wrong ones, for steps
_OF_KNOWN = 0.2  # of the regularisation, for features whose sign is known
_SPREAD = 0.7  # of the kinds' own numbers, in logits
_FLAT = 1e-4  # the spread of a feature that is as good as always the same; a fit keeps six decimals of it
_ROUNDS = 50  # of Newton's method
_STEPS = 20  # at most, of a fit
_NO_SIZES: Numbers = np.empty(0, np.int64)


class _Setting(NamedTuple):
    """`apart`: whether kinds differ by a number of their own."""

    strength: float
    apart: bool


@dataclass(frozen=True)
class _FitRows:
    """Features, what was right, the sign of each feature (0: not known), and the kind of each row."""

    x: Matrix
    y: Matrix
    signs: Matrix
    kinds: Numbers

    def __getitem__(self, some: NDArray[np.bool_] | Numbers) -> _FitRows:
        return _FitRows(self.x[some], self.y[some], self.signs, self.kinds[some])

    def counts(self) -> Matrix:
        """What each row counts, 1 on average."""
        _, kind, size = np.unique(self.kinds, return_inverse=True, return_counts=True)
        count = 1 / np.sqrt(size[kind])
        return np.asarray(count / count.mean(), float)


@dataclass(frozen=True)
class Fitted:
    """`left_out`: of each row what a fit says that has not seen its document. `kind_left_out`: what one says that has
    seen no document of its kind; None where kinds are not known."""

    curve: Curve
    left_out: list[float]
    kind_left_out: list[float] | None = None


def fit(
    names: Sequence[str],
    features: Sequence[Sequence[float]],
    right: Sequence[bool],
    documents: Sequence[object],
    signs: Mapping[str, int] | None = None,
    kinds: Sequence[object] | None = None,
) -> Fitted | None:
    """Of rows with features by `names`, each `right` or not and of one of `documents`. `signs`: of features that may
    only raise (1) or only lower (-1) the probability. `kinds`: of each row that of its document; of fewer than five
    they are as good as not known. None where there are too few rows."""
    wrong = len(right) - sum(right)
    if len(right) < LEAST or min(wrong, len(right) - wrong) < LEAST_OF_EACH or len(set(documents)) < FOLDS:
        return None
    known = kinds is not None and len(set(kinds)) >= FOLDS
    kind = _numbered(kinds) if kinds is not None and known else np.zeros(len(right), np.int64)
    of_names = np.asarray([float((signs or {}).get(name, 0)) for name in names])
    rows, by_document = (
        _FitRows(np.asarray(features, float), np.asarray(right, float), of_names, kind),
        folds_of(documents),
    )
    folds = _folds_of_kinds(kind) if known else by_document
    settings = [_Setting(*one) for one in product(STRENGTHS, (False, True) if known else (False,))]
    by_setting = {setting: _left_out(rows, folds, setting) for setting in settings}
    best = min(settings, key=lambda setting: _loss(by_setting[setting], rows))
    smooth = by_setting[best]
    others = _left_out(rows, by_document, best) if known else smooth
    steps = (np.empty(0), np.empty(0))
    if _has_enough(rows.y) and _loss(bent := _bent(smooth, smooth, rows.y, folds), rows) < _loss(smooth, rows):
        steps = _steps(smooth, rows.y)
        others, smooth = _bent(others, smooth, rows.y, by_document), bent
    mean, scale, weights, bias = _regression(rows, best)
    plain = (_plain(mean), _plain(scale), _plain(weights), round(bias, 6), _plain(steps[0]), _plain(steps[1]))
    curve = Curve(tuple(names), *plain)
    return Fitted(curve, others.tolist(), smooth.tolist() if known else None)


def _plain(numbers: Sequence[float] | Matrix) -> tuple[float, ...]:
    return tuple(round(float(one), 6) for one in numbers)


def _numbered(names: Sequence[object]) -> Numbers:
    number = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.asarray([number[name] for name in names])


def folds_of(documents: Sequence[object]) -> Numbers:
    """For each row the number of its document's fold."""
    known = list(dict.fromkeys(documents))
    random.Random(0).shuffle(known)
    fold = {document: place % FOLDS for place, document in enumerate(known)}
    return np.asarray([fold[document] for document in documents])


def _folds_of_kinds(kinds: Numbers) -> Numbers:
    """For each row the number of its kind's fold: the kinds spread over so many that all are about as large."""
    known, counts = np.unique(kinds, return_counts=True)
    fold, size = np.zeros(int(known.max()) + 1, np.int64), np.zeros(min(KIND_FOLDS, len(known)))
    for at in np.argsort(-counts, kind="stable"):
        smallest = int(size.argmin())
        fold[known[at]], size[smallest] = smallest, size[smallest] + counts[at]
    return fold[kinds]


def _left_out(rows: _FitRows, folds: Numbers, setting: _Setting) -> Matrix:
    predicted = np.empty(len(rows.y))
    for fold in np.unique(folds):
        own = folds == fold
        mean, scale, weights, bias = _regression(rows[~own], setting)
        predicted[own] = _sigmoid((rows.x[own] - mean) / scale @ weights + bias)
    return predicted


def _loss(sure: Matrix, rows: _FitRows) -> float:
    sure = np.clip(sure, 1e-6, 1 - 1e-6)
    return float(-(rows.counts() * (rows.y * np.log(sure) + (1 - rows.y) * np.log(1 - sure))).mean())


def _regression(rows: _FitRows, setting: _Setting) -> tuple[Matrix, Matrix, Matrix, float]:
    """Mean and scale of each feature, its weight, and what is added. A feature that is always the same weighs nothing,
    nor does one whose weight would be against its sign."""
    rows = rows[np.argsort(rows.kinds, kind="stable")]
    counts, width = rows.counts(), rows.x.shape[1]
    mean = np.average(rows.x, 0, counts)
    scale = np.sqrt(np.average((rows.x - mean) ** 2, 0, counts))
    scale = np.where(scale < _FLAT, 1.0, scale)
    sizes = np.unique(rows.kinds, return_counts=True)[1] if setting.apart else _NO_SIZES
    z = np.column_stack([(rows.x - mean) / scale, np.ones(len(rows.y))])
    of_features = np.where(rows.signs == 0, setting.strength, setting.strength * _OF_KNOWN)
    penalty = np.concatenate([of_features, [1e-6], np.full(len(sizes), _SPREAD**-2)])
    signs = np.concatenate([rows.signs, np.zeros(len(penalty) - width)])
    weights, used = np.zeros(len(penalty)), np.ones(len(penalty), bool)
    while True:
        own = z[:, used[: width + 1]]
        weights[used] = likeliest(own, rows.y, penalty[used], weights[used], counts, sizes)
        against = weights * signs < 0
        if not against.any():
            return mean, scale, weights[:width], float(weights[width])
        weights[against], used = 0, used & ~against


def likeliest(
    z: Matrix,
    y: Matrix,
    penalty: Matrix,
    weights: Matrix,
    counts: Matrix | float = 1.0,
    sizes: Numbers = _NO_SIZES,
    expected: Matrix | float = 0.0,
) -> Matrix:
    """The weights of the greatest penalised likelihood, by Newton's method from `weights` on. `y`: of each row the
    share that is right, of `counts` samples. `sizes`: of kinds that differ by a number of their own, whose rows stand
    one behind the other; those numbers come behind the weights. `expected`: the weights that cost no penalty."""
    starts = np.cumsum(sizes) - sizes

    def penalised(some: Matrix) -> float:
        return _unlikely(z, y, some, counts, sizes) + float((penalty * (some - expected) ** 2).sum() / 2)

    now = penalised(weights)
    for _ in range(_ROUNDS):
        sure = _sigmoid(_totals(z, weights, sizes))
        off, curved = counts * (sure - y), counts * sure * (1 - sure)
        slope = np.concatenate([z.T @ off, _by_kind(off, starts)]) + penalty * (weights - expected)
        step = _solved(z, curved, penalty, slope, starts)
        step *= min(1.0, 5.0 / float(np.abs(step).max() + 1e-12))
        while (then := penalised(weights - step)) > now + 1e-9 and np.abs(step).max() > 1e-6:
            step /= 2  # too far: where nearly all rows are certain, the bend is flat
        weights, now = weights - step, then
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights


def _solved(z: Matrix, curved: Matrix, penalty: Matrix, slope: Matrix, starts: Numbers) -> Matrix:
    """Newton's step. The kinds' own numbers do not bend each other, so they are put into the weights' equations, which
    takes no longer with a hundred kinds than with none."""
    width = z.shape[1]
    bent = z * curved[:, None]
    bend = bent.T @ z + np.diag(penalty[:width])
    if not len(starts):
        return np.asarray(np.linalg.solve(bend, slope), float)
    cross, own = _by_kind(bent, starts), _by_kind(curved, starts) + penalty[width:]
    share = cross / own[:, None]
    first = np.linalg.solve(bend - share.T @ cross, slope[:width] - share.T @ slope[width:])
    return np.concatenate([first, (slope[width:] - cross @ first) / own])


def _by_kind(rows: Matrix, starts: Numbers) -> Matrix:
    """Sums of the rows from each start to the next."""
    return np.asarray(np.add.reduceat(rows, starts, 0), float) if len(starts) else np.zeros(0)


def _totals(z: Matrix, weights: Matrix, sizes: Numbers) -> Matrix:
    total = z @ weights[: z.shape[1]]
    return np.asarray(total + np.repeat(weights[z.shape[1] :], sizes) if len(sizes) else total, float)


def _unlikely(z: Matrix, y: Matrix, weights: Matrix, counts: Matrix | float, sizes: Numbers) -> float:
    """The negative log of the likelihood."""
    total = _totals(z, weights, sizes)
    return float((counts * (np.logaddexp(0, total) - y * total)).sum())


def _sigmoid(z: Matrix) -> Matrix:
    return 1 / (1 + np.exp(-np.clip(z, -40, 40)))


def _has_enough(y: Matrix) -> bool:
    return len(y) >= _ENOUGH and min(y.sum(), len(y) - y.sum()) >= _ENOUGH_OF_EACH


def _bent(sure: Matrix, smooth: Matrix, y: Matrix, folds: Numbers) -> Matrix:
    """`sure` by steps of what `smooth` says of the other folds' rows."""
    bent = np.empty(len(sure))
    for fold in np.unique(folds):
        own = folds == fold
        bent[own] = np.interp(sure[own], *_steps(smooth[~own], y[~own]))
    return bent


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
