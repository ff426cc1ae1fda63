"""Numbers and dates as spreadsheets show them."""

from __future__ import annotations

import pytest

from extractor.documents.sheets.format_code import BUILT_IN
from extractor.documents.sheets.number_format import formatted, formatted_text

ACCOUNTING = '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)'
FEBRUARY = 46081  # 28 February 2026


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (1234.5, "#,##0.00", "1,234.50"),
        (-1234.5, "#,##0.00", "-1,234.50"),
        (-1234.567, "#,##0.00;[Red]-#,##0.00", "-1,234.57"),
        (1.005, "0.00", "1.01"),
        (-0.001, "0.00", "0.00"),
        (7, "000", "007"),
        (0.5, "#.##", ".5"),
        (12345.6789, "0.###", "12345.679"),
        (1234567, "0.0,,", "1.2"),
        (1234567, '#,##0,"k"', "1,235k"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (12, '00"."00', "00.12"),
        (0.256, "0.0%", "25.6%"),
        (-0.5, "0%", "-50%"),
        (1234.5, '#,##0.00 "€"', "1,234.50 €"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (1234.5, "#,##0.00\\ [$zł-415]", "1,234.50 zł"),
        (-5, BUILT_IN[37], "(5)"),
        (-5, BUILT_IN[44], "$(5.00)"),
        (0, ACCOUNTING, "-"),
        (1234.5, ACCOUNTING, "1,234.50"),
        (12345, "0.00E+00", "1.23E+04"),
        (0.00012, "0.0E-0", "1.2E-4"),
        (12345, "##0.0E+0", "12.3E+3"),
        (99999, "0.0E+00", "1.0E+05"),
        (2.75, "# ?/?", "2 3/4"),
        (0.5, "# ??/??", "1/2"),
        (2.999, "# ?/?", "3"),
        (1.25, "?/4", "5/4"),
        (150, '[>100]"big";"small"', "big"),
        (50, '[>100]"big";"small"', "small"),
        (-3, "[Red]-0.0;0", "3"),
        (0, "0;;;@", ""),
        (3, '"a";"b";"c"', "a"),
        (5, "@", "5"),
        (1e300, "0", "1" + "0" * 300),
    ],
)
def test_numbers(value, code, expected):
    assert formatted(value, code) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333"),
        (1234.56789012, "1234.56789"),
        (123456789012, "123456789012"),
        (-17.0, "-17"),
        (1e20, "1E+20"),
        (1.5e-7, "1.5E-07"),
        (0, "0"),
    ],
)
def test_numbers_without_a_format(value, expected):
    assert formatted(value, "General") == expected
    assert formatted(value, 'General" kg"') == f"{expected} kg"


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (FEBRUARY, "yyyy-mm-dd", "2026-02-28"),
        (FEBRUARY, BUILT_IN[14], "2026-02-28"),
        (FEBRUARY + 0.75, BUILT_IN[22], "2026-02-28 18:00"),
        (FEBRUARY + 0.75, "dd.mm.yyyy hh:mm", "28.02.2026 18:00"),
        (FEBRUARY + 0.5, "m/d/yy h:mm", "2/28/26 12:00"),
        (FEBRUARY, "d. mmmm yyyy", "28. February 2026"),
        (FEBRUARY, "[$-407]d. mmmm yyyy", "28. Februar 2026"),
        (FEBRUARY, "[$-40C]ddd d mmm", "sam 28 févr."),
        (FEBRUARY, "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "Saturday, February 28, 2026"),
        (FEBRUARY, "mmm-yy", "Feb-26"),
        (FEBRUARY, "mmmmm", "F"),
        (44197, 'yyyy"年"m"月"d"日"', "2021年1月1日"),
        (FEBRUARY, "bbbb", "2569"),
        (0.75, "h:mm AM/PM", "6:00 PM"),
        (0.0, "h:mm a/p", "12:00 A"),
        (1.5, "[h]:mm", "36:00"),
        (1.5, "[mm]:ss", "2160:00"),
        (45.5 / 86400, "mm:ss.0", "00:45.5"),
        (0.7, "h:mm:ss", "16:48:00"),
        (0.999999, "h:mm", "0:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (60, "yyyy-mm-dd", "1900-02-29"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (2958465, "yyyy-mm-dd", "9999-12-31"),
        (2958466, "yyyy-mm-dd", "2958466"),
        (-1, "yyyy-mm-dd", "-1"),
    ],
)
def test_dates(value, code, expected):
    assert formatted(value, code) == expected


def test_dates_from_1904():
    assert formatted(0, "yyyy-mm-dd", from_1904=True) == "1904-01-01"
    assert formatted(44619, "yyyy-mm-dd", from_1904=True) == "2026-02-28"


def test_texts():
    assert formatted_text("x", '0;0;0;"<"@">"') == "<x>"
    assert formatted_text("x", "General") == "x"


@pytest.mark.parametrize(
    "code", ["", ";", ";;;;;", '"', "\\", "[", "[>", "_", "*", "E+", "0/", "/0", ".", ",", "%" * 400, "0." * 400]
)
def test_codes_that_make_no_sense_show_something(code):
    for value in (0.0, 1.5, -2.0, 1e308, 5e-324):
        assert isinstance(formatted(value, code), str)
