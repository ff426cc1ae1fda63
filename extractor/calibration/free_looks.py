"""Of an answer's nulls: whether the document prints what looks as their values do, and whether another field has it."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from extractor.calibration.answer_view import AnswerView
from extractor.calibration.field_schema import FieldSchemas
from extractor.evidence.scalars import Scalar
from extractor.evidence.structure import key_of
from extractor.notation.field_looks import look_of_field
from extractor.notation.looks import LOOKS

_MOST = 64  # of what looks alike, that are looked at


class FreeLook(NamedTuple):
    """`look`: of the field's values, None for any. `free`: whether something is printed that looks so and that no value
    of the answer is taken from."""

    look: str | None
    free: bool


class FreeLooks:
    """Of the answer that `view` is of, to the document `text`."""

    def __init__(self, text: str, view: AnswerView, schemas: FieldSchemas) -> None:
        self._text, self._view, self._schemas = text, view, schemas
        self._free: dict[str, bool] = {}  # by a look

    def of(self, null: Scalar) -> FreeLook:
        field = self._schemas.at(null.path)
        look = look_of_field(field.kind, key_of(null), field.format)
        if look is None:
            return FreeLook(None, False)
        if look not in self._free:
            places = islice(LOOKS[look].spans(self._text), _MOST)
            self._free[look] = any(not self._view.taken(place) for place in places)
        return FreeLook(look, self._free[look])
