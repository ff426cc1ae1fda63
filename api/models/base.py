"""What models of requests and of answers have in common."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class RequestModel(BaseModel):
    """A part of a request: what is not known is refused, so a typing error is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ListPage(ResponseModel, Generic[Item]):
    data: list[Item]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last")
