"""Evidence and confidence: where a value is printed, which place is chosen, and what the tokens say."""

from __future__ import annotations

import json
import logging
import math
import random
import time
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from extractor import Extractor, Options, Settings
from extractor.documents import Document, Page, read
from extractor.evidence import word_index
from extractor.evidence.ground import EvidenceSearch, ground
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.scalars import scalars
from schemas import Registry
from schemas.jsontext import loads
from tests.support.scripted import ScriptedEngine, tokenizer

INVOICE = Registry.discover().get("invoice").examples[0]


def evidence(document: str, answer: dict[str, Any]) -> dict[str, list[str]]:
    """What is found of each value, by pointer."""
    found = list(scalars(json.dumps(answer)))
    places = EvidenceSearch(document).of(found)
    return {
        one.pointer: [document[place.start : place.stop] for place in where]
        for one, where in zip(found, places, strict=True)
    }


@pytest.mark.parametrize(
    ("document", "thousands", "fraction"),
    [
        ("rent 1,850", True, True),  # nothing decides
        ("rent 1,850, fee 12.50", True, False),
        ("rent 1.850, fee 12,50", True, False),
        ("rent 1,850, fee 12,50", False, True),
        ("rent $1,850", True, False),
        ("rent 1,850 of 2,340,000", True, False),
        ("rent 1,850, fee 12.50, tax 3,20", True, True),
        ("rent 1,850 since 03.05.24, fee 12,50", False, True),
    ],
)
def test_what_can_be_read_in_two_ways_is_read_as_other_numbers_are(
    document: str, *, thousands: bool, fraction: bool
) -> None:
    found = evidence(document, {"whole": 1850, "part": 1.85})
    assert [bool(found[where]) for where in ("/whole", "/part")] == [thousands, fraction]


def test_a_number_read_in_the_other_way_is_marked(tok: Any) -> None:
    """Although no grammar holds it to the document."""

    class Rent(BaseModel):
        rent: float

    for document, codes in (("Rent: $1,850", ["not_printed"]), ("Rent: $1.850", [])):
        engine = ScriptedEngine(tok, '{"rent":1.850}')
        with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok) as extractor:
            result = extractor.extract(document, Rent, Options(printed="none"))
        assert [mark["code"] for mark in result.review if mark["code"] == "not_printed"] == codes


def test_scalars_have_their_place_and_their_pointer() -> None:
    text = '{"a": 1, "b~/c": {"d": "x\\"y, {", "e": [1.50, {"f": null}, [], {}, true, [-2e3]]}, "g": ""}'
    found = list(scalars(text))
    inner = [f"/b~0~1c/{at}" for at in ("d", "e/0", "e/1/f", "e/4", "e/5/0")]
    assert [one.pointer for one in found] == ["/a", *inner, "/g"]
    assert [one.value for one in found] == [1, 'x"y, {', Decimal("1.50"), None, True, Decimal(-2000), ""]
    assert all(loads(text[one.start : one.stop]) == one.value for one in found)


