"""What is known of a value, as figures: each says what it should of answers made for it."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from extractor.calibration.features import NAMES, NULL, SIGNS, VALUE, FeatureRow, rows
from extractor.calibration.usual import usual
from extractor.documents import Document
from extractor.evidence.ground import ground

TEXT = """Norrby Verkstad AB
Contact: Tomas Lind, purchasing
E-mail: tomas@norrby.example
Order no: 4711    Total: 1.250,00 EUR
"""
PLACES: dict[str, Any] = {
    "contact": {"type": "string"},
    "email": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
    "order_no": {"type": "string", "x-printed": True},
    "total": {"type": ["number", "null"]},
    "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
    "state": {"enum": ["open", "paid", None]},
}
SCHEMA: dict[str, Any] = {"type": "object", "properties": PLACES}
SURE = -0.001


def made(
    answer: str, text: str = TEXT, held: str = "none", logprob: float = SURE, schema: dict[str, Any] = SCHEMA
) -> dict[str, dict[str, float]]:
    """The figures of `answer`, each of whose characters is a token, by pointer and name."""
    document = Document(text)
    logprobs, sizes = [logprob] * len(answer), [len(one.encode()) for one in answer]
    fields = ground(answer, document, logprobs, sizes)
    found = rows(answer, document, schema, fields, logprobs, sizes, held)  # type: ignore[arg-type]
    return {pointer: named(row) for pointer, row in found.items()}


def named(row: FeatureRow) -> dict[str, float]:
    return dict(zip(NAMES[row.kind], row.features, strict=True))


def test_a_printed_value_at_its_label_fills_its_cell():
    found = made('{"contact":"Tomas Lind","total":1250.00}')
    contact, total = found["/contact"], found["/total"]
    assert (contact["evidence"], contact["literal"], contact["at_label"], contact["ends_cell"]) == (1, 1, 1, 1)
    assert (total["evidence"], total["literal"], total["at_label"], total["number"]) == (1, 0, 1, 1)


def test_what_is_printed_nowhere_or_cut_short_says_so():
    found = made('{"contact":"Maria Berg","order_no":"47"}')
    assert found["/contact"]["evidence"] == 0
    assert found["/contact"]["bare_of_answer"] == 1
    assert made('{"contact":"Norrby"}')["/contact"]["ends_cell"] == 0, "the cell goes on"
    assert made('{"contact":"Norrby"}')["/contact"]["at_label"] == 0
    assert made('{"contact":"Norrby"}')["/contact"]["named_elsewhere"] == 1


def test_two_values_from_one_place_are_seen():
    found = made('{"contact":"Tomas Lind","order_no":"Tomas Lind"}')
    assert found["/contact"]["taken_twice"] == found["/order_no"]["taken_twice"] == 1
    assert made('{"contact":"Tomas Lind"}')["/contact"]["taken_twice"] == 0


def test_a_null_beside_its_label_or_beside_what_looks_like_it_says_so():
    found = made('{"contact":"Tomas Lind","email":null,"due":null,"state":null,"total":null}')
    assert (found["/email"]["own_free"], found["/total"]["behind_fits"]) == (1, 1)
    assert (found["/due"]["date_free"], found["/due"]["named"], found["/due"]["date"]) == (0, 0, 1)
    assert found["/state"]["choice"] == 1
    taken = made('{"contact":"tomas@norrby.example","email":null}')["/email"]
    assert (taken["own_free"], taken["look_absent"]) == (0, 1), "another field has it"


LOOKS = [
    ("email", {"type": "string"}, "write to a.b@c.example", "own_free"),
    ("website", {"type": "string", "format": "uri"}, "at www.norrby.example", "own_free"),
    ("fax", {"type": "string"}, "or 040 11 22 33", "own_free"),
    ("account_iban", {"type": "string"}, "into DE89 3704 0044 0532 0130 00", "own_free"),
    ("paid_on", {"type": "string", "format": "date"}, "since 3 May 2024", "date_free"),
    ("total", {"type": "number"}, "it makes 1.250,00", None),
    ("total", {"type": "number"}, "it makes € 80", None),
    ("vat_rate", {"type": "number"}, "plus 19 %", None),
    ("rooms", {"type": "integer"}, "of 4 rooms", None),
    ("start_time", {"type": "string"}, "begins at 14:30", None),
    ("currency", {"type": "string"}, "costs € 12", None),
    ("zip", {"type": "string"}, "in 37073 Göttingen", None),
]


@pytest.mark.parametrize(("key", "place", "printed", "figure"), LOOKS)
def test_what_looks_as_a_fields_values_do_is_seen_where_no_value_has_it(key, place, printed, figure):
    schema = {"type": "object", "properties": {key: {"anyOf": [place, {"type": "null"}]}, "note": {"type": "string"}}}
    answer = json.dumps({key: None, "note": "hello"}, separators=(",", ":"))

    def null(text: str) -> dict[str, float]:
        return made(answer, f"hello, {text}", schema=schema)[f"/{key}"]

    assert null(printed)["look_absent"] == 0
    assert null("nothing of the sort")["look_absent"] == 1
    assert [name for name in ("own_free", "date_free") if null(printed)[name]] == ([figure] if figure else [])


def test_a_field_of_any_look_has_no_look_to_miss():
    found = made('{"contact":null,"state":null}')
    assert (found["/contact"]["look_absent"], found["/state"]["look_absent"]) == (0, 0)


def test_what_most_documents_say_is_more_usual_than_what_few_do():
    assert usual(("total",)) > 0 > usual(("tip",))
    assert usual(("seller", "name")) > usual(("website",))
    assert usual(("items", 0, "description")) == usual(("items", 7, "description"))
    assert usual(()) == usual(("zzzz",)), "nothing is known of it"
    assert -4 <= usual(("tip" * 1000, "country" * 1000)) <= 4


def test_a_schema_whose_words_are_printed_was_written_for_the_document():
    printed = made('{"contact":"Tomas Lind","total":null}')["/total"]
    assert (printed["schema_printed"], printed["nulls_of_printed"], printed["nested"]) == (1, 0.5, 0)
    foreign = made('{"kunde":"Tomas Lind","betrag":{"netto":null}}')["/betrag/netto"]
    assert (foreign["schema_printed"], foreign["nulls_of_printed"], foreign["nested"]) == (0, 0, 1)


def test_what_stands_between_the_values_beside_a_null_is_seen():
    """Where values stand in the order of the fields, what the null asks for would stand between them."""
    ordered = '{"contact":"Tomas Lind","role":null,"email":"tomas@norrby.example","fax":null,"order_no":"4711"}'
    found = made(ordered)
    role, fax = len("purchasing" + "Email"), len("Orderno")
    assert found["/role"]["gap_free"] == pytest.approx(0.5 * math.log1p(role))
    assert found["/fax"]["gap_free"] == pytest.approx(0.5 * math.log1p(fax))
    backward = made('{"order_no":"4711","role":null,"contact":"Tomas Lind"}')
    assert backward["/role"]["gap_free"] == 0
    assert made('{"role":null}')["/role"]["gap_free"] == 0, "of no values nobody knows the order"


def test_what_the_grammar_holds_is_known_of_each_field():
    answer = '{"contact":"Tomas Lind","order_no":"4711"}'
    held = {
        mode: {at: one["held"] for at, one in made(answer, held=mode).items()} for mode in ("none", "declared", "all")
    }
    assert held["none"] == {"/contact": 0, "/order_no": 0}
    assert held["declared"] == {"/contact": 0, "/order_no": 1}
    assert held["all"] == {"/contact": 1, "/order_no": 1}


def test_tokens_of_another_text_say_nothing():
    answer, document = '{"contact":"Tomas"}', Document(TEXT)
    fields = ground(answer, document, [], [])
    assert rows(answer, document, SCHEMA, fields, [-0.1], [3]) == {}


def test_a_surer_model_is_a_higher_figure():
    sure, unsure = made('{"contact":"Tomas Lind"}'), made('{"contact":"Tomas Lind"}', logprob=-0.5)
    assert all(sure["/contact"][name] > unsure["/contact"][name] for name in ("whole", "least", "mean"))


@pytest.mark.parametrize(
    ("answer", "schema"),
    [
        ("[]", {}),
        ('["a",1,null,true]', {"type": "array", "items": True}),
        ('{"":{"é~/":[[null,"ß"]]}}', {"$ref": "#/$defs/none"}),
        ('{"a":1}', {"$defs": {"x": {"$ref": "#/$defs/x"}}, "$ref": "#/$defs/x"}),
        ('{"a":"' + "b" * 5000 + '"}', {"properties": {"a": {"anyOf": []}}}),
    ],
)
def test_any_answer_and_any_schema_have_figures(answer: str, schema: dict[str, Any]):
    document = Document("a b\n\n" + "é" * 100 + "\n|:")
    logprobs, sizes = [-0.5] * len(answer), [len(one.encode()) for one in answer]
    fields = ground(answer, document, logprobs, sizes)
    found = rows(answer, document, schema, fields, logprobs, sizes)
    assert found.keys() == fields.keys()
    for row in found.values():
        assert len(row.features) == len(NAMES[row.kind])
        assert all(-20 < figure < 20 for figure in row.features)
    assert {row.kind for row in found.values()} <= {VALUE, NULL}


def test_figures_take_time_that_grows_with_the_document_only():
    """Not with fields times lines: processor time of this thread, against one tenth as much."""
    line = "Menge 12  Preis 3,50  Artikel Lampe Messing\n"
    took = []
    for times in (200, 2000):
        document = Document(line * times)
        answer = '{"rows":[' + ",".join('{"menge":12,"preis":3.5,"farbe":null}' for _ in range(times // 10)) + "]}"
        logprobs, sizes = [-0.01] * len(answer), [1] * len(answer)
        fields = {f"/rows/{at}/{key}": {"evidence": [], "confidence": 1.0} for at in range(times // 10)
                  for key in ("menge", "preis", "farbe")}  # fmt: skip
        each = []
        for _ in range(3):  # the least: what else the processor does takes from its time too
            began = time.thread_time()
            rows(answer, document, {}, fields, logprobs, sizes)  # type: ignore[arg-type]
            each.append(time.thread_time() - began)
        took.append(min(each))
    assert took[1] < 40 * took[0] + 0.05, took


def test_signs_are_of_figures_that_there_are():
    for kind, names in NAMES.items():
        assert SIGNS[kind].keys() <= set(names)
        assert set(SIGNS[kind].values()) == {-1, 1}


ORDER = """Your order is in 2 parcels:
  KB-310   Keyboard      1
  MN-204   Monitor arm   2
