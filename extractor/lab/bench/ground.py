"""How good evidence and confidence are: `python -m extractor.lab.bench.ground`.

The bundled pair's held-out documents say where each value of their right answer is printed. First the right answers are
looked up: in the right place, in a wrong one, nowhere; then the answers of other documents, which should be nowhere
(now and then one is: a small number, a common word). Then the model of the settings extracts, and its right and
wrong values are compared by their confidence and by whether they have evidence.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise

import torch

from extractor.config import read_settings
from extractor.errors import DocumentError, OutputError
from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import Scalar, scalars
from extractor.extract import Extractor
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, natural, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, Split
from extractor.lab.training.sources import places
from extractor.result import Options
from schemas import inline

SETS: dict[str, Split] = {"new values": NEW_VALUES, "new names, labels and layouts": NEW_EVERYTHING}
LEVELS = {"under 0.5": 0.5, "to 0.9": 0.9, "to 0.99": 0.99, "above": 1.01}  # of confidence


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.ground", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--documents", type=positive, default=300, help="of each set")
    parser.add_argument("--extract", type=natural, default=100, help="documents of each set that the model is given")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    print(f"{machine(torch.device('cpu'))}\n")
    print("| documents | values | right place | wrong place | none | of another document, found | ms a document |")
    print("| --- " * 7 + "|")
    made = {name: list(islice(tasks(SEED + 4, split), options.documents)) for name, split in SETS.items()}
    for name, some in made.items():
        begun = time.perf_counter()
        found = [EvidenceSearch(task.document).of(list(scalars(task.answer))) for task in some]
        each = 1000 * (time.perf_counter() - begun) / len(some)
        counts = Counter(one for task, where in zip(some, found, strict=True) for one in _outcomes(task, where))
        values = sum(counts.values())
        shares = " | ".join(f"{counts[one] / max(1, values):.1%}" for one in ("right", "wrong", "none"))
        fooled = [bool(where) for task, other in pairwise(some) for where in _foreign(task, other)]
        share = sum(fooled) / max(1, len(fooled))
        print(
            f"| {len(some)}, {name} | {values:,} | {shares} | {share:.1%} of {len(fooled):,} | {each:.2f} |", flush=True
        )
    if options.extract:
        _extracted({name: some[: options.extract] for name, some in made.items()}, options.model)
    return 0


def _outcomes(task: Task, found: list[Occurrence]) -> Iterator[str]:
    """Of each value that is known to be printed somewhere."""
    for start, origin, where in zip(places(task.document, task.origins), task.origins, found, strict=True):
        if start is not None and origin is not None:
            stop = start + len(origin.printed)
            yield "none" if not where else "right" if any(p.start < stop and p.stop > start for p in where) else "wrong"


def _foreign(task: Task, other: Task) -> list[Occurrence]:
    """What is found in `task`'s document of what only the answer of `other` says."""
    own = {str(one.value) for one in scalars(task.answer)}
    return EvidenceSearch(task.document).of(
        [one for one in scalars(other.answer) if _says(one) and str(one.value) not in own]
    )


def _says(scalar: Scalar) -> bool:
    return scalar.value is not None and not isinstance(scalar.value, bool)


def _extracted(made: dict[str, list[Task]], model: str | None) -> None:
    print("\n| the model's values | confidence " + " | ".join(LEVELS), end="")
    print(" | right, with evidence | wrong, with evidence |\n" + "| --- " * (len(LEVELS) + 3) + "|")
    settings = read_settings(**({"model": model} if model else {}))
    with Extractor(settings) as extractor:
        for name, some in made.items():
            judged = [one for task in some for one in _judged(extractor, task)]
            cells, low = [], 0.0
            for level in LEVELS.values():
                within = [right for right, sure, _ in judged if low <= sure < level]
                cells.append(f"{sum(within)} of {len(within)} right")
                low = level
            for wanted in (True, False):
                with_it = [evidence for right, _, evidence in judged if right is wanted]
                cells.append(f"{sum(with_it)} of {len(with_it)}")
            print(f"| {len(some)}, {name} | " + " | ".join(cells) + " |", flush=True)


def _judged(extractor: Extractor, task: Task) -> Iterator[tuple[bool, float, bool]]:
    """(right, confidence, has evidence) of each value but null, true and false that the model wrote."""
    schema = replace(inline(task.schema), name=task.name, description=task.description)
    try:
        done = extractor.extract(task.document, schema, Options(max_model_calls=1))
    except (DocumentError, OutputError):
        return
    right = {one.path: one.value for one in scalars(task.answer)}
    for one in scalars(done.text):
        if _says(one):
            known = done.fields[one.pointer]
            yield right.get(one.path) == one.value, known["confidence"] or 0.0, bool(known["evidence"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