@pytest.mark.parametrize(
    ("value", "document", "expected"),
    [
        ("Mina Okafor", "Dr. MINA\nOKAFOR, Head", "MINA\nOKAFOR"),
        ("Dr.", "Dear Dr. Okafor", "Dr."),
        ("C++", "C and C++ and Java", "C++"),
        ("+44 7700 900123", "Call +44 7700 900123 now", "+44 7700 900123"),
        ("DE89370400440532013000", "IBAN DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
        ("ISO 9001", "after ISO9001 rules", "ISO9001"),
        ("Müller Straße", "MULLER STRASSE 5", "MULLER STRASSE"),
        ("東京", "本社は東京都にある", "東京"),
        ("m.okafor@larkspur.example", "<m.okafor@larkspur.example>", "m.okafor@larkspur.example"),
        ("EUR", "Total: € 12", "€"),
        ("1250.00", "sum 1.250,00 due", "1.250,00"),
        (1250, "sum 1'250.00 due", "1'250.00"),
        (1250, "sum 1 250,00 due", "1 250,00"),
        (Decimal("1.234"), "weighs 1.234 kg", "1.234"),
        (1234, "makes 1.234 pieces", "1.234"),
        (Decimal("-4.5"), "balance -4.50", "-4.50"),
        (Decimal("0.19"), "VAT 19 %", "19"),
        (Decimal("12.00"), "in ١٢ days", "١٢"),
        (2500000, "2,5 Mio. kg", "2,5"),
        (1500, "EUR 1.5k or 15", "1.5"),
        (0, "0 left", "0"),
        ("2026-10-05", "on 5 Oct 2026.", "5 Oct 2026"),
        ("2026-10-05", "on 05/10/26.", "05/10/26"),
        ("2026-03-04", "on 03/04/2026.", "03/04/2026"),
        ("2026-10", "since 10/2026", "10/2026"),
        ("18:06", "at 6:06 pm", "6:06 pm"),
        ("08:05:00", "at 8:05", "8:05"),
        ("18:06", "à 18h06", "18h06"),
        ("18:00", "until 6 p.m.", "6 p.m."),
        ("18:00", "ab 18 Uhr", "18 Uhr"),
        ("17:30", "9:00 to 5:30", "5:30"),
        ("00:30", "at 12:30 am", "12:30 am"),
        ("2026-10-05", "Shipped 2026/10/05", "2026/10/05"),
        ("2026-10-05", "発行日2026年10月5日", "2026年10月5"),
        ("2026-10-05", "05-Oct-26 CARD", "05-Oct-26"),
        ("2026-10-05", "am 5. Oktober", "5. Oktober"),
        ("2026-10-05", "Oct 5, 14:30", "Oct 5"),
        ("2026-10-05", "bis 05.10. frei", "05.10."),
        ("2", "a,2.00,1", "2.00"),
        (1, "a,2.00,1", "1"),
        (7, "Bolt,3,7", "7"),
        (1234, "n 1,234 of 5", "1,234"),
        ("kg", "kilogram 11.4kg", "kg"),
        ("EUR", "EUROPE EUR12.50", "EUR"),
        ("123456", "00123456 is 12-34-56", "12-34-56"),
        ("+49301234567", "Tel +49 (0)30 1234567", "+49 (0)30 1234567"),
        ("C", "C++, C#, C", "C"),
        ("broken, 2nd time", "bro-\nken, 2nd time", "bro-\nken, 2nd time"),
    ],
)
def test_a_value_is_found_however_it_is_printed(value: Any, document: str, expected: str) -> None:
    found = DocumentIndex(document).find(value)
    assert [document[place.start : place.stop] for where in found for place in where] == [expected]


@pytest.mark.parametrize(
    ("value", "document"),
    [
        ("Mina", "Minamata"),
        ("12", "1 2"),
        ("Larkspur Labs", "Larkspur | street | number | Labs"),
        (12, "120 and 1.2 and 0.12"),
        (Decimal("0.19"), "19 pieces"),
        (1500, "1.5 m and 1.5k"),
        ("2025-12-14", "12 of 14 in 2025"),
        ("a b c d e f", "a x b x c x d"),
        ("18:06", "6:06 am"),
        ("08:05", "8:05 pm"),
        ("12:30", "0:30"),
        ("2026-10-05", "5 October 2025, 05.10.25, 5-Oct-25, Oct 5, 2025"),
        ("50", "12.50"),
        ("123", "00123"),
        ("00123", "123"),
        ("ABC123", "ABC | 123"),
        ("Annabel", "Anna, Bel"),
        ("EUR", "EUROPE"),
        ("", "text"),
        (" ", "text or not"),
        ("x" * 10_000, "x y z"),
        (10**40, "1" + "0" * 40),
        (Decimal("1e999999"), "1 9"),
    ],
)
def test_what_is_not_printed_is_not_found(value: Any, document: str) -> None:
    assert DocumentIndex(document).find(value) == []


def test_a_moment_and_a_text_in_pieces_have_several_spans() -> None:
    document = "Left 23 November 2026 at 14:30 from gate 4.\nShip to: Ada Lovelace, attn. warehouse\n12 Mill Lane, Ely"
    found = evidence(document, {"left": "2026-11-23T14:30:00Z", "to": "Ada Lovelace, 12 Mill Lane, Ely"})
    assert found == {"/left": ["23 November 2026", "14:30"], "/to": ["Ada Lovelace", "12 Mill Lane, Ely"]}


def test_moments_of_rows_whose_time_stands_above_the_day() -> None:
    document = "Visits\n18:49\n21/10/2025\n19:10\n22/10/2025\n"
    found = evidence(document, {"visits": [{"at": "2025-10-21T18:49:00"}, {"at": "2025-10-22T19:10:00"}]})
    assert found == {"/visits/0/at": ["18:49", "21/10/2025"], "/visits/1/at": ["19:10", "22/10/2025"]}


@pytest.mark.parametrize("seed", range(40))
def test_rows_have_places_in_whatever_order_their_pieces_stand(seed: int) -> None:
    dice, lines, rows = random.Random(seed), list[str](), []
    for _ in range(dice.randint(1, 5)):
        day, hour = f"2025-10-{dice.randint(10, 27)}", f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}"
        name = dice.choices("anna berg mill lane ely road harbour nine".split(), k=dice.randint(2, 5))
        lines.append(dice.choice(["\n", " "]).join(dice.sample([hour, day, " ".join(name)], 3)))
        rows.append({"at": f"{day}T{hour}:00", "who": " ".join(dice.sample(name, len(name)))})
    found = evidence("\n".join(dice.sample(lines, len(lines))), {"rows": rows})
    assert any(found.values())


