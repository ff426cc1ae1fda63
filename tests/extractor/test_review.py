"""What of an answer is marked for a person, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.answer.complete import completed
from extractor.calibration.calibrator import Calibrator
from extractor.config import Settings
from extractor.engine import Completion, RequestStats
from extractor.engine.limits.limits import Ended
from extractor.errors import OutputError
from extractor.extract import Extractor
from extractor.findings import ended_values
from extractor.options import Options
from extractor.result import Known, Unprinted
from extractor.review.marks import BELOW, review, unprinted_of
from schemas.builtin.invoice import Invoice
from tests.support.scripted import ScriptedEngine

EMPTY: dict[str, Any] = {
    "number": None, "issue_date": None, "due_date": None, "seller": None, "buyer": None, "currency": None, "items": [],
    "subtotal": None, "tax": None, "total": None,
}  # fmt: skip


def extract(tok: Any, document: str, options: Options | None = None, **answer: Any) -> Any:
    engine = ScriptedEngine(tok, json.dumps({**EMPTY, **answer}))
    with Extractor(Settings(), engine=engine, tokenizer=tok) as extractor:
        return extractor.extract(document, Invoice, options)


class SixTenths(Calibrator):
    """Believes each value by 0.6."""

    def calibrated(self, fields: dict[str, Known], *_: Any) -> dict[str, Known]:
        return {pointer: {**known, "confidence": 0.6} for pointer, known in fields.items()}


def marks(result: Any) -> list[tuple[str, str, str]]:
    return [(one["pointer"], one["code"], one["severity"]) for one in result.review]


def test_a_check_that_should_hold_marks_the_answer_and_calls_no_model_again(tok: Any) -> None:
    result = extract(tok, "Total 12.00 net 10.00 tax 1.00", subtotal=10, tax=1, total=12)
    assert marks(result) == [("/total", "check", "high")]
    assert result.usage.model_calls == 1
    assert result.as_json()["needs_review"] is True


def test_a_value_that_is_not_printed_is_marked(tok: Any) -> None:
    result = extract(tok, "Invoice A-7", Options(printed="none"), number="B-8", currency="EUR")
    assert marks(result) == [("/number", "not_printed", "high"), ("/currency", "not_printed", "high")]


def test_where_nobody_wants_the_fields_the_same_is_marked(tok: Any) -> None:
    for fields in (True, False):
        options = Options(printed="none", fields=fields)
        result = extract(tok, "INVOICE\nNUMBER  A-7\nDUE DATE  3 MAY 2024", options, number="a-7")
        assert marks(result) == [("/due_date", "missed", "high")], fields


def test_keys_and_values_of_no_type_that_are_not_printed_are_marked(tok: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"sums": {"type": "object", "additionalProperties": {"type": "number"}}, "rest": {}},
        "required": ["sums", "rest"],
    }
    answer = {
        "sums": {"Net": 10, "VAT 19%": 2, "net_total": 12, "Fee": 3},
        "rest": {"by": "Ann", "to": ["Bob", 4, True]},
    }
    with Extractor(Settings(), engine=ScriptedEngine(tok, json.dumps(answer)), tokenizer=tok) as extractor:
        result = extractor.extract("NET 10.00\nVAT 19% 2.00\nNet total 12.00\nGiven by Ann to Bob", schema)
    keys, values = ["/sums/Fee"], ["/sums/Fee", "/rest/to/1"]
    assert [one["pointer"] for one in result.review if "key" in one["detail"]] == keys
    assert [one["pointer"] for one in result.review if "key" not in one["detail"]] == values
    assert {one["code"] for one in result.review} == {"not_printed"}
    assert unprinted_of(result.review) == [Unprinted("/sums/Fee", key=True), *map(Unprinted, values)]


def test_an_answer_that_stands_has_no_marks(tok: Any) -> None:
    result = extract(tok, "Invoice A-7 of 3 May 2024, € 10.00", number="A-7", issue_date="2024-05-03", total=10)
    assert result.review == []
    assert result.as_json()["needs_review"] is False


def test_what_the_model_was_unsure_of_is_marked() -> None:
    chances = {"/a": BELOW - 0.01, "/b": BELOW, "/c": None}
    known: dict[str, Known] = {
        pointer: {"evidence": [], "label": None, "confidence": chance} for pointer, chance in chances.items()
    }
    [mark] = review([], [], known)
    assert (mark["pointer"], mark["code"], mark["severity"]) == ("/a", "low_confidence", "low")
    assert [one["pointer"] for one in review([], [], known, below=0.9)] == ["/a", "/b"]
    assert review([], [], known, below=0) == []


def test_who_asks_says_how_sure_is_sure_enough_else_the_settings_else_the_model(tok: Any) -> None:
    def unsure(settings: Settings, options: Options | None = None, **info: float) -> int:
        engine = ScriptedEngine(tok, json.dumps({**EMPTY, "number": "A-7"}))  # at a probability of 1
        about = {"model": "m", "context": 2048, **info}
        with Extractor(settings, engine=engine, tokenizer=tok, info=about, calibrator=SixTenths()) as extractor:
            found = extractor.extract("Invoice A-7", Invoice, options).review
        return sum(one["pointer"] == "/number" and one["code"] == "low_confidence" for one in found)

    assert [unsure(Settings()), unsure(Settings(review_below=0.7))] == [0, 1], "it is sure by 0.6"
    assert [unsure(Settings(), review_below=0.7), unsure(Settings(), review_below=0.6)] == [1, 0]
    assert unsure(Settings(review_below=0.7), Options(review_below=0.6)) == 0
    assert unsure(Settings(), Options(review_below=0.61), review_below=0.1) == 1


def test_a_null_beside_a_printed_value_is_marked(tok: Any) -> None:
    document = "Mina Okafor\nLarkspur Labs\nE-Mail: m.okafor@larkspur.example\nWebsite: n/a\n"
    answer = {
        "name": "Mina Okafor", "title": None, "job_title": None, "company": "Larkspur Labs", "email": None,
        "phones": [], "website": None, "address": None,
    }  # fmt: skip
    with Extractor(Settings(), engine=ScriptedEngine(tok, json.dumps(answer)), tokenizer=tok) as extractor:
        result = extractor.extract(document, "contact")
    assert marks(result) == [("/email", "missed", "high")]
    assert "m.okafor@larkspur.example" in result.review[0]["detail"]
    label = result.fields["/email"]["label"]
    assert (label["text"], label["behind"]["text"]) == ("E-Mail", "m.okafor@larkspur.example")
    label = result.fields["/website"]["label"]
    assert (label["text"], label["behind"]) == ("Website", None)


@pytest.mark.parametrize(
    ("document", "key", "schema"),
    [
        ("Discount: see appendix", "discount", {"type": ["number", "null"]}),
        ("E-mail: on request", "email", {"type": ["string", "null"]}),
        ("Due date: on receipt", "due_date", {"type": ["string", "null"], "format": "date"}),
        ("Size: oversized", "size", {"enum": ["small", "large", None]}),
        ("Paid: yes", "paid", {"type": ["boolean", "null"]}),
        ("Notes: " + "word " * 20, "notes", {"type": ["string", "null"]}),
    ],
)
def test_what_a_field_cannot_hold_is_not_missed(tok: Any, document: str, key: str, schema: dict[str, Any]) -> None:
    asked = {"type": "object", "properties": {key: schema}, "required": [key]}
    engine = ScriptedEngine(tok, json.dumps({key: None}))
    with Extractor(Settings(), engine=engine, tokenizer=tok) as extractor:
        result = extractor.extract(document, asked)
    assert result.fields[f"/{key}"]["label"]["behind"] is not None, "it is said all the same"
    assert result.review == []


def test_what_did_not_end_by_itself_is_marked_where_it_stands() -> None:
    text = '{"é":"nn","rows":[{"a":[1,1]},{"b c":2}],"k":"n'.encode()
    starts = [text.rindex(start) for start in (b'"nn"', b"[1,1", b'"b c"', b"[{", b'"n')]
    ended = [Ended(start, "repeated" if start < 30 else "cut_off") for start in starts]
    completion = Completion([], text, "length", [], [], RequestStats(), ended)
    assert ended_values(text[:9].decode() + '"}', completion)[0] == ("/é", "repeated")
    found = ended_values(completed(text.decode()), completion)
    assert found == [("/é", "repeated"), ("/rows/0/a", "repeated"), ("/rows/1/b c", "cut_off"), ("/rows", "repeated")]
    assert [(mark["pointer"], mark["code"]) for mark in review([], [], {}, [], found)] == found


def test_an_answer_that_does_not_stand_is_kept_with_what_is_known_of_it(tok: Any) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}, "required": ["a"]}
    for finish, text, data in (
        ("stop", '{"a":"Bob","n":"x"}', {"a": "Bob", "n": "x"}),
        ("length", '{"a":"Bob","n":1', {"a": "Bob"}),
        ("length", '{"a":"Bo', {}),
    ):
        engine = ScriptedEngine(tok, text, finish=finish)
        extractor = Extractor(Settings(max_model_calls=1), engine=engine, tokenizer=tok)
        with extractor, pytest.raises(OutputError) as caught:
            extractor.extract("from Bob", schema)
        kept = caught.value.kept
        assert (caught.value.last, kept["data"]) == (text, data)
        assert kept["usage"]["model_calls"] == 1
        if data:
            assert kept["fields"]["/a"]["evidence"][0]["text"] == "Bob"
