"""The grammar of a second answer: what was wrong may change, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.answer.written import WrittenText
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.grammars import demand
from extractor.grammar.rewrite import Rewriting, rewriting
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


def written(text: str, logprob: float, size: int = 3) -> WrittenText:
    """In tokens of so many bytes, the last one shorter."""
    data = text.encode()
    sizes = [min(size, len(data) - at) for at in range(0, len(data), size)]
    return WrittenText(data, [logprob] * len(sizes), sizes)


def again(*pointers: str, size: int = 3) -> Rewriting | None:
    return rewriting(written(compact(ANSWER), -1.0, size), pointers, NarrowedSchema(SCHEMA, Bounds()).whole())


def allows(rewriting: Rewriting, answer: JSON) -> bool:
    """Whether the answer may become this one."""
    text, before = compact(answer), rewriting.answer.text.decode()
    rest = before[rewriting.spans[-1][1] + 24 :]
    middle = text[len(rewriting.head) : len(text) - len(rest)]
    return rewriting.head + middle + rest == text and accepts(rewriting.grammar, middle)


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
    for size in (1, 3, 20):
        found = again(*pointers, size=size)
        assert found is not None
        assert allows(found, ANSWER)
        assert allows(found, ANSWER | changes)
        assert not allows(found, ANSWER | refused)


@pytest.mark.parametrize("pointer", ["", "/none", "/none/deep"])
def test_where_that_cannot_be_said_all_is_written_again(pointer: str) -> None:
    assert again(pointer) is None
    assert again("/a", pointer) is None


@pytest.mark.parametrize(
    ("pointer", "around", "changes"),
    [
        ("/rows/2", "/rows", {"rows": [{"n": 2, "s": "two"}, {"n": 3, "s": ""}, {"n": 4, "s": None}]}),
        ("/rows/x", "/rows", {"rows": []}),
        ("/rows/1/none", "/rows/1", {"rows": [{"n": 2, "s": "two"}, {"n": 9, "s": "x"}]}),
        ("/a/b", "/a", {"a": "other"}),
        ("/any/x", "/any", {"any": {"x": "seven"}}),  # a value of either schema
        ("/map/k/[key]", "/map/k", {"map": {"k": 2}}),
    ],
)
def test_what_leads_to_no_value_stands_for_what_is_around_it(pointer: str, around: str, changes: JSON) -> None:
    found, whole = again(pointer), again(around)
    assert found == whole is not None
    assert found is not None
    assert allows(found, ANSWER | changes)
    assert not allows(found, ANSWER | changes | {"b/c~": None})


def test_what_stays_in_front_is_not_written_and_ends_with_a_token() -> None:
    data = compact(ANSWER).encode()
    for size in (1, 3, 7, 40):
        for pointer in ("/rows/1/s", "/map/k", "/any"):
            found = again(pointer, size=size)
            assert found is not None
            begun = len(found.head.encode())
            start = len(data.decode()[: found.spans[0][0]].encode())
            assert begun % size == 0
            assert begun <= start - 24
            assert begun > start - 24 - 2 * size, "as much as can be"


def test_each_value_keeps_the_tokens_it_was_written_in() -> None:
    found = again("/rows/0/s", "/any")
    assert found is not None
    new = ANSWER | {"rows": [{"n": 2, "s": "é!"}, {"n": 3, "s": ""}], "any": {"x": "sieben"}}
    text = compact(new)
    joined = found.joined(written(text[len(found.head) :], -0.5, 2))
    assert joined.text.decode() == text
    assert sum(joined.sizes) == len(joined.text)
    for value, logprob in (('"x \\"y\\" é"', -1.0), ('"é!"', -0.5), ('"n":3,"s":""', -1.0), ('"sieben"', -0.5)):
        start = text.encode().index(value.encode())
        assert set(joined.part(start, start + len(value.encode())).logprobs) == {logprob}


def test_numbers_may_have_more_digits_than_python_reads() -> None:
    answer, number = written('{"a":null,"b":1}', -1.0), "7" * 5_000
    assert Rewriting(answer, [(5, 9)], "", "").joined(written(f'{{"a":{number}', -0.5)).text.decode() == (
        f'{{"a":{number},"b":1}}'
    )


def test_printed_values_stay_printed() -> None:
    demanded = demand(SCHEMA, "all", Bounds())
    assert demanded is not None
    printed, answer = demanded.of("two Ann 3 1.5 9"), written(compact(ANSWER), -1.0)
    found = rewriting(answer, ["/a"], demanded.narrowed, printed.document)
    assert found is not None
    assert allows(found, ANSWER | {"a": "Ann"})
    assert not allows(found, ANSWER | {"a": "Bob"})
