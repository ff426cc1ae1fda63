"""Held-out documents with their right answers, for `extractor eval`: `python -m extractor.lab.bench.held_out`.

The bundled pair's generator makes them, of the held-out side of its split: with values that it never saw, or with new
names of fields, labels and layouts too. Each line has its schema and, for each value that is printed, its place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from extractor.evidence.scalars import scalars
from extractor.lab.bench.options import command, natural, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES
from extractor.lab.training.sources import places
from schemas.jsontext import read, written


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.held_out", description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=positive, default=300)
    parser.add_argument("--new-names", action="store_true", help="new fields, labels and layouts, not new values alone")
    parser.add_argument("--seed", type=natural, default=SEED + 20)
    return command(parser, arguments, _write)


def _write(options: argparse.Namespace) -> int:
    split = NEW_EVERYTHING if options.new_names else NEW_VALUES
    for number, task in enumerate(islice(tasks(options.seed, split), options.documents), start=1):
        sys.stdout.buffer.write(written(_line(f"{task.kind}-{number}", task)) + b"\n")
    return 0


def _line(name: str, task: Task) -> dict[str, Any]:
    return {
        "custom_id": name,
        "document": {"text": task.document},
        "schema": task.name if task.kind == "builtin" else _schema(task),
        "expected": read(task.answer),
        "places": dict(_places(task)),
    }


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
