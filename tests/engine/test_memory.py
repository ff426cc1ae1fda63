"""What the cache and the tables beside it are said to cost is what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Gemma4TextConfig

from extractor.engine import EngineConfig, memory
from extractor.engine.cache import SlotCache, SlotShape
from extractor.engine.memory import plan_context, plan_slots, rotary_bytes, slot_bytes, slot_shape
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.eager_runner import EagerRunner
from extractor.engine.model.loader import Models
from extractor.errors import ModelError


@pytest.mark.parametrize("chunk", [16, 512])
@pytest.mark.parametrize("name", ["gemma4", "llama"])
def test_a_slot_costs_what_is_allocated(name: str, chunk: int, request: pytest.FixtureRequest) -> None:
    models: Models = request.getfixturevalue(name)
    shape = slot_shape(models.target.config, EngineConfig(context=160, max_draft=7, prefill_chunk=chunk))
    assert (shape.kept < shape.entries) == (name == "gemma4" and chunk == 16)
    cache = SlotCache(3, shape)
    with torch.inference_mode():
        build_runner(models.target).prefill(torch.randint(6, 500, (1, 9)), 0, 0, cache)
    held = [tensor for store in cache._stores.values() for tensor in store]
    assert sum(tensor.nbytes for tensor in held) == 3 * slot_bytes(models.target.config, shape, models.target.dtype)


def test_rotary_tables_cost_what_is_allocated(gemma4: Models) -> None:
    target, mtp = build_runner(gemma4.target), MtpModel(gemma4.drafter, build_runner(gemma4.target))
    configs = gemma4.target.config, gemma4.drafter.config.text_config
    assert isinstance(target, EagerRunner)
    for model, layers, config in zip((target, mtp), (target.layers, mtp._layers), configs, strict=True):
        model.reserve(100)
        tables = [tensor for pair in layers.rotary._tables.values() for tensor in pair]
        assert sum(tensor.nbytes for tensor in tables) == rotary_bytes(config, 100, tables[0].dtype)
        ends = [layers.rotary.at(torch.tensor([[99]]), 100)[kind][0] for kind in sorted(layers.rotary._tables)]
        assert all(len(end) == 1 for end in ends), "and are enough"


FAMILY: dict[str, dict[str, Any]] = {  # what of the published configurations decides it
    "E2B": {
        "hidden_size": 1536, "num_hidden_layers": 35, "num_attention_heads": 8, "num_key_value_heads": 1,
        "num_kv_shared_layers": 20, "sliding_window": 512, "period": 5,
    },
    "12B": {
        "hidden_size": 3840, "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 8,
        "num_global_key_value_heads": 1, "attention_k_eq_v": True, "sliding_window": 1024, "period": 6,
    },
    "31B": {
        "hidden_size": 5376, "num_hidden_layers": 60, "num_attention_heads": 32, "num_key_value_heads": 16,
        "num_global_key_value_heads": 4, "attention_k_eq_v": True, "sliding_window": 1024, "period": 6,
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after"), [("E2B", 144, 60), ("12B", 2693, 613), ("31B", 7054, 1854)])
def test_what_a_slot_of_8k_takes_in_the_family(name: str, before: float, after: float) -> None:
    """MiB in bfloat16, when sliding layers kept the whole context and since they keep what is in reach."""
    said = dict(FAMILY[name])
    period, layers = said.pop("period"), said["num_hidden_layers"]
    kinds = ["full_attention" if (at + 1) % period == 0 else "sliding_attention" for at in range(layers)]
    config = Gemma4TextConfig(head_dim=256, global_head_dim=512, layer_types=kinds, **said)
    settings = EngineConfig(context=8192)
    found = [
        slot_bytes(config, shape, torch.bfloat16) / 2**20
        for shape in (SlotShape.of(config, settings.entries), slot_shape(config, settings))
    ]
    assert found == [pytest.approx(before, rel=0.01), pytest.approx(after, rel=0.01)]


def test_the_context_is_the_models_as_far_as_memory_holds_it() -> None:
    def cost(context: int) -> int:
        return 5 * context

    assert plan_context(131_072, cost, 10**9) == 131_072
    assert plan_context(131_072, cost, 5 * 50_000) in range(48_000, 50_001)
    assert plan_context(131_072, cost, 5 * 50_000) % 1024 == 0
    assert plan_context(131_072, cost, 100) == 8192  # slots go first
    assert plan_context(4096, cost, 100) == 4096


def test_memory_is_what_the_host_and_its_container_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    free = memory.free_bytes(torch.device("cpu"))
    assert 0 < free < 2**50
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    assert memory.free_bytes(torch.device("cpu")) == 300
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes(torch.device("cpu")) > 300


def test_slots_fit_the_budget() -> None:
    """One slot's bytes are for prefixes, where there is room for more than one."""
    cpu = torch.device("cpu")
    assert plan_slots(8, 100, 10, None, cpu) == (8, 100)
    assert plan_slots(8, 100, 10, 460, cpu) == (3, 100)
    assert plan_slots(2, 100, 10, 460, cpu) == (2, 100)
    assert plan_slots(2, 100, 10, 259, cpu) == (1, 100)
    assert plan_slots(8, 100, 10, 150, cpu) == (1, 40)
    assert plan_slots(8, 100, 10, 110, cpu) == (1, 0)
    with pytest.raises(ModelError, match="EXTRACTOR_CONTEXT"):
        plan_slots(8, 100, 10, 109, cpu)
