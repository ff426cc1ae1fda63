"""Which runner a model gets, and that a recorded step depends on nothing but what it is given."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor

from extractor.engine import DRAFTERS, Engine, EngineConfig
from extractor.engine.model import build
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.backend import PLAIN, Backend
from extractor.engine.model.build import build_runner
from extractor.engine.model.eager_runner import EagerRunner
from extractor.engine.model.fused import FusedLayer
from extractor.engine.model.graph_runner import FusedGraphRunner, GraphRunner
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.head import FusedHead
from extractor.engine.model.host_embedding import keep_on_host
from extractor.engine.model.loader import Models
from extractor.engine.model.runner import Runner, Step
from extractor.engine.model.stock_runner import StockRunner
from extractor.engine.model.view import RaggedView
from tests.engine import tiny

CPU = torch.device("cpu")
FUSED = Backend(RaggedView(), FusedLayer, FusedHead)


def test_any_other_architecture_takes_its_own_forward(llama: Models) -> None:
    for graphs in (None, Graphs(CPU)):
        assert type(build_runner(llama.target, graphs)) is StockRunner


@pytest.mark.parametrize(
    ("backend", "recorded", "kind"),
    [
        (Backend(), False, EagerRunner),
        (Backend(), True, GraphRunner),
        (Backend(RaggedView()), True, GraphRunner),
        (FUSED, False, EagerRunner),
        (FUSED, True, FusedGraphRunner),
    ],
)
def test_gemma4_runs_as_its_device_can(
    gemma4: Models, monkeypatch: pytest.MonkeyPatch, backend: Backend, kind: type[Runner], *, recorded: bool
) -> None:
    monkeypatch.setattr(build, "best_backend", lambda *_: backend)
    runner = build_runner(gemma4.target, Graphs(CPU) if recorded else None, kernels=True)
    assert type(runner) is kind
    assert runner.backend == backend


def test_kernels_are_tried_only_if_wanted(gemma4: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "best_backend", lambda *_: pytest.fail("they were tried"))
    assert not build_runner(gemma4.target).backend.fused


def test_a_drafter_whose_activation_has_no_kernel_runs_plain_layers_beside_a_fused_target(gemma4: Models) -> None:
    assert PLAIN.for_drafter(gemma4.drafter.model) is PLAIN
    assistant = deepcopy(gemma4.drafter)
    assistant.model.config.hidden_activation = "gelu"
    beside = FUSED.for_drafter(assistant.model)
    assert not beside.fused
    assert beside.view.own_length


def test_only_who_looks_embeddings_up_on_the_host_waits_for_ids(gemma4: Models, llama: Models) -> None:
    kept = deepcopy(gemma4.target)
    keep_on_host(kept, CPU)
    waited: list[str] = []
    for name, model in (("kept", kept), ("gemma4", gemma4.target), ("llama", llama.target)):
        build_runner(model).prepare(lambda name=name: waited.append(name))  # type: ignore[misc]
    assert waited == ["kept"]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Graphs]:
    return tiny.let_graphs_record(monkeypatch)


def test_a_recorded_step_depends_on_what_it_is_given_only(gemma4: Models, recorded: list[Graphs]) -> None:
    """Steps of one shape: other rows, other lengths, narrower ones, each as it is without a recording."""
    ids = torch.randint(6, 500, (4, 60), generator=torch.Generator().manual_seed(0))
    steps = [([0, 1], 2), ([1, 3], 2), ([2], 1), ([3, 0], 2), ([0, 1, 2], 4), ([3, 2, 1], 3)]
    found: list[list[Tensor]] = []
    with torch.inference_mode():
        for runner in (build_runner(gemma4.target), build_runner(gemma4.target, Graphs(CPU), 4)):
            cache, lengths = tiny.slots(gemma4.target, 4, 96), [20, 31, 7, 12]
            for slot, length in enumerate(lengths):
                runner.prefill(ids[slot : slot + 1, :length], 0, slot, cache)
                cache._lengths[slot] = length
            states = []
            for slots, width in steps:
                new = torch.stack([ids[slot, lengths[slot] : lengths[slot] + width] for slot in slots])
                out = runner.verify(Step(new, slots, [lengths[slot] for slot in slots]), cache)
                assert out.hidden is not None
                states.append(out.hidden)
                for slot in slots:
                    lengths[slot] += width
                    cache._lengths[slot] = lengths[slot]
            found.append(states)
    assert 0 < recorded[0].captures < len(steps), "some were replayed"
    for plain, replayed in zip(*found, strict=True):
        assert torch.allclose(plain, replayed, atol=1e-6)


def test_an_engine_that_records_writes_the_same(gemma4: Models, recorded: list[Graphs]) -> None:
    """Steps and chains, in rows that come and go."""
    written = []
    requests = [tiny.request(gemma4, index, drafters=DRAFTERS, max_tokens=20) for index in range(4)]
    for on in (False, True):
        engine = Engine(gemma4, EngineConfig(slots=3, context=512, max_draft=3, overlap=True, graphs=on))
        try:
            done = [future.result(60) for future in [engine.submit(one) for one in requests]]
            written.append([one.ids for one in done])
        finally:
            engine.close()
    assert written[0] == written[1]
    (graph,) = recorded
    assert {key[0] for key in graph._recordings} == {"verify", "chain"}  # type: ignore[index]


@pytest.mark.usefixtures("recorded")
def test_what_a_drafter_records_beside_a_stock_target_is_counted(gemma4: Models) -> None:
    target: Any = deepcopy(gemma4.target)
    target.model.layers[0].mlp.gate_proj.register_parameter("bias", torch.nn.Parameter(torch.zeros(128).double()))
    runner = build_runner(target, Graphs(CPU), 4)
    assert type(runner) is StockRunner
    mtp = MtpModel(gemma4.drafter, runner)
    cache = tiny.slots(target, 2, 64)
    with torch.inference_mode():
        hidden = runner.prefill(torch.arange(10, 30)[None], 0, 0, cache)
        assert hidden is not None
        bits = torch.full((1, tiny.VOCAB // 32), -1, dtype=torch.int32)
        mtp.chains([3], hidden, [0], [20], cache, bits, 2)
    assert runner.captures == mtp.captures == 1


def test_a_prompt_is_read_alike_where_nobody_asks_for_its_state(gemma4: Models) -> None:
    ids, held = torch.randint(6, 500, (1, 20), generator=torch.Generator().manual_seed(0)), []
    runner = build_runner(gemma4.target)
    with torch.inference_mode():
        for state in (True, False):
            cache = tiny.slots(gemma4.target, 2, 64)
            found = runner.prefill(ids, 0, 1, cache, state=state)
            assert (found is not None) == state
            held.append([tensor[1, :, :20] for layer in cache._stores for tensor in cache.stored(layer)])
    assert len(held[0]) == len(held[1])
    assert all(torch.equal(one, other) for one, other in zip(*held, strict=True))
