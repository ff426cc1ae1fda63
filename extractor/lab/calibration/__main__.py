"""Fits the bundled pair's confidence and measures what that is worth: `python -m extractor.lab.calibration`.

The documents are none that the pair was trained on: held-out ones of its generator, with new values and with new names
and layouts too; those written by hand, for this fit (`documents.jsonl`) and for the pair's card; those of many kinds,
each with the schema that its holder would write (`many_kinds.jsonl`); the held-out side of the written corpus, but for
the documents that training looks at. Each is measured by a fit that was made without it and without a fifth of the
others, by one that was made without all documents of its kind, and by one without its whole set; the fit that is kept
is made of all of them. Values are held to the document as the schema says in every other document, and all of them in
the rest. With `--minutes`, as many documents as can be read in them, of each set the same share.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from extractor.calibration.find import BUNDLED, FILE
from extractor.evaluation.fitting import (
    HEADS,
    KINDS,
    CalibrationFit,
    CalibrationSample,
    calibration_from,
    cells,
    scores_of,
)
from extractor.lab.bench.options import command, positive
from extractor.lab.calibration import answers
from extractor.lab.calibration.by_chance import error_by_chance
from extractor.lab.calibration.decoding import decoded
from extractor.lab.pages import runs

_ALL = "all of these"

Sets = dict[str, list[CalibrationSample]]  # by the kind of their documents


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.calibration", description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=positive, default=200, help="of each synthetic set")
    parser.add_argument("--corpus", type=positive, default=300, help="of the written corpus")
    parser.add_argument("--minutes", type=positive, default=None, help="of decoding at most; what is left is left out")
    parser.add_argument("--write", action="store_true", help="the bundled pair's calibration.json, and docs/runs/'s")
    parser.add_argument("--answers", type=Path, help="keep the answers in this file, or read them from there")
    return command(parser, arguments, _run)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    if options.answers is not None and options.answers.is_file():
        read = list(answers.read(options.answers))
    else:
        read = decoded(options.documents, options.corpus, options.minutes)
        if options.answers is not None:
            answers.write(options.answers, read)
    sets: Sets = defaultdict(list)
    for one in read:
        sets[one.name] += one.samples()
    day = datetime.now(UTC).date().isoformat()
    fitted = calibration_from([one for some in sets.values() for one in some], "bundled", day)
    if fitted.calibration is None or fitted.missing:
        raise SystemExit(f"too few documents for {' and '.join(fitted.missing)}")
    if options.write:
        fitted.calibration.write(BUNDLED / FILE)
    printed = [
        f"Fitted to {fitted.calibration.documents} documents; each measured by fits made without it.",
        "",
        *_table(sets, fitted, day),
    ]
    print("\n".join(printed))
    if options.write:
        runs.keep("calibration", "python -m extractor.lab.calibration", time.monotonic() - began, printed)
    return 0


def _table(sets: Sets, fitted: CalibrationFit, day: str) -> list[str]:
    heads = ["documents", "what", "confidence", *HEADS, "calibration error by chance alone"]
    lines = [f"| {' | '.join(heads)} |", f"{'| --- ' * len(heads)}|"]
    without = {
        name: calibration_from([one for other, some in sets.items() if other != name for one in some], "bundled", day)
        for name, own in sets.items()
        if _kinds(own) > 1  # else it is the fit without its kind
    }
    for kind, what in KINDS.items():
        own = [(name, one) for name, some in sets.items() for one in some if one.row.kind == kind]
        judged = list(zip(own, fitted.left_out[kind], fitted.kind_left_out[kind], strict=True))
        for name in (_ALL, *sets):
            some = [(one, sure, unseen) for (of, one), sure, unseen in judged if name in (of, _ALL)]
            rows = {
                "the model's own": [(one.own, one.right) for one, _, _ in some],
                "calibrated": [(sure, one.right) for one, sure, _ in some],
                "fitted to the other kinds alone": [(unseen, one.right) for one, _, unseen in some],
            }
            if name in without and (fit := without[name].calibration) is not None:
                by_others = [(fit.probability(one.row) or 0.0, one.right) for one, _, _ in some]
                rows["fitted to the other sets alone"] = by_others
            for label, each in rows.items():
                scores = [*cells(scores_of(each)), f"{error_by_chance(each):.3f}"]
                lines.append(f"| {name} | {what} | {label} | {' | '.join(scores)} |")
    return lines


def _kinds(some: list[CalibrationSample]) -> int:
    return len({one.document_kind for one in some})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
