"""What a forward reads of the cache, and under which masks.

A dense view reads of every row as many entries as the longest row has. A ragged view leaves it to a kernel to read each
row to its own length. A packed view is made for one step, whose rows go without padding.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from extractor.engine.attention.dense import dense_masks
from extractor.engine.attention.masks import Masks
from extractor.engine.attention.packed import Packing, packed_masks
from extractor.engine.attention.ragged import ragged_masks
from extractor.engine.cache import SlotCache
from extractor.engine.layout import Layout
from extractor.engine.model.upload import upload_slots


class View(Protocol):
    """The masks of a forward."""

    def masks(self, layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:
        """For queries at `positions` `[n, width]`: each sees its own position and those before it, in sliding layers
        the last `window` of them. `dtype` is that of the scores."""
        ...


class CacheView(View, Protocol):
    """A view that any rows can be read by."""

    own_length: bool  # whether each row is read to its own length, however many entries a layout spans

    def layout(
        self,
        cache: SlotCache,
        slots: list[int],
        starts: list[int],
        width: int,
        back: int,
        device: torch.device,
        positions: Tensor | None = None,
    ) -> Layout:
        """For the rows in `slots`, whose `width` new positions begin at `starts`; sliding layers look `back` entries
        behind the first of them. `positions` `[n, width]` are the new ones, on the device; None: nothing is written."""
        ...

    def recorded_layout(
        self,
        cache: SlotCache,
        slots: Tensor,
        bases: Tensor,
        entries: int,
        positions: Tensor | None = None,
        *,
        run: bool,
    ) -> Layout:
        """The same for a forward that is recorded: `slots` and `bases`, `[n]` each, are on the device and hold other
        numbers in the next run. No row has more than `entries`. `run`: the slots are always the first ones, in
        order."""
        ...


class DenseView:
    """Reads rectangles."""

    own_length = False

    def layout(
        self,
        cache: SlotCache,
        slots: list[int],
        starts: list[int],
        width: int,
        back: int,
        device: torch.device,
        positions: Tensor | None = None,
    ) -> Layout:
        if len(slots) == 1:
            return Layout.alone(cache, slots[0], starts[0], width, back, device)
        return Layout.together(cache, slots, starts, width, back, device, positions, between=True)

    def recorded_layout(
        self,
        cache: SlotCache,
        slots: Tensor,
        bases: Tensor,
        entries: int,
        positions: Tensor | None = None,
        *,
        run: bool,
    ) -> Layout:
        return Layout.bounded(cache, slots, bases, entries, positions, run=run)

    def masks(self, layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:
        return dense_masks(layout, positions, window, dtype)


class RaggedView:
    """Reads each row to its own length; the positions of a row have to be consecutive."""

    own_length = True

    def layout(
        self,
        cache: SlotCache,
        slots: list[int],
        starts: list[int],  # noqa: ARG002 -- the masks say where rows end
        width: int,  # noqa: ARG002
        back: int,  # noqa: ARG002
        device: torch.device,
        positions: Tensor | None = None,
    ) -> Layout:
        return Layout.whole(cache, *upload_slots(cache, slots, device), positions)

    def recorded_layout(
        self,
        cache: SlotCache,
        slots: Tensor,
        bases: Tensor,
        entries: int,  # noqa: ARG002
        positions: Tensor | None = None,
        *,
        run: bool,  # noqa: ARG002
    ) -> Layout:
        return Layout.whole(cache, slots, bases, positions)

    def masks(
        self,
        layout: Layout,
        positions: Tensor,
        window: int,
        dtype: torch.dtype,  # noqa: ARG002
    ) -> Masks:
        return ragged_masks(layout, positions[:, 0], window)


class PackedView:
    """Reads rows of `lengths` entries in `slots` whose new positions were packed by `packing`."""

    def __init__(self, packing: Packing, slots: list[int], lengths: list[int], bases: list[int]) -> None:
        self._packing, self._slots, self._lengths, self._bases = packing, slots, lengths, bases

    def masks(
        self,
        layout: Layout,  # noqa: ARG002
        positions: Tensor,  # noqa: ARG002
        window: int,
        dtype: torch.dtype,
    ) -> Masks:
        return packed_masks(self._packing, self._slots, self._lengths, self._bases, window, dtype)
