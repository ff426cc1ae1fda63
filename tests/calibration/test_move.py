"""A fit that is moved says of other documents what a handful of them showed, and stays where they show nothing."""

from __future__ import annotations

import math
import random

import pytest

from extractor.calibration.curve import Curve, Move
from extractor.calibration.move import LEAST, LEAST_DOCUMENTS, moved
from extractor.evaluation.metrics import reliability

CURVE = Curve(("a",), (0.0,), (1.0,), (1.0,), 0.0)
STEPS = Curve(("a",), (0.0,), (1.0,), (1.0,), 0.0, (0.0, 0.3, 0.7, 1.0), (0.0, 0.2, 0.8, 1.0))


def drawn(documents: int, shift: float, slope: float, seed: int) -> tuple[list[list[float]], list[bool], list[int]]:
    """Ten rows a document, whose logits are `shift` and `slope` times what CURVE says."""
    dice = random.Random(seed)
    figures = [[dice.gauss(0, 2)] for _ in range(documents * 10)]
    right = [dice.random() < 1 / (1 + math.exp(-(shift + slope * a))) for (a,) in figures]
    return figures, right, [at // 10 for at in range(len(figures))]


def error(curve: Curve, shift: float, slope: float) -> float:
    figures, right, _ = drawn(400, shift, slope, 99)
    return reliability((curve.probability(one), truth) for one, truth in zip(figures, right, strict=True)).ece or 0.0


@pytest.mark.parametrize(("shift", "slope"), [(-3.0, 1.0), (3.0, 0.8), (0.0, 2.0), (-2.0, 0.5)])
def test_few_documents_move_it_to_where_they_are(shift: float, slope: float) -> None:
    fitted = moved(CURVE, *drawn(20, shift, slope, 1))
    assert fitted is not None
    assert error(fitted.curve, shift, slope) < 0.05 < error(CURVE, shift, slope)


def test_where_documents_are_as_the_fit_says_it_says_about_the_same() -> None:
    fitted = moved(CURVE, *drawn(20, 0.0, 1.0, 1))
    assert fitted is not None
    assert error(fitted.curve, 0.0, 1.0) < 0.04


def test_what_it_says_of_those_left_out_is_said_without_them() -> None:
    """Of documents that luck made right or wrong as a whole, a move without them knows nothing: the fit stays."""
    dice = random.Random(3)
    luck = [dice.random() < 0.5 for _ in range(30)]
    figures = [[0.0] for _ in range(300)]
    fitted = moved(CURVE, figures, [luck[at // 10] for at in range(300)], [at // 10 for at in range(300)])
    assert fitted is not None
    assert all(0.3 < sure < 0.7 for sure in fitted.left_out)


def test_what_is_surer_stays_surer_whatever_few_rows_say() -> None:
    fitted = moved(CURVE, *drawn(4, 0.0, -3.0, 2))
    assert fitted is not None
    assert fitted.curve.probability([2.0]) > fitted.curve.probability([-2.0])


def test_steps_move_with_it_and_certainty_stays() -> None:
    found = STEPS.moved(Move(1.0, 1.0))
    assert (found.truth[0], found.truth[-1]) == (0.0, 1.0)
    logits = [math.log(one / (1 - one)) for one in (*STEPS.truth[1:3], *found.truth[1:3])]
    assert logits[2:] == pytest.approx([logits[0] + 1, logits[1] + 1], abs=1e-4)
    assert Curve.of(found.as_json()) == found


def test_of_steps_what_is_said_of_those_left_out_is_what_the_fit_says() -> None:
    """Between steps a moved fit says what lies between them, not each probability moved."""
    figures = [[math.log(0.85 / 0.15)]] * 60
    right = [at % 5 != 0 and at % 5 != 1 for at in range(60)]
    fitted = moved(STEPS, figures, right, [at // 5 for at in range(60)])
    assert fitted is not None
    assert fitted.left_out == pytest.approx([fitted.curve.probability(figures[0])] * 60, abs=0.02)


def test_too_little_moves_nothing() -> None:
    rows, right, _ = drawn(1, 0.0, 1.0, 1)
    assert moved(CURVE, rows[: LEAST - 1], right[: LEAST - 1], list(range(LEAST - 1))) is None
    assert moved(CURVE, rows, right, [at % (LEAST_DOCUMENTS - 1) for at in range(len(rows))]) is None
