"""Names of months in many languages, and what only begins like one."""

from __future__ import annotations

import pytest

from extractor.notation import calendar, find, possible


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("12 stycznia 2026", "2026-01-12"), ("5 sty 2026", "2026-01-05"), ("30 paź 2025", "2025-10-30"),
        ("12 pazdziernika 2025 r.", "2025-10-12"), ("3. marts 2026", "2026-03-03"), ("4 augusti 2025", "2025-08-04"),
        ("12. des. 2026", "2026-12-12"), ("17. desember 2025", "2025-12-17"), ("5 Ağustos 2026", "2026-08-05"),
        ("3 KASIM 2026", "2026-11-03"), ("1 NİSAN 2026", "2026-04-01"), ("9 Ara 2025", "2025-12-09"),
        ("7. elokuuta 2026", "2026-08-07"), ("15. marraskuuta 2025", "2025-11-15"), ("2. července 2026", "2026-07-02"),
        ("2. června 2026", "2026-06-02"), ("31. ledna 2026", "2026-01-31"), ("28 de fev de 2026", "2026-02-28"),
        ("1 AOUT 2025", "2025-08-01"), ("1er juil. 2026", "2026-07-01"), ("9 mrt 2026", "2026-03-09"),
        ("Sept. 21, 2025", "2025-09-21"), ("1. Decernber 2024", "2024-12-01"),
    ],
)  # fmt: skip
def test_days_are_read_in_every_language(printed: str, day: str) -> None:
    assert list(possible.days(f"x {printed}\n")) == [day]


@pytest.mark.parametrize("language", sorted(calendar.MONTHS))
def test_every_name_of_a_month_is_that_month(language: str) -> None:
    for at, name in enumerate(calendar.MONTHS[language], 1):
        for spelled in (name, name.upper(), name.lower()):
            assert calendar.month(spelled) == at
            assert list(possible.days(f"14 {spelled} 2025")) == [f"2025-{at:02}-14"]
            assert list(possible.months(f"{spelled} 2025")) == [f"2025-{at:02}"]
            assert list(find.yearless_date_spans(f"14 {spelled}")) == [f"{at:02}-14"]
    assert all(calendar.month(name) == 0 for name in calendar.WEEKDAYS[language])


@pytest.mark.parametrize(
    "text", ["Martin 5", "Maison 12", "Set 5", "Mart 12", "Mars 5", "5 Marketing", "12 lis", "5 pro"]
)
def test_what_begins_like_a_month_is_no_day_without_a_year(text: str) -> None:
    assert not find.yearless_date_spans(text)


@pytest.mark.parametrize(
    "text", ["12 des 2000 clients", "Windows 10 Pro 2024", "10 LED 2700 K", "Maison 2024", "lis 2024"]
)
def test_words_of_other_languages_are_no_months(text: str) -> None:
    assert not possible.days(text)
    assert not possible.months(text)


@pytest.mark.parametrize(
    ("text", "day"), [("May 5", "05-05"), ("aug 1", "08-01"), ("5 mai", "05-05"), ("2 Jun", "06-02")]
)
def test_days_without_a_year_are_still_days(text: str, day: str) -> None:
    assert list(find.yearless_date_spans(text)) == [day]
