"""What a caller may ask of one extraction."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from extractor.drafters import parse_drafters
from schemas.keywords import Mode


class Options(BaseModel):
    """How to extract. None: as the settings say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_output_tokens: int | None = Field(None, ge=1, le=65_536, description="of the answer")
    drafters: Annotated[tuple[str, ...] | None, BeforeValidator(parse_drafters)] = Field(
        None, description="some of grammar, copy, mtp; they change speed, never the answer"
    )
    temperature: float = Field(0, ge=0, le=2, description="0: greedy")
    seed: int | None = Field(None, ge=0, lt=2**63)
    timeout_s: float | None = Field(None, gt=0, allow_inf_nan=False)
    max_model_calls: int | None = Field(
        None,
        ge=1,
        le=5,
        validation_alias=AliasChoices("max_model_calls", "max_asks"),  # the old name, for a version
        description="calls of the model; those after the first are for errors, or for nulls that are likely misses",
    )
    review_below: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="mark values and nulls whose confidence is below it"
    )
    printed: Mode = Field(
        "declared", description="which values have to stand in the document: declared (as the schema says), all, none"
    )
    fields: bool = Field(True, description="say where the document says each value, and how sure the model was")
    text: bool = Field(False, description="give back the text of the document as it was read, which offsets count in")
