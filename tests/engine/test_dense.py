"""Rows that a step reads together, with idle slots between them."""

from __future__ import annotations

import pytest
import torch

from extractor.engine.attention.dense import NARROW, BlockedMask, DenseMask, dense_masks
from extractor.engine.attention.packed import worth_packing
from extractor.engine.cache import SlotCache, SlotShape
from extractor.engine.layout import BETWEEN, Layout, Rows

CPU = torch.device("cpu")
SLOTS, KV, HEADS, SIZE, ENTRIES, WINDOW = 7, 2, 4, 8, 128, 9


@pytest.mark.parametrize("width", [1, 3, NARROW + 1])
@pytest.mark.parametrize("slots", [[0, 1, 2], [1, 2, 4], [5, 2, 0], [3, 6], [4]], ids=str)
def test_each_row_is_as_alone_whatever_idle_slots_hold(slots: list[int], width: int) -> None:
    cache = SlotCache(SLOTS, SlotShape(ENTRIES, ENTRIES, WINDOW + 1, frozenset({1})))
    generator = torch.Generator().manual_seed(0)
    for layer in range(2):
        for store in cache.store(layer, torch.zeros(1, KV, 1, SIZE)):
            store.copy_(torch.randn(store.shape, generator=generator))
            store[[slot for slot in range(SLOTS) if slot not in slots]] = float("nan")
    starts = [7 + 11 * place for place in range(len(slots))]
    query = torch.randn(len(slots), width, HEADS, SIZE, generator=generator)

    def attended(slots: list[int], starts: list[int], query: torch.Tensor) -> list[torch.Tensor]:
        positions = torch.tensor(starts)[:, None] + torch.arange(width)
        layout = Layout.together(Rows(cache, slots, starts, width, WINDOW - 1, CPU), positions, between=True)
        masks = dense_masks(layout, positions, WINDOW, torch.float32)
        return [masks[cache.shape.kind(layer)].attend(query, *layout.read(layer)) for layer in range(2)]

    together = attended(slots, starts, query)
    for place, (slot, start) in enumerate(zip(slots, starts, strict=True)):
        for found, alone in zip(together, attended([slot], [start], query[place : place + 1]), strict=True):
            torch.testing.assert_close(found[place], alone[0])


@pytest.mark.parametrize(
    ("slots", "lengths", "counts", "packed"),
    [
        ([0, 1, 2, 3], [400] * 4, [1] * 4, False),
        ([0, 2, 3, 4], [400] * 4, [1] * 4, False),  # an idle slot costs less than going from row to row
        ([0, 2, 3, 6], [400] * 4, [1] * 4, True),  # and three cost more
        ([0, 1, 2, 3], [400] * 4, [1, 16, 1, 1], True),  # padding
        ([0, 2, 3, 4], [4000] * 4, [1] * 4, True),  # as does one of long rows
        ([0, BETWEEN * 2], [10, 10], [1, 1], True),  # so far apart that they would be copied
        ([0, BETWEEN * 2 - 1], [10, 10], [1, 1], False),
    ],
)
def test_which_rows_are_read_one_by_one(slots: list[int], lengths: list[int], counts: list[int], packed: bool) -> None:
    assert worth_packing(slots, lengths, counts) == packed


@pytest.mark.parametrize("start", [0, 7, 100])
@pytest.mark.parametrize("width", [NARROW + 1, 2 * NARROW, 150])
@pytest.mark.parametrize("window", [5, 90])
def test_a_prompt_in_blocks_sees_what_it_sees_whole(start: int, width: int, window: int) -> None:
    generator = torch.Generator().manual_seed(width)
    query = torch.randn(1, width, 4, 8, generator=generator)
    keys, values = (torch.randn(1, 2, start + width, 8, generator=generator) for _ in range(2))
    distance = torch.arange(start, start + width)[None, :, None] - torch.arange(start + width)[None, None]
    for reach in (None, window):
        hidden = (distance < 0) | (distance >= (reach or start + width))
        whole = DenseMask(hidden).attend(query, keys, values)
        blocked = BlockedMask(hidden, reach, torch.float32).attend(query, keys, values)
        torch.testing.assert_close(blocked, whole, atol=1e-5, rtol=1e-5)
