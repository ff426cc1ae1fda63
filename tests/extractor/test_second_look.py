"""Nulls that are likely misses are asked for once more, as no nulls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from extractor import Extractor, Options, Settings
from extractor.calibration.calibration import Calibration
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.curve import Curve
from extractor.calibration.features import NULL, VALUE
from extractor.engine import Request
from extractor.errors import Cancelled
from extractor.evidence.choose import EvidenceSearch
from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import Scalar
from extractor.second_look import BELIEVED, BELIEVED_AT_LABEL, BELIEVED_OF_LOOK, DOUBTED, DOUBTED_ELSEWHERE
from schemas.doubts import should
from schemas.errors import Place
from tests.support.matching import written_under
from tests.support.scripted import ScriptedEngine

JSON = dict[str, Any]
DOCUMENT = "Order 4711\nfrom Anna Berg\nDate 2026-03-04\nTotal 12.50\nTip 2.00\n"
SCHEMA: JSON = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "buyer": {"type": ["string", "null"]},
        "sent_on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "total": {"type": ["number", "null"]},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"unit": {"type": ["string", "null"]}},
                                            "required": ["unit"]}},
    },
    "required": ["number", "buyer", "sent_on", "total", "rows"],
}  # fmt: skip
FIRST: JSON = {"number": "4711", "buyer": None, "sent_on": None, "total": 12.5, "rows": [{"unit": None}]}
ALL = Options(printed="all")


def text(**changes: Any) -> str:
    return json.dumps(FIRST | changes, separators=(",", ":"))


class Ending(ScriptedEngine):
    """The second answer ends as `finish` says."""

    def __init__(self, tok: Any, *script: Any, second: str) -> None:
        super().__init__(tok, *script)
        self._second = second

    def submit(self, request: Request, /) -> Future[Any]:
        completion, future = super().submit(request).result(), Future[Any]()
        future.set_result(replace(completion, finish=self._second if len(self.requests) == 2 else "stop"))
        return future


class Fitted(Calibrator):
    """As sure of the values as `values` says, by their JSON, and of the nulls as `nulls` says, by their pointers: more
    than enough where they do not."""

    def __init__(
        self, nulls: dict[str, float], values: dict[str, float], *, kinds: tuple[str, ...] = (VALUE, NULL)
    ) -> None:
        curves = {kind: Curve((), (), (), (), 0.0) for kind in kinds}
        super().__init__(Calibration("scripted", "2026-11-30", 1, curves))
        self._nulls, self._values = nulls, values

    def calibrated(self, fields: Any, text: str, *_: Any) -> Any:
        data = json.loads(text)
        return {at: {**known, "confidence": self._sure(at, data)} for at, known in fields.items()}

    def _sure(self, at: str, data: Any) -> float:
        for step in at.strip("/").split("/"):
            data = data[int(step) if isinstance(data, list) else step]
        return self._nulls.get(at, 0.9) if data is None else self._values.get(json.dumps(data), 0.99)


def extract(engine: ScriptedEngine, tok: Any, calibrator: Calibrator, options: Options = ALL, **more: Any) -> Any:
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=calibrator) as extractor:
        return extractor.extract(DOCUMENT, SCHEMA, options, **more)


DOUBTS = {"/buyer": 0.1, "/sent_on": 0.2, "/rows/0/unit": 0.1}


def test_values_take_the_places_of_doubted_nulls(tok: Any) -> None:
    engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg", sent_on="2026-03-04"))
    result = extract(engine, tok, Fitted(DOUBTS, {}))
    assert result.data == FIRST | {"buyer": "Anna Berg", "sent_on": "2026-03-04"}
    assert result.text == text(buyer="Anna Berg", sent_on="2026-03-04")
    assert result.fields["/buyer"]["evidence"][0]["text"] == "Anna Berg"
    assert result.usage.model_calls == 2
    assert result.usage.prompt_tokens == sum(len(request.prompt) for request in engine.requests)


def test_all_else_of_the_answer_is_held_and_the_prompt_shows_no_null(tok: Any) -> None:
    engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg", sent_on="2026-03-04"))
    extract(engine, tok, Fitted(DOUBTS, {}))
    first, second = (tok.decode(request.prompt) for request in engine.requests)
    assert first.count("null") > second.count("null") > 0, "the total and the unit of a row may still be null"
    assert "4711" in engine.requests[1].grammar, "what was not asked for may not change"


def test_what_is_not_believed_stays_null(tok: Any) -> None:
    engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg", sent_on="2026-03-04"))
    result = extract(engine, tok, Fitted(DOUBTS, {'"Anna Berg"': BELIEVED - 0.01, '"2026-03-04"': BELIEVED}))
    assert result.data == FIRST | {"sent_on": "2026-03-04"}
    assert {mark["pointer"] for mark in result.review if mark["code"] == "low_confidence"} >= {"/buyer"}


def test_a_null_beside_its_printed_label_is_asked_for_again_however_sure_it_is(tok: Any) -> None:
    """And a value that stands behind the label has to be no surer than not."""
    schema = SCHEMA | {"properties": SCHEMA["properties"] | {"tip": {"type": ["number", "null"]}}}
    first, mended = text(tip=None), text(tip=2.0)
    for sure, expected in ((BELIEVED_AT_LABEL, 2.0), (BELIEVED_AT_LABEL - 0.01, None)):
        engine = ScriptedEngine(tok, first, mended)
        fitted = Fitted({"/tip": 0.97}, {"2.0": sure})
        with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=fitted) as extractor:
            result = extractor.extract(DOCUMENT, schema, ALL)
        assert (result.data["tip"], result.usage.model_calls) == (expected, 2)
    engine = ScriptedEngine(tok, first, text(tip=4711))
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=Fitted({}, {"4711": 0.6})) as one:
        assert one.extract(DOCUMENT, schema, ALL).data["tip"] is None, "it stands elsewhere"


REACHED: JSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "email": {"type": ["string", "null"]},
                   "fax": {"type": ["string", "null"]}, "mail": {"type": ["boolean", "null"]}},
    "required": ["name", "email", "fax", "mail"],
}  # fmt: skip


def test_a_null_is_asked_for_again_where_what_only_it_can_be_is_printed(tok: Any) -> None:
    """And one that no value of the document can be is not."""
    document, sure = "Anna Berg\nann@post.example\n", {'"ann@post.example"': BELIEVED_OF_LOOK}
    first = {"name": "Anna Berg", "email": None, "fax": None, "mail": None}
    again = first | {"email": "ann@post.example", "fax": "Anna Berg", "mail": True}
    script = (json.dumps(one, separators=(",", ":")) for one in (first, again))
    engine, fitted = ScriptedEngine(tok, *script), Fitted({"/email": 0.97, "/fax": 0.1}, sure)
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=fitted) as extractor:
        result = extractor.extract(document, REACHED, ALL)
    assert result.data == first | {"email": "ann@post.example"}


LABELLED = "Buyer: Anna Berg\nSeller: Ida Holm Joinery and Sons\nOrder no: 4711\nInvoice no: 77/B\nDate: 2026-03-04\n"
NUMBERED: JSON = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "description": "invoice number as printed"},
        "seller": {"type": "string"},
    },
    "required": ["number", "seller"],
}


@pytest.mark.parametrize(
    ("sure", "then", "expected"),
    [
        (DOUBTED_ELSEWHERE, 0.7, "77/B"),
        (DOUBTED_ELSEWHERE + 0.01, 0.9, "4711"),
        (DOUBTED_ELSEWHERE, DOUBTED_ELSEWHERE - 0.01, "4711"),
    ],
)
def test_a_doubted_value_gives_way_to_what_stands_at_its_own_label(
    tok: Any, sure: float, then: float, expected: str
) -> None:
    """Where that is surer. The grammar holds it to that place."""
    first, second = (f'{{"number":"{number}","seller":"Ida Holm Joinery and Sons"}}' for number in ("4711", "77/B"))
    engine = ScriptedEngine(tok, first, second)
    fitted = Fitted({}, {'"4711"': sure, '"77/B"': then})
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=fitted) as extractor:
        result = extractor.extract(LABELLED, NUMBERED, ALL)
    assert result.data == {"number": expected, "seller": "Ida Holm Joinery and Sons"}
    assert result.usage.model_calls == 1 + (sure <= DOUBTED_ELSEWHERE)
    for request in engine.requests[1:]:
        may_be = [
            written_under(request.grammar or "", one.removeprefix(request.begun.decode())) for one in (first, second)
        ]
        assert [len(one) < len(first) for one in may_be] == [False, True]


def test_an_answer_is_looked_up_once(tok: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first, what was found for its doubted value, and both together."""
    looked_up = list[str]()
    of = EvidenceSearch.of

    def counted(self: EvidenceSearch, found: list[Scalar]) -> list[Occurrence]:
        looked_up.append(str(found[0].value))
        return of(self, found)

    monkeypatch.setattr(EvidenceSearch, "of", counted)
    first, second = (f'{{"number":"{number}","seller":"Ida Holm Joinery and Sons"}}' for number in ("4711", "77/B"))
    fitted = Fitted({}, {'"4711"': DOUBTED_ELSEWHERE, '"77/B"': 0.7})
    with Extractor(Settings(), engine=ScriptedEngine(tok, first, second), tokenizer=tok, calibrator=fitted) as one:
        assert one.extract(LABELLED, NUMBERED, ALL).data["number"] == "77/B"
    assert looked_up == ["4711", "77/B", "77/B"]


