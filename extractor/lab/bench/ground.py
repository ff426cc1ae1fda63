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
from pathlib import Path
from typing import Any, get_args

import torch

from extractor.config import read_settings
from extractor.errors import DocumentError, OutputError
from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import Scalar, scalars
from extractor.evidence.spans import overlap
from extractor.extract import Extractor
from extractor.lab.bench.gold import Gold, Kind, golds, kind
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, natural, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, Split
from extractor.lab.training.sources import places
from extractor.options import Options
from schemas import inline

SETS: dict[str, Split] = {"new values": NEW_VALUES, "new names, labels and layouts": NEW_EVERYTHING}
LEVELS = {"under 0.5": 0.5, "to 0.9": 0.9, "to 0.99": 0.99, "above": 1.01}  # of confidence


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.ground", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--documents", type=positive, default=300, help="of each set")
    parser.add_argument("--extract", type=natural, default=100, help="documents of each set that the model is given")
    parser.add_argument("--gold", type=Path, nargs="*", help="folders of documents marked by hand (bench/gold.py)")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    print(f"{machine(torch.device('cpu'))}\n")
    print("| documents | values | printed | right place | wrong place | none | of another document, found ", end="")
    print("| ms of a processor a document |\n" + "| --- " * 8 + "|")
    tasks_of = {name: list(islice(tasks(SEED + 4, split), options.documents)) for name, split in SETS.items()}
    sets = {name: [_gold(task) for task in some] for name, some in tasks_of.items()}
    if options.gold:
        sets |= {f"marked by hand, {folder.name}": golds(folder) for folder in options.gold}
    for name, some in sets.items():
        for line in _measured(name, some):
            print(line, flush=True)
    if options.extract:
        _extracted({name: some[: options.extract] for name, some in tasks_of.items()}, options.model)
    return 0


def _gold(task: Task) -> Gold:
    printed = {
        one.pointer: [(start, start + len(origin.printed))]
        for one, start, origin in zip(
            scalars(task.answer), places(task.document, task.origins), task.origins, strict=True
        )
        if start is not None and origin is not None
    }
    return Gold(task.name, task.document, task.answer, printed, task.schema)


def _measured(name: str, some: list[Gold]) -> Iterator[str]:
    """A line for each way that values are printed."""
    begun = time.thread_time()
    found = [_search(one, one.json_schema).of(list(scalars(one.answer))) for one in some]
    each = 1000 * (time.thread_time() - begun) / len(some)
    counts = Counter(one for gold, where in zip(some, found, strict=True) for one in outcomes(gold, where))
    fooled = [bool(where) for one, other in pairwise(some) for where in _foreign(one, other)]
    share = sum(fooled) / max(1, len(fooled))
    rest = f"{share:.1%} of {len(fooled):,} | {each:.2f}"
    for printed in get_args(Kind):
        values = sum(counts[printed, outcome] for outcome in ("right", "wrong", "none"))
        shares = " | ".join(f"{counts[printed, one] / max(1, values):.1%}" for one in ("right", "wrong", "none"))
        if values:
            yield f"| {len(some)}, {name} | {values:,} | {printed} | {shares} | {rest} |"
            rest = " | "


def outcomes(gold: Gold, found: list[Occurrence]) -> Iterator[tuple[Kind, str]]:
    """Of each value that is printed somewhere: how, and whether its place was found."""
    for one, where in zip(scalars(gold.answer), found, strict=True):
        if spans := gold.places.get(one.pointer):
            kinds = {kind(one, gold.document[slice(*span)]) for span in spans}
            is_right = any(overlap((place.start, place.stop), span) for place in where for span in spans)
            yield (
                max(kinds, key=list(get_args(Kind))[::-1].index),
                "none" if not where else "right" if is_right else "wrong",
            )


def _foreign(gold: Gold, other: Gold) -> list[Occurrence]:
    """What is found in `gold`'s document of what only the answer of `other` says."""
    own = {str(one.value) for one in scalars(gold.answer)}
    return _search(gold, other.json_schema).of(
        [one for one in scalars(other.answer) if _says(one) and str(one.value) not in own]
    )


def _search(gold: Gold, json_schema: dict[str, Any]) -> EvidenceSearch:
    return EvidenceSearch(gold.document, json_schema=json_schema)


def _says(scalar: Scalar) -> bool:
    return scalar.value is not None and not isinstance(scalar.value, bool)


def _extracted(tasks_of: dict[str, list[Task]], model: str | None) -> None:
    print("\n| the model's values | confidence " + " | ".join(LEVELS), end="")
    print(" | right, with evidence | wrong, with evidence |\n" + "| --- " * (len(LEVELS) + 3) + "|")
    settings = read_settings(calibration="none", **({"model": model} if model else {}))
    with Extractor(settings) as extractor:
        for name, some in tasks_of.items():
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
