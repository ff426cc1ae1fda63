"""CUDA graphs: a forward of fixed shape is recorded once and then launched as one piece.

A decode step launches over a thousand small kernels, and on a fast GPU launching them takes longer than what they
compute. A recording holds for one shape only, so steps are padded up to a few: `rows_of`, `width_of` and `entries_of`
say to which. Off a GPU the padded work just runs, which is how tests hold it to the unpadded one.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger(__name__)

MOST = 256  # recordings kept; each holds what its kernels write between them
LEAST_ENTRIES = 256

Work = Callable[..., tuple[Tensor, ...]]


@dataclass
class Recording:
    graph: torch.cuda.CUDAGraph
    given: tuple[Tensor, ...]
    made: tuple[Tensor, ...]


class Graphs:
    """Recordings by their key. What `run` returns is overwritten by the next run of the same key."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._recordings: OrderedDict[Hashable, Recording] = OrderedDict()
        self.able = device.type == "cuda"
        self._pool: Any = None

    def run(self, key: Hashable, work: Work, *given: Tensor) -> tuple[Tensor, ...]:
        """`work(*given)`. All that differs between two runs of a key is in `given`, in tensors on the device; all that
        `work` allocates when it runs first it has to have allocated by its end."""
        if not self.able:
            return work(*given)
        recording = self._recordings.get(key)
        if recording is None:
            made = work(*given)  # whatever is made once (caches, tables) is made here, not in the recording
            try:
                self._recordings[key] = self._record(work, given)
            except RuntimeError as error:
                self.able = False
                self._recordings.clear()
                torch.cuda.set_stream(torch.cuda.default_stream(self._device))  # a recording that fails keeps its own
                what = "no memory for" if isinstance(error, torch.OutOfMemoryError) else "this device does not record"
                log.warning("%s graphs; going on without (%s)", what, str(error).split("\n")[0])
            while len(self._recordings) > MOST:
                self._recordings.popitem(last=False)
            return made
        self._recordings.move_to_end(key)
        for kept, new in zip(recording.given, given, strict=True):
            kept.copy_(new, non_blocking=True)
        recording.graph.replay()
        return recording.made

    def _record(self, work: Work, given: tuple[Tensor, ...]) -> Recording:
        kept = tuple(tensor.clone() for tensor in given)
        torch.cuda.synchronize(self._device)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            made = work(*kept)
        self._pool = graph.pool()  # recordings run one after the other, so they share their memory
        return Recording(graph, kept, made)


def rows_of(rows: int, slots: int) -> int:
    return min(1 << (rows - 1).bit_length(), slots)


def width_of(width: int, widest: int) -> int:
    return min(1 << (width - 1).bit_length(), widest)


def entries_of(entries: int, capacity: int) -> int:
    """The next power of two, or the middle before it."""
    above = max(LEAST_ENTRIES, 1 << (entries - 1).bit_length())
    middle = above // 4 * 3
    return min(middle if above > LEAST_ENTRIES and entries <= middle else above, capacity)
