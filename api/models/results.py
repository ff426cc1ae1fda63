"""What an extraction gives: the data, where the document says each value, and how the document was read."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.models.base import ResponseModel
from api.models.examples import extractions as examples


class DraftCounts(ResponseModel):
    proposed: int
    accepted: int


class ExtractionUsage(BaseModel):
    """`target_forwards` against `output_tokens` is what speculation saved."""

    model_config = ConfigDict(extra="allow")

    model_calls: int = Field(1, description="One, and one more for each answer that did not validate")
    prompt_tokens: int
    output_tokens: int
    target_forwards: int
    drafts: dict[str, DraftCounts]
    duration_s: float
    document_s: float = Field(0.0, description="It took to read the document, once for all attempts")


class EvidencePart(BaseModel):
    """The attachment, the mail within a mail or the sheet that a value stands in."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.EVIDENCE["part"]]})

    number: int = Field(description="1 is the document itself")
    kind: Literal["document", "attachment", "message"]
    name: str | None = Field(description="Of the file")
    label: str | None = Field(description="What the page is called: a sheet, a slide, a chapter")
    cell: str | None = Field(description="`B7`, `Prices!B7` where there are several sheets, `B7:C7` for several cells")


class Evidence(BaseModel):
    """A place on a page of the document: a half-open span of the characters of its text, every line end counted as one.
    A value that goes on over the end of a page has one for each page."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.EVIDENCE]})

    start: int
    stop: int
    text: str = Field(description="What stands there")
    page: int | None = Field(description="From 1, through all parts; null for plain text, which has no pages")
    part: EvidencePart | None = Field(description="null for what stands in the document itself and not in a sheet")
    boxes: list[tuple[float, float, float, float]] = Field(
        description="One for each line: left, top, right and bottom as fractions of the page, from its left top "
        "corner. Empty where the format has no places: of PDF and pictures they are known"
    )


class FieldLabel(Evidence):
    """Where a name like the field's is printed."""

    behind: Evidence | None = Field(description="Of a null: what stands there all the same. Else null")


class WindowVotes(ResponseModel):
    """Of the windows that were asked for a value, how many say this one, another one, and nothing."""

    agree: int
    disagree: int
    empty: int


class FieldEvidence(BaseModel):
    """Of one value. No evidence: the document does not print it. `label`: the printed name that the value stands at; of
    a null one that is printed without being another value's; null where there is none and in lists. `confidence`: the
    chance the model gave its tokens, among those the schema allows; null where that is not known."""

    evidence: list[Evidence]
    label: FieldLabel | None = None
    confidence: float | None
    windows: WindowVotes | None = Field(None, description="Of a document that was read in several windows")


class PageRead(BaseModel):
    """A page, numbered from 1 through all parts, and its half-open span of the text. `how` it was read: `text` (as the
    file says it), `layout` (placed by its coordinates), `ocr`, or `none`; `confidence` is the least of what was read
    from a picture; `pictures` and `pictures_unread`, if any, are how many beside its text were read by OCR, and how
    many were not, though they may say something."""

    model_config = ConfigDict(extra="allow")

    number: int
    part: int
    label: str | None = Field(description="What the file calls it: a sheet's or a chapter's name")
    start: int
    stop: int
    how: Literal["text", "layout", "ocr", "none"]
    confidence: float | None
    pictures: int | None = Field(
        None, description="Pictures beside its text that were read by OCR, where there are any"
    )
    pictures_unread: int | None = Field(
        None, description="Pictures beside its text that were not read, where there are any; `warnings` say why"
    )
    warnings: list[str]


class PartRead(BaseModel):
    """The file itself, or what lay in it: an attachment, a mail within a mail."""

    model_config = ConfigDict(extra="allow")

    number: int
    name: str | None
    media_type: str
    kind: Literal["document", "attachment", "message"]
    start: int
    stop: int


class FileNameRead(BaseModel):
    """A half-open span of the text."""

    model_config = ConfigDict(extra="allow")

    start: int
    stop: int


