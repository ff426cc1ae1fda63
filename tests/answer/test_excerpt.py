"""What is shown of an answer that there is no room for."""

from __future__ import annotations

import json
import re

import pytest

from extractor.answer.excerpt import excerpt

ANSWER = json.dumps({"a": "x" * 300, "b": {"c": 1, "d": [1, 2]}, "e": 2, "z": "y" * 300}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("pointers", "shown"),
    [
        (["/e"], '…,"b":{"c":1,"d":[1,2]},"e":2…'),
        (["/e", "/b/d/0"], '…,"b":{"c":1,"d":[1,2]},"e":2…'),
        (["/b/d/7"], '…,"b":{"c":1,"d":[1,2]…'),
        (["/z"], '…,"b":{"c":1,"d":[1,2]},"e":2,"z":…'),
        (["/a", "/e"], '{"a":…,"b":{"c":1,"d":[1,2]},"e":2…'),
    ],
)
def test_the_values_in_question_and_what_stands_before_them(pointers: list[str], shown: str) -> None:
    """And of a long one its beginning."""
    found = excerpt(ANSWER, pointers)
    assert found is not None
    assert re.sub(r'[…"xy]*[xy]{2}[…"xy]*', "…", found) == shown
    assert len(found) < 350


@pytest.mark.parametrize("pointers", [[""], [], ["/none"], ["/e", ""]])
def test_what_leads_to_all_of_it_has_none(pointers: list[str]) -> None:
    assert excerpt(ANSWER, pointers) is None
