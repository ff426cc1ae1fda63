"""The clocks of a step, with a clock of the test's own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from extractor.engine import step_timer
from extractor.engine.heartbeat import Moves
from extractor.engine.stats import EngineStats
from extractor.engine.step_timer import PATIENCE, StepTimer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    made = SimpleNamespace(now=100.0)
    made.perf_counter = made.monotonic = lambda: made.now
    monkeypatch.setattr(step_timer, "time", made)
    monkeypatch.setattr("extractor.engine.heartbeat.time", made)
    return made


def test_phases_add_up_over_steps_and_a_step_knows_its_own(clock: SimpleNamespace) -> None:
    stats = EngineStats()
    timer = StepTimer(stats, Moves())
    for took_s in (2.0, 3.0):
        timer.begin()
        with timer.phase("verify"):
            clock.now += took_s / 2
            with timer.phase("target"):
                clock.now += took_s / 2
        assert timer.took("verify") == took_s
        assert timer.took("verify", "target") == 1.5 * took_s
        timer.shift(0.5, "verify", "prefill")
        assert (timer.took("verify"), timer.took("prefill")) == (took_s - 0.5, 0.5)
        timer.end(2, recorded=False)
    assert dict(stats.seconds) == {"target": 2.5, "verify": 4.0, "prefill": 1.0}
    assert (stats.steps, stats.step_rows, stats.step_s, stats.longest_step_s) == (2, 4, 5.0, 3.0)


def test_an_idle_step_and_one_that_records_say_nothing_of_how_long_steps_are(clock: SimpleNamespace) -> None:
    stats = EngineStats()
    timer = StepTimer(stats, Moves())
    for rows, recorded in ((0, False), (1, True)):
        timer.begin()
        clock.now += 60.0
        timer.end(rows, recorded=recorded)
    assert stats.steps == 1
    assert stats.longest_step_s == 0.0


def test_how_long_a_step_has_been_going_on(clock: SimpleNamespace) -> None:
    timer = StepTimer(EngineStats(), Moves())
    assert timer.progress(on_cpu=False, recording=False) == (0.0, None), "no step has ended"
    with timer.running():
        timer.begin()
        clock.now += 2.0
        timer.end(1, recorded=False)
    with timer.running():
        clock.now += 3.0
        assert timer.progress(on_cpu=False, recording=False) == (3.0, 2.0 * PATIENCE)
        assert timer.progress(on_cpu=False, recording=True) == (3.0, None)
        with timer.phase("verify"):
            clock.now += 1.0
            assert timer.progress(on_cpu=True, recording=False)[0] == 1.0, "on a CPU: since it last moved"
    assert timer.progress(on_cpu=False, recording=False)[0] == 0.0
