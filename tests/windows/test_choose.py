"""Which windows are read where all of them would be too many."""

from __future__ import annotations

from enum import Enum
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel, Field

from extractor.documents import Document
from extractor.windows import terms
from extractor.windows.choose import beside, best, left_out, shared
from extractor.windows.cut import Cutter, Room
from extractor.windows.rank import WindowRanking, wanted_by
from extractor.windows.speaks_for import fields_of, weighed
from extractor.windows.terms import AMOUNT, DATE, EMAIL, LABEL, kinds_of, labels_of, term_of, terms_of_line

WORDS = "terms hold before line said party shall notice under period subject section other such any herein".split()


def prose(dice: Random, lines: int) -> str:
    return "".join(" ".join(dice.choice(WORDS) for _ in range(9)) + ".\n" for _ in range(lines))


def cutter(text: str, tokens: int = 60) -> Cutter:
    return Cutter(Document(text), lambda texts: [len(one.split()) for one in texts], Room(tokens))


def found(text: str, schema: Any, most: int, *, tokens: int = 60) -> str:
    """What is shown of the document."""
    windows = cutter(text, tokens)
    (without,) = left_out(Document(text), [windows], [schema.model_json_schema()], most)
    shown = [one for at, one in enumerate(windows.windows) if at not in without]
    assert len(shown) == min(most, len(windows.windows))
    return "\n".join(one.text(Document(text)) for one in shown)


class Contract(BaseModel):
    borrower: str = Field(description="The company that is to repay what it was lent")
    maturity_date: str = Field(description="Last day on which all of it must be repaid")
    governing_law: str


def contract(dice: Random) -> str:
    facts = [
        "The Borrower is Harlow and Finch, a company of Delaware.",
        "Maturity Date means November 13, 2031.",
        "9.4 Governing Law. This paper is construed after what New York says.",
    ]
    dice.shuffle(facts)
    return "".join(prose(dice, dice.randint(60, 120)) + fact + "\n" for fact in facts) + prose(dice, 80)


@pytest.mark.parametrize("seed", range(10))
def test_what_fields_ask_for_is_among_the_few_that_are_read(seed: int) -> None:
    text = contract(Random(seed))
    shown = found(text, Contract, 4)
    assert all(fact in shown for fact in ("Harlow and Finch", "November 13, 2031", "New York"))
    assert len(shown) < len(text) / 5


def test_it_is_the_same_each_time_and_whatever_the_order_of_keys() -> None:
    text, schema = contract(Random(3)), Contract.model_json_schema()
    turned = {**schema, "properties": dict(reversed(schema["properties"].items()))}
    once, again, other = (left_out(Document(text), [cutter(text)], [one], 6) for one in (schema, schema, turned))
    assert once == again == other


def test_all_are_read_where_they_are_not_too_many() -> None:
    text = contract(Random(4))
    windows = cutter(text)
    schema = Contract.model_json_schema()
    assert left_out(Document(text), [windows], [schema], len(windows.windows)) == [frozenset()]
    (without,) = left_out(Document(text), [windows], [schema], len(windows.windows) - 1)
    assert len(without) == 1


def test_each_part_of_a_schema_reads_its_own() -> None:
    class One(BaseModel):
        borrower: str

    class Other(BaseModel):
        governing_law: str

    text = contract(Random(5))
    windows = cutter(text)
    parts = [One.model_json_schema(), Other.model_json_schema()]
    without = left_out(Document(text), [windows, windows], parts, 4)
    assert [len(windows.windows) - len(one) for one in without] == [2, 2]
    for said, some in zip(("Harlow", "New York"), without, strict=True):
        shown = [one.text(Document(text)) for at, one in enumerate(windows.windows) if at not in some]
        assert any(said in one for one in shown)
        assert 0 not in some
    assert without[0] != without[1]


def test_each_line_is_looked_at_once_however_many_parts_and_windows_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def counted(line: str) -> terms.LineTerms:
        looked_at.append(line)
        return terms_of_line(line)

    monkeypatch.setattr(terms, "terms_of_line", counted)
    text = contract(Random(5))
    cutters, schema = [cutter(text, tokens) for tokens in (60, 90, 120)], Contract.model_json_schema()
    together = left_out(Document(text), cutters, [schema] * 3, 12)
    assert sorted(looked_at) == sorted(text.splitlines())
    assert [len(one.windows) - len(some) for one, some in zip(cutters, together, strict=True)] == [4] * 3
    assert together[1] == left_out(Document(text), cutters[1:2], [schema], 4)[0], "by itself alike"


