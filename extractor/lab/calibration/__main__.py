"""Fits the bundled pair's confidence and measures what that is worth: `python -m extractor.lab.calibration`.

The documents are none that the pair was trained on: held-out ones of its generator, with new values and with new names
and layouts too; those written by hand, for this fit (`documents.jsonl`) and for the pair's card; the held-out side of
the written corpus, but for the documents that training looks at. Each is measured by a fit that was made without it and
without a fifth of the others; the fit that is kept is made of all of them. Values are held to the document as the
schema says in every other document, and all of them in the rest. With `--minutes`, as many documents as can be read in
them, of each set the same share.
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

from extractor.calibration.calibrator import Calibrator
from extractor.calibration.features import FeatureRow
from extractor.calibration.find import BUNDLED, FILE
from extractor.config import read_settings
from extractor.documents import Document
from extractor.errors import DocumentError, OutputError
from extractor.evaluation.fitting import (
    HEADS,
    KINDS,
    CalibrationFit,
    CalibrationSample,
    calibration_from,
    cells,
    samples,
    scores_of,
)
from extractor.evaluation.metrics import Judgement, calibration_error
from extractor.extract import Extractor
from extractor.lab.bench.options import command, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.pages import runs
from extractor.lab.training.evaluate import handwritten
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, Split
from extractor.lab.training.written_tasks import never_seen
from extractor.result import Options
from schemas import Registry, Schema, inline, jsontext
from schemas.keywords import Mode

OWN = Path(__file__).with_name("documents.jsonl")
SPLITS: tuple[tuple[str, Split], ...] = (("new values", NEW_VALUES), ("new names, labels and layouts", NEW_EVERYTHING))
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
    name: str
    case: CalibrationCase
    mode: Mode


Sets = dict[str, list[CalibrationSample]]  # by the kind of their documents


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.calibration", description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=positive, default=100, help="of each synthetic set")
    parser.add_argument("--corpus", type=positive, default=150, help="of the written corpus")
    parser.add_argument("--minutes", type=positive, default=None, help="of decoding at most; what is left is left out")
    parser.add_argument("--write", action="store_true", help="the bundled pair's calibration.json, and docs/runs/'s")
    parser.add_argument("--samples", type=Path, help="keep what was decoded in this file, or read it from there")
    return command(parser, arguments, _run)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    if options.samples is not None and options.samples.is_file():
        sets = _read(json.loads(options.samples.read_text()))
    else:
        sets = _decoded(options.documents, options.corpus, options.minutes)
        if options.samples is not None:
            options.samples.write_text(json.dumps(_plain(sets)))
    day = datetime.now(UTC).date().isoformat()
    fitted = calibration_from([one for some in sets.values() for one in some], "bundled", day)
    if fitted.calibration is None or fitted.missing:
        raise SystemExit(f"too few documents for {' and '.join(fitted.missing)}")
    printed = [
        f"Fitted to {fitted.calibration.documents} documents; each measured by a fit made without a fifth of them.",
        "",
        *_table(sets, fitted, day),
    ]
    print("\n".join(printed))
    if options.write:
        fitted.calibration.write(BUNDLED / FILE)
        runs.keep("calibration", "python -m extractor.lab.calibration", time.monotonic() - began, printed)
    return 0


def _table(sets: Sets, fitted: CalibrationFit, day: str) -> list[str]:
    heads = ["documents", "what", "confidence", *HEADS, "calibration error by chance alone"]
    lines = [f"| {' | '.join(heads)} |", f"{'| --- ' * len(heads)}|"]
    without = {
        name: calibration_from([one for other, some in sets.items() if other != name for one in some], "bundled", day)
        for name in sets
    }
    for kind, what in KINDS.items():
        own = [(name, one) for name, some in sets.items() for one in some if one.row.kind == kind]
        judged = list(zip(own, fitted.left_out[kind], strict=True))
        for name in ("all of these", *sets):
            some = [(one, sure) for (of, one), sure in judged if name in (of, "all of these")]
            rows = {
                "the model's own": [(one.own, one.right) for one, _ in some],
                "calibrated": [(sure, one.right) for one, sure in some],
            }
            if name in without and (fit := without[name].calibration) is not None:
                by_others = [(fit.probability(one.row) or 0.0, one.right) for one, _ in some]
                rows["fitted to the other kinds alone"] = by_others
            for label, each in rows.items():
                scores = [*cells(scores_of(each)), f"{_by_chance(each):.3f}"]
                lines.append(f"| {name} | {what} | {label} | {' | '.join(scores)} |")
    return lines


def _by_chance(judged: list[Judgement]) -> float:
    """The calibration error that so many samples would have if each confidence were the probability itself."""
    dice = random.Random(0)
    drawn = ([(sure, dice.random() < sure) for sure, _ in judged] for _ in range(_DRAWS))
    return fmean(calibration_error(one) or 0.0 for one in drawn)


def _decoded(count: int, corpus: int, minutes: int | None) -> Sets:
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

        jobs = _mixed(_cases(count, corpus))
        found_of: Sets = {job.name: [] for job in jobs}
        with ThreadPoolExecutor(ROWS) as pool:
            for job, found in zip(jobs, pool.map(answered, jobs), strict=True):
                found_of[job.name] += found
    print(f"{len(jobs)} documents, {(time.monotonic() - began) / 60:.1f} minutes")
    return found_of


def _cases(count: int, corpus: int) -> dict[str, list[CalibrationCase]]:
    synthetic = {name: [_case(task) for task in islice(tasks(SEED + 31, split), count)] for name, split in SPLITS}
    by_hand = [*_written(), *(_case(task) for task in handwritten())]
    unseen = [_case(task) for _, task in never_seen(random.Random(SEED + 31), corpus)]
    return {**synthetic, HAND: by_hand, CORPUS: unseen}


def _mixed(sets: dict[str, list[CalibrationCase]]) -> list[_Job]:
    """All of them, spread so that of each set the same share has been read at any time."""
    spread = [
        ((at + 0.5) / len(cases), _Job(name, case, MODES[at % len(MODES)]))
        for name, cases in sets.items()
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


def _case(task: Task) -> CalibrationCase:
    schema = replace(inline(task.schema), name=task.name, description=task.description)
    return CalibrationCase(schema, task.document, jsontext.read(task.answer))


def _written() -> Iterator[CalibrationCase]:
    registry = Registry.discover()
    for line in OWN.read_text("utf-8").splitlines():
        one = jsontext.read(line)
        schema = registry.get(one["schema"]) if isinstance(one["schema"], str) else inline(one["schema"])
        yield CalibrationCase(schema, one["document"], one["expected"])


def _plain(sets: Sets) -> dict[str, list[Any]]:
    return {name: [asdict(one) for one in some] for name, some in sets.items()}


def _read(sets: dict[str, list[Any]]) -> Sets:
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
