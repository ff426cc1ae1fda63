"""The slot KV cache: one slot a row, one length a row, nothing ever copied because a draft was rejected.

Entries at or past a row's length are garbage by definition: a rejected draft leaves its entries there, the next step
writes over them, and the masks never let anyone look. It is handed to a transformers model as its cache, which
calls `update` once a layer (layers that share another's KV do not call it).

Idle slots keep their last row's entries, so a new prompt that begins like an old one (same schema, instructions and
examples) starts from there.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, __version__

# What a model's forward calls its cache: renamed in transformers 5.24, which warns of the old name.
ARGUMENT = "cache" if tuple(map(int, __version__.split(".")[:2])) >= (5, 24) else "past_key_values"


def aligned(entries: int) -> int:
    """So many or a few more: fused attention copies a mask whose rows do not start at 16 bytes."""
    return -(-entries // 16) * 16


class SlotCache(Cache):
    """`slots` rows of `capacity` entries a layer, allocated on first use: `[slots, kv_heads, capacity, head_dim]`."""

    def __init__(self, slots: int, capacity: int) -> None:
        super().__init__(layers=[])
        self.slots = slots
        self.capacity = capacity
        self._keys: dict[int, Tensor] = {}
        self._values: dict[int, Tensor] = {}
        self._held: list[list[int]] = [[] for _ in range(slots)]  # token ids whose entries a slot holds
        self.slot: Tensor | None = None  # see `aim_slot`
        self._row, self._n = 0, 1
        self._rows: Tensor | None = None
        self._positions: Tensor | None = None
        self._start = self._read = 0

    # What the engine says before each forward

    def aim(self, row: int, start: int, width: int) -> None:
        """The next forward is row `row` alone, at positions `start … start + width - 1`."""
        self._row, self._n, self._start, self._read = row, 1, start, start + width
        self._rows = self._positions = self.slot = None

    def aim_rows(self, positions: Tensor, lengths: list[int]) -> int:
        """The next forward is rows 0..n-1 at `positions` `[n, width]`, from `lengths` on (the same, known without
        asking the device); returns how many entries it reads."""
        n, width = positions.shape
        if n == 1:
            self.aim(0, lengths[0], width)
            return self._read
        self.aim_padded(positions, max(lengths) + width)
        return self._read

    def aim_padded(self, positions: Tensor, entries: int) -> None:
        """The next forward is rows 0..n-1 at `positions` `[n, width]` on the device, and reads `entries` of each."""
        n = positions.shape[0]
        self.aim_packed(positions, torch.arange(n, device=positions.device)[:, None], n, entries)

    def aim_packed(self, positions: Tensor, rows: Tensor, n: int, entries: int) -> None:
        """The next forward is at `positions` of `rows`, which are among rows 0..n-1: both `[1, width]`, without padding
        (or of shapes that broadcast); it reads `entries` of each of the n."""
        self._positions, self._rows = positions, rows
        self._row, self._n, self._read, self.slot = 0, n, entries, None

    def aim_slot(self, slot: Tensor) -> None:
        """The next forward is one row, the one that `slot` `[1]` names on the device, and `room` is all of every row:
        for layers that find the row and the places themselves (`fused.py`)."""
        self.slot, self._row, self._read = slot, 0, self.capacity

    # What the model calls

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write `[n, kv_heads, width, head_dim]`, or `[1, kv_heads, positions, head_dim]` packed; return everything
        written so far for these rows."""
        heads, size = key_states.shape[1], key_states.shape[3]
        keys, values = self.room(layer_idx, self._n, heads, size, key_states)
        if self._rows is None or self._positions is None:
            keys[0, :, self._start : self._read] = key_states[0]
            values[0, :, self._start : self._read] = value_states[0]
        else:
            # Advanced indices around a slice put their own dimensions first: [n, width, kv_heads, head_dim].
            at = self._rows.to(keys.device), slice(None), self._positions.to(keys.device)  # layers may be spread
            keys[at] = key_states.transpose(1, 2)
            values[at] = value_states.transpose(1, 2)
        return keys, values

    def room(self, layer_idx: int, n: int, heads: int, size: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values `[n, kv_heads, read, head_dim]` of the forward's rows, up to its last entry: views, in which
        what the forward adds has its place already. `like`: what they are made of."""
        if layer_idx not in self._keys:
            for store in (self._keys, self._values):
                store[layer_idx] = like.new_zeros((self.slots, heads, self.capacity, size))
        rows = slice(self._row, self._row + n) if self.slot is None else slice(None)
        return self._keys[layer_idx][rows, :, : self._read], self._values[layer_idx][rows, :, : self._read]

    def read(self, layer_idx: int, rows: int, length: int) -> tuple[Tensor, Tensor]:
        """A layer's first `length` entries of rows 0..rows-1, as views."""
        return self._keys[layer_idx][:rows, :, :length], self._values[layer_idx][:rows, :, :length]

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002 -- part of the Cache interface
        return self._start

    # Slots and what they hold

    def hold(self, slot: int, ids: list[int]) -> None:
        """Record that `slot` holds valid entries for exactly `ids`."""
        self._held[slot] = list(ids)

    def held(self, slot: int) -> int:
        """How many valid entries `slot` holds."""
        return len(self._held[slot])

    def begin(self, slot: int, prompt: list[int]) -> int:
        """Make `slot` hold the longest known prefix of `prompt`; returns its length (entries that need no prefill)."""
        best, shared = slot, common_prefix(self._held[slot], prompt)
        for other, held in enumerate(self._held):
            length = common_prefix(held, prompt)
            if length > shared:
                best, shared = other, length
        if best != slot:
            self._copy(best, slot, shared)
        self._held[slot] = prompt[:shared]
        return shared

    def swap(self, a: int, b: int) -> None:
        """Exchange two slots, so that a retired row's entries stay of use to a later prompt."""
        if a == b:
            return
        longest = max(len(self._held[a]), len(self._held[b]))
        for store in (self._keys, self._values):
            for tensor in store.values():
                kept = tensor[a, :, :longest].clone()
                tensor[a, :, :longest] = tensor[b, :, :longest]
                tensor[b, :, :longest] = kept
        self._held[a], self._held[b] = self._held[b], self._held[a]

    def _copy(self, source: int, target: int, length: int) -> None:
        for store in (self._keys, self._values):
            for tensor in store.values():
                tensor[target, :, :length] = tensor[source, :, :length]

    def reset(self) -> None:
        """Forget everything (after a failed forward nothing in it can be trusted)."""
        self._held = [[] for _ in range(self.slots)]


def common_prefix(a: list[int], b: list[int]) -> int:
    """How many leading ids two lists share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