def test_what_is_another_fields_value_already_is_no_find(tok: Any) -> None:
    both = Fitted({"/buyer": 0.1}, {})
    engine = ScriptedEngine(tok, text(), text(buyer="4711"))
    assert extract(engine, tok, both).data == FIRST
    engine = ScriptedEngine(tok, text(), text(buyer="2026", sent_on="2026-03-04"))
    assert extract(engine, tok, Fitted(DOUBTS, {})).data == FIRST | {"buyer": "2026"}, "nor what another find has taken"


@pytest.mark.parametrize(
    ("calibrator", "options"),
    [
        (Fitted({}, {}), ALL),
        (Fitted({"/buyer": DOUBTED + 0.01, "/sent_on": 0.9}, {}), ALL),
        (Fitted({"/rows/0/unit": 0.0}, {}), ALL),
        (Fitted(DOUBTS, {}, kinds=(VALUE,)), ALL),
        (Fitted(DOUBTS, {}, kinds=(NULL,)), ALL),
        (Calibrator(), ALL),
        (Fitted(DOUBTS, {}), ALL.model_copy(update={"max_model_calls": 1})),
    ],
    ids=["sure", "sure enough", "in a list", "nulls not fitted", "values not fitted", "no fit", "one call"],
)
def test_where_nothing_is_asked_for_again(tok: Any, calibrator: Calibrator, options: Options) -> None:
    engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg", sent_on="2026-03-04"))
    result = extract(engine, tok, calibrator, options)
    assert (result.data, len(engine.requests)) == (FIRST, 1)


