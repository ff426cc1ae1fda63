"""How somebody is reached: what documents print of it, found without a label."""

import pytest

from extractor.notation.looks import LOOKS


def found(look: str, text: str) -> list[str]:
    return [text[slice(*span)] for span in LOOKS[look].spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ann.lee@post.example, please.", ["ann.lee@post.example"]),
        ("buero (at) werk.example", ["buero (at) werk.example"]),
        ("4 kg @ 2.50", []),
    ],
)
def test_addresses_of_mail(text: str, expected: list[str]) -> None:
    assert found("mail", text) == expected


@pytest.mark.parametrize(
    "number",
    [
        "+49 (0)30 1234-0",
        "+358 2 555 0116",
        "(999) 555 0143",
        "010-5550-0143",
        "06 55 50 17 23",
        "03601 / 55 50 12",
        "038-7110042",
        "785-555-0117 x12",
        "0151 23456120",
    ],
)
def test_a_telephone_number_with_a_prefix_needs_no_label(number: str) -> None:
    assert found("phone", f"Nina Sandoval\n{number}\n12.03.2024   1,250.00   2019 - 2024\n") == [number]


def test_a_number_of_several_groups_is_one_where_no_other_is_sure() -> None:
    assert found("phone", "Call 512 550 134.") == ["512 550 134"]
    assert found("phone", "Ewa Lis\n512 550 134\n") == ["512 550 134"]
    assert found("phone", "tel. 32 700 11 22\nNIP 512 550 134\n") == ["32 700 11 22"]


@pytest.mark.parametrize(
    "text",
    [
        "03/2014 to 09/2018",
        "2017.07 - 2021.06",
        "14-06-2016",
        "Total 1 540.20",
        "No. 142880",
        "DE89 3704 0044 0532 0130 00",
        "4200 - 5600",
    ],
)
def test_days_amounts_and_accounts_are_no_telephone_numbers(text: str) -> None:
    assert found("phone", text) == []


def test_two_numbers_between_a_slash_are_two() -> None:
    assert found("phone", "Tel. 030 555 0134 / 030 555 0135") == ["030 555 0134", "030 555 0135"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12 Mill Lane, Staveley LA8 9LR", "LA8 9LR"),
        ("Dorpsstraat 4, 1234 AB Utrecht", "1234 AB"),
        ("Toronto ON K1A 0B1", "K1A 0B1"),
        ("99974 Mühlhausen", "99974"),
        ("Charleston, SC 29407", "29407"),
        ("〒399-0033 松本市", "399-0033"),
        ("00-950 Warszawa", "00-950"),
        ("Rua 7, 01310-100 São Paulo", "01310-100"),
        ("111 22 Stockholm", "111 22"),
        ("A-8412 Allerheiligen", "8412"),
    ],
)
def test_postal_codes(text: str, code: str) -> None:
    assert code in found("postcode", text)


def test_no_part_of_another_number_is_a_postal_code() -> None:
    assert found("postcode", "code 8817-2044-03\nTel. 0155 20118 Herr Weiss\n10.06.2025 Total") == []


def test_web_pages_are_no_hosts_of_mail_and_no_files() -> None:
    assert found("web", "ann@post.example, tarn.co.uk, invoice.pdf, www.a.example/b") == [
        "tarn.co.uk",
        "www.a.example/b",
    ]


@pytest.mark.parametrize("look", ["mail", "web", "phone", "iban", "postcode"])
@pytest.mark.parametrize("unit", ["1", "a.", "a@", "1-", "(", "Tel. 030 123456, 12.03.2024 "])
def test_long_texts_of_one_kind_end(look: str, unit: str) -> None:
    assert len(list(LOOKS[look].spans(unit * 20_000))) <= 40_000
