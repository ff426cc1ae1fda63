"""The grammar of a second answer: what was wrong may change, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.grammars import demand
from extractor.grammar.rewrite import rewritten, span_of
from tests.support.matching import accepts

JSON = dict[str, Any]
SCHEMA: JSON = {
    "type": "object",
    "$defs": {
        "row": {
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 0}, "s": {"type": ["string", "null"]}},
            "required": ["n", "s"],
        }
    },
    "properties": {
        "a": {"type": "string", "maxLength": 9},
        "b/c~": {"anyOf": [{"$ref": "#/$defs/row"}, {"type": "null"}]},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}, "maxItems": 5},
        "map": {"type": "object", "additionalProperties": {"type": "number"}},
        "any": {"anyOf": [{"type": "object", "properties": {"x": {"type": "string"}}},
                          {"type": "object", "properties": {"x": {"type": "integer"}}}]},
    },
    "required": ["a", "b/c~", "rows", "map", "any"],
}  # fmt: skip
ANSWER: JSON = {
    "a": 'x "y" é', "b/c~": {"n": 1, "s": None}, "rows": [{"n": 2, "s": "two"}, {"n": 3, "s": ""}], "map": {"k": 1.5},
    "any": {"x": 7},
}  # fmt: skip


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def grammar(*pointers: str) -> str | None:
    return rewritten(compact(ANSWER), pointers, NarrowedSchema(SCHEMA, Bounds()).whole())


@pytest.mark.parametrize(
    ("pointers", "changes", "refused"),
    [
        (["/a"], {"a": "other"}, {"a": "longer than nine"}),
        (["/rows/1/n"], {"rows": [{"n": 2, "s": "two"}, {"n": 9, "s": ""}]}, {"rows": [{"n": 9, "s": "two"}]}),
        (["/b~1c~0"], {"b/c~": None}, {"a": "other"}),
        (["/b~1c~0/s"], {"b/c~": {"n": 1, "s": "x"}}, {"b/c~": {"n": 2, "s": None}}),
        (["/rows"], {"rows": []}, {"rows": [{"n": -1, "s": "x"}]}),
        (["/rows", "/rows/0/s", "/a"], {"rows": [{"n": 1, "s": "z"}], "a": ""}, {"map": {}}),
        (["/map/k"], {"map": {"k": 2}}, {"map": {"l": 1.5}}),
    ],
)
def test_only_what_was_wrong_changes(pointers: list[str], changes: JSON, refused: JSON) -> None:
    rewritten_ = grammar(*pointers)
    assert rewritten_ is not None
    assert accepts(rewritten_, compact(ANSWER))
    assert accepts(rewritten_, compact(ANSWER | changes))
    assert not accepts(rewritten_, compact(ANSWER | refused))


@pytest.mark.parametrize("pointer", ["", "/none", "/rows/2", "/a/b", "/rows/x", "/any/x", "/map/k/l"])
def test_where_that_cannot_be_said_all_is_written_again(pointer: str) -> None:
    assert grammar(pointer) is None
    assert grammar("/a", pointer) is None


def test_printed_values_stay_printed() -> None:
    demanded = demand(SCHEMA, "all", Bounds())
    assert demanded is not None
    found = demanded.of("two Ann 3 1.5 9")
    again = found.rewritten(demanded.narrowed, compact(ANSWER), ["/a"])
    assert again is not None
    assert accepts(again, compact(ANSWER | {"a": "Ann"}))
    assert not accepts(again, compact(ANSWER | {"a": "Bob"}))


def test_spans() -> None:
    text = '{"a":{"b":[1,"x,]",{"c":null}]},"é":2}'
    for path, span in ((("a", "b", "1"), '"x,]"'), (("a", "b", "2", "c"), "null"), (("é",), "2"), ((), text)):
        start, stop = span_of(text, path) or (0, 0)
        assert text[start:stop] == span
    assert span_of(text, ("a", "b", "3")) is None
    for broken in ("", "{", '{"a', '{ "a" : 1 }', "[", "7"):
        assert span_of(broken, ("a", "b", "0")) is None
