"""Checks that fail an answer: all that is known to be wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, model_validator

from schemas import of_model
from schemas.errors import ValidationProblem
from schemas.types import Place, fault, must


class Line(BaseModel):
    price: int
    count: int
    sum: int

    @must
    def _sums(self) -> Iterator[Place]:
        if self.price * self.count != self.sum:
            yield "/sum", "is not price times count"
        if self.count < 0:
            yield "/count", "is negative"


class Bill(BaseModel):
    number: str
    paid: int
    lines: list[Line]

    @model_validator(mode="after")
    def _paid(self) -> Bill:
        if self.paid != sum(line.sum for line in self.lines):
            raise fault("/paid", "is not the sum of the lines")
        return self


GOOD = {"price": 2, "count": 3, "sum": 6}
SCHEMA = of_model(Bill)


def faults(value: object) -> list[Place]:
    with pytest.raises(ValidationProblem) as caught:
        SCHEMA.validate(value)
    return caught.value.errors


def test_all_that_a_check_yields_is_told_with_its_place() -> None:
    lines = [GOOD, {"price": 2, "count": -3, "sum": 6}, {"price": 1, "count": 1, "sum": 2}]
    assert faults({"number": "1", "paid": 0, "lines": lines}) == [
        ("/lines/1/sum", "is not price times count"),
        ("/lines/1/count", "is negative"),
        ("/lines/2/sum", "is not price times count"),
    ]
    assert SCHEMA.validate({"number": "1", "paid": 6, "lines": [GOOD]}).paid == 6


def test_checks_of_what_is_whole_are_told_beside_what_is_missing() -> None:
    wrong = {"price": 2, "count": 3, "sum": 7}
    (missing, check) = faults({"number": None, "paid": 7, "lines": [GOOD, wrong]})
    assert missing[0] == "/number"
    assert check == ("/lines/1/sum", "is not price times count")


def test_what_may_follow_from_a_fault_is_not_told() -> None:
    """A check around it, or one of the same value."""

    class Before(Bill):
        @model_validator(mode="before")
        @classmethod
        def _text(cls, data: dict[str, str]) -> dict[str, str]:
            data["number"].strip()
            return data

    with pytest.raises(ValidationProblem) as caught:
        of_model(Before).validate({"number": None, "paid": 6, "lines": [GOOD]})
    assert [where for where, _ in caught.value.errors] == ["/number"]
    assert [where for where, _ in faults({"number": "1", "paid": "x", "lines": [GOOD]})] == ["/paid"]
    assert [where for where, _ in faults({"number": "1", "lines": [GOOD, {"price": 1}]})] == [
        "",
        "/lines/1",
        "/lines/1",
    ]
