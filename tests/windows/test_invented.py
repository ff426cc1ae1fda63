"""Items of lists that a model made up are left out of what windows say together."""

from __future__ import annotations

from extractor.result import Unprinted
from extractor.windows.invented import endless_lists, without_invented
from extractor.windows.tree import ListNode, ObjectNode, data_of, grown
from extractor.windows.window import Piece

NAMES = ("parties", "names")


def tree(data, unprinted=(), printed=()):
    places = {where: (Piece(at, at + 1),) for at, where in enumerate(printed)}
    return grown(data, {}, map(Unprinted, unprinted), places=places)


def test_lists_that_were_ended_are_known_by_their_path():
    data = {
        "parties": {"names": ["a"]},
        "a/b": [{"more": [1]}, {"more": [2]}],
        "text": "x",
        "keys": {"k": 1},
        "cut": [],
    }
    ended = [
        ("/parties/names", "ran_on"),
        ("/a~1b/1/more", "repeated"),
        ("/text", "repeated"),
        ("/keys", "repeated"),
        ("/cut", "cut_off"),
    ]
    assert endless_lists(data, ended) == {NAMES, ("a/b", "*", "more")}


def test_what_stands_nowhere_is_left_out_of_a_list_that_ran_on():
    data = {"parties": {"names": ["Ann", "made up", "Bob"], "others": ["made up"]}}
    unprinted = ["/parties/names/1", "/parties/others/0"]
    found, left_out = without_invented(tree(data, unprinted, ["/parties/names/0", "/parties/names/2"]), [NAMES])
    assert data_of(found) == {"parties": {"names": ["Ann", "Bob"], "others": ["made up"]}}
    assert left_out == {NAMES: 1}


def test_a_row_with_one_printed_value_stays_and_so_does_what_need_not_be_printed():
    data = {"rows": [{"a": "Ann", "b": "made up"}, {"a": "made up", "b": None}, {"a": None, "b": None}]}
    found, left_out = without_invented(tree(data, ["/rows/0/b", "/rows/1/a"], ["/rows/0/a"]), [("rows",)])
    assert data_of(found) == {"rows": [data["rows"][0], data["rows"][2]]}
    assert left_out == {("rows",): 1}
    kinds = {"rows": ["credit", "debit"]}
    assert data_of(without_invented(tree(kinds), [("rows",)])[0]) == kinds


def test_a_printed_value_without_a_place_of_its_own_is_there_once():
    data = {"rows": ["Ann", "Ann", "Ann"]}
    found, left_out = without_invented(tree(data, (), ["/rows/0"]), [("rows",)])
    assert (data_of(found), left_out) == ({"rows": ["Ann"]}, {("rows",): 2})


def test_lists_within_rows():
    data = {"rows": [{"more": ["a", "b"]}, {"more": ["c"]}]}
    path = ("rows", "*", "more")
    found, left_out = without_invented(tree(data, ["/rows/0/more/1", "/rows/1/more/0"], ["/rows/0/more/0"]), [path])
    assert data_of(found) == {"rows": [{"more": ["a"]}, {"more": []}]}
    assert left_out == {path: 2}
    assert isinstance(found, ObjectNode)
    assert isinstance(found.members["rows"], ListNode)
