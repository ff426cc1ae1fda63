"""What one step costs on this device, at Gemma 4 E2B's exact shapes with random weights: `make bench-gpu`.

A step costs what it costs with real weights; what a drafter would earn is not measured but assumed (`PROFILES`), and
every figure that rests on it says so. The floor is the time this device needs to read the weights a step streams,
measured in the same run. Rows of one length, then rows of many: from an eighth of `--context` to all of it.
`--shapes small` shrinks everything, to try the command where there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from statistics import median
from typing import Any

import torch
from transformers import (
    Gemma4AssistantConfig,
    Gemma4AssistantForCausalLM,
    Gemma4ForCausalLM,
    Gemma4TextConfig,
)

from extractor.engine.cache import SlotCache, SlotShape, aligned
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.host_embedding import keep_on_host
from extractor.engine.model.runner import Runner, Step
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive, positives

PROFILES = {"no drafts": 1.0, "MTP alone": 3.2, "all drafts": 5.2}  # tokens a target forward, simulated on receipts
_SMALL = {
    "vocab_size": 2048, "vocab_size_per_layer_input": 2048, "hidden_size": 128, "intermediate_size": 256,
    "num_hidden_layers": 10, "num_kv_shared_layers": 4, "head_dim": 32, "global_head_dim": 64, "sliding_window": 64,
    "hidden_size_per_layer_input": 16,
}  # fmt: skip
_SMALL_DRAFTER = {**_SMALL, "num_hidden_layers": 4, "vocab_size_per_layer_input": 0, "hidden_size_per_layer_input": 0}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.device", description=__doc__.split("\n")[0])
    parser.add_argument("--shapes", choices=("e2b", "small"), default="e2b")
    parser.add_argument("--rows", type=positives, default="1,4,16,32,64")
    parser.add_argument(
        "--width", type=positive, default=8, help="positions of a verify step, the pending token included"
    )
    parser.add_argument("--context", type=positive, default=1024, help="entries of a row before the step")
    parser.add_argument("--times", type=positive, default=30)
    parser.add_argument("--per-layer-on-host", action="store_true", help="the embedding table in the host's memory")
    parser.add_argument("--json", action="store_true")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if options.shapes == "e2b" and device.type == "cpu":
        print("no GPU here: E2B's shapes would take minutes a step; try --shapes small", file=sys.stderr)
        return 2
    record = measure(options, device)
    print(json.dumps(record, indent=1) if options.json else table(record))
    return 0


@torch.inference_mode()
def measure(options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    target, drafter, memory = random_pair(options.shapes, device, on_host=options.per_layer_on_host)
    streamed = sum(
        w.numel() * w.element_size() for name, w in target.named_parameters() if "per_layer.weight" not in name
    )
    timed = _timer(device, options.times)
    floor = _floor(streamed, device, timed)
    plain = timed(lambda: target(torch.zeros(1, 1, dtype=torch.long, device=device), use_cache=False))
    counts, context = options.rows, options.context
    rows = [_steps(target, drafter, [context] * n, options, timed) for n in counts]
    rows += [_steps(target, drafter, _spread(n, context), options, timed) for n in counts if n > 1]
    return {
        "machine": machine(device), "recorded_as": "graph" if device.type == "cuda" else "padded",
        "shapes": options.shapes, "dtype": str(target.dtype).removeprefix("torch."),
        "width": options.width, "context": options.context, "streamed_bytes": streamed, "floor_ms": round(floor, 3),
        "stock_forward_ms": round(plain, 3), **memory, "rows": rows,
    }  # fmt: skip


def random_pair(shapes: str, device: torch.device, *, on_host: bool = False) -> tuple[Any, Any, dict[str, int]]:
    """(target, drafter, bytes of the device's memory each takes) with random weights, bf16 on a GPU; `on_host`: the
    per-layer embedding table stays there."""
    with _made_on(device, torch.bfloat16 if device.type == "cuda" else torch.float32):
        before = _held(device)
        target = Gemma4ForCausalLM(Gemma4TextConfig(**_shapes("target", shapes)))
        if on_host:
            keep_on_host(target, device)
        between = _held(device)
        drafter = Gemma4AssistantForCausalLM(_assistant(shapes))
        memory = {"target_bytes": between - before, "drafter_bytes": _held(device) - between}
        if (head := drafter.masked_embedding) is not None:  # all zeros as made: one token, gathered over and over
            head.token_ordering.copy_(torch.randperm(head.vocab_size))
    return target.train(False).requires_grad_(False), drafter.train(False).requires_grad_(False), memory


def _floor(streamed: int, device: torch.device, timed: Callable[[Callable[[], Any]], float]) -> float:
    """Milliseconds to move `streamed` bytes: a copy reads half of them and writes as many."""
    source = torch.empty(streamed // 2, dtype=torch.uint8, device=device)
    into = torch.empty_like(source)
    return timed(lambda: into.copy_(source))


def _spread(rows: int, context: int) -> list[int]:
    """Lengths evenly from an eighth of `context` to all of it."""
    return [context - context * 7 * row // (8 * (rows - 1)) for row in range(rows)]


def _steps(
    target: Any,
    drafter: Any,
    lengths: list[int],
    options: argparse.Namespace,
    timed: Callable[[Callable[[], Any]], float],
) -> dict[str, Any]:
    """Each launched kernel by kernel, padded and recorded (on a CPU: only padded), and, on a GPU with Triton, recorded
    with the kernels of `fused.py` and `ragged.py`."""
    rows = len(lengths)
    found: dict[str, Any] = {"rows": rows, "shortest": min(lengths)}
    on_gpu = target.device.type == "cuda"
    for suffix, recorded, kernels in (("", False, False), ("_graph", True, False), ("_own", True, True)):
        if kernels and not on_gpu:
            continue
        graphs = Graphs(target.device) if recorded else None
        reader = build_runner(target, graphs, options.width, kernels=kernels)
        if reader.backend.fused != kernels:  # no Triton; the log says so
            continue
        mtp = MtpModel(drafter, reader)
        shape = SlotShape.of(target.config, aligned(options.context + options.width + 1), options.width)
        cache, slots = SlotCache(rows, shape), list(range(rows))
        # Zeros are the padding, whose states are zeros, on which a GPU is quicker.
        ids = torch.randint(1, reader.vocab, (rows, options.width))
        hidden = torch.randn(rows, target.config.hidden_size, dtype=reader.dtype, device=reader.device)
        bits = torch.full((rows, (reader.vocab + 31) // 32), -1, dtype=torch.int32)

        def verify(width: int, reader: Runner = reader, cache: SlotCache = cache, slots: list[int] = slots) -> Any:
            return reader.verify(Step(ids[:, :width], slots, lengths), cache)  # noqa: B023 -- called within this round

        def chain(mtp: MtpModel = mtp, cache: SlotCache = cache, slots: list[int] = slots) -> Any:
            return mtp.chains(ids[:, 0].tolist(), hidden, slots, lengths, cache, bits, options.width - 1)  # noqa: B023

        begun = time.perf_counter()
        found[f"verify{suffix}_ms"] = round(timed(lambda: verify(options.width)), 3)
        found[f"undrafted{suffix}_ms"] = round(timed(lambda: verify(1)), 3)
        found[f"chain{suffix}_ms"] = round(timed(chain), 3)
        if graphs and on_gpu and not graphs.able:
            raise RuntimeError("this device does not record graphs; the log says why")
        spent = time.perf_counter() - begun
        print(f"{rows} rows from {min(lengths)}{suffix}: {found} ({spent:.0f} s)", file=sys.stderr, flush=True)
    return found


def _shapes(part: str, shapes: str) -> dict[str, Any]:
    given = json.loads((files("extractor.lab.bench") / "e2b.json").read_text("utf-8"))[part]
    if shapes == "small":
        given |= _SMALL if part == "target" else _SMALL_DRAFTER
    kinds = given["layer_types"]
    return {
        **given,
        "layer_types": (kinds * -(-given["num_hidden_layers"] // len(kinds)))[: given["num_hidden_layers"]],
    }


def _assistant(shapes: str) -> Gemma4AssistantConfig:
    given = json.loads((files("extractor.lab.bench") / "e2b.json").read_text("utf-8"))["assistant"]
    if shapes == "small":
        given |= {"backbone_hidden_size": _SMALL["hidden_size"], "num_centroids": 32, "centroid_intermediate_top_k": 4}
    return Gemma4AssistantConfig(text_config=Gemma4TextConfig(**_shapes("drafter", shapes)), **given)


@contextmanager
def _made_on(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Modules made inside are on `device` in `dtype` from the start: E2B twice in memory fits few machines."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            yield
    finally:
        torch.set_default_dtype(usual)


def _held(device: torch.device) -> int:
    return int(torch.cuda.memory_allocated()) if device.type == "cuda" else 0


def _timer(device: torch.device, times: int) -> Callable[[Callable[[], Any]], float]:
    """Median milliseconds of a call; the device is waited for."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    def timed(call: Callable[[], Any]) -> float:
        for _ in range(3):
            call()
        spent = []
        for _ in range(times):
            wait()
            begun = time.perf_counter()
            call()
            wait()
            spent.append(1000 * (time.perf_counter() - begun))
        return median(spent)

    return timed


def table(record: dict[str, Any]) -> str:
    """Markdown."""
    floor, streamed, held = record["floor_ms"], record["streamed_bytes"] / 1e9, record["drafter_bytes"] / 1e9
    rates = " | ".join(f"tokens/s, {name} (assumed {share})" for name, share in PROFILES.items())
    lines = [
        f"{record['machine']}, {record['shapes']} shapes, random weights, {record['dtype']}, {record['context']} "
        f'entries a row ("from": evenly spread). Floor: {floor:.2f} ms to read the {streamed:.2f} GB a step streams. '
        f"Stock forward of one token: {record['stock_forward_ms']:.2f} ms. Memory of the target: "
        f"{record['target_bytes'] / 1e9:.2f} GB, of the drafter: {held:.2f} GB.",
        "",
        f"| rows | as | verify, width {record['width']} | of the floor | undrafted | chain of {record['width'] - 1} | "
        f"{rates} |",
        "| --- " * (6 + len(PROFILES)) + "|",
    ]
    for row in record["rows"]:
        count = f"{row['rows']}" if row["shortest"] == record["context"] else f"{row['rows']}, from {row['shortest']}"
        for name, suffix in (("launched", ""), (record["recorded_as"], "_graph"), ("graph, own kernels", "_own")):
            if f"verify{suffix}_ms" not in row:
                continue
            verify, undrafted, chain = (row[f"{phase}{suffix}_ms"] for phase in ("verify", "undrafted", "chain"))
            whole = {"no drafts": undrafted}
            speeds = (1000 * row["rows"] * share / whole.get(p, verify + chain) for p, share in PROFILES.items())
            cells = [
                count,
                name,
                f"{verify:.2f} ms",
                f"{verify / floor:.2f}x",
                f"{undrafted:.2f} ms",
                f"{chain:.2f} ms",
                *(f"{speed:,.0f}" for speed in speeds),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
