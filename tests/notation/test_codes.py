"""Codes that are printed in groups and written without."""

from __future__ import annotations

import pytest

from extractor.notation.codes import ungrouped


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("IBAN DE02 1203 0000 0000 2020 51", "DE02120300000000202051"),
        ("DE02 1203 0000 0000\n  2020 51 BIC", "DE02120300000000202051"),
        ("DE02-1203-0000-0000-2020-51", "DE02120300000000202051"),
        ("DE02\u00a01203\u00a00000\u00a00000\u00a02020\u00a051", "DE02120300000000202051"),
        ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "MT84MALT011000012345MTLCAST001S"),
        ("GB29 NWBK 6016 1331 9268 19 AND", "GB29NWBK60161331926819"),
        ("USt-ID DE 123 456 789", "DE123456789"),
        ("VAT 123 456 789", "123456789"),
        ("SIRET 123 456 789 00012", "12345678900012"),
        ("+49 (0)351 11 22 33", "+49351112233"),
        ("0351 / 112233", "0351112233"),
        ("4111 1111 1111 1111", "4111111111111111"),
        ("Tel. 555 12 12", "5551212"),
        ("Phone: 555-1212", "5551212"),
    ],
)
def test_a_code_in_groups_is_one(printed: str, code: str) -> None:
    assert code in list(ungrouped(f"x: {printed}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "123 456 789 01 2",
        "AB12 CASH FLOW 2024",
        "12 345 678,90",
        "DE 12 34",
        "1.234.567,8",
        "555 12 12",
        "Tel. 555 12 12 12 12 12",
        "phone 12 13",
    ],
)
def test_nothing_is_made_of_pieces(text: str) -> None:
    assert list(ungrouped(text)) == []


@pytest.mark.parametrize(
    "text", ["DE02 1203 0000 5551 1122 33", "FR20 1242 1242 1242 1242 1242 124", "123 456 789", "+49 351 112233"]
)
def test_none_is_shortened(text: str) -> None:
    whole = "".join(text.split())
    assert all(whole.endswith(one.lstrip("+")) and len(one) >= 9 for one in ungrouped(text))
