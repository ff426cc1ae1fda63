"""Values that come again in a list: each has a place of its own, in order, and what is too often there has none."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.scalars import scalars
from tests.evidence.test_checkboxes import numbered, places

RED = ["red", "blue", "red", "green"]
RRB = ["red", "red", "blue"]


def leaves(value: Any) -> int:
    return (
        sum(map(leaves, value.values() if isinstance(value, dict) else value)) if isinstance(value, dict | list) else 1
    )


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ("Tags: <1>red, <2>blue, <3>red, <4>green", {"tags": RED}),
        ("Tags: <1>red, <2>blue, <3>red", {"tags": ["red", "blue", "red"]}),
        ("- <1>red\n- <2>blue\n- <3>red\n- <4>green", {"tags": RED}),
        ("| Tag |\n|---|\n| <1>red |\n| <2>blue |\n| <3>red |\n| <4>green |", {"tags": RED}),
        ("Amounts <1>5.00 <2>7.00 <3>5.00 <4>5.00 total <5>22.00", {"amounts": [5, 7, 5, 5], "total": 22}),
        ("Days: <1>1 May 2026, <2>2 May 2026, <3>1 May 2026", {"days": ["2026-05-01", "2026-05-02", "2026-05-01"]}),
        ("Red wine. Old tags: red\nTags: <1>blue, <2>green, <3>red", {"tags": ["blue", "green", "red"]}),
        ("Tags: <2>red wine, <1>red", {"tags": ["red", "red wine"]}),
        ("Tags: <1>red wine, <2>red, <3>red wine", {"tags": ["red wine", "red", "red wine"]}),
        (f"Colour: <1>red\n{'x ' * 99}\nColour: <2>red\n{'y ' * 99}\nColour: <3>blue", {"colours": RRB}),
        ("Colour: <1>blue\nColour: <2>red\n" + "x " * 100 + "\nColour: <3>red", {"colours": ["blue", "red", "red"]}),
        # heads above their values
        ("Paid      Total\n<2>12.00     <1>12.00", {"total": 12, "paid": 12}),
        ("Net    VAT    Total\n<2>10.00  2.00   <1>10.00\n", {"total": 10, "net": 10}),
        ("Paid\n<2>12.00\nTotal\n<1>12.00", {"total": 12, "paid": 12}),
        ("Net | VAT | Total\n<2>10.00 | 2.00 | <1>10.00\n", {"total": 10, "net": 10}),
        (
            "| Net | Carried over | Paid |\n|---|:-:|--:|\n| <1>10.00 | <2>10.00 | <3>10.00 |\n",
            {"net": 10, "carried_over": 10, "paid": 10},
        ),
        # rows
        (
            "Parts\n<1>Bolt   <2>2   <3>3.00\n<4>Nut   <5>2   <6>3.00\n<7>Gear   <8>2   <9>1.00",
            {"items": [{"n": "Bolt", "q": 2, "p": 3}, {"n": "Nut", "q": 2, "p": 3}, {"n": "Gear", "q": 2, "p": 1}]},
        ),
        (
            "<1>Bolt   <2>2   <3>3.00\n<4>Bolt   <5>2   <6>3.00\n<7>Nut   <8>1   <9>1.00",
            {"items": [{"n": "Bolt", "q": 2, "p": 3}, {"n": "Bolt", "q": 2, "p": 3}, {"n": "Nut", "q": 1, "p": 1}]},
        ),
        (
            "Item: <1>Bolt\nQty: <2>2\nColour: <3>red\n\nItem: <4>Nut\nQty: <5>2\nColour: <6>red\n",
            {"items": [{"item": n, "qty": 2, "colour": "red"} for n in ("Bolt", "Nut")]},
        ),
        ("<1>red, <2>blue, <3>red", {"items": [{"c": "red"}, {"c": "blue"}, {"c": "red"}]}),
        ("<1>Bolt <2>2, <3>Gear <4>2, <5>Nut <6>2", {"items": [{"n": n, "q": 2} for n in ("Bolt", "Gear", "Nut")]}),
        ("<3>Bolt   <4>2\n<1>Nut   <2>3", {"items": [{"n": "Nut", "q": 3}, {"n": "Bolt", "q": 2}]}),
        # lists in lists
        ("<1>1 <2>2 <3>1\n<4>2 <5>1 <6>2", {"m": [[1, 2, 1], [2, 1, 2]]}),
        ("A: <1>red, <2>blue\nB: <3>blue, <4>red\n", {"m": [["red", "blue"], ["blue", "red"]]}),
        (
            "<1>Order 1: <2>red, <3>blue, <4>red\n<5>Order 2: <6>red, <7>red, <8>green\n",
            {"o": [{"id": "Order 1", "t": ["red", "blue", "red"]}, {"id": "Order 2", "t": ["red", "red", "green"]}]},
        ),
        (
            "Invoice A1\n<1>Bolt 2\n<2>Nut 2\nTotal 4\nInvoice B2\n<3>Bolt 2\n<4>Nut 2\nTotal 4",
            {"invoices": [{"items": [{"n": "Bolt"}, {"n": "Nut"}]}, {"items": [{"n": "Bolt"}, {"n": "Nut"}]}]},
        ),
    ],
)  # fmt: skip
def test_each_has_its_own_place_in_order(document: str, answer: dict[str, Any]) -> None:
    text, expected = numbered(document)
    assert len(expected) == leaves(answer), "each is marked"
    assert places(text, answer) == expected


def test_rows_of_several_lists_stay_in_their_own() -> None:
    document = "Invoice A1\nBolt 2\nNut 2\nTotal 4\nInvoice B2\nBolt 2\nGear 2\nTotal 4\n"
    items = [[{"n": "Bolt", "q": 2}, {"n": "Nut", "q": 2}], [{"n": "Bolt", "q": 2}, {"n": "Gear", "q": 2}]]
    answer = {"invoices": [{"no": no, "items": rows, "total": 4} for no, rows in zip(("A1", "B2"), items, strict=True)]}
    lines = [document.count("\n", 0, at or 0) for at in places(document, answer)]
    assert lines == [0, 1, 1, 2, 2, 3, 4, 5, 5, 6, 6, 7]


@pytest.mark.parametrize(
    ("document", "answer", "none"),
    [
        ("Tags: red, blue", {"tags": ["red", "blue", "red"]}, ["/tags/2"]),
        ("Tags: red, red", {"tags": ["red"] * 4}, ["/tags/2", "/tags/3"]),
        ("Tags: red, blue\n" + "lorem " * 60 + "a red car", {"tags": ["red", "blue", "red"]}, ["/tags/2"]),
        ("Tags: red, blue. We have seen it in many places, and never a red car", {"tags": ["red", "red"]}, ["/tags/1"]),
        ("Tags: red wine", {"tags": ["red", "red wine"]}, ["/tags/0"]),
        ("red, blue", {"t": [{"c": "red"}, {"c": "blue"}, {"c": "red"}]}, ["/t/2/c"]),
        (
            "Bolt   2   3.00\nNut   3.50\nGear   2   1.00",
            {"t": [{"n": "Bolt", "q": 2, "p": 3}, {"n": "Nut", "q": 2, "p": 3.5}, {"n": "Gear", "q": 2, "p": 1}]},
            ["/t/1/q"],
        ),
        (
            "Bolt   red   3.00\nNut   3.50\nGear   red   1.00",
            {"t": [{"n": n, "c": "red", "p": p} for n, p in (("Bolt", 3), ("Nut", 3.5), ("Gear", 1))]},
            ["/t/1/c"],
        ),
        (
            "Bolt   2   3.00\nBolt   2   3.00",
            {"t": [{"n": "Bolt", "q": 2, "p": 3}] * 3},
            ["/t/2/n", "/t/2/p", "/t/2/q"],
        ),
        ("Bolt 2, Nut, Gear 2", {"t": [{"n": n, "q": 2} for n in ("Bolt", "Nut", "Gear")]}, ["/t/1/q"]),
    ],
)
def test_what_is_too_often_in_the_answer_has_no_place(document: str, answer: dict[str, Any], none: list[str]) -> None:
    found = list(scalars(json.dumps(answer)))
    where = EvidenceSearch(document).of(found)
    assert sorted(one.pointer for one, at in zip(found, where, strict=True) if not at) == none
    spans = [(place.start, place.stop) for at in where for place in at]
    assert len(set(spans)) == len(spans)


def test_a_row_that_lacks_a_cell_does_not_shift_the_next() -> None:
    document = "name | qty | price\nSteel pipe | | 3.50\nNut | 2 | 3.50\nBolt | 2 | 3.50\nBolt | | 7.00\n\nTotal 12.50"
    rows = [("Steel pipe", 2, 3.5), ("Nut", 2, 3.5), ("Bolt", 2, 3.5), ("Bolt", 2, 7.0)]
    answer = {"items": [{"name": name, "qty": qty, "price": price} for name, qty, price in rows]}
    lines = [document.count("\n", 0, at) if at is not None else None for at in places(document, answer)]
    assert lines == [1, None, 1, 2, 2, 2, 3, 3, 3, 4, None, 4]


def test_what_is_said_once_for_all_rows_is_theirs() -> None:
    document = "Currency: EUR\nVAT: 19\n\nFruit\nApple   2\nPear   3\nVegetables\nLeek   2\n"
    rows = [("Fruit", "Apple", 2), ("Fruit", "Pear", 3), ("Vegetables", "Leek", 2)]
    answer = {"items": [{"kind": kind, "name": name, "n": n, "currency": "EUR", "vat": 19} for kind, name, n in rows]}
    lines = [document.count("\n", 0, at) if at is not None else None for at in places(document, answer)]
    assert lines == [3, 4, 4, 0, 1, 3, 5, 5, 0, 1, 6, 7, 7, 0, 1]


def test_the_yes_and_no_of_rows_are_beside_what_they_are_said_of() -> None:
    rows = [("Newsletter", True), ("Terms", False), ("Other", True)]
    answer = {"consents": [{"name": name, "accepted": accepted} for name, accepted in rows]}
    for document in (
        "☑ Newsletter\n☐ Terms\n☑ Other",
        "Newsletter [x]\nTerms [ ]\nOther [x]",
        "Name | Accepted\nNewsletter | yes\nTerms | no\nOther | yes",
    ):
        at = places(document, answer)
        assert [document.count("\n", 0, one or 0) for one in at[1::2]] == [
            document.count("\n", 0, one or 0) for one in at[::2]
        ]
        assert None not in at


def test_long_lists_are_followed_to_their_end() -> None:
    values = [f"part {n % 7}" for n in range(600)]
    begun = time.thread_time()
    at = places("\n".join(values), {"parts": values})
    assert at == [n * len("part 0\n") for n in range(600)]
    assert time.thread_time() - begun < 60


def test_lists_of_a_hostile_answer_end_too() -> None:
    begun = time.thread_time()
    places("a b " * 50_000, {"x": ["a"] * 1_000, "y": ["zz"] * 1_000, "z": [["a", "b"]] * 500})
    assert time.thread_time() - begun < 60
