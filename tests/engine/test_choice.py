"""Where the grammar leaves one token the model is not asked, and of a step only what is looked at gets logits."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from extractor.engine import DRAFTERS, Engine, EngineConfig
from extractor.engine.choice import choose_tokens, forced_tokens
from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.model.loader import Models
from extractor.engine.sequence import Params
from extractor.engine.verify import unpack
from tests.engine import tiny


def packed(allowed: list[set[int]], words: int) -> Tensor:
    bits = torch.zeros((len(allowed), words), dtype=torch.int32)
    for row, tokens in enumerate(allowed):
        for token in tokens:
            value = int(bits[row, token // 32]) | (1 << token % 32)
            bits[row, token // 32] = value - (1 << 32) if value >> 31 == 1 else value
    return bits


@given(st.lists(st.sets(st.integers(0, 95), max_size=4), min_size=1, max_size=9))
def test_a_mask_of_one_token_says_which(allowed: list[set[int]]) -> None:
    bits = packed(allowed, 3)
    assert [set(row.nonzero().flatten().tolist()) for row in unpack(bits, 96)] == allowed
    tokens, several = forced_tokens(bits)
    assert several == [place for place, some in enumerate(allowed) if len(some) > 1]
    for token, some in zip(tokens, allowed, strict=True):
        assert token == min(some) if len(some) == 1 else True


@pytest.mark.parametrize("token", [0, 30, 31, 32, 63, 262_143])
def test_any_bit_of_any_word(token: int) -> None:
    assert forced_tokens(packed([{token}], 262_144 // 32)) == ([token], [])
    assert forced_tokens(packed([{token, 5}], 262_144 // 32))[1] == [0]


class Device:
    """Says token 40 + the position it was asked for, at half a chance."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.masks: Tensor | None = None

    def choose(self, _read: Any, at: list[int], bits: Tensor | None, _sampled: Any) -> Tensor:
        self.asked, self.masks = at, bits
        return torch.tensor([[40.0 + place for place in at], [-0.5] * len(at)])

    def mark(self) -> DeviceEvent:
        return DeviceEvent(torch.device("cpu"))


def test_forced_positions_stand_between_asked_ones() -> None:
    bits = packed([{7}, {1, 2}, {33}, {3, 4, 5}, set()], 256)
    device = Device()
    found = choose_tokens(device, None, [0, 2, 4, 6, 8], bits, [(Params(), at) for at in range(5)]).resolve()
    assert device.asked == [2, 6]
    assert device.masks is not None
    assert torch.equal(device.masks, bits[[1, 3]])
    assert found == ([7, 42, 33, 46, 0], [0.0, -0.5, 0.0, -0.5, 0.0])


def test_of_several_small_masks_all_are_asked() -> None:
    """To look for forced tokens would cost more than their logits."""
    device = Device()
    choose_tokens(device, None, [0, 2], packed([{7}, {1, 2}], 2), [(Params(), 0)] * 2)
    assert device.asked == [0, 2]


def test_nobody_is_asked_where_everything_is_forced() -> None:
    device = Device()
    assert choose_tokens(device, None, [3], packed([{9}], 1), [(Params(), 0)]).resolve() == ([9], [0.0])
    assert device.masks is None


def test_without_a_grammar_every_position_is_asked() -> None:
    device = Device()
    assert choose_tokens(device, None, [1, 5], None, [(Params(), 0)] * 2).resolve() == ([41, 45], [-0.5, -0.5])


@pytest.mark.parametrize("graphs", [False, True], ids=["exact", "padded"])
def test_logits_are_made_for_open_positions_only(gemma4: Models, *, graphs: bool) -> None:
    """Rows of unlike drafts, padded or not: as many positions go through the head as were neither padding nor forced,
    and each that the text was written from is the same as with all of them computed."""
    made: list[int] = []
    hook = gemma4.target.lm_head.register_forward_hook(lambda _m, given, _out: made.append(given[0].shape[0]))
    engine = Engine(gemma4, EngineConfig(slots=4, context=1024, max_draft=8, graphs=graphs))
    try:
        read: list[int] = []
        verify = engine._runner.verify

        def counted(*given: Any) -> Any:
            reading = verify(*given)
            read.append(reading.positions)
            return reading

        engine._runner.verify = counted  # type: ignore[method-assign]
        requests = [tiny.request(gemma4, index, drafters=DRAFTERS, max_tokens=30) for index in range(4)]
        together = [future.result(60) for future in [engine.submit(one) for one in requests]]
        written, positions = sum(made), sum(read)
        alone = [engine.submit(one).result(60) for one in requests]
    finally:
        engine.close()
        hook.remove()
    assert [one.ids for one in alone] == [one.ids for one in together]
    assert 0 < written < positions
    assert any(a == b == 0.0 for one in together for a, b in pairwise(one.logprobs)), "keys are forced"
