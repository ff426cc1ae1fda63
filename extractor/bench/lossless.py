"""The promise measured: whatever is drafted and however rows are batched, the output is the undrafted one.

    python -m extractor.bench.lossless --documents 200

Decodes held-out documents (half of them with field names and layouts that training never saw) undrafted, one at a time;
then again with every mix of drafters, in batches and alone. A difference is printed with the two tokens' logits from a
forward without cache or drafts: in float32 a gap under 1e-4 is rounding, anything above it is a fault, and exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import torch
from llguidance import LLMatcher

from extractor.bench.engines import Ours
from extractor.bench.machine import machine
from extractor.bench.workload import SEED, Case, cases, documents, summary
from extractor.config import read_settings
from extractor.engine import DRAFTERS
from extractor.engine.models import Models, load
from extractor.engine.verify import unpack
from extractor.loading import spec, use_threads

ROUNDING = 1e-4  # logits in float32

MIXES = list(chain.from_iterable(combinations(DRAFTERS, n) for n in range(len(DRAFTERS) + 1)))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.bench.lossless")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--rows", type=int, default=4, help="rows of a batch")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--seed", type=int, default=SEED + 1)
    parser.add_argument("--model", default=None)
    options = parser.parse_args(arguments)
    settings = read_settings(**({"model": options.model} if options.model else {}))
    models = load(replace(spec(settings), dtype="float32"))
    use_threads(settings, models)
    context = min(models.context, 4096)
    half = options.documents // 2
    items = chain(documents(options.documents - half, options.seed), documents(half, options.seed, new_names=True))
    workload = cases(models, items, context, options.max_tokens)
    print(json.dumps({"machine": machine(), "model": models.info, **summary(workload)}), flush=True)
    base = _ids(models, workload, (), 1, context)
    faults = 0
    for rows in (options.rows, 1):
        for mix in MIXES if rows > 1 else MIXES[-1:]:
            begun = time.perf_counter()
            other = _ids(models, workload, mix, rows, context)
            found = [
                _difference(models, case, one, two)
                for case, one, two in zip(workload, base, other, strict=True)
                if one != two
            ]
            faults += sum(one["gap"] >= ROUNDING for one in found)
            label = f"{'+'.join(mix) or 'none'}, {rows} row{'s' if rows > 1 else ''}"
            seconds = time.perf_counter() - begun
            print(f"{label:28} {len(workload) - len(found)} of {len(workload)} the same ({seconds:.0f} s)", flush=True)
            for one in found:
                print("   ", json.dumps(one), flush=True)
    print("lossless" if not faults else f"{faults} differences are not rounding")
    return 1 if faults else 0


def _ids(models: Models, workload: list[Case], mix: tuple[str, ...], rows: int, context: int) -> list[list[int]]:
    engine = Ours(models, mix, rows, context, max_draft=15)
    try:
        return engine.run(workload).ids
    finally:
        engine.close()


@torch.inference_mode()
def _difference(models: Models, case: Case, one: list[int], two: list[int]) -> dict[str, Any]:
    """Where two outputs part, and what the target alone thinks of the two tokens there."""
    shared = list(zip(one, two, strict=False))
    at = next((i for i, (a, b) in enumerate(shared) if a != b), len(shared))
    pair = [ids[at] if at < len(ids) else models.stop_ids[0] for ids in (one, two)]
    ids = torch.tensor([case.prompt + one[:at]], device=models.target.device)
    logits = models.target(ids).logits[0, -1].float()
    assert case.grammar is not None
    matcher = LLMatcher(models.ll_tokenizer, models.bound(case.grammar))
    matcher.consume_tokens(one[:at])
    bits = torch.zeros((1, (logits.shape[0] + 31) // 32), dtype=torch.int32)
    matcher.unsafe_compute_mask_ptr(bits.data_ptr(), bits.numel() * 4)
    allowed = unpack(bits, logits.shape[0])[0]
    first, second = (float(logits[token]) for token in pair)
    return {
        "position": at,
        "tokens": pair,
        "allowed": [bool(allowed[token]) for token in pair],
        "logits": [first, second],
        "gap": abs(first - second),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
