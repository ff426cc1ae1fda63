"""Attention of a decode step on a GPU that reads each row to its own length.

A dense mask hides entries only after they were read: in a batch of rows from 200 to 8,000 entries the short rows wait
for 8,000, and a recorded graph always reads its padded length. Here each program reads on the device how far its row
goes. A row has few queries, so one program for each row and head would leave most of a GPU idle. Therefore several
programs share the entries of a row, and their results are joined by weight ("flash decoding": Dao et al., 2023, with
the running softmax of Milakov and Gimelshein, arXiv:1805.02867). The kernels are Triton's (`ragged_kernels.py`);
without Triton or a GPU nothing here runs.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor

from extractor.engine.attention.masks import Masks
from extractor.engine.cache import FULL, SLIDING
from extractor.engine.layout import Layout

log = logging.getLogger(__name__)

PROGRAMS = 256  # as many as splitting aims for: two for each multiprocessor of a large GPU
MOST = 32  # splits of a row at most; a power of two
LEAST = 32  # entries of a split at least; a multiple of every block
EVERYTHING = 1 << 30  # entries: further back than any cache goes
FEW = 256  # queries: up to here their tiles are small, so that there are more programs
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class RaggedMask:
    """Row i's first query sees the positions up to `last[i]`, that one included, and each query after it one more. Of
    these it sees the nearest `reach`, or all (None). A query whose last position is below 0 sees nothing. The keys and
    values of row i are those of the slot `slots[i]`, whose first entry is position `bases[i]`; there are none at
    position `end` or after it. `last`, `slots` and `bases`, each `[n]`, are on the device."""

    last: Tensor
    reach: int | None
    slots: Tensor
    bases: Tensor
    end: int

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """See `AttentionMask.attend`; zeros for a query that sees nothing."""
        return attend_ragged(query, keys, values, self)


def ragged_masks(layout: Layout, last: Tensor, window: int) -> Masks:
    """For rows whose first queries are at `last` `[n]` and whose others follow; `layout` names their slots."""
    slots, bases, end = layout.slots, layout.bases, layout.cache.shape.entries
    return {kind: RaggedMask(last, reach, slots, bases[kind], end) for kind, reach in ((FULL, None), (SLIDING, window))}


def available(device: torch.device, dtype: torch.dtype, sizes: Collection[int]) -> bool:
    """Whether `attend_ragged` can run on `device` for heads of these `sizes`. The log says why not."""
    why = _lacking(device, dtype, sizes) or _failing(device, dtype, sizes)
    if why:
        log.warning("attention cannot read each row to its own length: %s; going on without", why)
    return why is None


def _lacking(device: torch.device, dtype: torch.dtype, sizes: Collection[int]) -> str | None:
    if find_spec("triton") is None:
        return "Triton is not installed (in a clone: pip install -c constraints.txt '.[kernels]')"
    from extractor.engine.attention import ragged_kernels

    if device.type != "cuda" and not ragged_kernels.INTERPRETED:
        return f"{device} is no GPU"
    if dtype not in DTYPES:
        return f"{dtype} is none of {', '.join(map(str, DTYPES))}"
    odd = [size for size in sizes if size & (size - 1) or not 16 <= size <= 512]
    return f"a head of {odd[0]} is no power of two from 16 to 512" if odd else None


def _failing(device: torch.device, dtype: torch.dtype, sizes: Collection[int]) -> str | None:
    """Why a trial fails, if it does. Only Triton can say which GPUs it knows and whether it finds what it compiles
    with, a C compiler among it."""
    try:
        for size in sizes:
            one = torch.ones(1, 1, 1, size, dtype=dtype, device=device)
            zero = torch.zeros(1, dtype=torch.long, device=device)
            out = attend_ragged(one, one, one, RaggedMask(zero, None, zero, zero, 1))
            if not bool((out == 1).all()):
                return "its numbers are wrong here"
    except Exception as error:
        return str(error).strip().split("\n")[0] or type(error).__name__
    return None


def attend_ragged(query: Tensor, keys: Tensor, values: Tensor, mask: RaggedMask) -> Tensor:
    """See `RaggedMask.attend`: `query` `[n, width, heads, size]`, `keys` and `values` `[slots, kv heads, entries,
    size]` give `[n, width, heads * size]`. They may be views of any strides but the last, which is 1."""
    from extractor.engine.attention import ragged_kernels

    n, width, heads, size = query.shape
    kv = keys.shape[1]
    group = heads // kv
    queries = group * width  # of a KV head: they are computed together, so keys and values are read once
    tile, block, warps, stages = _blocks(n * kv, queries, size, query.dtype)
    tiles = -(-queries // tile)
    splits = max(1, min(MOST, PROGRAMS // (n * kv * tiles)))
    means = query.new_empty((n * kv, splits, queries, size), dtype=torch.float32)
    weights = query.new_empty((n * kv, splits, queries), dtype=torch.float32)
    out = query.new_empty((n, width, heads * size))
    reach = EVERYTHING if mask.reach is None else mask.reach
    spans = (mask.last.stride(0), width, mask.end, reach, kv, splits)
    strides = (*query.stride()[:3], *keys.stride()[:3], *values.stride()[:3])
    with torch.cuda.device(query.get_device()):  # where Triton launches; -1, a CPU, changes nothing
        ragged_kernels.read[(n * kv, tiles, splits)](
            query, keys, values, mask.last, mask.slots, mask.bases, means, weights, *strides, *spans,
            GROUP=group, SIZE=size, LEAST=LEAST, TILE=tile, BLOCK=block, num_warps=warps, num_stages=stages,
        )  # fmt: skip
        part = min(size, 128)
        ragged_kernels.join[(n * kv, queries, size // part)](
            means, weights, mask.last, out, *spans, GROUP=group, SIZE=size, LEAST=LEAST, MOST=MOST, PART=part
        )
    return out


def _blocks(pairs: int, queries: int, size: int, dtype: torch.dtype) -> tuple[int, int, int, int]:
    """(queries of a program, entries it reads at a time, warps, stages of its pipeline), for so many `pairs` of a row
    and a KV head with `queries` each. Of those that fit the shared memory of a consumer card (99 KiB a program) they
    were the quickest on an H100.

    tl.dot takes no fewer than 16 rows. In float32 no tensor core computes the products, and all takes twice the memory.
    """
    wide = size > 256
    if dtype == torch.float32:
        return 16, 16, 8 if wide else 4, 1
    tile = 16 if queries <= 16 or pairs * queries <= FEW else 32 if queries <= 32 or wide else 64
    return tile, 32, 4, 2