def test_a_label_says_which_place_is_meant() -> None:
    document = "Net: 100.00\nShipping: 12.00\nTotal due: 100.00\n\nNumber of items: 12\nPaid: yes\nExpress: no\n"
    answer = {"totalDue": 100, "item_number": 12, "shipping": 12.0, "paid": True, "express": False, "gift": False}
    found = list(scalars(json.dumps(answer)))
    where = [place[0].start if place else None for place in EvidenceSearch(document).of(found)]
    expected = [document.index(text) for text in ("100.00\n\n", "12\nPaid", "12.00", "yes", "no\n")]
    assert where == [*expected, None]


def test_the_cells_of_a_row_are_found_in_that_row() -> None:
    rows = [("Bolt", 2, 3), ("Nut", 2, 2), ("Bolt", 3, 2), ("Washer", 2, 3)]
    document = "2 pages, 3 parts\n" + "\n".join(f"{name:10}{count:>4}{price:>8}.00" for name, count, price in rows)
    answer = {"items": [{"price": price, "count": count, "name": name} for name, count, price in rows], "pages": 2}
    found = list(scalars(json.dumps(answer)))
    lines = [document.count("\n", 0, where[0].start) for where in EvidenceSearch(document).of(found)]
    assert lines == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 0]


def test_the_cells_of_a_row_stand_apart() -> None:
    document = "3x Apples   3.00\n2 x Milk 1l   2.40\nBread   1.20\nRefund   -5.00   -5.00\n"
    rows = [
        {"price": 3.0, "count": 3, "name": "Apples"},
        {"price": 2.4, "count": 2, "name": "Milk 1l"},
        {"price": 1.2, "count": 1, "name": "Bread"},
        {"price": -5.0, "sum": -5.0, "name": "Refund"},
    ]
    found = list(scalars(json.dumps({"items": rows})))
    where = [document[: place[0].stop][-6:] if place else "" for place in EvidenceSearch(document).of(found)]
    assert where[:3] == ["  3.00", "3", "Apples"]
    assert where[7] == "", "the 1 of `Milk 1l` is no count of Bread"
    assert where[9:11] == [" -5.00", " -5.00"]
    assert len({place[0].start for place in EvidenceSearch(document).of(found)[9:]}) == 3


