"""Whether to draft at all is decided by what steps were measured to write a second."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from extractor.engine.drafting.selector import FIRST, WINDOW, Drafters, DraftingMode, Selector

ALL, FREE, NONE = frozenset({"grammar", "copy", "mtp"}), frozenset({"grammar", "copy"}), frozenset[str]()
Speeds = dict[Drafters, tuple[float, float]]  # tokens and seconds a step


def run(modes: Selector, speeds: Speeds, steps: int, allowed: Drafters = ALL, rows: int = 1) -> Counter[Drafters]:
    """How often each mode was picked, steps as noisy as documents make them."""
    rng, picked = Random(steps), Counter[Drafters]()
    for _ in range(steps):
        drafters = modes.select(allowed, rows)
        tokens, seconds = speeds[drafters]
        spread = rng.uniform(0.4, 1.6) if drafters else 1.0
        modes.learn(round(tokens * spread), seconds * rng.uniform(0.8, 1.2))
        picked[drafters] += 1
    return picked


@pytest.mark.parametrize(
    ("speeds", "fastest"),
    [
        ({ALL: (9.0, 0.010), FREE: (7.0, 0.010), NONE: (1.0, 0.004)}, ALL),
        ({ALL: (9.0, 0.015), FREE: (7.0, 0.008), NONE: (1.0, 0.004)}, FREE),
        ({ALL: (320.0, 0.4), FREE: (240.0, 0.29), NONE: (64.0, 0.06)}, NONE),
    ],
)
def test_the_fastest_mode_is_found_and_kept(speeds: Speeds, fastest: Drafters) -> None:
    modes = Selector()
    run(modes, speeds, 300)
    picked = run(modes, speeds, 1000)
    assert picked[fastest] > 850
    assert all(picked[mode] for mode in speeds), "the others are tried again, in case the load has changed"


def test_all_drafters_are_used_until_others_have_been_tried() -> None:
    picked = run(Selector(), {ALL: (1.0, 1.0), FREE: (1.0, 0.1), NONE: (1.0, 0.1)}, FIRST - 1)
    assert picked == {ALL: FIRST - 1}


def test_what_was_best_is_left_when_it_gets_slow() -> None:
    modes = Selector()
    assert run(modes, {ALL: (9.0, 0.01), FREE: (7.0, 0.01), NONE: (1.0, 0.004)}, 300)[ALL] > 200
    changed = {ALL: (9.0, 0.09), FREE: (7.0, 0.08), NONE: (1.0, 0.001)}
    run(modes, changed, 2000)
    assert run(modes, changed, 500)[NONE] > 400


def test_more_rows_and_other_drafters_are_measured_apart() -> None:
    modes = Selector()
    run(modes, {ALL: (1.0, 1.0), FREE: (1.0, 1.0), NONE: (1.0, 0.1)}, 300, rows=64)
    assert modes.select(ALL, 64) == NONE
    assert modes.select(ALL, 1) == ALL
    assert modes.select(FREE, 64) == FREE
    assert modes.select(NONE, 64) == NONE


def test_one_slow_step_does_not_condemn_a_mode() -> None:
    mode = DraftingMode(ALL)
    for _ in range(50):
        mode.learn(8, 0.01)
    before = mode.rate
    mode.learn(8, 10.0)  # a garbage collection, a machine that was busy
    assert mode.rate > 0.8 * before
    for _ in range(WINDOW):
        mode.learn(8, 0.02)
    assert mode.rate == pytest.approx(before / 2), "but a machine that stays so is believed"


def test_what_was_cold_when_it_was_judged_is_used_once_it_is_warm() -> None:
    """The first steps of all compile kernels, record graphs and build what the grammars need; they are long, and the
    mode that comes first pays."""
    modes = Selector()
    warm: Speeds = {ALL: (9.0, 0.010), FREE: (6.0, 0.010), NONE: (1.0, 0.004)}
    cold = {mode: (tokens, 30 * seconds if mode == ALL else seconds) for mode, (tokens, seconds) in warm.items()}
    assert run(modes, cold, 30)[ALL] < 25
    run(modes, warm, 400)
    assert run(modes, warm, 400)[ALL] > 330
