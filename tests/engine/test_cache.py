"""The slot cache: which slot a prompt gets and what of it is there already, the window of sliding layers that moves,
prefixes that outlive the rows that read them. Entries are filled with the token and the position they are of."""

from __future__ import annotations

from itertools import takewhile
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from extractor.engine.cache import SlotCache, SlotShape, common
from extractor.engine.layout import Layout, Rows

WINDOW, MOST, ENTRIES = 8, 7, 96
CONFIG = SimpleNamespace(
    sliding_window=WINDOW, layer_types=["sliding_attention", "full_attention"], num_hidden_layers=2
)
CPU = torch.device("cpu")


def cache(slots: int = 3, **changes: Any) -> SlotCache:
    return SlotCache(slots, SlotShape.of(CONFIG, ENTRIES, MOST), **changes)


def read(cache: SlotCache, slot: int, start: int, tokens: list[int]) -> None:
    """A forward of `tokens` at `start`: each entry says its token and its position."""
    cache.make_room(slot, start, start + len(tokens))
    layout = Layout.alone(Rows(cache, [slot], [start], len(tokens), WINDOW - 1, CPU))
    told = torch.stack([torch.tensor(tokens), torch.arange(start, start + len(tokens))], -1).float()[None, None]
    for layer in range(2):
        layout.update(told, -told, layer)


def fill(cache: SlotCache, prompt: list[int], boundary: int = 0, chunk: int = MOST) -> tuple[int, int]:
    """As the engine reads a prompt; (slot, how much of it was there)."""
    slot, length = cache.begin(prompt)
    shared = length
    while length < len(prompt):
        part = prompt[length : length + chunk]
        read(cache, slot, length, part)
        cache.extend(slot, part)
        if length < boundary <= length + len(part):
            cache.remember(slot, boundary)
        length += len(part)
    return slot, shared


def right(cache: SlotCache, slot: int, ids: list[int], looks: int = WINDOW + 1) -> bool:
    """Whether what a query (or the drafter) behind `ids` looks at is what it should be, in both layers."""
    layout = Layout.together(Rows(cache, [slot], [len(ids)], 0, looks, CPU))
    for layer, first in ((0, max(0, len(ids) - looks)), (1, 0)):
        keys, values = layout.read(layer)
        places = layout.places(cache.shape.kind(layer))[0]
        assert places.tolist() == list(range(first, len(ids)))
        wanted = torch.tensor([[ids[at], at] for at in range(first, len(ids))]).float().reshape(-1, 2)
        if not (torch.equal(keys[0, 0], wanted) and torch.equal(values[0, 0], -wanted)):
            return False
    return True


@pytest.mark.parametrize("length", [1, 8, 9, 15, 16, 17, 40, 95])
@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_a_window_moves_and_what_is_in_reach_stays(length: int, chunk: int) -> None:
    one = cache()
    ids = list(range(100, 100 + length))
    slot, _ = fill(one, ids, chunk=chunk)
    assert right(one, slot, ids)
    assert length - one.bases[slot] <= one.shape.kept < ENTRIES


def test_rejected_entries_are_written_over_wherever_the_window_is() -> None:
    one = cache()
    ids = list(range(100, 120))
    slot, _ = fill(one, ids)
    for token in range(200, 260):  # drafts of six that are rejected, one token that stands
        read(one, slot, len(ids), [token, 1, 2, 3, 4, 5, 6])
        ids.append(token)
        one.extend(slot, [token])
        assert right(one, slot, ids)


def test_a_prompt_starts_from_the_idle_slot_that_shares_most() -> None:
    one = cache()
    ids = list(range(100, 112))
    slots = [fill(one, prompt)[0] for prompt in (ids, [*ids[:6], 1, 2, 3], [7, 7, 7])]
    assert slots == [0, 1, 2]
    for slot in slots:
        one.release(slot)
    assert fill(one, [*ids[:6], 1, 2, 9]) == (1, 8)
    assert fill(one, [*ids, 5, 5]) == (0, 12)
    assert right(one, 0, [*ids, 5, 5])
    assert fill(one, [4, 4]) == (2, 0)


def test_the_last_token_is_always_read() -> None:
    one = cache()
    ids = list(range(100, 110))
    slot, _ = fill(one, ids)
    one.release(slot)
    assert fill(one, ids) == (slot, len(ids) - 1)
    assert one.begin([])[1] == 0


def test_what_the_window_has_left_behind_is_not_shared() -> None:
    """The full layer still has all of it, the sliding one does not."""
    one = cache(slots=1)
    head, first, second = list(range(100, 112)), list(range(200, 250)), list(range(300, 310))
    fill(one, head + first)
    one.release(0)
    assert fill(one, head + second) == (0, 0)
    assert right(one, 0, head + second)


def test_an_answer_that_is_asked_for_again_starts_behind_its_document() -> None:
    one = cache(slots=1)
    document = list(range(100, 160))
    fill(one, document)
    read(one, 0, 60, [1, 2, 3])
    one.extend(0, [1, 2, 3])
    one.release(0)
    assert one.bases[0] > 0
    assert fill(one, [*document, 1, 9, 9]) == (0, 61)
    assert right(one, 0, [*document, 1, 9, 9])


