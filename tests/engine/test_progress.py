"""A step that hangs is told from one that takes long: by the signs that its parts give."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from extractor.engine import Engine, EngineConfig
from extractor.engine.heartbeat import Heartbeat, Moves, silence
from extractor.engine.model.loader import Models, ModelSpec, load
from tests.engine import tiny
from tests.support.served import wait_until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=["eager", "stock"])
def models(request: pytest.FixtureRequest) -> Models:
    folder = {"eager": "gemma4_folder", "stock": "llama_folder"}[request.param]
    return load(ModelSpec(model=str(request.getfixturevalue(folder))))


def test_every_layer_of_a_long_prompt_says_that_it_moves(models: Models) -> None:
    engine = Engine(models, EngineConfig(slots=1, context=1024, prefill_chunk=64))
    try:
        said: list[float] = []

        def moved() -> None:
            said.append(time.monotonic())

        engine._runner.on_layer(moved)
        request = tiny.request(models, 1, max_tokens=4)
        forwards = -(-len(request.prompt) // 64) + engine.submit(request).result(60).stats.target_forwards
        layers = models.target.config.num_hidden_layers
        assert len(said) > forwards * layers / 2, "prefill leaves out the layers above the last that stores"
    finally:
        engine.close()


def test_a_step_that_hangs_is_seen_and_an_idle_engine_is_not(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(models, EngineConfig(slots=1, context=1024))
    release = threading.Event()
    try:
        assert engine.progress() == (0.0, None), "how long a step takes is not known"
        engine.submit(tiny.request(models, 1, max_tokens=4)).result(60)
        assert wait_until(lambda: engine.progress()[0] == 0.0, 10), "it waits for work"
        verify = engine._runner.verify
        monkeypatch.setattr(engine._runner, "verify", lambda *given: (release.wait(60), verify(*given))[1])
        hanging = engine.submit(tiny.request(models, 2, max_tokens=4))
        time.sleep(1.0)
        going_s, most_s = engine.progress()
        assert most_s is not None
        assert going_s > 0.5
        assert silence(Heartbeat(0.0, going_s + most_s, most_s), 0.0, 0.1)
        release.set()
        hanging.result(60)
        assert wait_until(lambda: engine.progress()[0] == 0.0, 10)
    finally:
        release.set()
        engine.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_engine_whose_thread_has_ended_is_seen(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(models, EngineConfig(slots=1, context=1024))

    def end(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(engine, "step", end)
    engine.submit(tiny.request(models, 1, max_tokens=4))
    engine._thread.join(10)
    assert silence(Heartbeat(0.0, *engine.progress()), 0.0, 10.0) == "has lost the thread that its steps run in"
    engine.close()


def test_what_moves_is_not_still(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("extractor.engine.heartbeat.time", SimpleNamespace(monotonic=lambda: now))
    moves = Moves()
    moves.begin()
    now += 5
    assert moves.still_s() == 5
    moves.mark()
    assert (moves.longest_s, moves.still_s()) == (5, 0)
    now += 20
    moves.begin()
    moves.mark()
    assert moves.longest_s == 5, "the time between steps counts for nothing"
