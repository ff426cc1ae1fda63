"""A fit as a file: for one model, what makes a probability of a value's features and what of a null's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypedDict

from extractor.calibration.curve import Curve
from extractor.calibration.features import NAMES, FeatureRow

FORMAT = 1
_MOST_DOCUMENTS = 10**9


class BaseFit(TypedDict):
    fitted: str
    documents: int


@dataclass(frozen=True)
class Calibration:
    """`model`: for which (`name_of`). `fitted`: the day, `YYYY-MM-DD`. `curves`: by the kind of a row, one at least.
    `report`: what was measured on documents that the fit had not seen, for people. `base`: day and documents of the fit
    that it was moved from."""

    model: str
    fitted: str
    documents: int
    curves: Mapping[str, Curve]
    report: dict[str, Any] = field(default_factory=dict)
    base: BaseFit | None = None

    def probability(self, row: FeatureRow) -> float | None:
        """That the value, or the null, is right; None where nothing of its kind was fitted."""
        curve = self.curves.get(row.kind)
        return None if curve is None else curve.probability(row.features)

    def about(self) -> dict[str, Any]:
        """As a result says it."""
        return {
            "model": self.model,
            "fitted": self.fitted,
            "documents": self.documents,
            "covers": sorted(self.curves, reverse=True),
            **({} if self.base is None else {"base": self.base}),
        }

    def write(self, path: Path) -> None:
        curves = {kind: curve.as_json() for kind, curve in self.curves.items()}
        whole = {"format": FORMAT, **self.about(), "curves": curves, "report": self.report}
        path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> Calibration:
    """Raises ValueError, in words for a person, and OSError."""
    try:
        whole = json.loads(path.read_text("utf-8-sig"))
        if whole["format"] != FORMAT:
            raise ValueError(f"its format is {whole['format']!r}, and {FORMAT} is read")
        curves = {str(kind): Curve.of(curve) for kind, curve in whole["curves"].items()}
        if not curves or any(curve.names != NAMES.get(kind) for kind, curve in curves.items()):
            raise ValueError("it was fitted by another version of Extractor: fit it again with extractor calibrate")
        own, base = _day_and_documents(whole), None if whole.get("base") is None else _day_and_documents(whole["base"])
        report = dict(whole.get("report", {}))
        calibration = Calibration(str(whole["model"]), own["fitted"], own["documents"], curves, report, base)
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it is not what extractor calibrate writes ({type(error).__name__})") from None
    return calibration


def _day_and_documents(read: Any) -> BaseFit:
    """When a fit was made, and of how many documents."""
    try:
        day, documents = date.fromisoformat(read["fitted"]).isoformat(), read["documents"]
    except ValueError:
        raise ValueError('its "fitted" is no day') from None
    if type(documents) is not int or not 0 < documents <= _MOST_DOCUMENTS:
        raise ValueError('its "documents" is no count')
    return {"fitted": day, "documents": documents}


def name_of(model: str) -> str:
    """What a fit calls its model: a hub id as it is, a folder or a file by its own name, wherever it lies."""
    path = Path(model)
    return path.name if model.startswith((".", "/", "~")) or path.is_dir() or path.suffix == ".gguf" else model