def test_prefixes_serve_rows_side_by_side_and_later_ones() -> None:
    one = cache(slots=2)
    head = list(range(100, 120))
    assert fill(one, head + [1] * 40, boundary=20) == (0, 0)
    assert fill(one, head + [2] * 40, boundary=20) == (1, 20), "while the first still runs"
    assert right(one, 1, head + [2] * 40)
    one.release(0)
    one.release(1)
    assert fill(one, head + [3] * 40, boundary=20) == (0, 20), "although both windows have moved on"
    assert right(one, 0, head + [3] * 40)


def test_prefixes_keep_to_their_room_and_the_longest_unused_go_first() -> None:
    size = 20 * 2 * 2 * 4 + (WINDOW + 1) * 2 * 2 * 4  # 20 entries of the full layer, of the other what is in reach
    one = cache(slots=1, prefix_bytes=2 * size)
    heads = [list(range(at, at + 20)) for at in (100, 200, 300)]
    for head in (heads[0], heads[1], heads[0], heads[2]):  # the second is the one not used for longest
        fill(one, head + [1] * 40, boundary=20)
        one.release(0)
    assert sum(prefix.size for prefix in one._prefixes.values()) == 2 * size
    assert [fill(one, [*head, 2])[1] for head in heads if one.release(0) is None] == [20, 0, 20]
    none = cache(slots=1, prefix_bytes=size - 1)
    fill(none, heads[0] + [1] * 40, boundary=20)
    assert not none._prefixes


def test_a_prompt_that_leaves_a_prefix_early_shares_none_of_what_is_out_of_reach() -> None:
    one = cache(slots=1)
    head = list(range(100, 140))
    fill(one, head + [1] * 30, boundary=40)
    one.release(0)
    assert fill(one, [*head[:30], 5, 5])[1] == 0
    one.reset()
    fill(one, head[:8] + [1] * 40, boundary=8)
    one.release(0)
    assert fill(one, [*head[:5], 5, 5])[1] == 5, "short ones keep all of their entries"
    assert right(one, 0, [*head[:5], 5, 5])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 40), st.integers(1, 7)), max_size=12))
def test_whatever_comes_and_goes_every_row_sees_what_it_read(asked: list[tuple[int, int, int, int]]) -> None:
    """Prompts of few heads, cut anywhere, in chunks of any size; two rows run at a time in three slots."""
    one = cache()
    running: list[int] = []
    for kind, shared, own, chunk in asked:
        prompt = [100 + kind * 50 + at for at in range(shared)] + [1 + kind] * own
        if len(running) == 2:
            one.release(running.pop(0))
        slot, known = fill(one, prompt, boundary=shared, chunk=chunk)
        assert slot not in running
        assert known < len(prompt)
        assert right(one, slot, prompt)
        running.append(slot)


IDS = st.lists(st.integers(0, 2), max_size=6)


@given(st.lists(IDS, min_size=1, max_size=4), IDS)
def test_what_is_shared_is_the_common_beginning(held: list[list[int]], prompt: list[int]) -> None:
    table = np.full((len(held), 6), -1, np.int32)
    for row, ids in zip(table, held, strict=True):
        row[: len(ids)] = ids
    plain = [len(list(takewhile(lambda pair: pair[0] == pair[1], zip(ids, prompt, strict=False)))) for ids in held]
    assert common(table, np.asarray(prompt, np.int32)).tolist() == plain


def layouts(one: SlotCache, slots: list[int], starts: list[int], width: int, *, between: bool = False) -> list[Tensor]:
    positions = torch.tensor(starts)[:, None] + torch.arange(width)
    layout = Layout.together(Rows(one, slots, starts, width, WINDOW - 1, CPU), positions, between=between)
    fresh = torch.randn(len(slots), 1, width, 2, generator=torch.Generator().manual_seed(1))
    return [tensor for layer in range(2) for tensor in layout.update(fresh, -fresh, layer)]


def test_rows_whose_slots_lie_side_by_side_are_views_and_others_are_not() -> None:
    one = cache()
    for prompt in ([1] * 30, [2] * 12, [3] * 5):
        fill(one, prompt)
    for slot, start in enumerate((30, 12, 5)):
        one.make_room(slot, start, start + 2)
    stored = {tensor.untyped_storage().data_ptr() for pair in one._stores.values() for tensor in pair}
    views, apart = layouts(one, [0, 1, 2], [30, 12, 5], 2), layouts(one, [0, 2], [30, 5], 2)
    assert all(tensor.untyped_storage().data_ptr() in stored for tensor in views)
    assert not any(tensor.untyped_storage().data_ptr() in stored for tensor in apart)
    assert [len(tensor) for tensor in apart] == [2] * 4
    across = layouts(one, [0, 2], [30, 5], 2, between=True)
    assert all(tensor.untyped_storage().data_ptr() in stored for tensor in across)
    assert all(torch.equal(tensor[[0, 2]], copied) for tensor, copied in zip(across, apart, strict=True))
