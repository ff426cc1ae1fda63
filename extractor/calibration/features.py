"""What is known of each value of an answer, as a row of features that a fit makes a probability of.

Of a value: how sure the model was, whether and how the document prints it, whether it stands at its label, with its row
and fills its cell, what kind it is. Of a null: how sure the model was, whether a name like the field's is printed with
something behind it that no other value is taken from, whether anything is printed that looks as the field's values do,
how usual it is that documents say such a thing, whether the schema seems to be written for such a document, and what
stands between the values beside it. Of both: how the rest of its row and of the answer looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from extractor.calibration.answer_view import AnswerView
from extractor.calibration.field_schema import FieldSchema, FieldSchemas
from extractor.calibration.free_looks import FreeLooks
from extractor.calibration.surroundings import Surroundings
from extractor.calibration.tokens import Sureness, sureness
from extractor.calibration.usual import usual
from extractor.documents import Document
from extractor.evidence.scalars import Scalar, scalars
from extractor.evidence.spans import Span
from extractor.evidence.structure import key_of, row_of
from extractor.notation.field_looks import looks_like
from extractor.notation.looks import OWN
from extractor.result import Known
from schemas.keywords import Mode

VALUE, NULL = "value", "null"

# The features of a row, in its order. A fit is of these names: where one changes, it is another fit.
_BOTH = (
    *("whole", "least", "mean", "worst_of_answer", "mean_of_answer", "bare_of_answer", "unread"),
    *("labelled_of_answer", "numbers_free", "structured"),
    *("in_list", "worst_of_row", "bare_of_row", "number", "date", "choice"),
)
NAMES: dict[str, tuple[str, ...]] = {
    VALUE: (
        *_BOTH,
        *("evidence", "literal", "in_pieces", "at_label", "named_elsewhere", "begins_cell", "ends_cell", "taken_twice"),
        *("out_of_line", "said_again", "held", "words", "long", "odd", "picture"),
    ),
    NULL: (
        *_BOTH,
        *("named", "behind", "behind_free", "behind_fits", "label", "label_behind"),
        *("usual", "own_free", "sure_beside_own", "date_free", "look_absent"),
        *("nulls_of_answer", "column_filled", "row_free"),
        *("schema_printed", "nulls_of_printed", "nested", "gap_free"),
    ),
}
# Which may only raise (1) and which only lower (-1) the probability that a value, or a null, is right.
SIGNS: dict[str, dict[str, int]] = {
    VALUE: {
        **dict.fromkeys(("whole", "least", "mean", "worst_of_answer", "mean_of_answer", "labelled_of_answer"), 1),
        **dict.fromkeys(("worst_of_row", "evidence", "at_label", "begins_cell", "ends_cell"), 1),
        **dict.fromkeys(("bare_of_answer", "bare_of_row", "named_elsewhere", "taken_twice"), -1),
        **dict.fromkeys(("out_of_line", "odd", "picture"), -1),
    },
    NULL: {
        **dict.fromkeys(("whole", "least", "mean", "worst_of_answer", "mean_of_answer", "labelled_of_answer"), 1),
        **dict.fromkeys(("worst_of_row", "column_filled", "look_absent"), 1),
        **dict.fromkeys(("bare_of_answer", "unread", "numbers_free", "bare_of_row", "nulls_of_answer", "usual"), -1),
        **dict.fromkeys(("named", "behind", "behind_free", "behind_fits", "label", "label_behind"), -1),
        **dict.fromkeys(("own_free", "sure_beside_own", "date_free", "row_free"), -1),
        **dict.fromkeys(("schema_printed", "nulls_of_printed", "gap_free"), -1),
    },
}

_LEAST = 1e-5  # a probability nearer to 0 or 1 counts as this far away
_LONG = 60  # characters
_PRINTED = 0.2  # of the words of a schema's fields: whose documents print so many, or more, it was written for them


class FeatureRow(NamedTuple):
    """`kind` is `VALUE` or `NULL`; `features` are in the order of `NAMES[kind]`."""

    kind: str
    features: tuple[float, ...]


def rows(
    text: str,
    document: Document,
    schema: dict[str, Any],
    fields: Mapping[str, Known],
    logprobs: Sequence[float],
    sizes: Sequence[int],
    held: Mode = "none",
) -> dict[str, FeatureRow]:
    """Of each scalar of the answer `text`, by its pointer; of none where the tokens are not the text's. `fields`: its
    evidence. `logprobs` and `sizes` are of the tokens, as the engine gives them. `held`: which values the grammar held
    to the document."""
    found = list(scalars(text))
    sure = [one for one in sureness(text, found, logprobs, sizes) if one is not None]
    if len(sure) < len(found) or not found:
        return {}
    return _Rows(found, sure, document, FieldSchemas(schema), fields, held).rows()


class _Rows:
    """The rows of one answer."""

    def __init__(
        self,
        found: list[Scalar],
        sure: list[Sureness],
        document: Document,
        schemas: FieldSchemas,
        fields: Mapping[str, Known],
        held: Mode,
    ) -> None:
        self._document, self._schemas, self._held, self._fields = document, schemas, held, fields
        self._view = AnswerView(document.text, found, sure, fields)
        self._around = Surroundings(document.text)
        self._free = FreeLooks(document.text, self._view, schemas)
        self._answer = (
            _logit(self._view.worst),
            _logit(math.fsum(each.mean for each in sure) / len(sure)),
            self._view.bare,
            self._view.unread,
            self._view.labelled,
            self._view.numbers_free,
            self._around.structured,
        )

    def rows(self) -> dict[str, FeatureRow]:
        return {
            one.pointer: FeatureRow(NULL, self._null(at, one, sure))
            if one.value is None
            else FeatureRow(VALUE, self._value(at, one, sure))
            for at, (one, sure) in enumerate(zip(self._view.found, self._view.sure, strict=True))
        }

    def _both(self, one: Scalar, sure: Sureness, field: FieldSchema) -> tuple[float, ...]:
        row = self._view.row(one)
        return (
            *(_logit(sure.whole), _logit(sure.least), _logit(sure.mean), *self._answer),
            *(float(any(isinstance(part, int) for part in one.path)), _logit(row.worst), row.bare),
            *(float(field.kind == kind) for kind in ("number", "date", "choice")),
        )

    def _value(self, at: int, one: Scalar, sure: Sureness) -> tuple[float, ...]:
        known, key, field = self._fields[one.pointer], key_of(one), self._schemas.at(one.path)
        value = one.value if isinstance(one.value, str) else str(one.value)
        places: list[Span] = [(each["start"], each["stop"]) for each in known["evidence"]]
        start, stop = (places[0][0], places[0][1]) if places else (0, 0)
        here = self._around.before(key, start) if places else 0.0
        picture = min((self._document.confidence(*place) or 1.0 for place in places), default=1.0)
        return (
            *self._both(one, sure, field),
            float(bool(places)),
            float(bool(places) and known["evidence"][0]["text"] == value),
            float(len(places) > 1),
            max(here, float(known.get("label") is not None)),
            max(0.0, self._around.named(key).share - here),
            float(bool(places) and self._around.begins(start)),
            float(bool(places) and self._around.ends(stop)),
            float(any(self._view.taken(place, at) for place in places)),
            float(self._view.out_of_line(at)),
            float(self._view.says(key, value) > 1),
            float(field.kind != "choice" and (self._held == "all" or (self._held == "declared" and field.printed))),
            math.log1p(len(value.split())),
            float(len(value) > _LONG),
            float(isinstance(one.value, str) and not looks_like(key, field.format, value)),
            1 - picture,
        )

    def _null(self, at: int, one: Scalar, sure: Sureness) -> tuple[float, ...]:
        key, field = key_of(one), self._schemas.at(one.path)
        named = self._around.named(key)
        behind = self._around.text(named.behind)
        is_free = bool(behind) and not self._view.taken(named.behind)
        label: Any = self._fields[one.pointer].get("label")
        free = self._free.of(one)
        has_own = free.free and free.look in OWN
        return (
            *self._both(one, sure, field),
            named.share,
            named.share * bool(behind),
            named.share * is_free,
            named.share * (is_free and field.may_hold(key, behind)),
            float(label is not None),
            float(label is not None and label.get("behind") is not None),
            0.0 if has_own else usual(one.path),  # printed, so what other documents say is no matter
            float(has_own),
            max(0.0, self._answer[1]) * has_own,  # a surer answer has overlooked it all the same
            float(free.free and free.look == "date"),
            float(not free.free and free.look is not None),
            self._view.nulls,
            self._view.filled(one),
            float(self._view.row_has_free(one, numbers=field.kind == "number")),
            self._printed,
            self._view.nulls * self._printed,
            float(sum(isinstance(part, str) for part in one.path) > 1),
            math.log1p(self._view.gap(at)) * self._view.order,
        )

    @cached_property
    def _printed(self) -> float:
        """How much of the names of the fields outside of lists the document prints, up to 1."""
        keys = [key_of(one) for one in self._view.found if not row_of(one)]
        shares = [self._around.named(key).share for key in keys]
        return min(1.0, sum(shares) / max(1, len(keys)) / _PRINTED)


def _logit(logarithm: float) -> float:
    """Of a probability whose natural logarithm is given."""
    chance = min(max(math.exp(logarithm), _LEAST), 1 - _LEAST)
    return math.log(chance / (1 - chance))