def test_a_row_of_several_lines_does_not_reach_into_the_one_before() -> None:
    document = "Bread\n  2 x 1.20    2.40\nButter\n  1 x 2.40    2.40\n"
    rows = [
        {"name": "Bread", "count": 2, "price": 1.2, "sum": 2.4},
        {"name": "Butter", "count": 1, "price": 2.4, "sum": 2.4},
    ]
    starts = [place[0].start for place in EvidenceSearch(document).of(list(scalars(json.dumps({"items": rows}))))]
    assert starts == sorted(set(starts))


def test_a_count_is_not_part_of_a_name_nor_a_yes_part_of_a_sentence() -> None:
    document = "| A-10 | Cap | 10 | 1.00 |\n| A-11 | Hat | 2 | 3.00 |\npaid by card on 3 May\nInsured: yes\n"
    answer = {"items": [{"item": "Cap", "count": 10}, {"item": "Hat", "count": 2}], "paid": True, "insured": True}
    where = [
        place[0].start if place else None for place in EvidenceSearch(document).of(list(scalars(json.dumps(answer))))
    ]
    assert where[1] == document.index("10 | 1.00")
    assert where[4:] == [None, document.index("yes")]


def test_a_csv_is_read_cell_by_cell() -> None:
    document = 'id,name,price,qty\n1,Bolt,2.00,1\n2,Nut,1.00,2\n3,"Washer, big",2.00,3\n'
    rows = [(1, "Bolt", 2.0, 1), (2, "Nut", 1.0, 2), (3, "Washer, big", 2.0, 3)]
    answer = {"rows": [dict(zip(("id", "name", "price", "qty"), row, strict=True)) for row in rows]}
    assert list(evidence(document, answer).values()) == [
        [cell] for row in (("1", "Bolt", "2.00", "1"), ("2", "Nut", "1.00", "2"), ("3", "Washer, big", "2.00", "3"))
        for cell in row
    ]  # fmt: skip
    places = EvidenceSearch(document).of(list(scalars(json.dumps(answer))))
    starts = [place[0].start for place in places]
    assert starts == sorted(set(starts))


def test_what_is_never_ending_ends_soon() -> None:
    begun = time.thread_time()
    assert evidence("item | 1\n" * 10_000, {"item_" * 20_000: 2}) == {"/" + "item_" * 20_000: []}
    evidence("1 " * 100_000, {"a": "1" * 2_000, "b": ["1" * 30] * 100})
    assert time.thread_time() - begun < 90


def test_a_long_table_is_followed_to_its_end() -> None:
    count = 500
    document = "\n".join(f"{n} | item {n % 7} | 1.00 | EUR" for n in range(1, count + 1))
    answer = {"rows": [{"n": n, "name": f"item {n % 7}", "p": 1.0, "c": "EUR"} for n in range(1, count + 1)]}
    found = list(scalars(json.dumps(answer)))
    lines = [document.count("\n", 0, where[0].start) for where in EvidenceSearch(document).of(found)]
    assert lines == [n for n in range(count) for _ in range(4)]


def test_looking_ends_for_a_hostile_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "_LOOKS", 5_000)
    printed = DocumentIndex("word " * 3_000)
    for _ in range(20):
        assert printed.find("word word x") == []
    assert printed._words.left == 0
    assert printed.find("word") == [], "no more than that is looked at"


