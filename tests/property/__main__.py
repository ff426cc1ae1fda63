"""python -m tests.property [--seeds FROM:TO] [--kind schemas|models]: the whole property test, every fault told."""

from __future__ import annotations

import argparse
import sys

from tests.property.run import of_json_schemas, of_models

RUNS = {"schemas": of_json_schemas, "models": of_models}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make property", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="FROM:TO of each kind (0:1000)")
    parser.add_argument("--kind", choices=sorted(RUNS), action="append", help="both where neither is named")
    given = parser.parse_args()
    first, last = map(int, given.seeds.split(":"))
    bad = 0
    for kind in given.kind or sorted(RUNS):
        tally = RUNS[kind](range(first, last))
        for fault in tally.faults:
            print(fault)
        print(
            f"{kind}: {tally.schemas} tried, {tally.refused} without a grammar, {tally.answers} answers, "
            f"{tally.unfinished} without an end, {len(tally.faults)} faults"
        )
        bad += len(tally.faults)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
