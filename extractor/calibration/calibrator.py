"""What an extraction has of it: the confidence of each value, made a probability where there is a fit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from extractor.calibration.calibration import Calibration
from extractor.calibration.features import NULL, VALUE, FeatureRow, rows
from extractor.documents import Document
from extractor.engine import Completion
from extractor.errors import where_raised
from extractor.result import UNCALIBRATED, CalibrationInfo, Known
from schemas.keywords import Mode

log = logging.getLogger(__name__)

Record = Callable[[Document, dict[str, FeatureRow]], None]


class Calibrator:
    """`record` is told the features of each answer, by pointer; a fit is made from them. Safe to share between threads
    if that is."""

    def __init__(self, calibration: Calibration | None = None, record: Record | None = None) -> None:
        self._calibration, self._record = calibration, record

    def about(self) -> CalibrationInfo:
        return UNCALIBRATED if self._calibration is None else self._calibration.about()

    @property
    def judges_both(self) -> bool:
        """Whether the confidence of values and of nulls alike is the probability that they are right."""
        return self._calibration is not None and self._calibration.curves.keys() >= {VALUE, NULL}

    def calibrated(
        self,
        fields: dict[str, Known],
        text: str,
        document: Document,
        schema: dict[str, Any],
        completion: Completion,
        held: Mode,
    ) -> dict[str, Known]:
        """`fields` of the answer `text` with probabilities for confidence; as they are where there is no fit. An answer
        that stands is not lost for it."""
        if not fields or (self._calibration is None and self._record is None):
            return fields
        try:
            found = rows(text, document, schema, fields, completion.logprobs, completion.sizes, held)
        except Exception as error:
            log.error("not calibrated: %s", where_raised(error))
            return fields
        if self._record is not None:
            self._record(document, found)
        return {pointer: self._with(known, found.get(pointer)) for pointer, known in fields.items()}

    def _with(self, known: Known, row: FeatureRow | None) -> Known:
        sure = self._calibration.probability(row) if row is not None and self._calibration is not None else None
        return known if sure is None else {**known, "confidence": round(sure, 4)}
