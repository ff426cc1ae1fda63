"""What of an answer a person should look at, and why: the answer stands, and is marked. Knows what is known of each
value; knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from extractor.engine.limits.limits import Why
from extractor.result import Known, Mark, Other, Unprinted
from schemas.errors import Place

NOTHING: Mapping[str, int] = {}
NO_OTHERS: Mapping[str, Sequence[Other]] = {}
BELOW = 0.5  # what is less sure is marked, where nobody says otherwise
_KEY = "its key is not printed in the document"
_ENDED: dict[Why, str] = {
    "repeated": "repeated itself more often than the document does, and was ended there",
    "ran_on": "went on with more than the document has to say, and was ended there",
    "cut_off": "was ended at the most that is written of such a value",
}


def review(
    doubts: list[Place],
    unprinted: Sequence[Unprinted],
    fields: Mapping[str, Known],
    left_out: Sequence[Place] = (),
    ended: Sequence[tuple[str, Why]] = (),
    again: Mapping[str, Sequence[Other]] = NO_OTHERS,
    *,
    below: float = BELOW,
) -> list[Mark]:
    """`doubts`: of the schema's own checks; `unprinted`: texts, numbers and keys that the document does not print;
    `left_out`: nulls, with what a label like the field's name says; `ended`: of values that did not end by
    themselves; `again`: of those whose key is written again, the other values; `below`: the confidence under which a
    value or a null is marked."""
    of_the_end = [*ended_marks(ended), *duplicate_marks(again)]
    return [*_checked(doubts), *_unprinted(unprinted), *_missed(left_out), *of_the_end, *_unsure(fields, below)]


def _checked(doubts: list[Place]) -> Iterator[Mark]:
    for pointer, detail in doubts:
        yield {"pointer": pointer, "code": "check", "detail": detail, "severity": "high"}


def _unprinted(found: Sequence[Unprinted]) -> Iterator[Mark]:
    for one in found:
        detail = _KEY if one.key else "is not printed in the document"
        yield {"pointer": one.pointer, "code": "not_printed", "detail": detail, "severity": "high"}


def unprinted_of(marks: Sequence[Mark]) -> list[Unprinted]:
    """What of an answer its marks say is not printed."""
    return [Unprinted(one["pointer"], one["detail"] == _KEY) for one in marks if one["code"] == "not_printed"]


def _missed(left_out: Sequence[Place]) -> Iterator[Mark]:
    for pointer, printed in left_out:
        detail = f"is null, and the document prints {printed!r}"
        yield {"pointer": pointer, "code": "missed", "detail": detail, "severity": "high"}


def ended_marks(values: Sequence[tuple[str, Why]], left_out: Mapping[str, int] = NOTHING) -> Iterator[Mark]:
    """`values`: pointers, with why they did not end by themselves; `left_out`: of lists, how many of their items were
    left out because they stand nowhere."""
    for pointer, why in values:
        count = left_out.get(pointer, 0)
        more = f"; {count:,} item{'s'[: count > 1]} that stand nowhere left out" if count else ""
        yield {"pointer": pointer, "code": why, "detail": _ENDED[why] + more, "severity": "high"}


def duplicate_marks(again: Mapping[str, Sequence[Other]]) -> Iterator[Mark]:
    """Of values, by their pointers, whose keys are written again: what stands there."""
    for pointer, others in again.items():
        detail = f"its key is written again, with {len(others)} other value{'s'[: len(others) > 1]}"
        yield {
            "pointer": pointer, "code": "duplicate_key", "detail": detail, "severity": "high", "others": [*others],
        }  # fmt: skip


def _unsure(fields: Mapping[str, Known], below: float) -> Iterator[Mark]:
    for pointer, known in fields.items():
        sure: Any = known["confidence"]
        if sure is not None and sure < below:
            detail = f"the model was not sure of it (confidence {sure:.2f}, below {below:g})"
            yield {"pointer": pointer, "code": "low_confidence", "detail": detail, "severity": "low"}
