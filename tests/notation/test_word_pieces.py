"""Where words may be cut: what the patterns of it are made of."""

from __future__ import annotations

import re
import unicodedata

import pytest

from extractor.grammar.printed.words import chunks
from extractor.notation.word_pieces import MARK, is_cut_at


def test_every_mark_is_one_and_no_letter_is() -> None:
    mark = re.compile(f"[{MARK}]")
    odd = "\uff9e\uff9f"  # of narrow kana: letters to Unicode
    for char in map(chr, range(0x300, 0x1F000)):
        assert bool(mark.match(char)) is (unicodedata.category(char).startswith("M") or char in odd), ascii(char)


@pytest.mark.parametrize("mark", ["\u0301", "\u093e", "\uff9e", "\U0001f3fb", "\ufe0f"])
def test_a_mark_behind_a_space_is_no_part_of_it(mark: str) -> None:
    text = f"a {mark}b c"
    found = chunks(text)
    assert "".join(found).startswith(f"a {mark}b c")
    assert [chunk for chunk in found if " " in chunk] == [" "] * found.count(" ")
    assert is_cut_at(text, 2, len(text))
