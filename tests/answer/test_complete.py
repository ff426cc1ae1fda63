"""What is complete of an answer that was cut off anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.answer.complete import completed

WHOLE: dict[str, Any] = {
    "a": 'x "y" \\', "n": -12.5, "t": True, "z": None, "e": {}, "l": [],
    "r": [{"k": 1, "s": "é,]}"}, {"k": 22, "s": ""}],
    "m": {"d": {"x": [[1, 2], []]}}, "last": "end",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", "{}"),
        ("{", "{}"),
        ('{"a', "{}"),
        ('{"a":', "{}"),
        ('{"a":1', "{}"),  # it may be 12
        ('{"a":1,', '{"a":1}'),
        ('{"a":"x"', '{"a":"x"}'),
        ('{"a":"x","b":"y', '{"a":"x"}'),
        ('{"r":[{"k":1},{"k":', '{"r":[{"k":1}]}'),
        ('{"r":[{"k":1,"s":"x"', '{"r":[{"k":1,"s":"x"}]}'),
        ('{"r":[1,2', '{"r":[1]}'),
        ('{"r":["a","b', '{"r":["a"]}'),
        ('{"a":"x\\', "{}"),
        ('{"a":{"b":{"c":tru', "{}"),
        ('{"a":{"b":{"c":true}', '{"a":{"b":{"c":true}}}'),
    ],
)
def test_the_last_whole_value_is_the_end(text: str, whole: str) -> None:
    assert completed(text) == whole


def test_cut_anywhere_it_is_json_and_a_part_of_the_whole() -> None:
    text = json.dumps(WHOLE, separators=(",", ":"), ensure_ascii=False)
    for cut in range(len(text) + 1):
        assert _within(json.loads(completed(text[:cut])), WHOLE), text[:cut]
    assert json.loads(completed(text)) == WHOLE


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return len(part) <= len(whole) and all(map(_within, part, whole))
    return bool(part == whole)
