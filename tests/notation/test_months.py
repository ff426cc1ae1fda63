"""Months without a day: where they stand, and years within days and months."""

from __future__ import annotations

import pytest

from extractor.notation import months, possible, spell


@pytest.mark.parametrize(
    ("text", "printed", "key"),
    [
        ("since 03/2022, then", "03/2022", "2022-03"),
        ("2022年3月 入社", "2022年3", "2022-03"),
        ("令和4年3月", "令和4年3", "2022-03"),
        ("03/22 – 05/23", "05/23", "23-05"),
        ("Mar 22 – present", "Mar 22", "22-03"),
        ("２０２２／０３", "２０２２／０３", "2022-03"),
    ],
)
def test_a_month_has_its_place(text: str, printed: str, key: str) -> None:
    assert [text[start:stop] for start, stop in months.spans(text)[key]] == [printed]


def test_two_digits_are_of_the_century_that_the_other_years_tell() -> None:
    assert "1998-03" in possible.months("03/98 - 05/99, since 2001")
    assert "2098-03" not in possible.months("03/98 - 05/99, since 2001")
    assert list(possible.months("03/22 - 05/23")) == ["2022-03", "2023-05"]
    assert set(possible.days("founded 1987, paid 07/19/24")) == {"2024-07-19", "1924-07-19"}


def test_only_years_in_four_digits_are_printed() -> None:
    text = "05.03.2022 and 05.04.23"
    found = months.years(text, [(date.start, date.stop) for date in spell.dates(text)])
    assert found == {"2022": [(6, 10)]}
