"""Recordings without a GPU: what is recorded is given, what fails is done without, their cost teaches nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from extractor.engine import Engine, EngineConfig
from extractor.engine.engine import _current
from extractor.engine.model.graphs import Graphs, Recording, depth_of, entries_of, prompt_of
from extractor.engine.model.loader import Models
from extractor.engine.model.runner import Runner
from extractor.engine.sequence import Sequence
from extractor.errors import InputError
from tests.engine import tiny


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> Graphs:
    tiny.let_graphs_record(monkeypatch)
    return Graphs(torch.device("cpu"))


def test_a_recording_is_made_once_a_shape_and_first_run_on_the_tensors_it_keeps(graphs: Graphs) -> None:
    seen: list[int] = []

    def double(given: Tensor) -> tuple[Tensor]:
        seen.append(given.data_ptr())
        return (given * 2,)

    first = torch.tensor([1.0, 2.0])
    assert graphs.run("two", double, first)[0].tolist() == [2.0, 4.0]
    assert graphs.captures == 1
    assert seen[0] == seen[1] != first.data_ptr(), "a kernel for a tensor's alignment is compiled before, not in it"
    assert graphs.run("two", double, torch.tensor([5.0, 6.0]))[0].tolist() == [10.0, 12.0]
    assert graphs.captures == 1
    graphs.run("one", double, torch.tensor([1.0]))
    assert graphs.captures == 2


def test_a_shape_there_is_no_memory_for_goes_without_and_the_others_stay(
    graphs: Graphs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    graphs.run("small", lambda given: (given,), torch.ones(1))

    def full(*_: Any) -> Recording:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(graphs, "_record", full)
    for _ in range(2):
        assert graphs.run("large", lambda given: (given + 1,), torch.ones(9))[0].tolist() == [2.0] * 9
    assert graphs.able
    assert list(graphs._recordings) == ["small"]
    assert graphs.captures == 2, "it is not tried again"
    assert "no memory for the graph of large" in caplog.text


def test_a_device_that_does_not_record_goes_without(graphs: Graphs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Recording:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(graphs, "_record", refuse)
    assert graphs.run("a", lambda given: (given,), torch.ones(1))[0].tolist() == [1.0]
    assert not graphs.able


def test_what_fails_in_the_work_itself_is_no_fault_of_recording(graphs: Graphs) -> None:
    def broken(_given: Tensor) -> tuple[Tensor]:
        raise RuntimeError("a device-side assert")

    with pytest.raises(RuntimeError, match="device-side"):
        graphs.run("a", broken, torch.ones(1))
    assert graphs.able


@pytest.mark.parametrize(("count", "rounded"), [(1, 16), (17, 24), (25, 32), (33, 48), (257, 384), (400, 512)])
def test_prompts_are_padded_to_the_next_power_of_two_or_the_middle_before_it(count: int, rounded: int) -> None:
    assert prompt_of(count) == rounded


def test_shapes_hold_what_they_are_for() -> None:
    assert all(depth_of(n) >= n for n in range(1, 70))
    assert len({depth_of(n) for n in range(1, 65)}) == 8 + 14
    assert all(n <= entries_of(n, 5000) <= 5000 for n in range(1, 5000, 7))


def test_a_step_that_records_teaches_no_prices(gemma4: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[int] = []
    engine = Engine(gemma4, EngineConfig(slots=1, context=1024))
    engine._drafting.modes.learn = lambda tokens, _: taught.append(tokens)  # type: ignore[method-assign]
    try:
        first = engine.submit(tiny.request(gemma4, 0)).result(60)
        assert taught
        taught.clear()
        counts = iter(range(10_000))
        monkeypatch.setattr(Runner, "captures", property(lambda _: next(counts)))  # every look at it finds one more
        assert engine.submit(tiny.request(gemma4, 0)).result(60).ids == first.ids
        assert not taught
    finally:
        engine.close()


class Moment:
    """A mark of a device that takes its time."""

    def __init__(self, at: float, done: float) -> None:
        self.at, self.done = at, done

    def since(self, earlier: Moment) -> float:
        return self.done - earlier.done


def test_what_a_device_still_reads_while_it_should_verify_is_prefill(gemma4: Models) -> None:
    engine = Engine(gemma4, EngineConfig(slots=1, context=64))
    try:
        assert engine._late(5.0) == 0.0, "no prompt was read"
        rows = [Sequence(tiny.request(gemma4, index), None, b"") for index in range(2)]
        engine._reading = Moment(1.0, 1.0), Moment(1.1, 6.5), rows  # type: ignore[assignment]
        assert engine._late(5.0) == pytest.approx(1.5)
        assert [row.usage.prefill_s for row in rows] == [pytest.approx(0.75)] * 2
        assert engine.seconds["prefill"] == pytest.approx(1.5)
        assert engine.seconds["verify"] == pytest.approx(-1.5), "the step that waited for it adds what it took"
        assert engine._late(7.0) == 0.0
    finally:
        engine.close()


@pytest.mark.parametrize(("rows", "graphs", "budget"), [(3, False, 20), (3, True, 15), (17, True, 1), (1, True, 30)])
def test_drafts_fit_the_rows_a_step_is_padded_to(gemma4: Models, rows: int, *, graphs: bool, budget: int) -> None:
    engine = Engine(gemma4, EngineConfig(slots=32, context=64, max_draft=30, step_positions=64, graphs=graphs))
    try:
        assert engine._budget([None] * rows) == budget  # type: ignore[list-item]
    finally:
        engine.close()


def test_an_engine_without_slots_is_refused(gemma4: Models) -> None:
    with pytest.raises(InputError, match="at least one slot"):
        Engine(gemma4, EngineConfig(slots=0))


def test_a_cpu_is_always_the_current_device() -> None:
    with _current(torch.device("cpu")):
        pass