class LessSure(Fitted):
    """Of what stands beside each value that is no null."""

    def _sure(self, at: str, data: Any) -> float:
        return super()._sure(at, data) - 0.01 * sum(one is not None for one in data.values())


def test_all_is_as_sure_as_it_was_and_each_find_as_among_the_others(tok: Any) -> None:
    """A fit knows answers that were looked at once."""
    engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg", sent_on="2026-03-04"))
    once = extract(engine, tok, LessSure({"/buyer": 0.1}, {}), ALL.model_copy(update={"max_model_calls": 1}))
    engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg", sent_on="2026-03-04"))
    twice = extract(engine, tok, LessSure(DOUBTS, {}))
    sure, first = ({at: known["confidence"] for at, known in one.fields.items()} for one in (twice, once))
    assert [sure[at] - first[at] for at in ("/number", "/total")] == [0, 0]
    assert sure["/buyer"] == sure["/sent_on"] == pytest.approx(first["/number"] - 0.02)


class Bill(BaseModel):
    net: float | None
    tax: float | None
    total: float

    @should
    def _sums(self) -> Iterator[Place]:
        if self.net is not None and self.tax is not None and self.net + self.tax != self.total:
            yield "/total", "is not net and tax"


@pytest.mark.parametrize(("tax", "kept"), [(2.5, 2.5), (2.0, None)])
def test_what_a_check_speaks_against_is_no_find(tok: Any, tax: float, kept: float | None) -> None:
    script = [f'{{"net":10.0,"tax":{value},"total":12.5}}' for value in ("null", tax)]
    engine, calibrator = ScriptedEngine(tok, *script), Fitted({"/tax": 0.1}, {})
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=calibrator) as extractor:
        result = extractor.extract(DOCUMENT, Bill, Options(printed="none"))
    assert result.data["tax"] == kept
    assert "check" not in {mark["code"] for mark in result.review}


class Parcel(BaseModel):
    sent_on: str | None
    buyer: str

    @should
    def _known(self) -> Iterator[Place]:
        if self.sent_on is None:
            yield "/sent_on", "is missing"
        elif self.sent_on > "2026-03-01":
            yield "/buyer", "was no buyer yet"
        elif self.sent_on < "2026-01-01":
            yield "/sent_on", "is too early"


@pytest.mark.parametrize(("day", "kept"), [("2026-02-01", "2026-02-01"), ("2026-03-04", None), ("1926-03-04", None)])
def test_a_check_speaks_against_a_find_whatever_other_check_it_ends(tok: Any, day: str, kept: str | None) -> None:
    script = [f'{{"sent_on":{sent_on},"buyer":"Anna Berg"}}' for sent_on in ("null", f'"{day}"')]
    engine, calibrator = ScriptedEngine(tok, *script), Fitted({"/sent_on": 0.1}, {})
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok, calibrator=calibrator) as extractor:
        result = extractor.extract(DOCUMENT, Parcel, Options(printed="none"))
    assert result.data["sent_on"] == kept


@pytest.mark.parametrize("second", ["length", "deadline"])
def test_an_answer_does_not_fall_with_its_second_look(tok: Any, second: str) -> None:
    engine = Ending(tok, text(), text(buyer="Anna Berg"), second=second)
    result = extract(engine, tok, Fitted(DOUBTS, {}))
    assert result.data == FIRST
    assert result.usage.model_calls == 2, "it is counted"


def test_a_withdrawn_one_ends_there(tok: Any) -> None:
    engine = Ending(tok, text(), text(buyer="Anna Berg"), second="cancelled")
    with pytest.raises(Cancelled):
        extract(engine, tok, Fitted(DOUBTS, {}))


def test_a_value_of_a_second_look_is_held_as_the_first_ones_are(tok: Any) -> None:
    """To what the document prints where that is asked for."""
    for printed, allowed in (("all", False), ("none", True)):
        engine = ScriptedEngine(tok, text(), text(buyer="Anna Berg"))
        extract(engine, tok, Fitted({"/buyer": 0.1}, {}), Options(printed=printed))
        grammar = engine.requests[1].grammar or ""
        answer = text(buyer="Bob Stone").removeprefix(engine.requests[1].begun.decode())
        assert (written_under(grammar, answer) != answer) is allowed
