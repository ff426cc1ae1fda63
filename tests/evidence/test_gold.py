"""Documents marked by hand: each value in its place, and nothing anywhere that is not printed. Those of `held_back`
were written to measure with, and no rule was made by them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.scalars import scalars
from extractor.evidence.spans import overlap
from extractor.lab.bench.gold import Gold, gold, golds, kind

FOLDER = Path(__file__).parent / "gold"
IN_WORDS = {("quoted_mail", "/quantity")}  # `two` is read as a number by nobody


@pytest.mark.parametrize("marked", [*golds(FOLDER), *golds(FOLDER / "held_back")], ids=lambda one: one.name)
def test_each_value_stands_where_it_is_marked(marked: Gold) -> None:
    found = list(scalars(marked.answer))
    wrong = []
    for one, where in zip(found, EvidenceSearch(marked.document).of(found), strict=True):
        spans = marked.places.get(one.pointer, [])
        right = any(overlap((place.start, place.stop), span) for place in where for span in spans)
        if not right and (where or spans) and (marked.name, one.pointer) not in IN_WORDS:
            wrong.append((one.pointer, one.value, [marked.document[place.start : place.stop] for place in where]))
    assert wrong == []


def test_marks_are_taken_out_and_give_places() -> None:
    read = gold("a", '{"a": 1250, "b": "x", "c": null}\n---\nSum ⟨/a⟩1.250,00⟨⟩ or ⟨/b⟩x⟨⟩ and ⟨/b⟩x⟨⟩.\n')
    assert read.document == "Sum 1.250,00 or x and x.\n"
    assert read.places == {"/a": [(4, 12)], "/b": [(16, 17), (22, 23)]}
    number, text, _ = scalars(read.answer)
    assert [kind(number, "1.250,00"), kind(number, "1250"), kind(number, "many")] == [
        "normalised", "literal", "in other words"
    ]  # fmt: skip
    assert [kind(text, "X"), kind(text, "y")] == ["literal", "in other words"]
