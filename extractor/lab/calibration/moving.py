"""What a few documents of its own are worth to a fit: `python -m extractor.lab.calibration.moving`.

Of each set of documents a fit that has seen none of it is moved to some of its documents, drawn by chance, and judged
on all others: the calibration error of both, the mean of several draws. The sets are those that the bundled pair's fit
is made of, each judged by a fit to the others, and business documents, which are in no fit.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from extractor.calibration.calibration import Calibration
from extractor.evaluation.fitting import KINDS, CalibrationSample, calibration_from
from extractor.evaluation.metrics import calibration_error
from extractor.lab.bench.options import command, positive
from extractor.lab.calibration import answers
from extractor.lab.calibration.by_chance import error_by_chance
from extractor.lab.calibration.decoding import decoded, decoded_file
from extractor.lab.pages import runs

_BENCH = Path(__file__).parents[1] / "bench"
STRANGERS = {
    "business documents of strangers": _BENCH / "business.jsonl",
    "business documents of strangers, written later": _BENCH / "later_business.jsonl",
}
SIZES = (0, 5, 10, 20, 40)  # documents
_LEFT = 15  # documents at least, to judge by

Samples = list[CalibrationSample]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.calibration.moving", description=__doc__)
    parser.add_argument("--answers", type=Path, help="of `python -m extractor.lab.calibration --answers`; else decoded")
    parser.add_argument("--draws", type=positive, default=20)
    parser.add_argument("--write", action="store_true", help="docs/runs/'s")
    return command(parser, arguments, _run)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    read = list(answers.read(options.answers)) if options.answers else decoded(200, 300, None)
    sets: dict[str, Samples] = defaultdict(list)
    strange = [one for name, path in STRANGERS.items() for one in decoded_file(path, name)]
    for one in [*read, *strange]:
        sets[one.name] += one.samples()
    heads = ["documents", "what", "count", "right", *(f"{size} of its own" for size in SIZES), "by chance alone"]
    printed = [f"| {' | '.join(heads)} |", f"{'| --- ' * len(heads)}|", *_lines(sets, options.draws)]
    print("\n".join(printed))
    if options.write:
        runs.keep("moving", "python -m extractor.lab.calibration.moving", time.monotonic() - began, printed)
    return 0


def _lines(sets: dict[str, Samples], draws: int) -> Iterator[str]:
    for name, some in sets.items():
        others = [one for other, found in sets.items() if other not in (name, *STRANGERS) for one in found]
        base = calibration_from(others, "bundled", _today()).calibration
        if base is None:
            raise SystemExit("too few documents for a fit")
        for kind, what in KINDS.items():
            own = [one for one in some if one.row.kind == kind]
            errors = [_error(base, some, kind, size, draws) for size in SIZES]
            shown = ["–" if error is None else f"{error:.3f}" for error in errors]
            chance = error_by_chance([(base.probability(one.row) or 0.0, one.right) for one in own])
            right = f"{fmean(one.right for one in own):.1%}"
            yield f"| {name} | {what} | {len(own):,} | {right} | {' | '.join(shown)} | {chance:.3f} |"


def _error(base: Calibration, some: Samples, kind: str, size: int, draws: int) -> float | None:
    """The mean calibration error of what is left; None where too little is left."""
    documents = sorted({one.document for one in some})
    if len(documents) < size + _LEFT:
        return None
    return fmean(_of_draw(base, some, kind, documents, size, seed) for seed in range(draws if size else 1))


def _of_draw(base: Calibration, some: Samples, kind: str, documents: list[str], size: int, seed: int) -> float:
    own = set(random.Random(seed).sample(documents, size))
    found = calibration_from([one for one in some if one.document in own], "bundled", _today(), base).calibration
    fit = found or base
    left = [one for one in some if one.row.kind == kind and one.document not in own]
    return calibration_error([(fit.probability(one.row) or 0.0, one.right) for one in left]) or 0.0


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
