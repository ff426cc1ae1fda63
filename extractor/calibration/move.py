"""Moves a fit that there is to documents that are not like its own (Platt scaling): the logits of its probabilities
times a slope, and a number more. Two numbers are found of a handful of documents, where a fit of their own takes
hundreds. Needs numpy; knows no document.

How far they may lead is chosen on documents left out. That it is not moved at all is among the choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from extractor.calibration.curve import Curve, Move
from extractor.calibration.fit import Fitted, folds_of, likeliest

Matrix = NDArray[np.float64]

LEAST = 5  # rows, right or wrong, and
LEAST_DOCUMENTS = 3  # that they are of
_FLATTEST = 0.1  # slope: what is surer stays surer
_NEVER = 1e-6  # a probability that no sample speaks for


class _Reach(NamedTuple):
    """How far from 0 and from 1, as the standard deviation of what is expected before any sample."""

    shift: float
    slope: float


_REACHES = (_Reach(0.5, 0.1), _Reach(1.0, 0.2), _Reach(2.0, 0.3), _Reach(2.0, 0.6))


class _MovedRows(NamedTuple):
    """`logits`: of what the fit says of them before it is moved."""

    features: Sequence[Sequence[float]]
    logits: Matrix
    y: Matrix
    folds: NDArray[np.int64]


def moved(
    curve: Curve, features: Sequence[Sequence[float]], right: Sequence[bool], documents: Sequence[object]
) -> Fitted | None:
    """Of rows with the features of `curve`, each `right` or not and of one of `documents`. What it says of those left
    out is of moves without their documents. None where there are too few."""
    if len(right) < LEAST or len(set(documents)) < LEAST_DOCUMENTS:
        return None
    sure = _probabilities(curve, features)
    rows = _MovedRows(features, _logits(sure), np.asarray(right, float), folds_of(documents))
    best, left_out = None, sure
    for reach in _REACHES:
        found = _left_out(curve, rows, reach)
        if log_loss(found, rows.y) < log_loss(left_out, rows.y):
            best, left_out = reach, found
    return Fitted(curve if best is None else curve.moved(_likeliest(rows.logits, rows.y, best)), left_out.tolist())


def log_loss(sure: Sequence[float] | Matrix, right: Sequence[bool] | Matrix) -> float:
    """Mean negative log of the probability that was given to what came true, in nats."""
    clipped, y = np.clip(np.asarray(sure, float), _NEVER, 1 - _NEVER), np.asarray(right, float)
    return float(-(y * np.log(clipped) + (1 - y) * np.log(1 - clipped)).mean())


def _left_out(curve: Curve, rows: _MovedRows, reach: _Reach) -> Matrix:
    """Of each row, what the fit says that was moved without its fold: between steps that is not each probability
    moved."""
    found = np.empty(len(rows.y))
    for fold in np.unique(rows.folds):
        own, others = np.flatnonzero(rows.folds == fold), rows.folds != fold
        move = _likeliest(rows.logits[others], rows.y[others], reach)
        found[own] = _probabilities(curve.moved(move), [rows.features[at] for at in own.tolist()])
    return found


def _probabilities(curve: Curve, features: Sequence[Sequence[float]]) -> Matrix:
    return np.asarray([curve.probability(row) for row in features], float)


def _likeliest(logits: Matrix, y: Matrix, reach: _Reach) -> Move:
    z = np.column_stack([np.ones(len(y)), logits])
    expected = np.asarray([0.0, 1.0])
    penalty = np.asarray([reach.shift, reach.slope]) ** -2
    shift, slope = likeliest(z, y, penalty, expected, expected=expected)
    return Move(round(float(shift), 6), round(max(_FLATTEST, float(slope)), 6))


def _logits(sure: Matrix) -> Matrix:
    clipped = np.clip(sure, _NEVER, 1 - _NEVER)
    return np.asarray(np.log(clipped / (1 - clipped)), float)
