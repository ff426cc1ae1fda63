"""Days and numbers in the notations of many countries: what is printed is read, and nothing that only looks like it."""

from __future__ import annotations

import pytest

from extractor.grammar.printed.candidates import Candidates
from extractor.notation import find, possible
from extractor.notation.fold import folded


@pytest.mark.parametrize(
    ("printed", "days"),
    [
        ("«15» марта 2024 года", "2024-03-15"), ("12 травня 2024 р.", "2024-05-12"), ("15 Μαρτίου 2024", "2024-03-15"),
        ("15 במרץ 2024", "2024-03-15"), ("١٥ مارس ٢٠٢٤", "2024-03-15"), ("2024. március 15.", "2024-03-15"),
        ("15 martie 2024", "2024-03-15"), ("14. mája 2024", "2024-05-14"), ("15 Maret 2024", "2024-03-15"),
        ("２０２４／０５／１３", "2024-05-13"), ("２０２４年５月３日", "2024-05-03"),
        ("民國113年3月15日", "2024-03-15"),
        ("15MAR2024", "2024-03-15"), ("15MAR24", "2024-03-15"), ("Mar-15-2024", "2024-03-15"),
        ("2024-Mar-15", "2024-03-15"), ("15/Mar/2024", "2024-03-15"), ("15 MARCH,2024", "2024-03-15"),
        ("Mar. 15, '24 in 2024", "2024-03-15"), ("the 15th day of March, 2024", "2024-03-15"),
        ("2e mars 2024", "2024-03-02"), ("1° marzo 2024", "2024-03-01"), ("1ro de marzo de 2024", "2024-03-01"),
        ("den 1:a mars 2024", "2024-03-01"), ("15.III.2024", "2024-03-15"), ("15/3-2024", "2024-03-15"),
        ("15\u201103\u20112024", "2024-03-15"), ("2024−03−15", "2024-03-15"), ("15 Ma\u0308rz 2024", "2024-03-15"),
        ("March 15–17, 2024", "2024-03-15 2024-03-17"), ("15.–17.03.2024", "2024-03-15 2024-03-17"),
        ("15.03.-17.04.2024", "2024-03-15 2024-04-17"), ("15.03.24-17.03.24", "2024-03-15 2024-03-17"),
    ],
)  # fmt: skip
def test_days_in_the_notations_of_many_countries(printed: str, days: str) -> None:
    assert sorted(Candidates(f"x {printed}\n").days) == days.split()


@pytest.mark.parametrize(
    "text",
    ["Martin 5, 2024", "5 Martin 2024", "Maison 12 2024", "12 Maison 2024", "5 Marketing 2024", "12 Juniors 2024",
     "4 Marble 2023", "7 Mayer 2022", "8 Octopus 2020", "9 Augsburg 2020", "2 Novel 2021", "2 Julia 2021",
     "3 Decks 2024", "Marc 5, 2024", "IP 10.12.20.24", "chapter 5.3.21.4", "15.03-17", "no. 12-10-24-11"],
)  # fmt: skip
def test_words_that_begin_like_a_month_and_figures_of_something_longer_are_no_days(text: str) -> None:
    assert Candidates(text).days == []


