"""What of an answer a person should look at, and why: the answer stands, and is marked. Knows what is known of each
value; knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from extractor.result import Known, Mark
from schemas.errors import Place

UNSURE = 0.5  # a value of which the model was less sure than this is marked


def review(
    doubts: list[Place], unprinted: list[str], fields: Mapping[str, Known], left_out: Sequence[Place] = ()
) -> list[Mark]:
    """`doubts`: of the schema's own checks; `unprinted`: pointers of texts and numbers that the document does not
    print; `left_out`: nulls, with what a label like the field's name says."""
    return [*_checked(doubts), *_unprinted(unprinted), *_missed(left_out), *_unsure(fields)]


def _checked(doubts: list[Place]) -> Iterator[Mark]:
    for pointer, detail in doubts:
        yield {"pointer": pointer, "code": "check", "detail": detail, "severity": "high"}


def _unprinted(pointers: list[str]) -> Iterator[Mark]:
    for pointer in pointers:
        detail = "is not printed in the document"
        yield {"pointer": pointer, "code": "not_printed", "detail": detail, "severity": "high"}


def _missed(left_out: Sequence[Place]) -> Iterator[Mark]:
    for pointer, printed in left_out:
        detail = f"is null, and the document prints {printed!r}"
        yield {"pointer": pointer, "code": "missed", "detail": detail, "severity": "high"}


def _unsure(fields: Mapping[str, Known]) -> Iterator[Mark]:
    for pointer, known in fields.items():
        sure: Any = known["confidence"]
        if sure is not None and sure < UNSURE:
            detail = f"the model was not sure of it (confidence {sure:.2f}, below {UNSURE})"
            yield {"pointer": pointer, "code": "low_confidence", "detail": detail, "severity": "low"}
