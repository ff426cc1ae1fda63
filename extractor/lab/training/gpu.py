"""The bundled pair trained on, on one GPU: `python -m extractor.lab.training.gpu --minutes 9`.

The target as `by_hand` trains it, then its drafter. Goes on from the committed weights with everything the machine
has: batches are made ahead by all cores but one, and are as large as the card's memory holds. What is trained lies in
RUN_DIR/weights, a folder as extractor/bundled/weights, and in the checkpoints beside it. Called again with more
`--minutes` it goes on from there; killed, it has lost a minute at most. Without a GPU it does the same on the CPU,
slowly, which shows that it runs.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

import torch

from extractor.lab.training import by_hand, evaluate, train
from extractor.lab.training.plan import Plan

_TARGET, _DRAFTER = 0.78, 0.14  # of the minutes; the rest is for starting and writing
_TOKENS_A_GIB = 700  # of a batch: 49,152 took a card of 80 GB
_MOST_TOKENS = 65_536  # more is no faster, and makes fewer steps
_LEAST_TOKENS = 4096
_ROWS_A_TOKEN = 1 / 16  # of a pool that is sorted by length into a good dozen batches
_REPORT_S = 60.0


def batch_tokens(gib: float) -> int:
    """Of a batch on a card with so much free memory."""
    return max(_LEAST_TOKENS, min(_MOST_TOKENS, int(gib * _TOKENS_A_GIB) // _LEAST_TOKENS * _LEAST_TOKENS))


def plan_of(minutes: float, seed: int) -> Plan:
    """For the machine at hand."""
    if not torch.cuda.is_available():
        return Plan(minutes, seed, report_s=_REPORT_S)
    free, _ = torch.cuda.mem_get_info()
    tokens = batch_tokens(free / 2**30)
    workers = max(1, (os.cpu_count() or 2) - 1)
    rows = int(tokens * _ROWS_A_TOKEN)
    return Plan(minutes, seed, tokens, rows, report_s=_REPORT_S, device="cuda", workers=workers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=9, help="in all, those of earlier calls in RUN_DIR too")
    parser.add_argument("--run-dir", type=Path, default=Path("build/gpu"))
    parser.add_argument("--from", dest="began_from", type=Path, default=evaluate.WEIGHTS, metavar="WEIGHTS")
    parser.add_argument("--keep", type=Path, help="whose word counts of generated documents; else those of --from")
    parser.add_argument("--rate", type=float, default=0.8, help="of the recipe's learning rates")
    parser.add_argument("--seed", type=int, default=2)
    given = parser.parse_args()
    run_dir: Path = given.run_dir
    run_dir.mkdir(parents=True, exist_ok=True)
    train.begin(run_dir, given.began_from)
    plan = plan_of(given.minutes * _TARGET, given.seed)
    print(plan, flush=True)
    by_hand.Training(by_hand.slower(plan, given.rate), run_dir, given.keep or given.began_from, given.began_from).run()
    train.export(run_dir, run_dir / "weights")
    plan = replace(plan, minutes=given.minutes * _DRAFTER)
    train.train_drafter(plan, run_dir, given.rate, given.began_from / "drafter")
    train.export(run_dir, run_dir / "weights")


if __name__ == "__main__":
    main()