class WindowRead(BaseModel):
    """A window of a document that was longer than the model's context. `truncated`: its answer was cut off, and what
    was whole of it counts; `failed`: nothing of it counts; `skipped`: nothing stands there, or, with the code
    `unlikely`, all windows were too many, and others have more to do with what is asked for; such windows that follow
    each other are one."""

    model_config = ConfigDict(extra="allow")

    start: int
    stop: int
    pages: tuple[int, int] | None = Field(description="The first and the last; null where the document has no pages")
    state: Literal["read", "truncated", "failed", "skipped"]
    code: str | None = Field(description="Why it was not read, or not to its end")
    schema_part: int | None = Field(
        None, description="Which of `schema_parts` was asked for, counted from 1, where there are several"
    )


class DocumentRead(BaseModel):
    """What was read. `warnings` are those of the document and of all its pages; `windows` is there when it did not fit
    the model's context, `schema_parts` when the schema did not, `text` when it was asked for."""

    model_config = ConfigDict(extra="allow")

    format: str
    media_type: str
    characters: int
    pages: list[PageRead]
    parts: list[PartRead]
    warnings: list[str]
    windows: list[WindowRead] | None = None
    schema_parts: list[list[str]] | None = Field(
        None, description="The properties, by pointer into the data, that were asked for together; all windows of each"
    )
    file_names: list[FileNameRead] | None = Field(
        None,
        description="Where the text says what attached files are called: no values but of fields that ask for files",
    )
    text: str | None = None


class OtherValue(ResponseModel):
    value: Any
    evidence: list[Evidence]
    confidence: float | None


class Mark(ResponseModel):
    """What a person should look at: `check` is a check of the schema that failed, `not_printed` a text or a number
    that the document does not print, `repeated` a text, list or object that was ended because it repeated itself more
    often than the document does, `ran_on` a list or an object that was ended because its items or members stand
    nowhere in the document, `cut_off` a value that was ended because none is longer, `duplicate_key` a value whose
    key the model wrote again with others, `low_confidence` a value of which the model was less sure than
    `review_below`, `missed` a null although a label like the field's is printed with something behind it,
    `windows_disagree` a value for which other parts of a long document have others, `not_read` pages that are missing
    in the answer, `pretended` a value that stands only in text that imitates an answer of the schema, or a document
    that holds such a text."""

    pointer: str = Field(description="Into `data`")
    code: Literal[
        "check",
        "not_printed",
        "repeated",
        "ran_on",
        "cut_off",
        "duplicate_key",
        "low_confidence",
        "missed",
        "windows_disagree",
        "not_read",
        "pretended",
    ]
    detail: str
    severity: Literal["high", "low"] = Field(description="high: something speaks against the value")
    others: list[OtherValue] | None = Field(
        None,
        description="Of `windows_disagree` and `duplicate_key`: the other values",
    )


class CalibrationBase(ResponseModel):
    fitted: str
    documents: int


class Calibration(ResponseModel):
    """What makes probabilities of confidences: a fit for `model`, made on the day `fitted` of so many `documents`. It
    `covers` values, nulls or both; where it does not, `confidence` is the model's own."""

    model: str
    fitted: str
    documents: int
    covers: list[Literal["value", "null"]]
    base: CalibrationBase | None = Field(None, description="The fit that was moved to these documents")


class Result(BaseModel):
    """`data` validates against the schema; `fields` says what is known of each of its scalars, by JSON pointer."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    data: Any = Field(description="As the model wrote it: numbers keep their digits, 1250.00 is not 1250.0")
    fields: dict[str, FieldEvidence]
    review: list[Mark] = Field([], description="What a person should look at, and why")
    needs_review: bool = Field(False, description="Whether there is anything in `review`")
    calibration: Calibration | Literal["uncalibrated"] = Field(
        "uncalibrated",
        description="Of the confidences: the fit that made them probabilities; uncalibrated: they are the model's own",
    )
    document: DocumentRead | None = None
    usage: ExtractionUsage
    asks: int = Field(deprecated=True, description="The old name of `usage.model_calls`")
    model: str
    schema_: str = Field(alias="schema")
