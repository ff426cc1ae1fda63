"""From answers and right answers to a fit, and what the fit is worth. Pure but for numpy: knows answers, figures and
right answers; runs no model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.calibration.calibration import Calibration
from extractor.calibration.curve import Curve
from extractor.calibration.features import NAMES, NULL, SIGNS, VALUE, FeatureRow
from extractor.evaluation.compare import compare
from extractor.evaluation.metrics import Judgement, reliability
from extractor.result import Known

if TYPE_CHECKING:
    from extractor.calibration.fit import Fitted

JSON = dict[str, Any]

KINDS = {VALUE: "values", NULL: "nulls"}
ENOUGH = 100  # documents, for a fit of their own where there is one to begin from


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
    there was too little of. `kept`: those of them of which the fit it begins from says what it said."""

    calibration: Calibration | None
    left_out: Mapping[str, list[float]]
    kind_left_out: Mapping[str, list[float]]
    missing: list[str]
    kept: list[str]


def calibration_from(
    all_samples: Sequence[CalibrationSample], model: str, day: str, base: Calibration | None = None
) -> CalibrationFit:
    """`day`: `YYYY-MM-DD`. `base`: a fit of other documents to begin from. For values, and for nulls, it is moved to
    the samples, or, of `ENOUGH` documents, one is made of them alone: that which judges left out ones better."""
    found = {kind: _of_kind(kind, all_samples, base.curves.get(kind) if base else None) for kind in KINDS}
    fits = {kind: one for kind, one in found.items() if one is not None}
    missing = [kind for kind in KINDS if kind not in fits]
    kept = {kind: base.curves[kind] for kind in missing if base and kind in base.curves}
    curves = {kind: one.fitted.curve for kind, one in fits.items()} | kept
    begun = base if base and (kept or any(one.is_moved for one in fits.values())) else None
    calibration = Calibration(
        model,
        day,
        len({one.document for one in all_samples}),
        curves,
        {kind: one.report for kind, one in fits.items()},
        None if begun is None else {"fitted": begun.fitted, "documents": begun.documents},
    )
    return CalibrationFit(
        calibration if fits else None,
        {kind: one.fitted.left_out for kind, one in fits.items()},
        {kind: unseen for kind, one in fits.items() if (unseen := one.fitted.kind_left_out) is not None},
        missing,
        list(kept),
    )


@dataclass(frozen=True)
class _FitOfKind:
    """`report`: of the model's own confidence, of that of the base, and of the fit's, on documents left out."""

    fitted: Fitted
    is_moved: bool
    report: JSON


def _of_kind(kind: str, all_samples: Sequence[CalibrationSample], base: Curve | None) -> _FitOfKind | None:
    """None of too few samples."""
    from extractor.calibration.fit import fit  # here: they load numpy, which an installation for the API lacks
    from extractor.calibration.move import log_loss, moved

    some = [one for one in all_samples if one.row.kind == kind]
    features, right = [one.row.features for one in some], [one.right for one in some]
    documents = [one.document for one in some]
    on_base = moved(base, features, right, documents) if base is not None else None
    alone = None
    if on_base is None or len(set(documents)) >= ENOUGH:
        alone = fit(NAMES[kind], features, right, documents, SIGNS[kind], _document_kinds(some))
    found = [one for one in (on_base, alone) if one is not None]
    if not found:
        return None
    best = min(found, key=lambda one: log_loss(one.left_out, right))
    judged = {"before": [one.own for one in some], "after": best.left_out}
    if base is not None:
        judged["base"] = [base.probability(row) for row in features]
    if best.kind_left_out is not None:
        judged["unseen_kinds"] = best.kind_left_out
    report = {name: scores_of(zip(sure, right, strict=True)) for name, sure in judged.items()}
    return _FitOfKind(best, best is on_base, report)


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
