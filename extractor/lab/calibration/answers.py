"""Answers of the pair to documents whose right answers are known, with all that features are made of: decoded once,
kept in a file, and read again when features or the fit change. A line of JSON is an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extractor.calibration.calibrator import Calibrator
from extractor.calibration.features import rows
from extractor.documents import Document
from extractor.evaluation.fitting import CalibrationSample, samples
from extractor.result import Known
from schemas import jsontext
from schemas.keywords import Mode


@dataclass(frozen=True)
class DecodedAnswer:
    """`text` as the model wrote it, of tokens with `logprobs` and `sizes` in bytes; `fields` as without a fit; `name`
    of the set that the document is of, and `kind` of its documents that it is: invoices, letters."""

    name: str
    kind: str
    document: str
    json_schema: dict[str, Any]
    expected: Any
    data: Any
    text: str
    fields: dict[str, Known]
    logprobs: list[float]
    sizes: list[int]
    held: Mode

    def samples(self) -> list[CalibrationSample]:
        found = rows(
            self.text, Document(self.document), self.json_schema, self.fields, self.logprobs, self.sizes, self.held
        )
        return samples(self.json_schema, self.expected, self.data, found, self.fields, self.document, self.kind)


class AnswerKeeper(Calibrator):
    """In the place of a calibrator: leaves confidence as it is, and keeps what it was told of each document's last
    answer. Safe to share between threads that read different documents."""

    def __init__(self) -> None:
        super().__init__()
        self._latest: dict[int, tuple[dict[str, Any], str, dict[str, Known], list[float], list[int], Mode]] = {}

    def calibrated(
        self,
        fields: dict[str, Known],
        text: str,
        document: Document,
        schema: dict[str, Any],
        completion: Any,
        held: Mode,
    ) -> dict[str, Known]:
        self._latest[id(document)] = (schema, text, fields, completion.logprobs, completion.sizes, held)
        return fields

    def answer(self, name: str, kind: str, document: Document, expected: Any, data: Any) -> DecodedAnswer | None:
        """The answer `data` to `document`, once; None where nothing was told of it."""
        latest = self._latest.pop(id(document), None)
        if latest is None:
            return None
        return DecodedAnswer(name, kind, document.text, latest[0], expected, data, *latest[1:])


def write(path: Path, answers: Iterable[DecodedAnswer]) -> None:
    path.write_bytes(b"".join(jsontext.written(asdict(one)) + b"\n" for one in answers))


def read(path: Path) -> Iterator[DecodedAnswer]:
    """Raises ValueError or TypeError for what is no such file."""
    for line in path.read_text("utf-8").split("\n"):
        if line:
            yield DecodedAnswer(**jsontext.read(line))