"""
KEYS = {"sku": {"type": "string"}, "name": {"type": "string"}, "quantity": {"type": "integer"}}
ITEMS: dict[str, Any] = {"properties": {"items": {"type": "array", "items": {"type": "object", "properties": KEYS}}}}


@pytest.mark.parametrize(("quantity", "out"), [(2, ["/items/0/quantity"]), (1, [])])
def test_a_value_of_a_row_that_stands_in_another_line_says_so(quantity: int, out: list[str]) -> None:
    first = f'{{"sku":"KB-310","name":"Keyboard","quantity":{quantity}}}'
    second = '{"sku":"MN-204","name":"Monitor arm","quantity":2}'
    found = made(f'{{"items":[{first},{second}]}}', ORDER, schema=ITEMS)
    assert [pointer for pointer, figures in found.items() if figures["out_of_line"]] == out


def test_rows_of_two_lines_are_in_line():
    text = "KB-310 Keyboard\n  quantity 1\nMN-204 Monitor arm\n  quantity 2\n"
    rows_ = '{"sku":"KB-310","name":"Keyboard","quantity":1},{"sku":"MN-204","name":"Monitor arm","quantity":2}'
    assert not any(figures["out_of_line"] for figures in made(f'{{"items":[{rows_}]}}', text, schema=ITEMS).values())