@pytest.mark.parametrize(
    ("document", "yes", "no"),
    [
        ("１，２３４円", "1234", "1 234"), ("１２．５０", "12.50", "12 50"), ("٢٥٠٫٥٠", "250.50", "250 50"),
        ("١٬٢٣٤٫٥٠", "1234.50", "234.50"), ("1\u2009234,50", "1234.50", "234.5"), ("₹1,00,000", "100000", "100"),
        ("1.234.567", "1234567", "1234.567"), ("10 - 20 days", "10 20", "-20"), ("5%–10%", "5 10", "-10"),
        ("€-250,00 and $-3", "-250.00 -3", ""), ("saldo - 20,00", "-20.00", ""), ("off -.5", "-0.5", "-5"),
        ("₹ 5 lakh, 2.5 crore", "500000 25000000", ""), ("3 тыс. руб., 5 млн", "3000 5000000", ""),
        ("$3M and €2.5k", "3000000 2500", ""), ("EUR 1.5k, 3.2M USD, kr 4m", "1500 3200000 4000000", ""),
        ("1.5 k€ und 2,5 T€", "1500 2500", ""), ("TEUR 250, 1,5 Mio. EUR", "250000 1500000", ""),
        ("3m EUR 5.00, 4K $20, 2 m", "3 4 2", "3000000 4000 2000000"),
        ("Tel. 555 12 13", "", "555 12 13"), ("3m and 5 m long", "3 5", "3000000 5000000"),
        ("GB29 NWBK 6016 1331 9268 19", "", "29 6016 1331 9268 19"), ("4111 1111 1111 1112", "", "4111 1111 1112"),
        ("1/2 2000 g", "1 2 2000", ""), ("12|10|2015|400", "12 10 2015 400", ""), ("12/10/2015", "2015", "12 10"),
        ("88,14 S\n5.00 cr 6.00 Dr", "-88.14 -5 -6", ""), ("7.00 Dr. Lee", "7", "-7"),
        ("Size 38 S\n3 cr\n9 dr\n20  C\n", "38 3 9 20", "-38 -3 -9 -20"),
        ("192.168.100.200 answers in 1.250 s", "1.25 1250", ""), ("CHE-123.456.789: 1.250 kg", "1.25 1250", ""),
        ("2021 2022 2023 2024", "2021 2024", ""), ("SN 12AB34", "", "12 34"),
    ],
)  # fmt: skip
def test_numbers_in_the_notations_of_many_countries(document: str, yes: str, no: str) -> None:
    found = Candidates(document).numbers
    assert set(yes.split()) <= found.keys()
    assert not set(no.split()) & found.keys()


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("9.2.2026 7.32 Kaffe", "07:32 19:32"), ("9.2.2026 7.32 EUR 4,00", "07:32 19:32"), ("9.2.2026 7.32 EUR", ""),
        ("9.2.2026 7.32 kr Kaffe", ""), ("gegen 12.50 Euro", ""), ("9.2.2026 45.00", ""), ("03.04.2026", ""),
        ("12.31.25", ""), ("kl. 9.30.", "09:30 21:30"), ("08.05%", ""), ("08.05 kg", ""),
        ("EUR 08.05", ""), ("$08.05", ""), ("B08.05", ""), ("4/08.05", ""), ("08.05", "08:05 20:05"),
    ],
)  # fmt: skip
def test_an_amount_and_a_day_with_points_are_no_time(text: str, times: str) -> None:
    assert list(possible.hours(text)) == times.split()


@pytest.mark.parametrize(
    ("row", "day"),
    [
        ("18.02  Kaffe", "2026-02-18"), ("18.02 EUR 25,00", "2026-02-18"), ("18.02 Pen", "2026-02-18"),
        ("18.02 EUR", ""), ("18.02  kr", ""), ("18.02 kg rice", ""),
    ],
)  # fmt: skip
def test_a_day_without_a_year_begins_a_row_and_counts_nothing(row: str, day: str) -> None:
    assert list(possible.days(f"2026\n{row}\n")) == day.split()


def test_each_sign_keeps_its_place() -> None:
    text = "Ａ１，２ ٣٫٤ a\u2009b–c é"
    assert folded(text) == "A1,2 3.4 a\u202fb–c é"
    assert find.number_spans("x １２．５０ y")["125"] == [(2, 7)]


@pytest.mark.parametrize("line", ["kr" + "123" * 100_000, "1." * 100_000])
def test_a_line_of_digits_takes_as_long_as_it_is(line: str) -> None:
    """Where it took its square, this would not come to an end."""
    assert line not in possible.numbers(line)


def test_what_may_be_a_day_decides_no_decimal_mark() -> None:
    assert possible.decimal_mark("bis 21.05. 3.180 kg") == ""
    assert possible.decimal_mark("It weighs 21.55. Then 3.180 kg") == "."
    assert {"21.05", "3.180", "3180"} <= possible.numbers("bis 21.05. 3.180 kg").keys()