def test_fields_have_spans_pages_and_the_chance_of_their_tokens() -> None:
    document = Document("Seite 1: Größe 7\fSeite 2: 8 Stück", pages=(Page(1, 0, 17), Page(2, 17, 34)))
    text = '{"größe":7,"n":8}'
    tokens = ['{"', "grö", "ße", '":', "7", ',"n', '":8', "}"]
    chances = [1, 0.9, 0.9, 0.9, 0.5, 0.9, 0.25, 1]
    logprobs, sizes = [math.log(chance) for chance in chances], [len(token.encode()) for token in tokens]
    found = ground(text, document, logprobs, sizes)
    nothing: dict[str, Any] = {"part": None, "boxes": []}
    assert found == {
        "/größe": {
            "evidence": [{"start": 15, "stop": 16, "text": "7", "page": 1, **nothing}],
            "label": None,
            "confidence": 0.5,
        },
        "/n": {
            "evidence": [{"start": 26, "stop": 27, "text": "8", "page": 2, **nothing}],
            "label": None,
            "confidence": 0.25,
        },
    }
    other = ground(text, document, logprobs[1:], sizes[1:])
    assert [known["confidence"] for known in other.values()] == [None, None], "not the tokens of this text"


def test_an_extraction_says_where_its_values_stand() -> None:
    tok = tokenizer()
    runner = Extractor(Settings(), engine=ScriptedEngine(tok, INVOICE.answer_text), tokenizer=tok)
    result = runner.extract(INVOICE.document, "invoice")
    text = read(INVOICE.document).text
    found = list(scalars(result.text))
    assert list(result.fields) == [one.pointer for one in found]
    for one in found:
        known = result.fields[one.pointer]
        assert all(text[span["start"] : span["stop"]] == span["text"] for span in known["evidence"])
        assert bool(known["evidence"]) == (one.value is not None), one
        assert 0.5 < known["confidence"] < 1
    assert runner.extract(INVOICE.document, "invoice", Options(fields=False)).fields == {}


def test_an_answer_that_stands_is_not_lost_for_its_evidence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise IndexError(INVOICE.document)

    monkeypatch.setattr("extractor.findings.GroundedAnswer", broken)
    tok = tokenizer()
    runner = Extractor(Settings(), engine=ScriptedEngine(tok, INVOICE.answer_text), tokenizer=tok)
    with caplog.at_level(logging.ERROR):
        result = runner.extract(INVOICE.document, "invoice")
    assert (result.text, result.fields) == (INVOICE.answer_text, {})
    assert "no evidence: IndexError" in caplog.text
    assert "Brightwater" not in caplog.text


def test_a_number_in_a_row_is_not_part_of_a_name_in_it_nor_the_number_of_the_row() -> None:
    document = (
        "Pos  Art.    Name                Price    Qty   Sum\n"
        "1    KR3M    Turf 2m, green      3,3333   3     10,00\n"
        "2    SFK2    Steak               5,5000   2     11,00\n"
    )
    rows = [
        {"name": "Turf 2m, green", "qty": 3.0, "price": 3.3333, "sum": 10.0},
        {"name": "Steak", "qty": 2.0, "price": 5.5, "sum": 11.0},
    ]
    where = [place[0].start for place in EvidenceSearch(document).of(list(scalars(json.dumps({"items": rows}))))]
    assert where[1] == document.index("3     10")
    assert where[5] == document.index("2     11")


@pytest.mark.parametrize(
    ("value", "document", "expected"),
    [
        ("Oak shelf, white", "1   Oak shelf,    2    9.00\n    white             \n", ["Oak shelf", "white"]),
        ("Oak shelf", "| 1 | Oak     | 2 | 9.00 |\n|   | shelf   |   |      |\n", ["Oak", "shelf"]),
        ("Feuerversicherung Haus", "x   Feuerversiche-    12,00\n    rung Haus\n", ["Feuerversiche-", "rung Haus"]),
        (
            "one two three four",
            "a   one     1\n    two     2\n    three   3\n    four    4",
            "one two three four".split(),
        ),
        (
            "Feuerversicherung",
            "x   Feuerver-    12,00\n    siche-       3,00\n    rung\n",
            ["Feuerver-", "siche-", "rung"],
        ),
        ("Oak shelf", "1   Oak         2    9.00\n    boards  shelf\n", []),
    ],
)
def test_a_value_goes_on_in_the_line_below_in_its_column(value: str, document: str, expected: list[str]) -> None:
    found = DocumentIndex(document).find(value)
    assert [document[place.start : place.stop] for where in found for place in where] == expected


