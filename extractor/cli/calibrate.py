"""`extractor calibrate`: makes a model's confidence a probability, from documents whose right answers are known."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from extractor.calibration.calibration import Calibration, name_of, read
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.features import FeatureRow
from extractor.calibration.find import BUNDLED_MODEL, file_of
from extractor.cli.evaluate import named_schema
from extractor.cli.evaluate_runs import run_here
from extractor.cli.flags import (
    AtOnce,
    Charset,
    GoldSchema,
    MaxTokens,
    ModelFlag,
    Password,
    PrintedMode,
    known_schema_of,
    options_of,
)
from extractor.cli.output import fail, put_rows, put_text, say
from extractor.cli.whole_file import check_writable
from extractor.config import Settings, read_settings
from extractor.documents import Document
from extractor.evaluation.fitting import (
    HEADS,
    KINDS,
    CalibrationFit,
    CalibrationSample,
    calibration_from,
    cells,
    samples,
)
from extractor.evaluation.gold import GoldCase, read_gold
from extractor.evaluation.judged import Answered

_TOO_FEW = "at least 40 of them, 5 right and 5 wrong, in 5 documents"
_TOO_FEW_TO_MOVE = "to move the fit it begins from takes at least 5 of them in 3 documents"
_FEW = 20  # documents
_LABELS = {"before": "the model's own", "base": "by the fit it begins from", "after": "calibrated"}


def calibrate(
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD", help="As for eval: a .jsonl of lines, or a folder of documents.")
    ],
    schema: GoldSchema = None,
    model: ModelFlag = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The fit; else calibration.json in the model's folder."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A fit of this model to begin from; else the bundled pair's own, or none."),
    ] = None,
    rows: AtOnce = None,
    max_output_tokens: MaxTokens = None,
    printed: PrintedMode = "declared",
    charset: Charset = None,
    password: Password = None,
) -> None:
    """Fit a model's confidence to documents whose right answers are known, and say what that is worth.

    Of few documents a fit that there is moves to them; of some hundreds they have one of their own. The table says how
    sure the model was itself, and how sure it is with the fit, of documents left out of it.
    """
    given = {name: value for name, value in (("model", model), ("slots", rows)) if value is not None}
    settings = read_settings(**given)
    path = output or _beside(settings)
    check_writable(path)
    begun = _base(base, settings)
    schema_of = partial(known_schema_of, sources=settings.schemas)
    cases = read_gold(gold, None if schema is None else schema_of(schema), partial(named_schema, schema_of))
    rows_of: dict[int, tuple[Document, dict[str, FeatureRow]]] = {}  # with the document, so that no other gets its id
    calibrator = Calibrator(record=lambda document, rows: rows_of.update({id(document): (document, rows)}))
    run = run_here(cases, options_of("all", max_output_tokens, printed), settings, charset, password, calibrator)
    found = [one for case, answer in zip(cases, run.answers, strict=True) for one in _samples(case, answer, rows_of)]
    for case, answer in zip(cases, run.answers, strict=True):
        if answer.error:
            say(f"{case.name}: {answer.error['detail']} ({answer.error['code']})")
    own = begun if begun is not None and begun.model == name_of(run.model) else None
    fitted = calibration_from(found, name_of(run.model), datetime.now(UTC).date().isoformat(), own)
    _show(fitted, found, path)


def _beside(settings: Settings) -> Path:
    path = file_of(settings.model)
    if path is None:
        fail(f"{settings.model} has no folder of its own here: say where to keep its fit with --output")
    if settings.model == BUNDLED_MODEL:
        fail("the bundled pair has its fit: say where to keep another with --output")
    return path


def _base(named: str | None, settings: Settings) -> Calibration | None:
    """The fit to begin from; the bundled pair has one that no documents of a user's are in."""
    path = Path(named) if named is not None else file_of(BUNDLED_MODEL) if settings.model == BUNDLED_MODEL else None
    if named == "none" or path is None:
        return None
    try:
        found = read(path)
    except (OSError, ValueError) as error:
        fail(f"--base {path}: {error.strerror if isinstance(error, OSError) else error}")
    if found.model != name_of(settings.model):
        fail(f"--base {path} was fitted for {found.model}, and the model is {name_of(settings.model)}")
    return found


def _samples(
    case: GoldCase, answer: Answered, rows_of: dict[int, tuple[Document, dict[str, FeatureRow]]]
) -> list[CalibrationSample]:
    """None of a document that failed, nor of one that was read in windows."""
    _, rows = rows_of.get(id(answer.document), (None, {}))
    if answer.result is None:
        return []
    return samples(case.schema.json_schema, case.expected, answer.data, rows, answer.result["fields"], case.name)


def _show(fitted: CalibrationFit, found: list[CalibrationSample], path: Path) -> None:
    counts = {kind: sum(one.row.kind == kind for one in found) for kind in KINDS}
    for kind in fitted.missing:
        if kind in fitted.kept:
            say(f"too few {KINDS[kind]}: {counts[kind]}; {_TOO_FEW_TO_MOVE}, so theirs stays as it was")
            continue
        wrong = sum(one.row.kind == kind and not one.right for one in found)
        say(f"too few {KINDS[kind]} for a fit: {counts[kind]}, {wrong} of them wrong; it takes {_TOO_FEW}")
    if fitted.calibration is None:
        fail("nothing was fitted")
    lines = [
        [f"{KINDS[kind]}, {label}", *cells(scores)]
        for kind, report in fitted.calibration.report.items()
        for name, label in _LABELS.items()
        if (scores := report.get(name))
    ]
    put_rows([["", *HEADS], *lines], "", *HEADS)
    if fitted.calibration.documents < _FEW:
        say(f"{fitted.calibration.documents} documents say little, of these figures too: take {_FEW} or more")
    fitted.calibration.write(path)
    base = fitted.calibration.base
    moved = f", moved from a fit of {base['fitted']} to {base['documents']}" if base is not None else ""
    put_text([f"{path}: fitted for {fitted.calibration.model} to {fitted.calibration.documents} documents{moved}"])
