"""Scripts that run to the left, downwards, or without spaces."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("drawn", "read"),
    [
        (")העש( ץועיי יתוריש", "שירותי ייעוץ (שעה)"),
        ("(העש) ץועיי יתוריש", "שירותי ייעוץ (שעה)"),  # a file that says what brackets mean, not how they look
        ("6688312 ביבא לת ,12 לצרה", "הרצל 12, תל אביב 6688312"),
        ("INV-2026-771 ةروتاف", "فاتورة INV-2026-771"),
        ("١٥/١١/٢٠٢٦ خيراتلا", "التاريخ ١٥/١١/٢٠٢٦"),
        ("%15 ةبيرض", "ضريبة 15%"),
    ],
)
def test_lines_that_run_to_the_left(drawn: str, read: str) -> None:
    assert [line.text for line in lay_out(words(row(drawn)), RuledLines())] == [read]


def test_a_telephone_number_among_arabic_begins_with_its_plus() -> None:
    glyphs = [*row("4567 123 50 966+"), *row("فتاهلا", 300)]
    assert [line.text.split("   ") for line in lay_out(words(glyphs), RuledLines())] == [["+966 50 123 4567", "الهاتف"]]
    assert [line.text for line in lay_out(words(row("4567 966+")), RuledLines())] == ["4567 966+"]


def test_a_bracket_beside_hebrew_closes() -> None:
    glyphs = [*row("Total (ILS("), *row("לוכה ךס", 300)]
    (line,) = lay_out(words(glyphs), RuledLines())
    assert line.text.split("   ") == ["Total (ILS)", "סך הכול"]


def test_words_of_a_lower_script_stand_in_their_line() -> None:
    latin = [glyph(char, 6 * at, 2.4, 6, 8) for at, char in enumerate("Advice services")]  # at the same height below
    hebrew = [*row("תומדק", 96, 0.8), *row("הלועפ הז המ", 0, 16)]
    assert [line.text for line in lay_out(words([*latin, *hebrew]), RuledLines())] == [
        "Advice services קדמות",
        "מה זה פעולה",
    ]


def test_cells_of_a_ruled_table_are_read_from_the_right_too() -> None:
    rules = RuledLines([(y, 0.0, 200.0) for y in (0.0, 20.0, 40.0)], [(x, 0.0, 40.0) for x in (0.0, 100.0, 200.0)])
    glyphs = [*row("רוחש 2", 110, 5), *row("20,00", 10, 5), *row("ןבל", 110, 25), *row("30,00", 10, 25)]
    assert [line.text for line in lay_out(words(glyphs), rules)] == ["20,00   2 שחור", "30,00   לבן"]


def row(drawn: str, left: float = 0, top: float = 0) -> list[Glyph]:
    """Letters as they stand from left to right."""
    return [glyph(char, left + 6 * at, top, 6, 10) for at, char in enumerate(drawn)]


def test_marks_around_letters_belong_to_their_word_and_are_read_once() -> None:
    cluster = [("บ", 0, 7), ("ร", 8, 10), ("ั", 10, 12), ("ร", 9, 11), ("ั", 11, 13), ("บ", 14, 21)]
    glyphs = [
        Glyph(char, left, right, 0, 16, 13, 16, (0, 0, 0, 0), parted=True, inked=True) for char, left, right in cluster
    ]
    assert [word.text for word in words(glyphs)] == ["บรับ"]


def glyph(char: str, left: float, top: float, width: float, height: float | None = None) -> Glyph:
    high = height or width
    return Glyph(char, left, left + width, top, top + high, top + 0.8 * high, high, (0, 0, 0, 0))
