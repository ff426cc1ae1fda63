"""Which windows are asked again for what of a merged answer does not stand."""

from __future__ import annotations

import pytest

from extractor.errors import FieldError
from extractor.windows.in_question import MOST, LikelyWindows, in_question
from extractor.windows.merge import merged
from extractor.windows.tree import grown
from extractor.windows.window import Piece, Window

SCHEMA = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "description": "Invoice"},
        "buyer": {"type": "object", "properties": {"city": {"type": "string", "title": "Seat"}}},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
    },
}


def merge(*answers, places=()):
    """Of windows that follow each other, without what they show twice unless `places` (by pointer) say so."""
    begins = [100 * at for at in range(len(answers))]
    windows = [Window(at, at + 110, at + 10 * (at > 0), (Piece(0, 1),), 1) for at in begins]
    trees = [
        grown(answer, {}, window=at, places={where: (Piece(*one),) for where, one in dict(places).items()})
        for at, answer in enumerate(answers)
    ]
    return merged(trees, windows)


def asked(whole, *pointers, askable=range(100), likely=lambda _: ()):
    found = questions(whole, *pointers, askable=askable, likely=likely)
    return {number: [(error.pointer, error.detail) for error in errors] for number, errors in found.errors.items()}


def questions(whole, *pointers, askable=range(100), likely=lambda _: ()):
    return in_question(whole, [FieldError(one, f"{one} is wrong") for one in pointers], askable, likely)


def row(price, **more):
    return {"price": price, **more}


def test_a_value_leads_to_the_windows_that_gave_it():
    whole = merge({"a": None, "b": "x"}, {"a": "1", "b": None}, {"a": "1", "b": None}, {"a": None, "b": "y"})
    assert asked(whole, "/a") == {1: [("/a", "/a is wrong")], 2: [("/a", "/a is wrong")]}
    assert asked(whole, "/b", "/a")[0] == [("/b", "/b is wrong")]


def test_what_cannot_be_asked_is_not():
    whole = merge({"a": "1"}, {"a": "1"})
    assert list(asked(whole, "/a", askable={1})) == [1]


def test_a_row_is_asked_for_where_it_stands_in_its_own_window():
    whole = merge({"rows": [row(1), row(2)]}, {"rows": [row(3), row(4)]}, {"rows": [row(5)]})
    assert asked(whole, "/rows/3/price", "/rows/4") == {
        1: [("/rows/1/price", "/rows/3/price is wrong")],
        2: [("/rows/0", "/rows/4 is wrong")],
    }


def test_a_row_that_two_windows_show_is_asked_for_in_both():
    whole = merge({"rows": [row(1), row(2)]}, {"rows": [row(2)]}, places={"/rows/1/price": (100, 104)})
    assert [len(asked(whole, f"/rows/{at}/price")) for at in range(3)] == [1, 1, 1]
    whole = merge({"rows": [row(2)]}, {"rows": [row(2)]}, places={"/rows/0/price": (100, 104)})
    assert list(asked(whole, "/rows/0/price")) == [0, 1]


def test_what_a_row_lacks_is_asked_for_where_the_row_stands():
    whole = merge({"rows": [row(1, name="a")]}, {"rows": [row(None, name="b")]}, {"rows": [{"name": "c"}]})
    assert asked(whole, "/rows/1/price", "/rows/2/price") == {
        1: [("/rows/0/price", "/rows/1/price is wrong")],
        2: [("/rows/0/price", "/rows/2/price is wrong")],
    }


def test_what_is_missing_is_asked_for_where_the_text_speaks_of_it():
    def likely(path):
        return [3, 1, 2] if path == ("buyer", "city") else [2, 0]

    whole = merge(*[{"number": None, "buyer": None, "rows": []}] * 4)
    assert list(asked(whole, "/buyer/city", likely=likely)) == [3, 1], "two at most"
    assert asked(whole, "/rows", likely=likely) == {2: [("/rows", "/rows is wrong")], 0: [("/rows", "/rows is wrong")]}
    assert asked(whole, "/number") == {}


