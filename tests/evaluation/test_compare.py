"""Answers beside right ones: what becomes of each leaf, whichever way lists are ordered and values are written."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from extractor.evaluation import assignment, rows
from extractor.evaluation.compare import Outcome, compare
from extractor.evaluation.normal import exact_key, normal_key
from schemas.jsontext import read
from schemas.registry import Registry

_ITEM = {"type": "object", "properties": {"name": {}, "count": {}, "tags": {"type": "array", "items": {}}}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {}, "total": {}, "due": {}, "note": {},
        "seller": {"anyOf": [{"$ref": "#/$defs/party"}, {"type": "null"}]},
        "items": {"type": "array", "items": _ITEM},
        "codes": {"type": "array", "items": {"type": "string"}},
        "pair": {"type": "array", "prefixItems": [{}, {}], "items": False},
        "extra": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "$defs": {"party": {"type": "object", "properties": {"name": {}, "city": {}}}},
}  # fmt: skip


def kinds(gold: dict[str, Any], answer: Any) -> list[tuple[str | None, str | None, str]]:
    return [(one.pointer_in_gold, one.pointer_in_answer, one.kind) for one in compare(SCHEMA, gold, answer)]


def test_each_leaf_has_its_kind() -> None:
    gold = {"number": "A-1", "total": 20, "due": None, "note": None, "seller": {"name": "Roe", "city": "Rome"}}
    answer = {"number": "a-1 ", "total": 20.0, "due": "2026-01-02", "note": None, "seller": {"name": "Doe"}}
    assert compare(SCHEMA, gold, answer) == [
        Outcome("/number", "/number", "normalised", "A-1", "a-1 "),
        Outcome("/total", "/total", "exact", 20, 20.0),
        Outcome("/due", "/due", "invented", None, "2026-01-02"),
        Outcome("/note", "/note", "null_right", None, None),
        Outcome("/seller/name", "/seller/name", "wrong", "Roe", "Doe"),
        Outcome(None, "/seller/city", "missing", "Rome", None),
    ]


def test_undeclared_keys_are_invented_in_the_order_of_the_answer() -> None:
    keys = [f"key-{at}" for at in range(30)]
    assert [one.pointer_in_answer for one in compare(SCHEMA, {"extra": {}}, {"extra": dict.fromkeys(keys, "x")})] == [
        f"/extra/{key}" for key in keys
    ]


def test_what_the_right_answer_does_not_name_is_not_judged() -> None:
    assert kinds({"total": 1}, {"total": 1, "number": "made up", "seller": {"name": "x"}}) == [
        ("/total", "/total", "exact")
    ]
    assert kinds({"seller": {"name": "Roe"}}, {"seller": {"name": "Roe", "city": "Oz"}}) == [
        ("/seller/name", "/seller/name", "exact")
    ]


def test_keys_that_no_schema_declares_are_data() -> None:
    assert kinds({"extra": {"a": "1"}}, {"extra": {"a": "1", "b": "2"}}) == [
        ("/extra/a", "/extra/a", "exact"), (None, "/extra/b", "invented"),
    ]  # fmt: skip


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_an_object_that_is_null(nothing: Any) -> None:
    gold = {"seller": {"name": "Roe", "city": None}}
    where = "/seller" if nothing != {} else None  # an object without the key says nothing of it
    assert kinds(gold, {"seller": nothing})[0] == ("/seller/name", where, "missing")
    assert kinds({"seller": None}, {"seller": {"name": None, "city": None}}) == [("/seller", "/seller", "null_right")]
    assert kinds({"seller": None}, {"seller": {"name": "Roe", "city": None}}) == [
        ("/seller", "/seller/name", "invented")
    ]


def test_lists_are_matched_whatever_their_order() -> None:
    items = [{"name": f"part {at}", "count": at} for at in range(6)]
    for order in itertools.permutations(range(6)):
        found = compare(SCHEMA, {"items": items}, {"items": [items[at] for at in order]})
        assert {one.kind for one in found} == {"exact"}


def test_an_item_too_many_and_one_too_few() -> None:
    gold = {"items": [{"name": "bolt", "count": 2}, {"name": "nut", "count": 2}]}
    more = {"items": [{"name": "nut", "count": 3}, {"name": "bolt", "count": 2}, {"name": "zip", "tags": ["y"]}]}
    assert kinds(gold, more) == [
        ("/items/0/name", "/items/1/name", "exact"), ("/items/0/count", "/items/1/count", "exact"),
        ("/items/1/name", "/items/0/name", "exact"), ("/items/1/count", "/items/0/count", "wrong"),
        (None, "/items/2/name", "invented"),  # tags are in no right item
    ]  # fmt: skip
    assert kinds(gold, {"items": [{"name": "nut", "count": 2}]}) == [
        ("/items/0/name", None, "missing"), ("/items/0/count", None, "missing"),
        ("/items/1/name", "/items/0/name", "exact"), ("/items/1/count", "/items/0/count", "exact"),
    ]  # fmt: skip
    assert kinds({"codes": []}, {"codes": ["x"]}) == [("/codes", "/codes/0", "invented")]
    assert kinds({"codes": []}, {}) == [("/codes", None, "null_right")]
    assert kinds({"codes": ["x"]}, {"codes": []}) == [("/codes/0", "/codes", "missing")]
    assert kinds({"codes": ["red"]}, {"codes": ["blue"]}) == [
        ("/codes/0", None, "missing"), (None, "/codes/0", "invented")
    ]  # fmt: skip


def test_places_that_mean_something_are_not_matched() -> None:
    assert [one[2] for one in kinds({"pair": ["a", "b"]}, {"pair": ["b", "a"]})] == ["wrong", "wrong"]


def test_lists_within_items() -> None:
    gold = {"items": [{"name": "a", "tags": ["x", "y"]}, {"name": "b", "tags": []}]}
    answer = {"items": [{"name": "b", "tags": ["z"]}, {"name": "a", "tags": ["y", "x"]}]}
    assert kinds(gold, answer) == [
        ("/items/0/name", "/items/1/name", "exact"),
        ("/items/0/tags/0", "/items/1/tags/1", "exact"), ("/items/0/tags/1", "/items/1/tags/0", "exact"),
        ("/items/1/name", "/items/0/name", "exact"), ("/items/1/tags", "/items/0/tags/0", "invented"),
    ]  # fmt: skip


SAME = [
    ("Trennblätter  A4", "TRENNBLÄTTER A4"), ("O’Neil – Söhne", "O'Neil - Söhne"), ("DE12 3456 7890", "DE1234567890"),
    ("1.234,50", "1,234.50"), ("5 May 2024", "2024-05-05"), ("5. Mai 2024", "2024-05-05"), ("14:30", "14:30:00"),
    ("2024-05-03T10:00:00Z", "2024-05-03T12:00:00+02:00"), ("2024-05-03T10:00", "2024-05-03 10:00:00"),
    ("12 Rue X, Lyon", "12 Rue X,Lyon"), ("Roe Ltd.", "Roe Ltd"), ("ﬁne", "fine"),
    ("14 Quay St, Ayr", "14 Quay St Ayr"), ("14 Quay St., Ayr", "14 Quay St\nAyr"),
    ("14 QUAY ST, AYR", "14 QUAY ST AYR"), ("Main Rd, 12", "Main Rd 12"), ("12, Main Rd", "12 Main Rd"),
    ("tea; milk", "tea, milk"),
]  # fmt: skip
DIFFERENT = [
    ("1.10", "1.1"), ("007", "7"), ("05/03/2024", "2024-05-03"), ("1,234", "1.234"), ("-5.00", "5.00"), ("a b", "ab"),
    ("1, 5", "1 5"), ("1,5 kg", "15 kg"), ("1,5 kg", "1 5 kg"), ("rooms 3, 4", "rooms 3 4"),
    ("A/B", "A B"), ("2.5 l", "25 l"), ("a.b", "ab"), ("co-op", "co op"),
    ("2024-05-03", "2024-05-30"), ("AB 12", "AB 13"), ("true", True), (1, True), ("1", 1), (None, ""), (None, False),
    ("2024-05-03T10:00:00Z", "2024-05-03T10:00:00+02:00"), ("9999-99-99T99:99", "9999-99-99T99:98"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_written_otherwise(one: Any, other: Any) -> None:
    assert normal_key(one) == normal_key(other)
    assert exact_key(one) != exact_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_only_looks_alike(one: Any, other: Any) -> None:
    assert normal_key(one) != normal_key(other)


def test_numbers_keep_their_digits() -> None:
    long = read("0.1234567890123456789012345678901")
    assert exact_key(long) != exact_key(read("0.1234567890123456789012345678902"))
    assert exact_key(long) == exact_key(Decimal("0.1234567890123456789012345678901"))
    assert exact_key(read("1e2")) == exact_key(100) == exact_key(100.0)


def test_right_examples_of_every_schema_are_exact() -> None:
    for schema in Registry.discover().list():
        for example in schema.examples:
            found = compare(schema.json_schema, example.answer, example.answer)
            assert found
            assert {one.kind for one in found} <= {"exact", "null_right"}


def test_the_assignment_is_the_best_one() -> None:
    dice = random.Random(1)
    for _ in range(300):
        count, other = dice.randint(1, 6), dice.randint(1, 6)
        costs = [[dice.choice((0, 0.25, 0.5, dice.random(), 1)) for _ in range(other)] for _ in range(count)]
        assigned = assignment.assign(costs)
        assert sum(at is not None for at in assigned) == min(count, other)
        assert len({at for at in assigned if at is not None}) == min(count, other)
        found = sum(costs[row][at] for row, at in enumerate(assigned) if at is not None)
        wide = costs if count <= other else [list(line) for line in zip(*costs, strict=True)]
        best = min(
            sum(line[at] for line, at in zip(wide, order, strict=True))
            for order in itertools.permutations(range(max(count, other)), min(count, other))
        )
        assert found == pytest.approx(best)


def test_a_list_of_many_rows() -> None:
    """Half of them with another amount, in another order, some lost: all that are there find their row."""
    dice = random.Random(2)
    gold = [{"name": f"article {at}", "count": dice.randint(1, 9), "price": at / 7} for at in range(400)]
    answer = [dict(row) for row in gold if dice.random() < 0.95]
    for row in answer[::2]:
        row["price"] = -1
    dice.shuffle(answer)
    found = Counter(one.kind for one in compare({"type": "object"}, {"rows": gold}, {"rows": answer}))
    lost = 400 - len(answer)
    assert found["wrong"] == len(answer[::2])
    assert found["missing"] == 3 * lost
    assert found["exact"] == 3 * len(answer) - found["wrong"]


def test_more_than_can_be_assigned_is_matched_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "MOST_STEPS", 10)
    monkeypatch.setattr(rows, "_MOST_CELLS", 60)
    gold = [{"name": f"article {at}", "count": 1} for at in range(20)]
    answer = [{"name": f"article {at}", "count": 2} for at in range(20)]
    assert rows.pairs(gold, answer) == list(range(20))


@pytest.mark.parametrize("text", ["AVENUE DU STADE 82130 LAFRANCAlSE" * 9, "A" * 5000 + "!", "7-" * 5000, "A " * 5000])
def test_capitals_that_are_no_code_take_no_time(text: str):
    """A pattern that may part them in any place would take as long as there are ways to."""
    began = time.thread_time()
    normal_key(text)
    assert time.thread_time() - began < 2