def test_where_nothing_speaks_for_a_field_the_first_are_read() -> None:
    class Odd(BaseModel):
        zzyzx: str

    text = prose(Random(6), 200)
    windows = cutter(text)
    (without,) = left_out(Document(text), [windows], [Odd.model_json_schema()], 5)
    assert without == frozenset(range(5, len(windows.windows)))


def test_a_label_of_two_signs_speaks_for_its_field() -> None:
    class Reached(BaseModel):
        phone: str

    text = prose(Random(7), 200).replace(".\n", ".\n電話: 030 555 0134\n", 150).replace("電話: 030 555 0134\n", "", 149)
    assert text.count("電話") == 1
    assert "電話" in found(text, Reached, 4)


def test_a_document_without_words_has_nothing_to_leave_out() -> None:
    text = "- - -\n" * 2000
    assert left_out(Document(text), [cutter(text)], [Contract.model_json_schema()], 3) == [frozenset()]


@pytest.mark.parametrize(
    ("wanted", "most", "given"),
    [
        ([10, 10], 6, [3, 3]),
        ([1, 10, 10], 9, [1, 4, 4]),
        ([10, 2, 30], 20, [9, 2, 9]),
        ([5, 5, 5], 3, [1, 1, 1]),
        ([3], 7, [3]),
        ([0, 9], 4, [0, 4]),
    ],
)
def test_what_may_be_read_is_shared(wanted: list[int], most: int, given: list[int]) -> None:
    assert shared(wanted, most) == given


def test_no_share_is_more_than_wanted_and_none_is_lost() -> None:
    dice = Random(7)
    for _ in range(200):
        wanted = [dice.randint(0, 30) for _ in range(dice.randint(1, 12))]
        most = dice.randint(len(wanted), 200)
        given = shared(wanted, most)
        assert sum(given) == min(sum(wanted), most)
        assert all(0 <= one <= want for one, want in zip(given, wanted, strict=True))
        assert all(bool(one) is bool(want) for one, want in zip(given, wanted, strict=True))


def test_each_field_has_its_best_before_any_has_its_second() -> None:
    scores = [[0.0, 9.0, 8.0, 7.0, 0.0], [0.0, 0.0, 0.0, 0.1, 0.2]]
    assert best(range(5), scores, 2) == [0, 1]
    assert best(range(5), scores, 3) == [0, 1, 4]
    assert best(range(5), scores, 1) == [1]
    assert best(range(5), scores, 5) == [0, 1, 2, 3, 4]
    assert best([2, 3, 4], scores, 2) == [2, 4]
    assert best([0, 3, 4], scores, 2) == [0, 3]


def test_what_is_beside_counts_a_share() -> None:
    assert beside([0.0, 4.0, 0.0, 2.0]) == [1.0, 4.0, 1.5, 2.0]
    assert beside([3.0]) == [3.0]


def ranked(texts: list[str], schema: Any) -> list[list[float]]:
    fields = fields_of(schema.model_json_schema())
    ranking = WindowRanking([[terms_of_line(line) for line in text.split("\n")] for text in texts], wanted_by(fields))
    return [ranking.scores(terms) for terms in fields]


def test_common_words_weigh_little_and_labels_much() -> None:
    class Sheet(BaseModel):
        total_debt: float

    texts = ["the total of the day is above total and total", *["total of the day"] * 6, "Total debt   1,200"]
    (scores,) = ranked(texts, Sheet)
    assert max(range(len(texts)), key=scores.__getitem__) == len(texts) - 1
    assert scores[-1] > 3 * scores[0]


def test_labels_that_documents_print_for_a_key_speak_for_it() -> None:
    class Bill(BaseModel):
        invoice_number: str
        email: str

    number, email = ranked(["nothing at all", "Rechnungsnummer: 17", "write to a@b.example"], Bill)
    assert number[1] > 0 == number[0] == number[2]
    assert email[2] > 0 == email[0]


