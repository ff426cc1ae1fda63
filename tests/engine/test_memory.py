"""What a row of the cache is said to cost is what it costs."""

from __future__ import annotations

import pytest
import torch

from extractor.engine import EngineConfig
from extractor.engine.cache import SlotCache
from extractor.engine.forward import Target
from extractor.engine.memory import plan_slots, row_bytes
from extractor.engine.models import Models
from extractor.errors import ModelError


@pytest.mark.parametrize("name", ["gemma4", "llama"])
def test_a_row_costs_what_is_allocated(name: str, request: pytest.FixtureRequest) -> None:
    models: Models = request.getfixturevalue(name)
    entries = EngineConfig(context=64, max_draft=7).entries
    cache = SlotCache(3, entries)
    with torch.inference_mode():
        Target(models.target).prefill(torch.randint(6, 500, (1, 9)), 0, 0, cache)
    held = [tensor for store in (cache._keys, cache._values) for tensor in store.values()]
    assert sum(tensor.numel() * tensor.itemsize for tensor in held) == 3 * row_bytes(
        models.target.config, entries, models.target.dtype
    )


def test_slots_fit_the_budget() -> None:
    cpu = torch.device("cpu")
    assert plan_slots(8, 100, None, cpu) == 8
    assert plan_slots(8, 100, 450, cpu) == 4
    assert plan_slots(2, 100, 450, cpu) == 2
    with pytest.raises(ModelError, match="EXTRACTOR_CONTEXT"):
        plan_slots(8, 100, 99, cpu)
