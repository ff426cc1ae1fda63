"""Held-out documents with their right answers, for `extractor eval`: `python -m extractor.lab.bench.held_out`.

The bundled pair's generator makes them, of the held-out side of its split: with values that it never saw, or with new
names of fields, labels and layouts too. Each line has its schema and, for each value that is printed, its place.
`--written` writes those that were written by hand for training and held out of it, as they were written, those of a
built-in kind under the built-in schema. `--marked FOLDER` writes documents by hand instead, marked as gold.py reads
them, under the schema that their answer suggests: its keys, the kinds of its values, each of which may be null.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from extractor.evidence.scalars import scalars
from extractor.lab.bench.gold import Gold, golds
from extractor.lab.bench.options import command, natural, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.training.builtin_schemas import KINDS, schema_of
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES
from extractor.lab.training.sources import places
from extractor.lab.training.written_tasks import never_seen
from extractor.notation import find
from schemas.jsontext import read, written


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.held_out", description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=positive, default=300)
    parser.add_argument("--new-names", action="store_true", help="new fields, labels and layouts, not new values alone")
    parser.add_argument("--written", action="store_true", help="documents by hand that were never trained on")
    parser.add_argument("--seed", type=natural, default=SEED + 20)
    parser.add_argument("--marked", type=Path, metavar="FOLDER", help="documents by hand, and none of the generator")
    return command(parser, arguments, _write)


def _write(options: argparse.Namespace) -> int:
    for gold in golds(options.marked) if options.marked else ():
        sys.stdout.buffer.write(written(_by_hand(gold)) + b"\n")
    if options.marked:
        return 0
    if options.written:
        for number, (kind, task) in enumerate(never_seen(random.Random(options.seed), options.documents), start=1):
            sys.stdout.buffer.write(written(_line(f"{kind}-{number}", task)) + b"\n")
        return 0
    split = NEW_EVERYTHING if options.new_names else NEW_VALUES
    for number, task in enumerate(islice(tasks(options.seed, split), options.documents), start=1):
        sys.stdout.buffer.write(written(_line(f"{task.kind}-{number}", task)) + b"\n")
    return 0


def _line(name: str, task: Task) -> dict[str, Any]:
    return {
        "custom_id": name,
        "document": {"text": task.document},
        "schema": task.name if _builtin(task) else _schema(task),
        "expected": read(task.answer),
        "places": dict(_places(task)),
    }


def _by_hand(gold: Gold) -> dict[str, Any]:
    answer = read(gold.answer)
    places = {
        scalar.pointer: [{"start": start, "stop": stop} for start, stop in gold.places.get(scalar.pointer, ())]
        for scalar in scalars(gold.answer)
        if isinstance(scalar.value, str | int | Decimal)
    }
    return {
        "custom_id": gold.name,
        "document": {"text": gold.document},
        "schema": suggested(answer),
        "expected": answer,
        "places": places,
    }


def suggested(value: Any) -> dict[str, Any]:
    """The schema that a value suggests."""
    if isinstance(value, dict):
        below = {key: suggested(one) for key, one in value.items()}
        return {"type": "object", "properties": below, "required": list(below), "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "items": _of_all(value)}
    if isinstance(value, bool):
        return {"type": ["boolean", "null"]}
    if isinstance(value, int | float):
        return {"type": ["number", "null"]}
    parts = find.date_and_time(value) if isinstance(value, str) else None
    date = parts is not None and parts[0] == value and len(value) == 10
    return {"type": ["string", "null"]} | ({"format": "date"} if date else {})


def _of_all(items: list[Any]) -> dict[str, Any]:
    """Of objects all keys that one of them has."""
    if items and all(isinstance(one, dict) for one in items):
        return suggested(
            {key: value for one in items for key, value in one.items() if value is not None}
            | {key: None for one in items for key in one if all(other.get(key) is None for other in items)}
        )
    return suggested(next((one for one in items if one is not None), None))


def _builtin(task: Task) -> bool:
    return task.name in KINDS and task.schema == schema_of(task.name)[1]


def _schema(task: Task) -> dict[str, Any]:
    return task.schema | ({"description": task.description} if task.description else {})


def _places(task: Task) -> Iterator[tuple[str, list[dict[str, int]]]]:
    """Of each value that is known to be printed somewhere."""
    starts = places(task.document, task.origins)
    for scalar, start, origin in zip(scalars(task.answer), starts, task.origins, strict=True):
        if start is not None and origin is not None:
            yield scalar.pointer, [{"start": start, "stop": start + len(origin.printed)}]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
