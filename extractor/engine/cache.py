"""The slot KV cache: one slot a row, one length a row, nothing ever copied because a draft was rejected.

Entries at or past a row's length are garbage by definition: a rejected draft leaves its entries there, the next step
writes over them, and the masks never let anyone look. A layer that looks at everything keeps a slot's whole context. A
sliding one keeps what can still be looked at and what a step adds: its entries begin at the position `bases[slot]`, and
when they reach the end of their room those still in reach are moved to its front, once in some hundred tokens.

A new prompt that begins like an old one (same schema, instructions and examples) starts from there: in an idle slot
that still holds it, or from a prefix, a copy made when a row passed the end of what its prompt shares with others.

Prefixes are an OrderedDict and not one of cachetools' caches. Theirs make room when the new value is there already, and
here the old copies must be gone before a new one takes memory that was planned to the byte; and to look through the
values of theirs counts as a use of each.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FULL, SLIDING = "full_attention", "sliding_attention"

KeyValues = tuple[Tensor, Tensor]  # [.., kv heads, entries, head size] each
Ids = NDArray[np.int32]


def aligned(entries: int) -> int:
    """So many or a few more: fused attention copies a mask whose rows do not start at 16 bytes."""
    return -(-entries // 16) * 16


@dataclass(frozen=True)
class SlotShape:
    """What a slot keeps: `entries` of a layer, or of a `sliding` one `kept`, of which the last `reach` before a row's
    length are always there."""

    entries: int
    kept: int
    reach: int
    sliding: frozenset[int]

    @classmethod
    def of(cls, config: Any, entries: int, most: int | None = None) -> SlotShape:
        """For a model's `config`, with at most `most` new positions in a forward of a row (None: any number)."""
        window = getattr(config, "sliding_window", None)
        kinds = getattr(config, "layer_types", None) or [SLIDING if window else FULL] * config.num_hidden_layers
        if not window:
            return cls(entries, entries, entries, frozenset())
        reach = window + 1  # the drafter's: one more than the target's
        kept = entries if most is None else min(entries, aligned(reach + most))
        return cls(entries, kept, reach, frozenset(at for at, kind in enumerate(kinds) if kind == SLIDING))

    def kind(self, layer: int) -> str:
        return SLIDING if layer in self.sliding else FULL

    def of_layer(self, layer: int) -> int:
        """Its entries."""
        return self.kept if layer in self.sliding else self.entries


@dataclass(frozen=True)
class Prefix:
    """KV of the first `length` positions of prompts; of sliding layers from the position `first` on."""

    ids: Ids
    first: int
    layers: dict[int, KeyValues]

    @property
    def size(self) -> int:
        return sum(tensor.nbytes for pair in self.layers.values() for tensor in pair)


