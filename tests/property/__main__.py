"""python -m tests.property [--seeds FROM:TO] [--kind schemas|models] [--engine tiny|bundled]: the whole property test,
every fault told."""

from __future__ import annotations

import argparse
import os
import sys

from tests.property.engine import ENGINES, ROWS, TOKENS, Decoding, running
from tests.property.judged import Tally
from tests.property.run import KINDS, walked


def main() -> int:
    parser = argparse.ArgumentParser(prog="make property", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="FROM:TO of each kind (0:1000)")
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="both where neither is named")
    parser.add_argument("--engine", choices=ENGINES, help="answers decoded by a pair; else walks of the grammar")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"decoded at once ({ROWS})")
    parser.add_argument("--tokens", type=int, default=TOKENS, help=f"of an answer at most ({TOKENS})")
    given = parser.parse_args()
    seeds, kinds = range(*map(int, given.seeds.split(":"))), given.kind or sorted(KINDS)
    if given.engine is None:
        return sum(_told(kind, walked(KINDS[kind](seeds))) for kind in kinds) and 1
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with running(given.engine, given.rows) as runner:
        decoding = Decoding(runner, given.rows, given.tokens)
        return sum(_told(kind, decoding.judge(KINDS[kind](seeds))) for kind in kinds) and 1


def _told(kind: str, tally: Tally) -> int:
    """How many faults."""
    for fault in tally.faults:
        print(fault)
    print(
        f"{kind}: {tally.schemas} tried, {tally.refused} without a grammar, {tally.roomless} too long for a prompt, "
        f"{tally.answers} answers, {tally.unfinished} longer than their limit, {len(tally.faults)} faults",
        flush=True,
    )
    return len(tally.faults)


if __name__ == "__main__":
    sys.exit(main())
