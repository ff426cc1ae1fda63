"""Checks that mark an answer: found with their places, and silent where nobody listens."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field

from schemas import doubts, of_model
from schemas.types import Place, fault, should


class RangeRow(BaseModel):
    low: int = Field(alias="from")
    high: int = Field(validation_alias="to")

    @should
    def _order(self) -> Iterator[Place]:
        if self.high < self.low:
            yield "/to", "is below from"
        if self.high == 0:
            yield "", "is empty"


class RangeTable(BaseModel):
    rows: list[RangeRow]
    by_name: dict[str, RangeRow] = {}
    pair: tuple[RangeRow, RangeRow] | None = None

    @should
    def _some(self) -> Iterator[Place]:
        if not self.rows:
            yield "/rows", "has none"


SCHEMA = of_model(RangeTable)
BAD, GOOD = {"from": 2, "to": 1}, {"from": 1, "to": 2}


def found(value: object) -> list[Place]:
    with doubts.listen() as heard:
        instance = SCHEMA.validate(value)
    return doubts.places(instance, heard)


def test_doubts_are_found_where_they_are() -> None:
    assert found({"rows": [GOOD]}) == []
    assert found({"rows": [GOOD, BAD]}) == [("/rows/1/to", "is below from")]
    assert found({"rows": []}) == [("/rows", "has none")]
    nested = {"rows": [GOOD], "by_name": {"a/b": BAD}, "pair": [GOOD, {"from": 0, "to": 0}]}
    assert found(nested) == [("/by_name/a~1b/to", "is below from"), ("/pair/1", "is empty")]


def test_equal_records_keep_their_own_places() -> None:
    assert found({"rows": [BAD, BAD]}) == [("/rows/0/to", "is below from"), ("/rows/1/to", "is below from")]


def test_nobody_listens() -> None:
    assert RangeTable.model_validate({"rows": [BAD]}).rows[0].high == 1
    assert SCHEMA.validate({"rows": []}).rows == []


def test_what_must_be_still_fails() -> None:
    assert fault("/a", "b").context == {"pointer": "/a", "detail": "b"}
