"""Scripts that run to the left, downwards, or without spaces."""

from __future__ import annotations

from extractor.documents.pdf.frame import Frame
from extractor.documents.pdf.straight import standing
from extractor.documents.placement import Glyph, RuledLines, lay_out, words


def test_hebrew_is_read_from_the_right() -> None:
    drawn = "םולש 12 בוט"  # as it stands from left to right on the page: "shalom" at the left, "tov" at the right
    glyphs = [Glyph(char, 6 * at, 6 * at + 6, 0, 10, 8, 10, (0, 0, 0, 0)) for at, char in enumerate(drawn)]
    (line,) = lay_out(words(glyphs), RuledLines())
    assert line.text == "טוב 12 שלום"


def test_japanese_in_columns_is_read_downwards_from_the_right() -> None:
    glyphs = [glyph("一行目の文です"[at], 300, 100 + 11 * at, 10) for at in range(7)] + [
        glyph("二行、山田"[at], 280, 100 + 11 * at, 10) for at in range(5)
    ]
    lying, columns = standing(glyphs, Frame(0, 0, 595, 842, 0))
    assert not lying
    assert [line.text for line in lay_out(words(columns), RuledLines())] == ["一行目の文です", "二行、山田"]


def test_figures_below_each_other_stay_lines_of_their_own() -> None:
    glyphs = [glyph(char, 300, 100 + 18 * at, 10) for at, char in enumerate("包个套")]
    glyphs += [glyph(char, 200, 100 + 11 * at, 10) for at, char in enumerate("123")]
    assert standing(glyphs, Frame(0, 0, 595, 842, 0)) == (glyphs, [])


def test_no_space_is_read_between_ideographs_whose_boxes_are_narrow() -> None:
    date = [("十", 0, 9), ("一", 11, 20), ("月", 24, 31), ("、", 34, 37), ("日", 46, 53), ("1", 56, 61)]
    glyphs = [Glyph(char, left, right, 0, 12, 10, 12, (0, 0, 0, 0), inked=True) for char, left, right in date]
    assert [word.text for word in words(glyphs)] == ["十一月、日1"]


def test_marks_around_letters_belong_to_their_word_and_are_read_once() -> None:
    cluster = [("บ", 0, 7, 16), ("ร", 8, 10, 7), ("ั", 10, 12, 7), ("ร", 9, 11, 3), ("ั", 11, 13, 3), ("บ", 14, 21, 16)]
    glyphs = [
        Glyph(char, left, right, 0, size, 16, size, (0, 0, 0, 0), parted=True) for char, left, right, size in cluster
    ]
    assert [word.text for word in words(glyphs)] == ["บรับ"]


def glyph(char: str, left: float, top: float, size: float) -> Glyph:
    return Glyph(char, left, left + size, top, top + size, top + 0.8 * size, size, (0, 0, 0, 0))
