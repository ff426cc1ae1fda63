"""From answers and right answers to a fit, and what the fit is worth. Pure but for numpy: knows answers, figures and
right answers; runs no model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extractor.calibration.calibration import Calibration
from extractor.calibration.features import NAMES, NULL, SIGNS, VALUE, FeatureRow
from extractor.evaluation.compare import compare
from extractor.evaluation.metrics import Judgement, reliability
from extractor.result import Known

JSON = dict[str, Any]

KINDS = {VALUE: "values", NULL: "nulls"}


@dataclass(frozen=True)
class CalibrationSample:
    """A value or a null of an answer: its figures, whether it is right, how sure the model itself was of it, and the
    document that it is of, and of what kind that is where it is known."""

    row: FeatureRow
    right: bool
    own: float
    document: str
    document_kind: str | None = None


def samples(
    json_schema: JSON,
    expected: Any,
    data: Any,
    rows: Mapping[str, FeatureRow],
    fields: Mapping[str, Known],
    document: str,
    document_kind: str | None = None,
) -> list[CalibrationSample]:
    """Those of one answer that the right answer `expected` says something of. `fields`: as without a fit."""
    right: dict[str, bool] = {}
    for outcome in compare(json_schema, expected, data):
        if outcome.pointer_in_answer is not None:
            right[outcome.pointer_in_answer] = right.get(outcome.pointer_in_answer, True) and outcome.right
    own = {pointer: known["confidence"] for pointer, known in fields.items()}
    return [
        CalibrationSample(row, right[pointer], own[pointer] or 0.0, document, document_kind)
        for pointer, row in rows.items()
        if pointer in right and pointer in own
    ]


@dataclass(frozen=True)
class CalibrationFit:
    """`left_out`: by kind, what a fit that had not seen the document says of each sample of the kind, in their order.
    `kind_left_out`: what one says that had seen no document of its kind, where those are known. `missing`: kinds that
    there was too little of."""

    calibration: Calibration | None
    left_out: Mapping[str, list[float]]
    kind_left_out: Mapping[str, list[float]]
    missing: list[str]


def calibration_from(all_samples: Sequence[CalibrationSample], model: str, day: str) -> CalibrationFit:
    """`day`: `YYYY-MM-DD`."""
    from extractor.calibration.fit import fit  # here: it loads numpy, which an installation for the API lacks

    curves, left_out, kind_left_out, report = {}, {}, {}, {}
    for kind in KINDS:
        own = [one for one in all_samples if one.row.kind == kind]
        features, right = [one.row.features for one in own], [one.right for one in own]
        documents = [one.document for one in own]
        fitted = fit(NAMES[kind], features, right, documents, SIGNS[kind], _document_kinds(own))
        if fitted is not None:
            curves[kind], left_out[kind] = fitted.curve, fitted.left_out
            report[kind] = {
                "before": scores_of((one.own, one.right) for one in own),
                "after": scores_of(zip(fitted.left_out, right, strict=True)),
            }
            if fitted.kind_left_out is not None:
                kind_left_out[kind] = fitted.kind_left_out
                report[kind]["unseen_kinds"] = scores_of(zip(fitted.kind_left_out, right, strict=True))
    count = len({one.document for one in all_samples})
    calibration = Calibration(model, day, count, curves, report) if curves else None
    return CalibrationFit(calibration, left_out, kind_left_out, [kind for kind in KINDS if kind not in curves])


def _document_kinds(some: Sequence[CalibrationSample]) -> list[str] | None:
    """Of each sample; None where that of any is not known."""
    kinds = [one.document_kind for one in some if one.document_kind is not None]
    return kinds if len(kinds) == len(some) else None


def scores_of(judged: Iterable[Judgement]) -> JSON:
    """Count, share right, calibration error, AUROC, and the share right of the surest 80 and 90 in a hundred."""
    found = reliability(judged).as_json()
    return {name: _round(found[name]) for name in ("count", "accuracy", "ece", "auroc", "at_80", "at_90")}


HEADS = ("count", "right", "calibration error", "AUROC", "right of the surest 80%", "of the surest 90%")


def cells(scores: JSON) -> list[str]:
    """Under `HEADS`; a dash for what cannot be said."""
    shares = {name: "–" if scores[name] is None else f"{scores[name]:.1%}" for name in ("accuracy", "at_80", "at_90")}
    ece, auroc = ("–" if scores[name] is None else f"{scores[name]:.3f}" for name in ("ece", "auroc"))
    return [f"{scores['count']:,}", shares["accuracy"], ece, auroc, shares["at_80"], shares["at_90"]]


def _round(figure: Any) -> Any:
    return round(figure, 4) if isinstance(figure, float) else figure