def test_values_of_an_enum_and_kinds_of_value_speak_for_a_field() -> None:
    class Colour(Enum):
        RED = "scarlet"
        BLUE = "azure"

    class Thing(BaseModel):
        shade: Colour
        paid_on: str = Field(json_schema_extra={"format": "date"})
        price: float

    texts = ["it is azure", "on 2026-03-14", "on 3 March 2026", "for $ 12", "for 1,250", "for 12.50", "no more of it"]
    shade, paid, price = ranked(texts, Thing)
    assert [at for at, one in enumerate(shade) if one] == [0]
    assert [at for at, one in enumerate(paid) if one] == [1, 2]
    assert [at for at, one in enumerate(price) if one] == [3, 4, 5]


def test_fields_are_those_that_are_no_objects_and_a_list_is_one() -> None:
    class Row(BaseModel):
        what: str = Field(description="What was sold")
        amount: float

    class Party(BaseModel):
        name: str
        city: str | None

    class Whole(BaseModel):
        buyer: Party | None
        rows: list[Row]

    name, city, rows = fields_of(Whole.model_json_schema())
    assert (name[("name",)], name[("buyer",)]) == (2.0, 1.0)
    assert ("town",) in city
    assert {("row",), ("what",), ("sold",), ("amount",), AMOUNT} <= rows.keys()
    assert rows[("row",)] > rows[("sold",)]


def test_a_definition_that_leads_back_to_itself_comes_to_an_end() -> None:
    node = {"properties": {"label": {"type": "string"}, "left": {"$ref": "#/$defs/n"}, "right": {"$ref": "#/$defs/n"}}}
    schema = {"type": "object", "properties": {"tree": {"$ref": "#/$defs/n"}}, "$defs": {"n": node}}
    fields = fields_of(schema)
    assert 0 < len(fields) <= 2_000
    rows = {"type": "array", "items": {"$ref": "#/$defs/n"}}
    node["properties"] = {"label": {"type": "string"}, "below": rows, "beside": rows}
    assert len(fields_of(schema)) == 3


def test_what_many_fields_share_says_less_for_each() -> None:
    one, other = weighed([{("segment",): 1.0, ("inventory",): 1.0}, {("segment",): 1.0}])
    assert one[("inventory",)] == 1.0 > one[("segment",)] == other[("segment",)] > 0


def test_words_are_compared_without_case_marks_and_plurals() -> None:
    assert term_of("Échéances: Total Assets, gross") == ("echeance", "total", "asset", "gross")


def test_kinds() -> None:
    text = "Paid on 4 May 2026 and 2026-05-06, not in May itself: $ 7, 1,250 or 3.50 to a@b.example; 12 of 1.2.3"
    assert dict(kinds_of(text, term_of(text))) == {DATE: 2, AMOUNT: 3, EMAIL: 1}
    assert list(kinds_of("nothing", ("nothing",))) == []


def test_labels() -> None:
    text = (
        "  Total assets    37,959\n13.11 (a) Governing Law. This\nBill to: Finch\n| Net | 5 |\nit goes on in a line\n"
    )
    assert [label[1:] for label in labels_of(text)] == [
        ("total", "asset"),
        ("governing", "law"),
        ("bill", "to"),
        ("net",),
        ("it", "goe", "on", "in", "a", "line"),
    ]
    assert all(label[0] == LABEL for label in labels_of(text))


@pytest.mark.parametrize(
    "text", [" " * 200_000, "a" * 200_000, "1" * 200_000, "1," * 100_000, "$ " * 100_000, "a) " * 90_000]
)
def test_lines_without_end_are_read_once(text: str) -> None:
    """Each of them takes minutes where it is read again from each of its characters."""
    assert len(list(labels_of(text))) <= 1
    assert sum(count for _, count in kinds_of(text, term_of(text))) <= 200_000


@pytest.mark.parametrize("names", [6, 60])
def test_of_a_schema_that_refers_to_itself_often_all_fields_are_told(names: int) -> None:
    properties = {f"berth_{at}": {"$ref": "#/$defs/node"} for at in range(names)}
    node = {"type": "object", "properties": properties}
    rows = {"type": "array", "items": {"$ref": "#/$defs/node"}}
    fields = {"rows": rows, "last": {"type": "string", "title": "Harbour"}}
    found = fields_of({"type": "object", "properties": fields, "$defs": {"node": node}})
    assert len(found) == 2
    assert ("berth",) in found[0]
    assert ("harbour",) in found[1]
