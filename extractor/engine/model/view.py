"""What a forward reads of the cache, and under which masks.

A dense view reads of every row as many entries as the longest row has. A ragged view leaves it to a kernel to read each
row to its own length. A packed view is made for one step, whose rows go without padding.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from extractor.engine.attention.dense import dense_masks
from extractor.engine.attention.masks import Masks
from extractor.engine.attention.packed import Packing, packed_masks
from extractor.engine.attention.ragged import ragged_masks
from extractor.engine.layout import Layout, RecordedRows, Rows
from extractor.engine.model.upload import upload_slots


class View(ABC):
    """The masks of a forward."""

    @abstractmethod
    def masks(self, layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:
        """For queries at `positions` `[n, width]`: each sees its own position and those before it, in sliding layers
        the last `window` of them. `dtype` is that of the scores."""


class CacheView(View):
    """A view that any rows can be read by."""

    own_length: bool  # whether each row is read to its own length, however many entries a layout spans

    @abstractmethod
    def layout(self, rows: Rows, positions: Tensor | None = None) -> Layout:
        """`positions` `[n, width]` are the rows' new ones, on the device; None: nothing is written."""

    @abstractmethod
    def recorded_layout(self, rows: RecordedRows, positions: Tensor | None = None) -> Layout:
        """The same for a forward that is recorded."""


class DenseView(CacheView):
    """Reads rectangles."""

    own_length = False

    def layout(self, rows: Rows, positions: Tensor | None = None) -> Layout:
        if len(rows.slots) == 1:
            return Layout.alone(rows)
        return Layout.together(rows, positions, between=True)

    def recorded_layout(self, rows: RecordedRows, positions: Tensor | None = None) -> Layout:
        return Layout.bounded(rows, positions)

    def masks(self, layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:
        return dense_masks(layout, positions, window, dtype)


class RaggedView(CacheView):
    """Reads each row to its own length; the positions of a row have to be consecutive."""

    own_length = True

    def layout(self, rows: Rows, positions: Tensor | None = None) -> Layout:
        return Layout.whole(rows.cache, *upload_slots(rows.cache, rows.slots, rows.device), positions)

    def recorded_layout(self, rows: RecordedRows, positions: Tensor | None = None) -> Layout:
        return Layout.whole(rows.cache, rows.slots, rows.bases, positions)

    def masks(self, layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:  # noqa: ARG002
        return ragged_masks(layout, positions[:, 0], window)


class PackedView(View):
    """Reads rows of `lengths` entries in `slots` whose new positions were packed by `packing`."""

    def __init__(self, packing: Packing, slots: list[int], lengths: list[int], bases: list[int]) -> None:
        self._packing, self._slots, self._lengths, self._bases = packing, slots, lengths, bases

    def masks(self, layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:  # noqa: ARG002
        return packed_masks(self._packing, self._slots, self._lengths, self._bases, window, dtype)