def test_a_value_goes_on_overleaf_past_foot_and_head() -> None:
    document = "Terms: goods are sent to the\nquay of\nPage 1\nACME Ltd, invoice 12\nHolm Harbour at noon\n"
    value = "quay of Holm Harbour"
    found = DocumentIndex(document, [0, document.index("ACME")]).find(value)
    assert [[document[place.start : place.stop] for place in where] for where in found] == [["quay of", "Holm Harbour"]]
    assert all(len(where) == 1 or where[1].mismatch > 1 for where in DocumentIndex(document).find(value)), (
        "not without pages"
    )


def test_lines_that_go_on_and_on_end_too() -> None:
    begun = time.thread_time()
    evidence("a  b\n" * 50_000, {"x": "a " * 5_000, "y": ["a " * 500 + "c"] * 20})
    assert time.thread_time() - begun < 20


def test_amounts_that_come_again_stand_in_the_order_of_the_answer() -> None:
    document = (
        "Sum of lines            473.00\n"
        "Before VAT              473.00\n"
        "VAT 19 %                 56.87\n"
        "Gross                   529.87\n"
        "Due                     529.87\n"
    )
    found = list(scalars(json.dumps({"net": 473.0, "tax": 56.87, "incl": 529.87, "to_pay": 529.87})))
    lines = [document.count("\n", 0, where[0].start) for where in EvidenceSearch(document).of(found)]
    assert lines == [1, 2, 3, 4]


def test_a_town_is_not_taken_from_a_name_where_it_stands_alone() -> None:
    document = "Hotel Saint Denis\nc/o Hotel Saint Denis\n97400 Saint Denis\n"
    found = list(scalars(json.dumps({"buyer": "Hotel Saint Denis", "city": "Saint Denis"})))
    assert [document.count("\n", 0, where[0].start) for where in EvidenceSearch(document).of(found)] == [1, 2]
    alone = "Hotel Saint Denis\n"
    assert EvidenceSearch(alone).of(found)[1][0].start == alone.index("Saint"), "better there than nowhere"


def test_a_number_that_its_row_does_not_print_is_not_taken_from_below_it() -> None:
    document = "Nougat    5    4.55   20.48\nOil      10   19.80  198.00\n\nTax 20%   4.10\nOil in 10 l cans   198.00\n"
    rows = [
        {"name": "Nougat", "quantity": 5, "price": 4.1, "amount": 20.48},
        {"name": "Oil", "quantity": 10, "price": 19.8, "amount": 198.0},
    ]
    found = evidence(document, {"items": rows})
    places = EvidenceSearch(document).of(list(scalars(json.dumps({"items": rows}))))
    assert found["/items/0/price"] == []
    assert [document.count("\n", 0, place[0].start) for place in places[4:]] == [1, 1, 1, 1]


def test_two_quantities_that_happen_to_count_are_no_numbers_of_rows() -> None:
    document = "Pos  Name    Qty   Sum\n1    Lamp    1     9.00\n2    Chair   2     8.00\n"
    rows = [{"name": "Lamp", "qty": 1}, {"name": "Chair", "qty": 2}]
    starts = [place[0].start for place in EvidenceSearch(document).of(list(scalars(json.dumps({"items": rows}))))]
    assert starts[1::2] == [document.index("1     9"), document.index("2     8")]
    numbered = [{"pos": 1, "name": "Lamp"}, {"pos": 2, "name": "Chair"}]
    starts = [place[0].start for place in EvidenceSearch(document).of(list(scalars(json.dumps({"items": numbered}))))]
    assert starts[::2] == [document.index("1    Lamp"), document.index("2    Chair")]
