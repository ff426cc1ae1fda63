"""Compiles the GPU's kernels, at E2B's sizes, for an A100, an H100 and an RTX 50, and prints the most shared memory
that a program of theirs takes: `python -m tests.engine.compiling ragged|fused`. Needs Triton, no GPU, and a process of
its own: whether Triton compiles or interprets is decided once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from triton import compile as build
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from extractor.engine.attention import ragged, ragged_kernels
from extractor.engine.model import fused, fused_kernels

ARCHITECTURES = (80, 90, 120)


def compiled(kernel: Any, types: Mapping[str, str], arch: int, warps: int, stages: int, **fixed: Any) -> int:
    """Bytes of shared memory. `types`: of the arguments that are not int32; `fixed`: those known when it is compiled.
    Pointers, strides of tensors and the sizes `n` and `k` are multiples of 16."""
    names = kernel.arg_names
    types = dict.fromkeys(names, "i32") | dict(types) | dict.fromkeys(fixed, "constexpr")
    even = {name for name in names if types[name].startswith("*") or name in ("n", "k")}
    even |= {name for name in names if name.startswith(("query_", "keys_", "values_"))} - set(fixed)
    source = ASTSource(
        kernel,
        {name: types[name] for name in names},
        {(names.index(name),): value for name, value in fixed.items()},
        {(at,): [["tt.divisibility", 16]] for at, name in enumerate(names) if name in even},
    )
    made = build(source, GPUTarget("cuda", arch, 32), {"num_warps": warps, "num_stages": stages})
    assert made.asm["cubin"]
    return int(made.metadata.shared)


def of_ragged() -> Iterator[int]:
    types = dict.fromkeys(["query", "keys", "values", "out"], "*bf16")
    types |= dict.fromkeys(["last", "slots", "bases"], "*i64") | {"means": "*fp32", "weights": "*fp32"}
    for size in (256, 512):
        for pairs in (1, 32):
            tile, block, warps, stages = ragged._blocks(pairs, 64, size, torch.bfloat16)
            fixed = {"GROUP": 8, "SIZE": size, "LEAST": ragged.LEAST}
            for arch in ARCHITECTURES:
                yield compiled(ragged_kernels.read, types, arch, warps, stages, TILE=tile, BLOCK=block, **fixed)
                yield compiled(ragged_kernels.join, types, arch, 4, 3, MOST=ragged.MOST, PART=128, **fixed)


def of_fused() -> Iterator[int]:
    def each(kernel: Any, floats: str, longs: str = "", warps: int = 4, stages: int = 3, **rest: Any) -> Iterator[int]:
        """`floats` and `longs` are bfloat16's and int64's; of the `rest` those in small letters are types."""
        types = {"eps": "fp32", "scale": "fp32", "cap": "fp32"} | dict.fromkeys(floats.split(), "*bf16")
        types |= dict.fromkeys(longs.split(), "*i64") | {key: rest.pop(key) for key in list(rest) if key.islower()}
        for arch in ARCHITECTURES:
            yield compiled(kernel, types, arch, warps, stages, **rest)

    kernels, of_heads = fused_kernels, ("scales cos sin query keys values", "positions slots bases")
    yield from each(
        kernels.add_norm, "state norm next_norm out normed", parts="*fp32", NORMED=True, BLOCK=2048, PARTS=8
    )
    for size in (256, 512):
        own = {"QUERIES": 8, "KV": 1, "OWN_VALUES": True, "SIZE": size, "PER": 10, "PARTS": 4}
        yield from each(kernels.heads, *of_heads, parts="*fp32", **own)
    shared = {"QUERIES": 4, "KV": 0, "OWN_VALUES": False, "SIZE": 256, "PER": 4, "PARTS": 1}
    yield from each(kernels.heads, *of_heads, parts="*fp32", **shared)
    yield from each(kernels.gated, "gate other out", BLOCK=1024)
    for mode, n, k in ((0, 2560, 1536), (0, 1536, 12288), (1, 12288, 1536), (2, 256, 1536)):
        plan = dict(fused._plan(n, k, mode != 0)[1])
        warps, stages = plan.pop("num_warps"), plan.pop("num_stages")
        yield from each(kernels.product, "x weight factor out", "", warps, stages, MODE=mode, ROWS=16, **plan)
    yield from each(kernels.softcap, "logits", "", 8, BLOCK=4096)
    best = {"bits": "*i32", "best": "*fp32"}
    yield from each(kernels.masked_argmax, "logits", "token", total="*fp32", MASKED=True, BLOCK=4096, **best)
    search = {"MASKED": True, "SIZE": 256, "EACH": 128, "BLOCK": 32}
    yield from each(kernels.centroid_argmax, "state weight", "members chosen token", **search, **best)


if __name__ == "__main__":
    print(max({"ragged": of_ragged, "fused": of_fused}[sys.argv[1]]()))