def test_a_list_leads_to_the_windows_that_wrote_it():
    few = merge({"rows": [row(1)]}, {"rows": []}, {"rows": [row(2), row(3)]})
    assert asked(few, "/rows") == {0: [("/rows", "/rows is wrong")], 2: [("/rows", "/rows is wrong")]}
    many = merge(*[{"rows": [row(at)], "total": at or None} for at in range(MOST + 1)])
    assert len(asked(many, *(f"/rows/{at}" for at in range(MOST + 1)))) == MOST


def known(confidence):
    return {"evidence": [], "label": None, "confidence": confidence}


def test_of_a_list_of_many_windows_those_are_asked_that_are_least_sure_of_it():
    trees, windows = [], []
    for at in range(MOST + 4):
        places = {} if at == 3 else {"/rows/0/price": (Piece(100 * at, 100 * at + 3),)}
        sure = {"/rows/0/price": known(0.2 if at in (10, 5) else 0.9)}
        trees.append(grown({"rows": [row(at)]}, sure, window=at, places=places))
        windows.append(Window(100 * at, 100 * at + 110, 100 * at, (Piece(0, 1),), 1))
    found = questions(merged(trees, windows), "/rows")
    assert list(found.errors) == [3, 5, 10, 0, 1, 2, 4, 6], "what is printed nowhere comes first"
    assert found.withdrawn == {}, "rows of others stay"


def test_of_a_value_of_many_windows_those_are_asked_whose_text_speaks_of_it():
    many = merge(*[{"total": "1", "buyer": {"city": "x"}}] * (MOST + 3))
    found = questions(many, "/total", likely=lambda path: [9, 4, 10] if path == ("total",) else [])
    assert list(found.errors) == [9, 4, 10, 0, 1, 2, 3, 5]
    assert found.withdrawn == {6: [("total",)], 7: [("total",)], 8: [("total",)]}


def test_the_value_of_a_window_that_cannot_be_asked_is_withdrawn_where_others_are():
    whole = merge({"a": "1"}, {"a": "1"}, {"a": None})
    assert questions(whole, "/a", askable={1}).withdrawn == {0: [("a",)]}
    assert questions(whole, "/a", askable={2}).withdrawn == {}


def test_what_leads_to_few_windows_is_asked_before_what_leads_to_many():
    whole = merge(*[{"rows": [row(at)], "total": at == MOST + 3 or None} for at in range(MOST + 4)])
    found = asked(whole, "/rows", "/total")
    assert found[MOST + 3] == [("/total", "/total is wrong"), ("/rows", "/rows is wrong")]
    assert len(found) == MOST


@pytest.mark.parametrize("pointer", ["/rows/7/price", "/a/b"])
def test_what_leads_nowhere_is_not_asked_for(pointer):
    assert asked(merge({"a": "1", "rows": [row(1)]}, {"a": None, "rows": []}), pointer) == {}


def test_the_windows_whose_text_speaks_of_a_field():
    texts = {4: "Terms of delivery", 5: "Invoice number: 17", 9: "Seat of the buyer\nCity: Ghent", 12: "17 invoices"}
    likely = LikelyWindows(texts, SCHEMA, ["/number", "/buyer/city", "/buyer", "/nothing"])
    assert likely.for_field(("number",)) == [5, 12]
    assert likely.for_field(("buyer", "city")) == likely.for_field(("buyer",)) == [9]
    assert likely.for_field(("nothing",)) == []


def test_a_pointer_that_a_check_has_not_escaped_leads_nowhere():
    likely = LikelyWindows({0: "Number"}, SCHEMA, ["/a~b", "c/d", "/e~"])
    assert [likely.for_field(path) for path in (("a~b",), ("d",), ("e~",))] == [[], [], []]