class SlotCache:
    """`slots` rows; a layer's `[slots, kv_heads, entries, head_dim]` are allocated on first use. Prefixes take at most
    `prefix_bytes`, None: as much as a slot does; those used longest ago go first."""

    def __init__(self, slots: int, shape: SlotShape, prefix_bytes: int | None = None) -> None:
        self.slots, self.shape = slots, shape
        self._prefix_bytes = prefix_bytes
        self._stores: dict[int, KeyValues] = {}
        self.reset()

    def reset(self) -> None:
        """Forget everything (after a failed forward nothing in it can be trusted)."""
        self.bases = [0] * self.slots
        self._lengths = [0] * self.slots
        self._ids: Ids = np.full((self.slots, self.shape.entries), -1, np.int32)  # whose entries a slot holds
        self._busy: set[int] = set()
        self._prefixes: OrderedDict[bytes, Prefix] = OrderedDict()

    # KV

    def store(self, layer: int, like: Tensor) -> KeyValues:
        """Keys and values of all slots; `like` `[n, kv_heads, width, head_dim]`: what they are made of."""
        if layer not in self._stores:
            shape = self.slots, like.shape[1], self.shape.of_layer(layer), like.shape[3]
            self._stores[layer] = like.new_zeros(shape), like.new_zeros(shape)
        return self._stores[layer]

    def stored(self, layer: int) -> KeyValues:
        """Those of a layer that has some."""
        return self._stores[layer]

    def make_room(self, slot: int, start: int, end: int) -> None:
        """Before positions `start … end - 1` of `slot` are written: sliding layers get to where they have room."""
        base = self.bases[slot]
        if end - base <= self.shape.kept:
            return
        new = max(0, start - self.shape.reach)
        assert end - new <= self.shape.kept, "more positions in a forward than was said"
        for layer, pair in self._stores.items():
            if layer in self.shape.sliding:
                for store in pair:
                    store[slot, :, : start - new] = store[slot, :, new - base : start - base].clone()
        self.bases[slot] = new

    # Slots and what they hold

    def held(self, slot: int) -> int:
        """How many valid entries `slot` holds."""
        return self._lengths[slot]

    def held_ids(self, slot: int) -> Ids:
        """The token of each of them, as far as it has been told: of a row that decodes its prompt's."""
        return self._ids[slot, : self._lengths[slot]]

    def begin(self, prompt: list[int]) -> tuple[int, int]:
        """Take an idle slot for `prompt`: the slot, and how many entries it has for it already, never all of them."""
        ids = np.asarray(prompt, np.int32)
        most = max(0, len(ids) - 1)
        idle = [slot for slot in range(self.slots) if slot not in self._busy]
        shared = [
            self._usable(min(int(same), most), base)
            for same, base in zip(common(self._ids[idle], ids), (self.bases[slot] for slot in idle), strict=True)
        ]
        known = max(shared)
        slot = idle[shared.index(known)]
        key, length = self._longest_prefix(ids, most)
        if key is not None and length > known:
            slot, known = idle[0], length
            self._load(key, slot, length)
        self._busy.add(slot)
        self._lengths[slot] = known
        self._ids[slot, known:] = -1
        self._ids[slot, :known] = ids[:known]
        if not known:
            self.bases[slot] = 0
        return slot, known

    def extend(self, slot: int, ids: list[int]) -> None:
        """`slot` holds valid entries for `ids` behind those it held."""
        length = self._lengths[slot]
        self._lengths[slot] = end = length + len(ids)
        self._ids[slot, length:end] = ids

    def release(self, slot: int) -> None:
        """Its row is gone; what it holds may be of use to a later prompt."""
        self._busy.discard(slot)

    def _usable(self, length: int, first: int) -> int:
        """`length`, if a row of it sees all it looks at where sliding layers have positions from `first` on, else 0."""
        return length if max(0, length - self.shape.reach) >= first else 0

    # Prefixes

    def remember(self, slot: int, length: int) -> None:
        """Keep a copy of the first `length` entries of `slot`, which it read last: others will begin with them."""
        ids = self._ids[slot, :length].copy()
        key = ids.tobytes()
        base, first = self.bases[slot], max(0, length - self.shape.reach)
        if key in self._prefixes or first < base:
            return
        parts = {
            layer: slice(first - base, length - base) if layer in self.shape.sliding else slice(0, length)
            for layer in self._stores
        }
        views = {layer: tuple(store[slot, :, parts[layer]] for store in pair) for layer, pair in self._stores.items()}
        room = self._prefix_bytes
        if room is None:
            room = sum(store[0].nbytes for pair in self._stores.values() for store in pair)
        room -= sum(view.nbytes for pair in views.values() for view in pair)
        while self._prefixes and sum(prefix.size for prefix in self._prefixes.values()) > room:
            self._prefixes.popitem(last=False)
        if room >= 0:
            self._prefixes[key] = Prefix(ids, first, {at: (k.clone(), v.clone()) for at, (k, v) in views.items()})

    def _longest_prefix(self, ids: Ids, most: int) -> tuple[bytes | None, int]:
        """Of those kept the one that shares most with `ids`, and how much."""
        found: tuple[bytes | None, int] = None, 0
        for key, prefix in self._prefixes.items():
            length = self._usable(min(int(common(prefix.ids[None], ids)[0]), most), prefix.first)
            if length > found[1]:
                found = key, length
        return found

    def _load(self, key: bytes, slot: int, length: int) -> None:
        prefix = self._prefixes[key]
        self._prefixes.move_to_end(key)
        for layer, pair in prefix.layers.items():
            count = length - prefix.first if layer in self.shape.sliding else length
            for store, kept in zip(self._stores[layer], pair, strict=True):
                store[slot, :, :count] = kept[:, :count]
        self.bases[slot] = prefix.first


def common(held: Ids, ids: Ids) -> Ids:
    """How many leading ids each row of `held` `[n, entries]` shares with `ids`."""
    width = min(held.shape[1], len(ids))
    same = held[:, :width] == ids[:width]
    return np.where(same.all(1), width, same.argmin(1) if width else 0).astype(np.int32)
