"""The promise measured: whatever is drafted and however rows are batched, the output is the undrafted one.

    python -m extractor.lab.bench.lossless --documents 200

Decodes held-out documents (half of them with field names and layouts that training never saw) undrafted, one at a time;
then again with every mix of the drafters there are, in batches, and with all of them alone. A difference is shown with
its tokens' logits from a forward without cache or drafts. In float32 it is rounding where the grammar allows both
tokens and both are within 1e-4 of the best it allows; anything else is a fault, and exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import closing
from dataclasses import replace
from itertools import chain, combinations

from extractor.config import read_settings
from extractor.engine.model.loader import Models, load
from extractor.lab.bench.agreement import difference
from extractor.lab.bench.engines import Ours, drafters_of
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive
from extractor.lab.bench.workload import SEED, Case, cases, documents, summary
from extractor.loading import spec, use_threads


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.lossless")
    parser.add_argument("--documents", type=positive, default=200)
    parser.add_argument("--rows", type=positive, default=4, help="rows of a batch")
    parser.add_argument("--max-tokens", type=positive, default=256)
    parser.add_argument("--seed", type=int, default=SEED + 1)
    parser.add_argument("--model", default=None)
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    settings = read_settings(**({"model": options.model} if options.model else {}))
    models = load(replace(spec(settings), dtype="float32"))
    use_threads(settings, models)
    context = min(models.context, 4096)
    half = options.documents // 2
    items = chain(documents(options.documents - half, options.seed), documents(half, options.seed, new_names=True))
    workload = cases(models, items, context, options.max_tokens)
    if not workload:
        raise ValueError("no document fits the model's context")
    print(json.dumps({"machine": machine(models.target.device), "model": models.info, **summary(workload)}), flush=True)
    base = _ids(models, workload, (), 1, context)
    faults = 0
    drafters = drafters_of(models)
    mixes = [mix for n in range(len(drafters) + 1) for mix in combinations(drafters, n)]
    alone = [(1, drafters)] if options.rows > 1 else []
    for rows, mix in [*((options.rows, mix) for mix in mixes), *alone]:
        begun = time.perf_counter()
        other = _ids(models, workload, mix, rows, context)
        found = [
            difference(models, case, one, two)
            for case, one, two in zip(workload, base, other, strict=True)
            if one != two
        ]
        faults += sum(not one["rounding"] for one in found)
        label = f"{'+'.join(mix) or 'none'}, {rows} row{'s' if rows > 1 else ''}"
        seconds = time.perf_counter() - begun
        print(f"{label:28} {len(workload) - len(found)} of {len(workload)} the same ({seconds:.0f} s)", flush=True)
        for one in found:
            print("   ", json.dumps(one), flush=True)
    print("lossless" if not faults else f"{faults} differences are not rounding")
    return 1 if faults else 0


def _ids(models: Models, workload: list[Case], mix: tuple[str, ...], rows: int, context: int) -> list[list[int]]:
    with closing(Ours(models, mix, rows, context, max_draft=15)) as engine:
        return engine.run(workload).ids


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
