"""What is known of a value, as figures: each says what it should of answers made for it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from extractor.calibration.features import NAMES, NULL, VALUE, FeatureRow, rows
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


def made(answer: str, text: str = TEXT, held: str = "none", logprob: float = SURE) -> dict[str, dict[str, float]]:
    """The figures of `answer`, each of whose characters is a token, by pointer and name."""
    document = Document(text)
    logprobs, sizes = [logprob] * len(answer), [len(one.encode()) for one in answer]
    fields = ground(answer, document, logprobs, sizes)
    found = rows(answer, document, SCHEMA, fields, logprobs, sizes, held)  # type: ignore[arg-type]
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
    assert (found["/email"]["printed_free"], found["/total"]["behind_fits"]) == (1, 1)
    assert (found["/due"]["printed_free"], found["/due"]["named"], found["/due"]["date"]) == (0, 0, 1)
    assert found["/state"]["choice"] == 1
    taken = made('{"contact":"tomas@norrby.example","email":null}')["/email"]
    assert taken["printed_free"] == 0, "another field has it"


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
