"""Recordings without a GPU: what is recorded is given, what fails is done without, their cost teaches nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from extractor.engine import Engine, EngineConfig
from extractor.engine.heartbeat import Moves
from extractor.engine.model.graphs import Graphs, Recording, depth_of, entries_of, prompt_of
from extractor.engine.model.loader import Models
from extractor.engine.model.runner import Runner
from extractor.engine.parts import current_device
from extractor.engine.prefill import PromptReader
from extractor.engine.sequence import Sequence
from extractor.engine.stats import EngineStats
from extractor.engine.step_timer import StepTimer
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
    engine._drafting.selector.learn = lambda tokens, _: taught.append(tokens)  # type: ignore[method-assign]
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
    stats = EngineStats()
    prompts, timer = PromptReader(Any, 16, stats), StepTimer(stats, Moves())  # type: ignore[arg-type]
    assert prompts.overhang(5.0) == 0.0, "no prompt was read"
    rows = [Sequence(tiny.request(gemma4, index), None) for index in range(2)]
    prompts._reading = Moment(1.0, 1.0), Moment(1.1, 6.5), rows  # type: ignore[assignment]
    with timer.phase("verify"):
        late = prompts.overhang(5.0)
    assert late == pytest.approx(1.5)
    assert [row.stats.prefill_s for row in rows] == [pytest.approx(0.75)] * 2
    timer.shift(late, "verify", "prefill")
    assert stats.seconds["prefill"] == timer.took("prefill") == pytest.approx(1.5)
    assert stats.seconds["verify"] == pytest.approx(-1.5, abs=0.1)
    assert prompts.overhang(7.0) == 0.0


@pytest.mark.parametrize(("rows", "graphs", "budget"), [(3, False, 20), (3, True, 15), (17, True, 1), (1, True, 30)])
def test_drafts_fit_the_rows_a_step_is_padded_to(rows: int, *, graphs: bool, budget: int) -> None:
    config = EngineConfig(slots=32, context=64, max_draft=30, step_positions=64, graphs=graphs)
    assert config.draft_budget(rows) == budget


def test_an_engine_without_slots_is_refused(gemma4: Models) -> None:
    with pytest.raises(InputError, match="at least one slot"):
        Engine(gemma4, EngineConfig(slots=0))


def test_a_cpu_is_always_the_current_device() -> None:
    with current_device(torch.device("cpu")):
        pass
