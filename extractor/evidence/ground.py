"""Where the document says what an answer says, and how sure the model was of it: `fields` of a result.

Evidence is looked up when the answer stands, and in the document alone, so it does not depend on the model. Of several
places where a value is printed, the one is taken that fits its label, its row and its neighbours in the answer. A value
that the document does not print has no evidence: the model concluded it, or made it up.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate
from typing import Any

from extractor import result
from extractor.documents import Document, Whereabouts, locations
from extractor.evidence.choose import EvidenceSearch
from extractor.evidence.printed_labels import PrintedLabel
from extractor.evidence.scalars import Scalar, scalars
from extractor.evidence.spans import Span

__all__ = ["EvidenceSearch", "GroundedAnswer", "evidence_at", "ground"]


class GroundedAnswer:
    """The answer `text`, each of whose values is looked up in the document, once for all that is asked of it.
    `json_schema`: of the answer, whose titles and descriptions name labels beside its keys."""

    def __init__(self, text: str, document: Document, json_schema: dict[str, Any] | None = None) -> None:
        search = _search(document, json_schema)
        self._text, self._document = text, document
        self._found = list(scalars(text))
        self._places = search.of(self._found)
        self._labels = search.labels(self._found, self._places)

    def fields(self, logprobs: list[float], sizes: list[int]) -> dict[str, result.Known]:
        """For each scalar, by JSON pointer. Offsets count the characters of `document.text`. The confidence is the
        chance that the model gave the value's tokens; `logprobs` and `sizes` (bytes of the text) are of all tokens, in
        order."""
        chances = _chances(self._text, self._found, logprobs, sizes)
        return {
            scalar.pointer: {
                "evidence": [one for place in where for one in evidence_at(self._document, place.start, place.stop)],
                "label": _label(self._document, label) if label is not None else None,
                "confidence": chance,
            }
            for scalar, where, label, chance in zip(
                self._found, self._places, self._labels.labels(), chances, strict=True
            )
        }

    def behind_other_labels(self) -> dict[str, Span]:
        """By pointer, of values that stand at no label of their own: what stands behind one that the document prints
        elsewhere, and is no other value."""
        labels = self._labels.elsewhere()
        return {pointer: label.behind for pointer, label in labels.items() if label.behind is not None}


def ground(
    text: str,
    document: Document,
    logprobs: list[float],
    sizes: list[int],
    json_schema: dict[str, Any] | None = None,
) -> dict[str, result.Known]:
    """The `fields` of a GroundedAnswer."""
    return GroundedAnswer(text, document, json_schema).fields(logprobs, sizes)


def _search(document: Document, json_schema: dict[str, Any] | None) -> EvidenceSearch:
    breaks, names = [page.start for page in document.pages], document.spans_of_file_names
    return EvidenceSearch(document.text, breaks, json_schema, names)


def evidence_at(document: Document, start: int, stop: int) -> list[result.Evidence]:
    """Of a span of the document's text: one for each page it stands on."""
    return [
        {
            "start": at.start,
            "stop": at.stop,
            "text": document.text[at.start : at.stop],
            "page": at.page,
            "part": _part(at.part),
            "boxes": [box.as_list() for box in at.boxes],
        }
        for at in locations(document, start, stop)
    ]


def _label(document: Document, printed: PrintedLabel) -> result.Label:
    behind = evidence_at(document, *printed.behind)[0] if printed.behind else None
    return {**evidence_at(document, *printed.label)[0], "behind": behind}


def _part(where: Whereabouts | None) -> result.EvidencePart | None:
    if where is None:
        return None
    return {
        "number": where.number,
        "kind": where.kind,
        "name": where.name,
        "label": where.label,
        "cell": where.cell,
    }


def _chances(text: str, found: list[Scalar], logprobs: list[float], sizes: list[int]) -> list[float | None]:
    """For each scalar the probability of the tokens it is made of; None where the tokens are not this text's."""
    ends = list(accumulate(sizes))
    if len(sizes) != len(logprobs) or not ends or ends[-1] != len(text.encode()):
        return [None] * len(found)
    places = range(len(text) + 1) if text.isascii() else [0, *accumulate(len(char.encode()) for char in text)]
    sums = [0.0, *accumulate(logprobs)]
    chances: list[float | None] = []
    for scalar in found:
        first = bisect_left(ends, places[scalar.start] + 1)
        last = bisect_left(ends, places[scalar.stop])
        chances.append(round(min(1.0, math.exp(sums[last + 1] - sums[first])), 4))
    return chances
