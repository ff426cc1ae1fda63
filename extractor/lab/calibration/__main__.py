"""Fits the bundled pair's confidence and measures what that is worth: `python -m extractor.lab.calibration`.

The fit is made of held-out documents of the pair's generator, with new values and with new names and layouts too, of
documents written by hand for it (`documents.jsonl`), and of the corpus's training side, each with other values than the
pair was trained on. It is measured on others: of the same generator with another seed, of the corpus's held-out side,
and the hand-written documents of the pair's card, which nothing was fitted or trained on. Values are held to the
document as the schema says in every other document, and all of them in the rest. With `--minutes`, as many documents as
can be read in them, of each set the same share.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from extractor.calibration.calibration import Calibration
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.features import FeatureRow
from extractor.calibration.find import BUNDLED, FILE
from extractor.config import read_settings
from extractor.documents import Document
from extractor.errors import DocumentError, OutputError
from extractor.evaluation.fitting import HEADS, KINDS, CalibrationSample, calibration_from, cells, samples, scores_of
from extractor.evaluation.metrics import Judgement, calibration_error
from extractor.extract import Extractor
from extractor.lab.bench.options import command, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.training.evaluate import handwritten
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, Split
from extractor.lab.training.written_tasks import drawn, never_seen
from extractor.result import Options
from schemas import Registry, Schema, inline, jsontext
from schemas.keywords import Mode

OWN = Path(__file__).with_name("documents.jsonl")
SYNTHETIC: dict[str, Split] = {"new values": NEW_VALUES, "new names, labels and layouts": NEW_EVERYTHING}
HAND, CORPUS = "written by hand", "the written corpus"
MODES: tuple[Mode, ...] = ("declared", "all")
ROWS = 12
_DRAWS = 50
_PATIENCE_S = 600.0  # for a document: a busy machine is no reason to leave it out


@dataclass(frozen=True)
class CalibrationCase:
    schema: Schema
    text: str
    expected: Any


@dataclass(frozen=True)
class _Job:
    """`part`: 0 what is fitted, 1 what is measured."""

    part: int
    name: str
    case: CalibrationCase
    mode: Mode


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.calibration", description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=positive, default=120, help="of each synthetic set that is fitted")
    parser.add_argument("--corpus", type=positive, default=240, help="of the written corpus that are fitted")
    parser.add_argument("--test", type=positive, default=80, help="of each synthetic set and the corpus, measured")
    parser.add_argument("--minutes", type=positive, default=None, help="of decoding at most; what is left is left out")
    parser.add_argument("--write", action="store_true", help="the bundled pair's calibration.json")
    parser.add_argument("--samples", type=Path, help="keep what was decoded in this file, or read it from there")
    return command(parser, arguments, _run)


def _run(options: argparse.Namespace) -> int:
    if options.samples is not None and options.samples.is_file():
        fit, test = (_read(part) for part in json.loads(options.samples.read_text()))
    else:
        fit, test = _decoded(options.documents, options.corpus, options.test, options.minutes)
        if options.samples is not None:
            options.samples.write_text(json.dumps([_plain(fit), _plain(test)]))
    day = datetime.now(UTC).date().isoformat()
    fitted = calibration_from([one for some in fit.values() for one in some], "bundled", day)
    if fitted.calibration is None or fitted.missing:
        raise SystemExit(f"too few documents for {' and '.join(fitted.missing)}")
    if options.write:
        fitted.calibration.write(BUNDLED / FILE)
    print(f"Fitted to {fitted.calibration.documents} documents; measured on others.\n")
    heads = ["documents", "what", "confidence", *HEADS, "calibration error by chance alone"]
    print(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|")
    _table("all of these", [one for some in test.values() for one in some], fitted.calibration, None)
    for name, some in test.items():
        others = [one for kind, each in fit.items() if kind != name for one in each]
        _table(name, some, fitted.calibration, calibration_from(others, "bundled", day).calibration)
    return 0


def _table(name: str, some: list[CalibrationSample], fitted: Calibration, without: Calibration | None) -> None:
    """`without`: a fit to the other kinds of documents alone."""
    for kind, what in KINDS.items():
        own = [one for one in some if one.row.kind == kind]
        lines = {"the model's own": [(one.own, one.right) for one in own]}
        for label, fit in (("calibrated", fitted), ("fitted to the other kinds alone", without)):
            if fit is not None:
                lines[label] = [(fit.probability(one.row) or 0.0, one.right) for one in own]
        for label, judged in lines.items():
            scores = [*cells(scores_of(judged)), f"{_by_chance(judged):.3f}"]
            print(f"| {name} | {what} | {label} | {' | '.join(scores)} |")


def _by_chance(judged: list[Judgement]) -> float:
    """The calibration error that so many samples would have if each confidence were the probability itself."""
    dice = random.Random(0)
    drawn = ([(sure, dice.random() < sure) for sure, _ in judged] for _ in range(_DRAWS))
    return fmean(calibration_error(one) or 0.0 for one in drawn)


def _decoded(
    count: int, corpus: int, tested: int, minutes: int | None
) -> tuple[dict[str, list[CalibrationSample]], dict[str, list[CalibrationSample]]]:
    """By the kind of their documents: what is fitted, and what is measured."""
    fitted = {name: _synthetic(SEED + 31, split, count) for name, split in SYNTHETIC.items()}
    fitted |= {HAND: list(_written()), CORPUS: _corpus(corpus)}
    measured = {name: _synthetic(SEED + 32, split, tested) for name, split in SYNTHETIC.items()}
    unseen = [_case(task) for _, task in never_seen(random.Random(SEED + 32), tested)]
    measured |= {HAND: [_case(task) for task in handwritten()], CORPUS: unseen}
    began = time.monotonic()
    until = began + 60 * minutes if minutes else math.inf
    rows_of: dict[int, dict[str, FeatureRow]] = {}
    settings = read_settings(model="bundled", slots=ROWS, request_timeout_s=_PATIENCE_S)
    calibrator = Calibrator(record=lambda document, rows: rows_of.update({id(document): rows}))
    with Extractor(settings, calibrator=calibrator) as extractor:

        def answered(job: _Job) -> list[CalibrationSample]:
            if time.monotonic() > until:
                return []
            return _samples(extractor, rows_of, job.case, job.mode)

        jobs = _mixed(
            {(part, name): cases for part, sets in enumerate((fitted, measured)) for name, cases in sets.items()}
        )
        found_of: tuple[dict[str, list[CalibrationSample]], ...] = (
            {name: [] for name in fitted},
            {name: [] for name in measured},
        )
        with ThreadPoolExecutor(ROWS) as pool:
            for job, found in zip(jobs, pool.map(answered, jobs), strict=True):
                found_of[job.part][job.name] += found
    print(f"{len(jobs)} documents, {(time.monotonic() - began) / 60:.1f} minutes")
    return found_of[0], found_of[1]


def _mixed(sets: dict[tuple[int, str], list[CalibrationCase]]) -> list[_Job]:
    """All of them, spread so that of each set the same share has been read at any time."""
    spread = [
        ((at + 0.5) / len(cases), _Job(part, name, case, MODES[at % len(MODES)]))
        for (part, name), cases in sets.items()
        for at, case in enumerate(cases)
    ]
    return [job for _, job in sorted(spread, key=lambda one: one[0])]


def _samples(
    extractor: Extractor, rows_of: dict[int, dict[str, FeatureRow]], case: CalibrationCase, mode: Mode
) -> list[CalibrationSample]:
    document = Document(case.text)
    try:
        done = extractor.extract(document, case.schema, Options(max_model_calls=1, printed=mode))
    except (DocumentError, OutputError):
        return []
    rows = rows_of.pop(id(document), {})
    return samples(case.schema.json_schema, case.expected, done.data, rows, done.fields, case.text)


def _synthetic(seed: int, split: Split, count: int) -> list[CalibrationCase]:
    return [_case(task) for task in islice(tasks(seed, split), count)]


def _corpus(count: int) -> list[CalibrationCase]:
    dice = random.Random(SEED + 31)
    return [_case(drawn(dice)) for _ in range(count)]


def _case(task: Task) -> CalibrationCase:
    schema = replace(inline(task.schema), name=task.name, description=task.description)
    return CalibrationCase(schema, task.document, jsontext.read(task.answer))


def _written() -> Iterator[CalibrationCase]:
    registry = Registry.discover()
    for line in OWN.read_text("utf-8").splitlines():
        one = jsontext.read(line)
        schema = registry.get(one["schema"]) if isinstance(one["schema"], str) else inline(one["schema"])
        yield CalibrationCase(schema, one["document"], one["expected"])


def _plain(sets: dict[str, list[CalibrationSample]]) -> dict[str, list[Any]]:
    return {name: [asdict(one) for one in some] for name, some in sets.items()}


def _read(sets: dict[str, list[Any]]) -> dict[str, list[CalibrationSample]]:
    return {
        name: [
            CalibrationSample(
                FeatureRow(one["row"][0], tuple(one["row"][1])), one["right"], one["own"], one["document"]
            )
            for one in some
        ]
        for name, some in sets.items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
