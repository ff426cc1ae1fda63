"""What windows say, merged: values, records, and lists without doubles at the seams."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.result import Unprinted
from extractor.windows.merge import merged
from extractor.windows.shapes import Shapes
from extractor.windows.tree import Flat, flat, grown
from extractor.windows.window import Piece, Window
from schemas import jsontext


def window(start, stop, fresh=None):
    return Window(start, stop, start if fresh is None else fresh, (Piece(start, stop),), 1)


def say(data, places=None, sure=0.9, lost=()):
    """An answer: `places` by pointer, (start, stop) or (start, stop, repeated)."""
    found = {pointer: (Piece(*place),) for pointer, place in (places or {}).items()}
    return data, found, sure, lost


def merge(*answers, windows=None, shapes=None) -> Flat:
    windows = windows or [window(at * 100, at * 100 + 100) for at in range(len(answers))]
    trees = []
    for at, (data, found, sure, lost) in enumerate(answers):
        known: dict[str, Any] = {
            pointer: {
                "evidence": [{"start": one.start, "stop": one.stop} for one in found.get(pointer, ())],
                "label": None,
                "confidence": sure if not isinstance(sure, dict) else sure.get(pointer, 0.9),
            }
            for pointer in _pointers(data)
        }
        trees.append(grown(data, known, lost, window=at, places=found))
    return flat(merged(trees, windows, shapes))


def _pointers(value, at=""):
    if isinstance(value, dict):
        return [pointer for key, one in value.items() for pointer in _pointers(one, f"{at}/{key}")]
    if isinstance(value, list):
        return [pointer for key, one in enumerate(value) for pointer in _pointers(one, f"{at}/{key}")]
    return [at]


# Values


def test_nothing_said_loses_against_something_said():
    found = merge(say({"a": None}), say({"a": "x"}, {"/a": (110, 111)}), say({"a": None}))
    assert found.data == {"a": "x"}
    assert found.fields["/a"]["windows"] == {"agree": 1, "disagree": 0, "empty": 2}
    assert found.fields["/a"]["evidence"] == [{"start": 110, "stop": 111}]
    assert found.disagreements == {}


def test_nothing_said_by_anybody_is_as_sure_as_the_least_sure_window():
    found = merge(say({"a": None}, sure=0.9), say({"a": None}, sure=0.4))
    assert found.data == {"a": None}
    assert found.fields["/a"]["confidence"] == 0.4


def test_what_is_printed_wins_over_what_is_not():
    found = merge(say({"a": "guess"}, sure=0.99), say({"a": "seen"}, {"/a": (110, 114)}, sure=0.5))
    assert found.data == {"a": "seen"}
    assert found.disagreements == {}  # a guess contradicts nothing


def test_a_null_tells_of_the_window_that_prints_its_name():
    label = {"start": 110, "stop": 115, "text": "Phone", "behind": {"start": 117, "stop": 120, "text": "030"}}
    quiet, passed = (
        grown({"a": None}, {"/a": {"evidence": [], "label": one, "confidence": 0.9}}) for one in (None, label)
    )
    found = flat(merged([quiet, passed, quiet], [window(at * 100, at * 100 + 100) for at in range(3)]))
    assert found.fields["/a"]["label"] == label


def test_a_value_at_its_own_name_is_the_surer_one():
    label = {"start": 1, "stop": 5, "text": "Total", "behind": None}
    answers = [
        grown({"a": value}, {"/a": {"evidence": [{"start": at, "stop": at + 1}], "label": one, "confidence": sure}})
        for value, at, one, sure in ((1, 7, label, 0.7), (2, 110, None, 0.8))
    ]
    assert flat(merged(answers, [window(0, 100), window(100, 200)])).data == {"a": 1}


def test_windows_that_agree_make_a_value_surer_and_others_less_sure():
    one, again, other = ({"/a": (at, at + 1)} for at in (1, 110, 210))
    twice = merge(say({"a": "x"}, one, sure=0.6), say({"a": "x"}, again, sure=0.6)).fields["/a"]["confidence"]
    assert twice == pytest.approx(0.84)
    against = merge(say({"a": "x"}, one, sure=0.6), say({"a": "y"}, other, sure=0.5)).fields["/a"]["confidence"]
    assert against == pytest.approx(1.5 / (1 + 1.5 + 1))
    guess = merge(say({"a": "x"}, one, sure=0.6), say({"a": "y"}, sure=0.9)).fields["/a"]["confidence"]
    same_place = merge(say({"a": "x"}, one, sure=0.6), say({"a": "x"}, one, sure=0.5)).fields["/a"]["confidence"]
    assert (guess, same_place) == (pytest.approx(0.6), pytest.approx(0.6))
    silent = merge(say({"a": "x"}, one, sure=0.6), say({"a": None})).fields["/a"]["confidence"]
    assert silent == 0.6


def test_a_guess_is_no_surer_for_being_made_in_every_window():
    twice, always = (merge(*[say({"a": "x"}, sure=0.2)] * count).fields["/a"]["confidence"] for count in (2, 300))
    assert (twice, always) == (pytest.approx(1 - 0.8**2), pytest.approx(1 - 0.8**2))
    found = merge(*[say({"a": "x"}, sure=0.2)] * 300, *[say({"a": "y"}, sure=0.6)] * 3)
    assert found.data == {"a": "x"}, "most windows say so"
    odds, against = 1 / 0.8**2 - 1, 1 / 0.4**2 - 1
    assert found.fields["/a"]["confidence"] == pytest.approx(odds / (odds + against + 1))


@pytest.mark.parametrize(
    ("for_it", "against", "sure"), [(2000, 0, 1.0), (1500, 500, 1.0), (500, 500, 0.5), (1, 900, 0.0)]
)
def test_windows_without_number_are_as_sure_as_can_be(for_it, against, sure):
    """Of some hundred that agree, the odds are beyond a float."""
    answers = [
        say({"a": value}, {"/a": (at * 100 + 1, at * 100 + 2)}, sure=0.99)
        for at, value in enumerate(["x"] * for_it + ["y"] * against)
    ]
    found = merge(*answers)
    told = found.fields["/a"]["confidence"]
    assert told == pytest.approx(sure if found.data == {"a": "x"} else 1 - sure)


def test_of_two_that_are_printed_the_surer_wins_and_the_other_is_told():
    found = merge(
        say({"a": 1}, {"/a": (1, 2)}, sure=0.6),
        say({"a": 2}, {"/a": (110, 111)}, sure=0.8),
    )
    assert found.data == {"a": 2}
    (other,) = found.disagreements["/a"]
    assert (other.value, other.origins, other.places) == (1, ((0, ("a",)),), (Piece(1, 2),))
    assert found.fields["/a"]["windows"] == {"agree": 1, "disagree": 1, "empty": 0}


def test_windows_that_agree_outweigh_one_that_does_not():
    found = merge(
        say({"a": "x"}, {"/a": (1, 2)}, sure=0.7),
        say({"a": "y"}, {"/a": (110, 111)}, sure=0.8),
        say({"a": "X "}, {"/a": (210, 211)}, sure=0.7),  # the same but for case and white space
    )
    assert found.data == {"a": "x"}
    assert found.fields["/a"]["windows"]["agree"] == 2


def test_one_place_that_two_windows_show_counts_once():
    windows = [window(0, 120), window(100, 200, fresh=120), window(200, 300)]
    found = merge(
        say({"a": "x"}, {"/a": (110, 111)}, sure=0.7),
        say({"a": "x"}, {"/a": (110, 111)}, sure=0.7),
        say({"a": "y"}, {"/a": (210, 211)}, sure=0.8),
        windows=windows,
    )
    assert found.data == {"a": "y"}


def test_a_value_that_a_seam_cut_off_is_the_whole_one():
    windows = [window(0, 120), window(100, 200, fresh=120)]
    found = merge(
        say({"a": "Harlow"}, {"/a": (114, 120)}, sure=0.99),
        say({"a": "Harlow and Finch"}, {"/a": (114, 130)}, sure=0.6),
        windows=windows,
    )
    assert found.data == {"a": "Harlow and Finch"}
    assert found.disagreements == {}


def test_booleans_are_no_numbers_and_the_printed_one_wins():
    found = merge(say({"a": False}, sure=0.99), say({"a": True}, {"/a": (110, 113)}))
    assert found.data == {"a": True}
    found = merge(say({"a": True}, {"/a": (1, 2)}), say({"a": 1}, {"/a": (110, 111)}, sure=0.95))
    assert found.data["a"] is not True


def test_a_value_that_is_printed_nowhere_keeps_its_mark():
    assert merge(say({"a": "x"}, lost=[Unprinted("/a")]), say({"a": None})).unprinted == [Unprinted("/a")]


def test_a_key_keeps_its_mark_where_no_window_prints_it():
    known, nowhere = say({"d": {"Net": 1, "Tax": {"a": 2}}}), [Unprinted("/d/Tax", key=True)]
    lost = say({"d": {"Tax": {"a": 2}, "Net": 1}}, lost=[*nowhere, Unprinted("/d/Net", key=True)])
    assert merge(known, lost).unprinted == []
    assert merge(say({"d": {"Net": 1}}), lost).unprinted == nowhere
    assert merge(lost, lost).data == lost[0]
    assert set(merge(lost, lost).unprinted) == {*nowhere, Unprinted("/d/Net", key=True)}
    rows = say({"rows": [{"x": "q"}]}, {"/rows/0/x": (1, 2)}, lost=[Unprinted("/rows/0/x", key=True)])
    assert merge(rows).unprinted == [Unprinted("/rows/0/x", key=True)]


# Records


def test_records_are_merged_field_by_field():
    found = merge(
        say({"seller": {"name": "Finch", "address": None}}, {"/seller/name": (1, 6)}),
        say({"seller": None}),
        say({"seller": {"name": None, "address": "14 Quay St"}}, {"/seller/address": (210, 220)}),
    )
    assert found.data == {"seller": {"name": "Finch", "address": "14 Quay St"}}


def test_what_is_one_thing_is_taken_from_one_window():
    shapes = Shapes(whole=frozenset({("pay",)}))
    found = merge(
        say({"pay": {"by": "card", "digits": "1234"}}, {"/pay/digits": (1, 5)}),
        say({"pay": {"by": "bank", "iban": "DE1", "bic": "X"}}, {"/pay/iban": (110, 113), "/pay/bic": (120, 121)}),
        shapes=shapes,
    )
    assert found.data == {"pay": {"by": "bank", "iban": "DE1", "bic": "X"}}
    (others,) = found.disagreements.values()
    assert others[0].value == {"by": "card", "digits": "1234"}


def test_keys_for_which_null_is_no_answer_are_left_out():
    shapes = Shapes(optional=frozenset({("a",)}))
    assert merge(say({"a": None, "b": None}), say({"a": None, "b": None}), shapes=shapes).data == {"b": None}


# Lists


def rows(*spans, **more):
    """Rows whose only value stands at a span."""
    data = {"rows": [{"n": value} for value, *_ in spans], **more}
    return say(data, {f"/rows/{at}/n": place for at, (_, *place) in enumerate(spans)})


def values(found):
    return [row["n"] for row in found.data["rows"]]


OVERLAP = [Window(0, 120, 0, (Piece(0, 120),), 1), Window(100, 220, 120, (Piece(100, 220),), 1)]


def test_lists_follow_each_other():
    assert values(merge(rows((1, 1, 2), (2, 10, 11)), rows((3, 110, 111)))) == [1, 2, 3]


def test_a_row_that_two_windows_show_is_one_and_two_that_are_alike_are_two():
    first = rows((7, 50, 51), (7, 105, 106), (7, 115, 116))
    second = rows((7, 105, 106), (7, 115, 116), (7, 130, 131))
    assert values(merge(first, second, windows=OVERLAP)) == [7, 7, 7, 7]


def test_rows_share_the_column_that_names_their_day_and_are_not_one_for_it():
    def said(*whats, repeated=False):
        data = {"rows": [{"day": "2024-01-01", "what": what} for what, _ in whats]}
        places = {f"/rows/{at}/day": (102, 104, repeated) for at in range(len(whats))}
        places |= {f"/rows/{at}/what": (start, start + 3) for at, (_, start) in enumerate(whats)}
        return say(data, places)

    found = merge(said(("one", 106), ("two", 112)), said(("two", 112), ("six", 130)), windows=OVERLAP)
    assert [row["what"] for row in found.data["rows"]] == ["one", "two", "six"]


def test_a_row_that_only_the_second_window_saw_stands_where_it_belongs():
    found = merge(rows((1, 50, 51), (3, 115, 116)), rows((2, 105, 106), (3, 115, 116), (4, 140, 141)), windows=OVERLAP)
    assert values(found) == [1, 2, 3, 4]


def test_a_row_that_a_seam_cut_is_the_whole_row():
    first = say({"rows": [{"n": 1, "what": "half"}]}, {"/rows/0/n": (105, 106), "/rows/0/what": (110, 114)})
    second = say({"rows": [{"n": 1, "what": "half a row"}]}, {"/rows/0/n": (105, 106), "/rows/0/what": (110, 125)})
    found = merge(first, second, windows=OVERLAP)
    assert found.data["rows"] == [{"n": 1, "what": "half a row"}]
    assert found.disagreements == {}


def test_rows_that_are_printed_nowhere_are_doubles_only_where_both_windows_show_the_lines():
    same = say({"rows": [{"n": 5}]})
    assert values(merge(same, same, windows=OVERLAP)) == [5]
    assert values(merge(same, same)) == [5, 5]


def test_fields_follow_their_rows():
    found = merge(rows((1, 1, 2)), rows((2, 110, 111), (3, 130, 131)))
    assert found.fields["/rows/2/n"]["evidence"] == [{"start": 130, "stop": 131}]


def test_rows_that_say_nothing_are_none():
    assert merge(say({"rows": [{"n": None}]}), rows((1, 110, 111))).data == {"rows": [{"n": 1}]}


def test_a_list_in_which_nothing_stands_twice():
    shapes = Shapes(unique=frozenset({("rows",)}))
    found = merge(say({"rows": ["a", "b"]}), say({"rows": ["b", "c"]}), shapes=shapes)
    assert found.data["rows"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("first", "again", "more"),
    [("[20]", "[20.0]", "[20.5]"), ('[{"a":1,"b":2}]', '[{"b":2,"a":1.00}]', '[{"a":1,"b":3}]')],
)
def test_however_it_is_written(first, again, more):
    """JSON Schema's `uniqueItems` has them for the same, so the answer would not stand."""
    shapes = Shapes(unique=frozenset({("rows",)}))
    found = merge(*(say({"rows": jsontext.read(one)}) for one in (first, again, more)), shapes=shapes)
    assert found.data["rows"] == jsontext.read(first) + jsontext.read(more)


