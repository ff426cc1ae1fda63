"""Reports of `extractor eval --json` as one table, a row each: `python -m extractor.lab.bench.beside NAME=FILE…`. With
`--review` what marking below some confidences is worth."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from extractor.evaluation.table import figure, share
from extractor.lab.bench.options import command

HEADS = (
    "documents", "printed values", "fields right", "value-F1, micro", "value-F1, macro", "not printed, of texts and "
    "numbers", "invented where there is none", "ran on: cut off, ended", "ECE, values", "ECE, nulls",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.beside", description=__doc__)
    parser.add_argument("--review", action="store_true", help="a table of thresholds for review_below")
    parser.add_argument("reports", nargs="+", metavar="NAME=FILE")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    reports = [_read(named) for named in options.reports]
    below = reports[0][1]["totals"]["review"] if options.review else []
    heads = ["documents", "nothing", *(f"below {one['below']}" for one in below)] if options.review else HEADS
    print(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|")
    for name, report in reports:
        print(row_of_thresholds(name, report) if options.review else row(name, report))
    return 0


def _read(named: str) -> tuple[str, dict[str, Any]]:
    """A name, which several reports may have, and the report."""
    name, _, file = named.partition("=")
    return name, json.loads(Path(file).read_text("utf-8"))


def row_of_thresholds(name: str, report: dict[str, Any]) -> str:
    """The share that is marked, and the share that is right of the rest; of nothing marked, of all."""
    total = report["totals"]
    of_all = [total["calibration"][each] for each in ("values", "nulls")]
    right = sum(one["count"] * (one["accuracy"] or 0) for one in of_all) / sum(one["count"] for one in of_all)
    cells = (f"{share(one['marked'])}: {share(one['right_of_the_rest'])}" for one in total["review"])
    return f"| {name}: {total['documents']['count']} | {share(right)} | {' | '.join(cells)} |"


def row(name: str, report: dict[str, Any]) -> str:
    total = report["totals"]
    documents, leaves, invented = total["documents"], total["leaves"], total["invented"]
    right = leaves["exact"] + leaves["normalised"] + leaves["null_right"]
    cells = [
        f"{name}: {documents['count']}",
        report["options"].get("printed", "declared"),
        f"{right:,} of {leaves['count']:,}: {share(leaves['accuracy'])}",
        figure(total["value_f1"]["micro"]["f1"]),
        figure(total["value_f1"]["macro"]["f1"]),
        f"{invented['not_printed']:,} of {invented['written']:,}",
        f"{invented['where_gold_has_none']:,}",
        f"{documents['ran_on']}, {documents['ended']}",
        *(figure(total["calibration"][name]["ece"]) for name in ("values", "nulls")),
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
