"""Which checks a model and its parts make, by name."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from schemas.models.python_checks import ModelCheck, checks_of
from schemas.types import Printed, must, should


def even(value: int) -> int:
    return value


class Node(BaseModel):
    """It holds itself, and a part twice."""

    children: list[Node] = []
    size: Annotated[Printed[int], AfterValidator(even), Field(ge=0)] | None = None
    twice: Annotated[int, AfterValidator(even), Field(ge=0)] = 0

    @model_validator(mode="after")
    def own(self) -> Node:
        return self


class Whole(BaseModel):
    nodes: dict[str, Node | None] = {}
    first: Node | None = None

    @should
    def likely(self):  # type: ignore[no-untyped-def]
        yield "", "is not"

    @must
    def sure(self):  # type: ignore[no-untyped-def]
        yield "", "is not"


def test_those_of_parts_come_first_and_once() -> None:
    assert checks_of(Whole) == [
        ModelCheck("Node", "even", ("twice",)),
        ModelCheck("Node", "own"),
        ModelCheck("Whole", "likely", marks=True),
        ModelCheck("Whole", "sure"),
    ]


def test_a_model_without_any_has_none() -> None:
    class Plain(BaseModel):
        n: int = Field(ge=0)

    assert checks_of(Plain) == []
