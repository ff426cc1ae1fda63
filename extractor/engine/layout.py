"""Where the rows of one forward are in the slot cache: what it reads there, and where what is new goes.

A value, made for each forward. A transformers model takes it for its cache and calls `update` once a layer (layers that
share another's KV do not call it). Rows name their slots, so no row ever has to move. Where the slots of rows lie side
by side, as they do under load, or nearly so, what is read are views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, __version__

from extractor.engine.cache import FULL, SLIDING, SlotCache

# What a model's forward calls its cache: renamed in transformers 5.24, which warns of the old name.
ARGUMENT = "cache" if tuple(map(int, __version__.split(".")[:2])) >= (5, 24) else "past_key_values"
_ALL = {FULL: slice(None), SLIDING: slice(None)}
BETWEEN = 3  # times as many slots as rows: up to here reading those between, too, is cheaper than a copy of the rows


@dataclass(frozen=True)
class Rows:
    """Of one forward on `device`: those in `slots` of `cache`, whose `width` new positions begin at `starts`. Sliding
    layers look `back` entries behind the first of them."""

    cache: SlotCache
    slots: list[int]
    starts: list[int]
    width: int
    back: int
    device: torch.device


@dataclass(frozen=True)
class RecordedRows:
    """Of a forward that is recorded: `slots` and `bases`, `[n]` each, are on the device and hold other numbers in the
    next run. No row has more than `entries`. `run`: the slots are always the first ones, in order."""

    cache: SlotCache
    slots: Tensor
    bases: Tensor
    entries: int
    run: bool


class Layout(Cache):
    """`index`: the slots it reads, and `reads`, by kind of attention, which of their entries. Row i is slot `slots[i]`,
    whose layers of a kind begin at position `bases[kind][i]`: all `[n]`, on the device. `exact`: what is read ends with
    the last new entry. `among` `[n]`: where the rows are among the slots that are read; None: those are the rows."""

    def __init__(
        self,
        cache: SlotCache,
        index: slice | Tensor,
        reads: dict[str, slice],
        slots: Tensor,
        bases: Tensor,
        *,
        positions: Tensor | None = None,
        owners: Tensor | None = None,
        new: dict[str, slice] | None = None,
        exact: bool = False,
        among: Tensor | None = None,
    ) -> None:
        """New entries go to `new` of the one slot, by kind; or to `positions`, in the order of the forward's, of the
        rows `owners`, both `[1, positions]` (None: `[n, width]`, in the order of the rows)."""
        super().__init__(layers=[])
        self.cache, self.reads, self.slots, self.exact, self.among = cache, reads, slots, exact, among
        self.bases = {FULL: torch.zeros_like(bases), SLIDING: bases}
        self._index, self._new, self._positions, self._owners = index, new, positions, owners

    @classmethod
    def alone(cls, row: Rows) -> Layout:
        """One row; its new positions are written."""
        (slot,), (start,) = row.slots, row.starts
        base, end = row.cache.bases[slot], start + row.width
        new = {FULL: slice(start, end), SLIDING: slice(start - base, end - base)}
        reads = {FULL: slice(0, end), SLIDING: slice(max(0, start - base - row.back), end - base)}
        slots, bases = torch.tensor([[slot], [base]]).to(row.device).unbind()
        return cls(row.cache, slice(slot, slot + 1), reads, slots, bases, new=new, exact=True)

    @classmethod
    def together(cls, rows: Rows, positions: Tensor | None = None, *, between: bool = False) -> Layout:
        """`positions` `[n, width]`: the new ones, on the device; without them rows are only read. `between`: where
        slots lie apart, those between may be read with them."""
        cache, slots, width = rows.cache, rows.slots, rows.width
        bases = [cache.bases[slot] for slot in slots]
        ends = [start - base + width for start, base in zip(rows.starts, bases, strict=True)]
        near = slice(max(0, min(ends) - width - rows.back), max(ends))
        reads = {FULL: slice(0, max(rows.starts) + width), SLIDING: near}
        there = torch.tensor([slots, bases]).to(rows.device)
        first, span = min(slots), span_of(slots)
        run = slots == list(range(first, first + span))
        in_place = run or (between and span <= BETWEEN * len(slots))
        index = slice(first, first + span) if in_place else there[0]
        among = there[0] - first if in_place and not run else None
        return cls(cache, index, reads, *there.unbind(), positions=positions, exact=len(slots) == 1, among=among)

    @classmethod
    def whole(
        cls,
        cache: SlotCache,
        slots: Tensor,
        bases: Tensor,
        positions: Tensor | None = None,
        owners: Tensor | None = None,
    ) -> Layout:
        """For who finds rows and entries himself (`ragged.py`, `fused.py`, `packed.py`): all of every slot."""
        return cls(cache, slice(None), _ALL, slots, bases, positions=positions, owners=owners)

    @classmethod
    def bounded(cls, rows: RecordedRows, positions: Tensor | None = None) -> Layout:
        """To record: of each row `entries` are read."""
        reads = {FULL: slice(0, rows.entries), SLIDING: slice(0, min(rows.entries, rows.cache.shape.kept))}
        index = slice(0, len(rows.slots)) if rows.run else rows.slots
        return cls(rows.cache, index, reads, rows.slots, rows.bases, positions=positions)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write `[n, kv_heads, width, head_dim]`, or `[1, kv_heads, positions, head_dim]` packed; return what is
        read of the layer."""
        keys, values = self.cache.store(layer_idx, key_states)
        kind = self.cache.shape.kind(layer_idx)
        if self._new is not None:
            keys[self._index, :, self._new[kind]] = key_states
            values[self._index, :, self._new[kind]] = value_states
        else:
            # Advanced indices around a slice put their own dimensions first: [n, width, kv_heads, head_dim].
            slots, entries = self._entries(kind)
            at = slots.to(keys.device), slice(None), entries.to(keys.device)  # layers may be spread
            keys[at] = key_states.transpose(1, 2)
            values[at] = value_states.transpose(1, 2)
        return self.read(layer_idx)

    def _entries(self, kind: str) -> tuple[Tensor, Tensor]:
        """Slot and entry of each new position, of shapes that broadcast."""
        assert self._positions is not None
        slots, bases = self.slots, self.bases[kind]
        if self._owners is None:
            return slots[:, None], self._positions - bases[:, None]
        return slots[self._owners], self._positions - bases[self._owners]

    def read(self, layer_idx: int) -> tuple[Tensor, Tensor]:
        """Keys and values `[n, kv_heads, entries, head_dim]` of a layer that has some, of more rows where these are
        `among` them: views, unless slots lie far apart."""
        keys, values = self.cache.stored(layer_idx)
        entries = self.reads[self.cache.shape.kind(layer_idx)]
        index = self._index if isinstance(self._index, slice) else self._index.to(keys.device)
        return keys[:, :, entries][index], values[:, :, entries][index]

    @property
    def rows(self) -> int:
        """How many slots are read."""
        return self._index.stop - self._index.start if isinstance(self._index, slice) else len(self._index)

    def places(self, kind: str) -> Tensor:
        """The position of each entry that is read, int32 `[n, entries]`."""
        entries = self.reads[kind]
        every = torch.arange(entries.start, entries.stop, dtype=torch.int32, device=self.slots.device)[None]
        return every + self.bases[kind][:, None].int()

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002 -- part of the Cache interface
        return 0


def span_of(slots: list[int]) -> int:
    """How many slots there are from the first of `slots` to the last."""
    return max(slots) - min(slots) + 1
