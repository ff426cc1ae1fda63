"""CUDA graphs: a forward of fixed shape is recorded once and then launched as one piece.

A decode step launches over a thousand small kernels, and on a fast GPU launching them takes longer than what they
compute. A recording holds for one shape only, so steps are padded to a few shapes: `rows_of`, `width_of` and the other
functions below say which. Off a GPU the padded work just runs, which is how tests hold it to the unpadded one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from cachetools import LRUCache
from torch import Tensor

log = logging.getLogger(__name__)

MOST = 256  # recordings kept; each holds the memory that its kernels write to
LEAST_ENTRIES = 256
LEAST_PROMPT = 16  # positions of a prompt's chunk
EXACT = 8  # steps: chains up to here are not rounded

Work = Callable[..., tuple[Tensor, ...]]


@dataclass
class Recording:
    """A graph, the tensors it reads and the tensors it writes."""

    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    out: tuple[Tensor, ...]


class Graphs:
    """Recordings by their key. The next run of a key writes over what `run` returned for it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._recordings: LRUCache[Hashable, Recording] = LRUCache(MOST)
        self._refused: set[Hashable] = set()  # those there was no memory for
        self.able = device.type == "cuda"
        self.recording = False  # whether a forward is being recorded just now
        self.captures = 0  # recordings so far, failed ones among them; a run that makes one takes far longer
        self._pool: Any = None

    def run(self, key: Hashable, work: Work, *inputs: Tensor) -> tuple[Tensor, ...]:
        """`work(*inputs)`, recorded the first time. Whatever differs between two runs of a key has to be in `inputs`,
        tensors on the device. Whatever `work` makes once (caches, tables) it has to make in its first run."""
        if not self.able or key in self._refused:
            return work(*inputs)
        recording = self._recordings.get(key)
        if recording is None:
            self.captures += 1
            self.recording = True
            try:
                return self._first(key, work, inputs)
            finally:
                self.recording = False
        for place, new in zip(recording.inputs, inputs, strict=True):
            place.copy_(new, non_blocking=True)
        recording.graph.replay()
        return recording.out

    def _first(self, key: Hashable, work: Work, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The output of the first run; then the work is recorded, if it can be."""
        kept = tuple(tensor.clone() for tensor in inputs)
        # Caches, tables and the kernels for tensors aligned like these are made in this run, not in the recording. An
        # error of this run is the work's own.
        out = work(*kept)
        torch.cuda.synchronize(self._device)
        try:
            self._recordings[key] = self._record(work, kept)
        except RuntimeError as error:
            self._give_up(key, error)
        return out

    def _give_up(self, key: Hashable, error: RuntimeError) -> None:
        torch.cuda.set_stream(torch.cuda.default_stream(self._device))  # a failed recording leaves its own stream on
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
            out = work(*kept)
        self._pool = graph.pool()  # recordings run one after the other, so they share their memory
        return Recording(graph, kept, out)


def rows_of(rows: int, slots: int) -> int:
    """The rows that a step of `rows` is padded to."""
    return min(1 << (rows - 1).bit_length(), slots)


def width_of(width: int, widest: int) -> int:
    """The positions of each row that a step of `width` is padded to."""
    return min(1 << (width - 1).bit_length(), widest)


def depth_of(depth: int) -> int:
    """The steps that a chain of `depth` is padded to: to few, since each costs a forward of the drafter."""
    return depth if depth <= EXACT else -(-depth // 4) * 4


def prompt_of(width: int) -> int:
    """The positions that a chunk of a prompt is padded to."""
    return _rounded(width, LEAST_PROMPT)


def entries_of(entries: int, capacity: int) -> int:
    """The entries of the cache that are read for rows of up to `entries`."""
    return min(_rounded(entries, LEAST_ENTRIES), capacity)


def _rounded(count: int, least: int) -> int:
    """The next power of two, or three quarters of it where that is enough; at least `least`."""
    above = max(least, 1 << (count - 1).bit_length())
    middle = above // 4 * 3
    return middle if above > least and count <= middle else above
