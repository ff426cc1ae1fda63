"""The pair's answers to documents that it was not trained on: which documents, and reading them in the time given."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from extractor.config import read_settings
from extractor.documents import Document
from extractor.errors import DocumentError, EngineError, OutputError
from extractor.extract import Extractor
from extractor.lab.bench.workload import SEED
from extractor.lab.calibration.answers import AnswerKeeper, DecodedAnswer
from extractor.lab.training.evaluate import handwritten
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, Split
from extractor.lab.training.written_tasks import never_seen
from extractor.options import Options
from schemas import Registry, Schema, inline, jsontext
from schemas.keywords import Mode

OWN = Path(__file__).with_name("documents.jsonl")
MANY = Path(__file__).with_name("many_kinds.jsonl")
SPLITS: tuple[tuple[str, Split], ...] = (("new values", NEW_VALUES), ("new names, labels and layouts", NEW_EVERYTHING))
HAND, CORPUS, OF_MANY_KINDS = "written by hand", "the written corpus", "of many kinds"
MODES: tuple[Mode, ...] = ("declared", "all")
ROWS = 12
_TRIES, _PAUSE_S = 10, 2.0
_PATIENCE_S = 600.0  # for a document: a busy machine is no reason to leave it out


@dataclass(frozen=True)
class CalibrationCase:
    """`kind` of the document: as the corpus and `many_kinds.jsonl` name them, of another set's the set."""

    kind: str
    schema: Schema
    text: str
    expected: Any


@dataclass(frozen=True)
class _Job:
    name: str
    case: CalibrationCase
    mode: Mode


def decoded(synthetic: int, corpus: int, minutes: int | None) -> list[DecodedAnswer]:
    """Answers to `synthetic` documents of each of the generator's sets, to `corpus` of the written corpus and to all
    that were written by hand, in the order of their sets; with `minutes`, what is read in them."""
    return _decoded(_mixed(_cases(synthetic, corpus)), minutes)


def decoded_file(path: Path, name: str) -> list[DecodedAnswer]:
    """Answers to the documents of a file by hand, which are the set `name`, all values held to the document."""
    return _decoded([_Job(name, case, "all") for case in written_cases(path)], None)


def _decoded(jobs: list[_Job], minutes: int | None) -> list[DecodedAnswer]:
    began = time.monotonic()
    until = began + 60 * minutes if minutes else math.inf
    calibrator = AnswerKeeper()
    settings = read_settings(model="bundled", slots=ROWS, request_timeout_s=_PATIENCE_S)
    with Extractor(settings, calibrator=calibrator) as extractor:

        def answer(job: _Job) -> DecodedAnswer | None:
            return _answer(extractor, calibrator, job) if time.monotonic() < until else None

        with ThreadPoolExecutor(ROWS) as pool:
            found = [one for one in pool.map(answer, jobs) if one is not None]
    print(f"{len(found)} of {len(jobs)} documents, {(time.monotonic() - began) / 60:.1f} minutes")
    return found


def _cases(synthetic: int, corpus: int) -> dict[str, list[CalibrationCase]]:
    generated = {
        name: [_case(name, task) for task in islice(tasks(SEED + 31, split), synthetic)] for name, split in SPLITS
    }
    by_hand = [*written_cases(OWN), *(_case(HAND, task) for task in handwritten())]
    unseen = [_case(kind, task) for kind, task in never_seen(random.Random(SEED + 31), corpus)]
    return {**generated, HAND: by_hand, OF_MANY_KINDS: list(written_cases(MANY)), CORPUS: unseen}


def _mixed(sets: dict[str, list[CalibrationCase]]) -> list[_Job]:
    """All of them, spread so that of each set the same share has been read at any time."""
    spread = [
        ((at + 0.5) / len(cases), _Job(name, case, MODES[at % len(MODES)]))
        for name, cases in sets.items()
        for at, case in enumerate(cases)
    ]
    return [job for _, job in sorted(spread, key=lambda one: one[0])]


def _answer(extractor: Extractor, calibrator: AnswerKeeper, job: _Job) -> DecodedAnswer | None:
    """None of a document that has no answer that stands, nor got one in all its tries: each has a schema of its own,
    which a busy machine has no process to judge for at once."""
    document, case = Document(job.case.text), job.case
    for _ in range(_TRIES):
        try:
            done = extractor.extract(document, case.schema, Options(max_model_calls=1, printed=job.mode))
            break
        except (DocumentError, OutputError):
            return None
        except EngineError:
            time.sleep(_PAUSE_S)
    else:
        return None
    return calibrator.answer(job.name, case.kind, document, case.expected, done.data)


def _case(kind: str, task: Task) -> CalibrationCase:
    schema = replace(inline(task.schema), name=task.name, description=task.description)
    return CalibrationCase(kind, schema, task.document, jsontext.read(task.answer))


def written_cases(path: Path) -> Iterator[CalibrationCase]:
    """Of a file by hand. A line's `custom_id`, where it has one, says the kind before its number: `bank-letter-03`."""
    registry = Registry.discover()
    for line in path.read_text("utf-8").splitlines():
        one = jsontext.read(line)
        schema = registry.get(one["schema"]) if isinstance(one["schema"], str) else inline(one["schema"])
        kind = one.get("custom_id", HAND).rpartition("-")[0] or HAND
        yield CalibrationCase(kind, schema, one["document"], one["expected"])