def account(number, *bookings, owner=None):
    return {"number": number, "owner": owner, "bookings": [{"n": one} for one in bookings]}


def test_a_record_with_a_list_goes_on_in_the_next_window():
    found = merge(
        say({"accounts": [account("A", 1), account("B", 2)]}, {"/accounts/1/number": (90, 91)}),
        say({"accounts": [account(None, 3)]}),
        say({"accounts": [account("B", 4), account("C", 5)]}, {"/accounts/0/number": (201, 202)}),
    )
    assert found.data["accounts"] == [account("A", 1), account("B", 2, 3, 4), account("C", 5)]


def test_another_record_with_a_list_does_not():
    found = merge(say({"accounts": [account("A", 1)]}), say({"accounts": [account("B", 2)]}))
    assert found.data["accounts"] == [account("A", 1), account("B", 2)]


def test_what_comes_below_its_list_belongs_to_a_record_that_goes_on():
    second = say(
        {"accounts": [account(None, 2, owner="Ann")]},
        {"/accounts/0/bookings/0/n": (105, 106), "/accounts/0/owner": (120, 123)},
    )
    found = merge(say({"accounts": [account("A", 1)]}), second)
    assert found.data["accounts"] == [account("A", 1, 2, owner="Ann")]
    second = say(
        {"accounts": [account(None, 2, owner="Ann")]},
        {"/accounts/0/bookings/0/n": (120, 121), "/accounts/0/owner": (105, 108)},
    )
    assert len(merge(say({"accounts": [account("A", 1)]}), second).data["accounts"]) == 2


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_rows_cut_anywhere_are_the_rows(data):
    """Whatever windows and overlaps: what they say together is what the whole says, rows that are alike included."""
    count = data.draw(st.integers(0, 40))
    whole = [
        {"code": data.draw(st.sampled_from("abc")), "n": data.draw(st.sampled_from([None, 1, 2])), "day": 1}
        for _ in range(count)
    ]
    spans = [(at * 30, at * 30 + 30) for at in range(count)]
    end = count * 30 or 1
    cuts = sorted(data.draw(st.sets(st.integers(0, max(count - 1, 0)), max_size=8)) - {0})
    bounds = [0, *(cut * 30 for cut in cuts), end]
    windows, answers = [], []
    for fresh, stop in itertools.pairwise(bounds):
        start = fresh - 30 * data.draw(st.integers(0, min(3, fresh // 30)))
        windows.append(Window(start, stop, fresh, (Piece(start, stop),), 1))
        shown = [at for at in range(count) if start <= spans[at][0] and spans[at][1] <= stop]
        # the window before sees the shown rows too, so one of the two may miss some of them
        missed = data.draw(st.sets(st.sampled_from([at for at in shown if spans[at][0] < fresh] or [-1])))
        seen = [at for at in shown if at not in missed]
        places = {}
        for number, at in enumerate(seen):
            begin = spans[at][0]
            places[f"/rows/{number}/code"] = (begin, begin + 1)
            places[f"/rows/{number}/day"] = (0, 1, True)  # named once, above the table
            if whole[at]["n"] is not None:
                places[f"/rows/{number}/n"] = (begin + 10, begin + 11)
        answers.append(say({"rows": [whole[at] for at in seen]}, places))
    found = merge(*answers, windows=windows)
    assert found.data["rows"] == whole
    assert [found.fields[f"/rows/{at}/code"]["evidence"][0]["start"] for at in range(count)] == [s for s, _ in spans]


# What is more than the schema allows


def test_of_a_list_with_too_many_items_the_first_stay():
    found = merge(
        say({"tags": ["a", "b"]}, {"/tags/0": (1, 2), "/tags/1": (3, 4)}),
        say({"tags": ["c", "d"]}, {"/tags/0": (101, 102), "/tags/1": (103, 104)}),
        shapes=Shapes(most={("tags",): 3}),
    )
    assert found.data == {"tags": ["a", "b", "c"]}
    assert found.left_out == {"/tags": 1}
    assert set(found.fields) == {"/tags/0", "/tags/1", "/tags/2"}


def test_what_is_printed_stays_before_what_is_not():
    found = merge(
        say({"tags": ["a", "b"]}, {"/tags/1": (3, 4)}),
        say({"tags": ["c"]}, {"/tags/0": (101, 102)}),
        shapes=Shapes(most={("tags",): 2}),
    )
    assert found.data == {"tags": ["b", "c"]}


def test_an_object_with_too_many_members_keeps_the_declared_ones():
    said = say({"all": {"a": 1, "b": 2}}, {"/all/a": (1, 2), "/all/b": (3, 4)})
    more = say({"all": {"c": 3, "of": "x", "b": 2}}, {"/all/c": (101, 102), "/all/b": (103, 104)})
    most = Shapes(most={("all",): 3}, declared=frozenset({("all", "of")}))
    found = merge(said, more, shapes=most)
    assert found.data == {"all": {"a": 1, "b": 2, "of": "x"}}
    assert found.left_out == {"/all": 1}
    assert merge(said, said, shapes=most).left_out == {}


def test_what_a_free_key_holds_is_counted_too():
    said = say({"by": {"a": ["x", "y"], "named": ["m"]}}, {"/by/a/0": (1, 2), "/by/a/1": (3, 4)})
    more = say({"by": {"a": ["z"], "b": ["v"], "named": ["n"]}}, {"/by/a/0": (101, 102)})
    most = Shapes(most={("by", "*"): 2}, declared=frozenset({("by", "named")}), open=frozenset({("by",)}))
    found = merge(said, more, shapes=most)
    assert found.data == {"by": {"a": ["x", "y"], "named": ["m", "n"], "b": ["v"]}}
    assert found.left_out == {"/by/a": 1}


def test_lists_of_rows_are_counted_each_by_itself():
    found = merge(
        say({"rows": [{"tags": ["a", "b"]}, {"tags": ["c"]}]}), shapes=Shapes(most={("rows", "*", "tags"): 1})
    )
    assert found.data == {"rows": [{"tags": ["a"]}, {"tags": ["c"]}]}
    assert found.left_out == {"/rows/0/tags": 1}
