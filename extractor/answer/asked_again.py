"""Whether an answer that does not stand is asked for once more. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from extractor.errors import DeadlineExceeded, FieldError, InvalidOutput

ANSWERS, ANSWERS_WHERE_MENDED = 2, 3  # of one document, where nobody says how many

Fault = tuple[str, str]


def may_ask_again(answers: int, most: int | None, shown: Iterable[FieldError], errors: Iterable[FieldError]) -> bool:
    """After so many `answers`, of which `most` are allowed. Where nobody says how many, there is a second one, and a
    third where the last mended the errors that it was `shown`, and its own could not be seen before."""
    if most is not None or answers < ANSWERS:
        return answers < (ANSWERS if most is None else most)
    return answers < ANSWERS_WHERE_MENDED and mended(shown, errors)


def mended(shown: Iterable[FieldError], errors: Iterable[FieldError]) -> bool:
    """Whether none of the `errors` is one that was `shown` before."""
    return faults(shown).isdisjoint(faults(errors))


def better(
    failed: InvalidOutput | None, error: InvalidOutput | DeadlineExceeded, shown: tuple[FieldError, ...]
) -> InvalidOutput:
    """Of an answer and the one after it that was `shown` these errors: the one with fewer errors, the first of
    equals, unless the second mended all that it was asked for. Raises an error that comes before any answer."""
    if failed is None:
        if isinstance(error, InvalidOutput):
            return error
        raise error
    if isinstance(error, InvalidOutput) and (len(error.errors) < len(failed.errors) or mended(shown, error.errors)):
        return error
    return failed


def faults(errors: Iterable[FieldError]) -> frozenset[Fault]:
    """By which errors are known again: a check may tell the numbers that it does not like."""
    return frozenset((one.pointer, re.sub(r"\d+", "0", one.detail)) for one in errors)
