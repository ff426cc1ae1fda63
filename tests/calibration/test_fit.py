"""A fit finds what there is to find, says how sure it may be, and refuses what is too little."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from extractor.calibration.curve import Curve
from extractor.calibration.fit import KIND_FOLDS, LEAST, fit, likeliest
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


def saturated(count: int, seed: int) -> tuple[list[list[float]], list[bool], list[int]]:
    """Rows that no logistic fits: half of the higher ones are right, hardly any of the lower, all of the highest."""
    dice = random.Random(seed)
    figures = [[dice.uniform(-4, 4), 0.0, dice.gauss(0, 1), 7.0] for _ in range(count)]
    right = [dice.random() < (0.02 if a < -1 else 0.5 if a < 3.5 else 1.0) for a, *_ in figures]
    return figures, right, [at // 10 for at in range(count)]


def test_steps_are_made_where_they_help_and_nowhere_else():
    straight, bent = fit(NAMES, *drawn(3000, 1)), fit(NAMES, *saturated(3000, 1))
    assert straight is not None
    assert bent is not None
    assert straight.curve.steps == ()
    assert bent.curve.probability([3.0, 0.0, 0.0, 7.0]) == pytest.approx(0.5, abs=0.12)
    assert bent.curve.probability([-3.5, 0.0, 0.0, 7.0]) < 0.08


def test_what_is_surer_than_any_row_goes_on_to_certainty():
    fitted = fit(NAMES, *saturated(3000, 1))
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


def test_kinds_are_left_out_whole():
    """Of rows that only their kind explains, nothing may be known of a kind that was not seen."""
    dice = random.Random(5)
    kinds = [at // 60 for at in range(1200)]
    luck = [dice.random() < 0.5 for _ in range(20)]
    figures = [[float(kind == at) for at in range(20)] for kind in kinds]
    right, documents = [luck[kind] for kind in kinds], [at // 10 for at in range(1200)]
    names = [str(at) for at in range(20)]
    fitted = fit(names, figures, right, documents, kinds=kinds)
    assert fitted is not None
    assert fitted.kind_left_out is not None
    by_document = reliability(zip(fitted.left_out, right, strict=True)).auroc
    by_kind = reliability(zip(fitted.kind_left_out, right, strict=True)).auroc
    assert by_document is not None
    assert by_kind is not None
    assert by_document > 0.95 > 0.65 > by_kind
    few = fit(names, figures, right, documents, kinds=[kind % 4 for kind in kinds])
    assert few is not None
    assert few.kind_left_out is None, "of so few kinds none can be left out"
    assert few.curve == (fit(names, figures, right, documents) or few).curve


def test_of_many_kinds_each_is_left_out_whole():
    """With more kinds than folds too. Of a kind that luck made right, nothing may be known without it."""
    dice = random.Random(9)
    kinds = [at // 20 for at in range(KIND_FOLDS * 3 * 20)]
    luck = [dice.random() < 0.5 for _ in range(KIND_FOLDS * 3)]
    figures = [[float(kind == at) for at in range(KIND_FOLDS * 3)] for kind in kinds]
    right, documents = [luck[kind] for kind in kinds], [at // 4 for at in range(len(kinds))]
    fitted = fit([str(at) for at in range(KIND_FOLDS * 3)], figures, right, documents, kinds=kinds)
    assert fitted is not None
    assert fitted.kind_left_out is not None
    by_kind = reliability(zip(fitted.kind_left_out, right, strict=True)).auroc
    by_document = reliability(zip(fitted.left_out, right, strict=True)).auroc
    assert by_kind is not None
    assert by_document is not None
    assert by_document > 0.95 > 0.65 > by_kind


def test_a_kind_of_many_rows_does_not_outvote_the_others():
    """Where the figure is high, most of the one large kind is wrong, and most of ten small kinds is right."""
    dice = random.Random(6)
    kinds = [0] * 3000 + [1 + at // 100 for at in range(1000)]
    figures = [[dice.gauss(0, 1)] for _ in kinds]
    right = [
        dice.random() < 1 / (1 + math.exp(one[0] if kind == 0 else -one[0]))
        for kind, one in zip(kinds, figures, strict=True)
    ]
    documents = [at // 10 for at in range(len(kinds))]
    known, unknown = fit(["a"], figures, right, documents, kinds=kinds), fit(["a"], figures, right, documents)
    assert known is not None
    assert unknown is not None
    assert unknown.curve.weights[0] < -0.2 < 0.1 < known.curve.weights[0]


def test_what_tells_kinds_apart_is_not_taken_for_what_is_right():
    """Within every kind more of the figure is more often right. Two kinds differ from the others in the figure, and for
    another reason in how often things are right."""
    dice = random.Random(7)
    kinds = [at // 150 for at in range(1800)]
    apart = {0: 1.5, 1: -1.5}
    figures = [[apart.get(kind, 0.0) + dice.gauss(0, 1)] for kind in kinds]
    right = [
        dice.random() < 1 / (1 + math.exp(1.6 * apart.get(kind, 0.0) - 0.8 * one[0]))
        for kind, one in zip(kinds, figures, strict=True)
    ]
    documents = [at // 10 for at in range(len(kinds))]
    known, unknown = fit(["a"], figures, right, documents, kinds=kinds), fit(["a"], figures, right, documents)
    assert known is not None
    assert unknown is not None
    assert unknown.curve.weights[0] < 0.45 < 0.55 < known.curve.weights[0]


def test_a_rare_feature_does_not_send_newtons_method_astray():
    """Far off the likeliest weights the steps are too long, and would go to and fro for ever."""
    dice = random.Random(8)
    rare = np.asarray([float(at % 499 == 1) for at in range(1000)])
    figure = np.asarray([dice.gauss(0, 1) for _ in rare])
    right = [dice.random() < 1 / (1 + math.exp(-1 - 1.5 * one)) for one in figure]
    y = np.asarray(np.where(rare == 0, right, np.arange(1000) == 1), float)
    z = np.column_stack([(rare - rare.mean()) / rare.std(), figure, np.ones(1000)])
    penalty = np.asarray([0.06, 0.06, 1e-6])
    found = likeliest(z, y, penalty, np.asarray([6.0, 1.0, 1.0]))
    sure = 1 / (1 + np.exp(-np.clip(z @ found, -40, 40)))
    assert np.abs(z.T @ (sure - y) + penalty * found).max() < 1e-3, "the slope is none where the likelihood is greatest"


def test_steps_are_interpolated_and_end_where_they_end():
    curve = Curve(("a",), (0.0,), (1.0,), (1.0,), 0.0, (0.25, 0.75), (0.1, 0.9))
    assert curve.probability([-30]) == 0.1
    assert curve.probability([30]) == 0.9
    assert curve.probability([0]) == pytest.approx(0.5)
