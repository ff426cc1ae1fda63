"""What confidence is worth, against figures that can be worked out by hand."""

import random

import pytest

from extractor.evaluation.metrics import accuracy_at, auroc, bins, calibration_error, left_unmarked, reliability


def test_the_error_is_the_distance_between_confidence_and_accuracy():
    sure = [(0.95, True)] * 9 + [(0.95, False)]  # 0.95 said, 0.9 right
    unsure = [(0.25, True)] * 5 + [(0.25, False)] * 5  # 0.25 said, 0.5 right
    assert calibration_error(sure) == pytest.approx(0.05)
    assert calibration_error(unsure) == pytest.approx(0.25)
    assert calibration_error(sure + unsure) == pytest.approx(0.15)
    assert calibration_error([]) is None


def test_certainty_is_in_the_last_bin_and_empty_bins_are_left_out():
    made = bins([(1.0, True), (0.9, False), (0.0, False)])
    assert [(each.low, each.high, each.count) for each in made] == [(0.0, 0.1, 1), (0.9, 1.0, 2)]
    assert (made[1].confidence, made[1].accuracy) == (0.95, 0.5)


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    assert auroc([(0.9, True), (0.8, False), (0.7, True), (0.1, False)]) == 0.75
    assert auroc([(0.5, True), (0.5, False)]) == 0.5, "a tie is half a pair"
    assert auroc([(0.9, True), (0.8, True)]) is None
    dice = random.Random(1)
    judged = [(round(dice.random(), 1), dice.random() < 0.7) for _ in range(300)]
    right, wrong = ([sure for sure, one in judged if one is wanted] for wanted in (True, False))
    pairs = [(a > b) + (a == b) / 2 for a in right for b in wrong]
    assert auroc(judged) == pytest.approx(sum(pairs) / len(pairs))


def test_accuracy_at_a_coverage_is_of_the_surest():
    judged = [(0.9, True), (0.8, True), (0.7, True), (0.6, True), (0.1, False)]
    assert accuracy_at(judged, 0.8) == 1.0
    assert accuracy_at(judged, 1.0) == 0.8
    assert accuracy_at([(1.0, True)] * 8 + [(1.0, False)] * 2, 0.5) == pytest.approx(0.8), "ties are no choice"
    assert accuracy_at([(0.5, False)], 0.8) == 0.0
    assert accuracy_at([], 0.8) is None


def test_all_of_it_at_once():
    found = reliability([(0.9, True), (0.9, True), (0.2, False)])
    assert (found.count, found.auroc, found.at_80) == (3, 1.0, pytest.approx(2 / 2.4))
    assert found.as_json()["bins"][0]["count"] == 1
    assert reliability([]).as_json() == {
        "count": 0, "accuracy": None, "ece": None, "brier": None, "auroc": None, "at_80": None, "at_90": None,
        "bins": [],
    }  # fmt: skip


def test_what_is_marked_below_a_confidence_and_how_right_the_rest_is():
    judged = [(0.9, True), (0.8, True), (0.7, False), (0.1, False)]
    assert left_unmarked(judged, 0.7) == (0.25, pytest.approx(2 / 3)), "what is as sure is not marked"
    assert left_unmarked(judged, 0.75) == (0.5, 1.0)
    assert left_unmarked(judged, 0.95) == (1.0, None)
    assert left_unmarked([], 0.5) == (0.0, None)
