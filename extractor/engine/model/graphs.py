"""CUDA graphs: a forward of fixed shape is recorded once and then launched as one piece.

A decode step launches over a thousand small kernels, and on a fast GPU launching them takes longer than what they
compute. A recording holds for one shape only, so steps are padded up to a few: `rows_of`, `width_of` and the others
below say to which. Off a GPU the padded work just runs, which is how tests hold it to the unpadded one.
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
LEAST_PROMPT = 16  # positions of a prompt's chunk
EXACT = 8  # steps of a chain, up to which it is not rounded

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
        self._refused: set[Hashable] = set()  # those there was no memory for
        self.able = device.type == "cuda"
        self.recording = False  # just now
        self.tried = 0  # recordings so far, those that failed among them: a run that makes one takes far longer
        self._pool: Any = None

    def run(self, key: Hashable, work: Work, *given: Tensor) -> tuple[Tensor, ...]:
        """`work(*given)`. All that differs between two runs of a key is in `given`, in tensors on the device; all that
        `work` allocates when it runs first it has to have allocated by its end."""
        if not self.able or key in self._refused:
            return work(*given)
        recording = self._recordings.get(key)
        if recording is None:
            self.tried += 1
            self.recording = True
            try:
                return self._made(key, work, given)
            finally:
                self.recording = False
        self._recordings.move_to_end(key)
        for place, new in zip(recording.given, given, strict=True):
            place.copy_(new, non_blocking=True)
        recording.graph.replay()
        return recording.made

    def _made(self, key: Hashable, work: Work, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What `work` makes when it runs for the first time; then it is recorded, if it can be."""
        kept = tuple(tensor.clone() for tensor in given)
        # Whatever is made once (caches, tables, kernels for tensors aligned like these) is made here, not in the
        # recording, and what fails here is no fault of the recording's.
        made = work(*kept)
        torch.cuda.synchronize(self._device)
        try:
            self._recordings[key] = self._record(work, kept)
        except RuntimeError as error:
            self._give_up(key, error)
        while len(self._recordings) > MOST:
            self._recordings.popitem(last=False)
        return made

    def _give_up(self, key: Hashable, error: RuntimeError) -> None:
        torch.cuda.set_stream(torch.cuda.default_stream(self._device))  # a recording that fails keeps its own
        why = str(error).split("\n")[0]
        if isinstance(error, torch.OutOfMemoryError):
            self._refused.add(key)
            log.warning("no memory for the graph of %s; it goes on without (%s)", key, why)
        else:
            self.able = False
            self._recordings.clear()
            log.warning("this device does not record graphs; going on without (%s)", why)

    def _record(self, work: Work, kept: tuple[Tensor, ...]) -> Recording:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            made = work(*kept)
        self._pool = graph.pool()  # recordings run one after the other, so they share their memory
        return Recording(graph, kept, made)


def rows_of(rows: int, slots: int) -> int:
    return min(1 << (rows - 1).bit_length(), slots)


def width_of(width: int, widest: int) -> int:
    return min(1 << (width - 1).bit_length(), widest)


def depth_of(depth: int) -> int:
    """Of a chain, whose every step costs a forward of the drafter."""
    return depth if depth <= EXACT else -(-depth // 4) * 4


def prompt_of(width: int) -> int:
    return _rounded(width, LEAST_PROMPT)


def entries_of(entries: int, capacity: int) -> int:
    return min(_rounded(entries, LEAST_ENTRIES), capacity)


def _rounded(count: int, least: int) -> int:
    """The next power of two, or the middle before it."""
    above = max(least, 1 << (count - 1).bit_length())
    middle = above // 4 * 3
    return middle if above > least and count <= middle else above
