"""A fit finds what there is to find, says how sure it may be, and refuses what is too little."""

from __future__ import annotations

import math
import random

import pytest

from extractor.calibration.curve import Curve
from extractor.calibration.fit import LEAST, fit
from extractor.evaluation.metrics import reliability

NAMES = ("a", "b", "noise", "constant")


def drawn(count: int, seed: int) -> tuple[list[list[float]], list[bool], list[int]]:
    """Rows whose truth is a logistic of two figures; ten rows a document."""
    dice = random.Random(seed)
    figures = [[dice.gauss(0, 2), dice.gauss(0, 1), dice.gauss(0, 1), 7.0] for _ in range(count)]
    right = [dice.random() < 1 / (1 + math.exp(-(1 + 1.5 * a - b))) for a, b, *_ in figures]
    return figures, right, [at // 10 for at in range(count)]


def test_what_it_says_of_new_rows_is_calibrated_and_tells_right_from_wrong():
    fitted = fit(NAMES, *drawn(3000, 1))
    assert fitted is not None
    figures, right, _ = drawn(3000, 2)
    found = reliability([(fitted.curve.probability(one), truth) for one, truth in zip(figures, right, strict=True)])
    assert found.ece is not None
    assert found.auroc is not None
    assert found.ece < 0.03
    assert found.auroc > 0.85
    left_out = reliability(zip(fitted.left_out, drawn(3000, 1)[1], strict=True))
    assert left_out.auroc == pytest.approx(found.auroc, abs=0.03), "and says so of rows it was not made of"


def test_what_says_nothing_weighs_little_and_what_never_changes_nothing():
    fitted = fit(NAMES, *drawn(3000, 1))
    assert fitted is not None
    weights = dict(zip(NAMES, fitted.curve.weights, strict=True))
    assert weights["a"] > 1
    assert weights["b"] < -0.5
    assert abs(weights["noise"]) < 0.2
    assert weights["constant"] == 0


def test_a_weight_against_a_known_sign_is_none():
    """What is rare is so by chance: here the few rows that have the figure are right, and it may only lower."""
    figures, right, documents = drawn(1000, 1)
    rare = [at % 100 == 0 for at in range(1000)]
    rows = [[a, b, noise, float(one)] for (a, b, noise, _), one in zip(figures, rare, strict=True)]
    right = [one or truth for one, truth in zip(rare, right, strict=True)]
    free = fit(NAMES, rows, right, documents)
    held = fit(NAMES, rows, right, documents, {"a": 1, "constant": -1})
    wrong = fit(NAMES, rows, [not one for one in right], documents, {"constant": -1})
    assert free is not None
    assert held is not None
    assert wrong is not None
    assert free.curve.weights[3] > 0
    assert held.curve.weights[3] == 0
    assert held.curve.weights[0] == pytest.approx(free.curve.weights[0], rel=0.2)
    assert wrong.curve.weights[3] < 0, "with its sign it weighs"


def test_what_is_surer_than_any_row_goes_on_to_certainty():
    fitted = fit(NAMES, *drawn(3000, 1))
    assert fitted is not None
    assert (fitted.curve.steps[0], fitted.curve.truth[0]) == (0, 0)
    assert (fitted.curve.steps[-1], fitted.curve.truth[-1]) == (1, 1)


def test_a_figure_that_hardly_changes_makes_no_fit_that_cannot_be_read():
    figures, right, documents = drawn(400, 1)
    dice = random.Random(2)
    fitted = fit(NAMES, [[*one[:3], 1 - 1e-7 * dice.random()] for one in figures], right, documents)
    assert fitted is not None
    assert Curve.of(fitted.curve.as_json()) == fitted.curve
    assert 0 < fitted.curve.probability([0.0, 0.0, 0.0, 0.5]) < 1


def test_where_figures_say_nothing_it_says_how_often_things_are_right():
    dice = random.Random(3)
    figures = [[dice.gauss(0, 1) for _ in NAMES] for _ in range(400)]
    right = [dice.random() < 0.7 for _ in figures]
    fitted = fit(NAMES, figures, right, [at // 4 for at in range(400)])
    assert fitted is not None
    assert all(0.5 < fitted.curve.probability(one) < 0.9 for one in figures)


@pytest.mark.parametrize("right", [[True] * 200, [True] * 197 + [False] * 3, [True, False] * (LEAST // 2 - 1)])
def test_too_little_is_no_fit(right: list[bool]):
    assert fit(NAMES, [[float(at)] * 4 for at in range(len(right))], right, list(range(len(right)))) is None


def test_documents_are_left_out_whole():
    """Of rows that only their own document explains, nothing may be known."""
    dice = random.Random(4)
    luck = [dice.random() < 0.5 for _ in range(60)]
    figures = [[float(document == at) for at in range(60)] for document in range(60) for _ in range(10)]
    right = [luck[document] for document in range(60) for _ in range(10)]
    fitted = fit([str(at) for at in range(60)], figures, right, [at // 10 for at in range(600)])
    assert fitted is not None
    auroc = reliability(zip(fitted.left_out, right, strict=True)).auroc
    assert auroc is not None
    assert auroc < 0.65


def test_steps_are_interpolated_and_end_where_they_end():
    curve = Curve(("a",), (0.0,), (1.0,), (1.0,), 0.0, (0.25, 0.75), (0.1, 0.9))
    assert curve.probability([-30]) == 0.1
    assert curve.probability([30]) == 0.9
    assert curve.probability([0]) == pytest.approx(0.5)
