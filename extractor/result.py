"""What comes back of one extraction. Plain data; knows no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

from extractor.documents.describe import describe
from extractor.documents.document import Document
from extractor.usage import Usage


class EvidencePart(TypedDict):
    """A file within the file, or a sheet: `kind` is "document" (the file itself), "attachment" or "message", `label`
    the name of the sheet, slide or chapter, `cell` an address such as `B7`, with its sheet where there are several."""

    number: int
    kind: str
    name: str | None
    label: str | None
    cell: str | None


class Evidence(TypedDict):
    """A place on one page: a half-open span of the text as it was read, and its `text`. `page` is None for plain text,
    `part` for the file itself; `boxes`, one a line, are `[left, top, right, bottom]` as fractions of the page."""

    start: int
    stop: int
    text: str
    page: int | None
    part: EvidencePart | None
    boxes: list[list[float]]


class Label(Evidence):
    """Where a name like the field's is printed. `behind`: of a null, what stands there all the same; None where nothing
    does, and of other values."""

    behind: Evidence | None


UNCALIBRATED = "uncalibrated"  # confidence is the model's own

CalibrationInfo = str | dict[str, Any]  # UNCALIBRATED, or for which model, when and of how many documents it was fitted


class WindowVotes(TypedDict):
    """Of the windows that a document was read in, how many say the same, something else, and nothing."""

    agree: int
    disagree: int
    empty: int


class Known(TypedDict):
    """Of one value. No evidence: the document does not print it. `label`: the printed name that it stands at, or, of a
    null, that is printed without being another value's; None where there is none, and for what is in a list. `windows`:
    where several were asked for it."""

    evidence: list[Evidence]
    label: Label | None
    confidence: float | None
    windows: NotRequired[WindowVotes]


class Other(TypedDict):
    """What another window says instead, or the answer itself where it has a key once more."""

    value: Any
    evidence: list[Evidence]
    confidence: float | None


@dataclass(frozen=True)
class Unprinted:
    """A value at `pointer` that the document does not print; `key`: not the value, but the key that leads to it."""

    pointer: str
    key: bool = False


Code = Literal[
    "check", "not_printed", "repeated", "ran_on", "cut_off", "duplicate_key", "low_confidence", "missed",
    "windows_disagree", "not_read", "pretended",
]  # fmt: skip


class Mark(TypedDict):
    """What a person should look at. `pointer` into the data; `code`: `check` (a check of the schema), `not_printed`,
    `low_confidence`, `missed`, `repeated`, `ran_on` and `cut_off` (it did not end by itself), `duplicate_key` and
    `windows_disagree` (with the `others`), `not_read` (of the whole answer),
    `pretended` (it stands in text that imitates an answer); `severity`: `high` where something speaks
    against the value, `low` where little speaks for it."""

    pointer: str
    code: Code
    detail: str
    severity: Literal["high", "low"]
    others: NotRequired[list[Other]]


class WindowRead(TypedDict):
    """A window of a document that was longer than the context: its half-open span of the text, and the first and last
    page of that. `state`: `read`, `truncated` (its answer was cut off; what was whole of it counts), `failed` (nothing
    of it counts; `code` says why), `skipped` (no whole word stands there, or, `code` `unlikely`, all windows were too
    many and others have more to do with what is asked for; those that follow each other are one entry). `schema_part`:
    which of the result's `schema_parts` was asked for, counted from 1, where there are several."""

    start: int
    stop: int
    pages: list[int] | None
    state: Literal["read", "truncated", "failed", "skipped"]
    code: str | None
    schema_part: NotRequired[int]


@dataclass(frozen=True)
class Extraction:
    """`data`: JSON as Python, for machines, its numbers with the digits they were written with (`jsontext.Number`);
    `value`: the pydantic instance, or `data` where the schema has no model; `text`: the answer as written; `fields`:
    what is known of each scalar, by JSON pointer; `review`: what of it a person should look at; `document`: what it
    was extracted from. `with_text`: the JSON has the document's text too. `calibration`: what makes a probability of
    the confidences, `UNCALIBRATED` where they are the model's own. `windows`: those it
    was read in; none where it was read at once. `schema_parts`: where the schema itself did not fit the context, the
    pointers of the properties that were asked for together."""

    data: dict[str, Any]
    value: Any
    text: str
    fields: dict[str, Known]
    review: list[Mark]
    usage: Usage
    schema: str
    model: str
    document: Document
    with_text: bool = False
    calibration: CalibrationInfo = UNCALIBRATED
    windows: list[WindowRead] = field(default_factory=list)
    schema_parts: list[list[str]] = field(default_factory=list)

    @property
    def asks(self) -> int:
        """`usage.model_calls` under its old name."""
        return self.usage.model_calls

    def as_json(self) -> dict[str, Any]:
        """The result as the service gives it; `asks` is `usage.model_calls` under its old name."""
        return {
            "data": self.data,
            "fields": self.fields,
            "review": self.review,
            "needs_review": bool(self.review),
            "calibration": self.calibration,
            "document": describe(self.document)
            | ({"windows": self.windows} if self.windows else {})
            | ({"schema_parts": self.schema_parts} if self.schema_parts else {})
            | ({"text": self.document.text} if self.with_text else {}),
            "usage": self.usage.as_json(),
            "asks": self.usage.model_calls,
            "model": self.model,
            "schema": self.schema,
        }

    def __repr__(self) -> str:  # no document's data in logs and tracebacks
        return f"Extraction({self.schema}, {self.usage.output_tokens} tokens, {self.usage.model_calls} model call(s))"


Tell = Callable[[int, int], None]  # so many windows are over, of so many as far as that is known


def tell_nobody(done: int, total: int) -> None:
    """A `Tell`."""


@dataclass(frozen=True)
class LongRead:
    """What has begun of a document that does not fit the context: it is to be read in windows, which takes as long as
    many extractions."""

    rest: Callable[[Tell], Extraction]

    def finish(self, tell: Tell = tell_nobody) -> Extraction:
        """Does that. `tell` is called again and again while windows are read, from the calling thread, whether there is
        news or not. Raises what `Extractor.extract` does."""
        return self.rest(tell)
