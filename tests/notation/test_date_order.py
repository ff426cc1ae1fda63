"""Which comes first, the day or the month: what a text says of it, and where it says nothing."""

from __future__ import annotations

import pytest

from extractor.notation.date_order import is_american
from extractor.notation.possible import days

BOTH = {"2026-03-08", "2026-08-03"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08/03/2026", BOTH),
        ("08/03/2026 to 21/03/2026", {"2026-03-08", "2026-03-21"}),
        ("08/03/2026 to 08/21/2026", {"2026-08-03", "2026-08-21"}),
        ("08/03/2026, 21/03/2026, 03/21/2026", BOTH | {"2026-03-21"}),
        ("08.03.2026", {"2026-03-08"}),
        ("08|03|2026", BOTH),
        ("08|03|2026, 21/03/2026", {"2026-03-08", "2026-03-21"}),
        ("08/03/2026, 12|30|2026", BOTH | {"2026-12-30"}),
        ("Rg. 02/26-07 of 05.02.2026", {"2026-02-05", "2007-02-26"}),
        ("08.03.2026, 08.21.2026", {"2026-08-03", "2026-08-21"}),
        ("due 21.03.2026, printed 08/03/2026", {"2026-03-21", "2026-03-08"}),
        ("1102 N Grand Ave, Laramie, WY 82070\n08/03/2026", {"2026-08-03"}),
        ("ASHEVILLE NC 28803\n08-03-26", {"2026-08-03"}),
        ("ASHEVILLE NC 28803\n21/03/2026, 08/03/2026", {"2026-03-21", "2026-03-08"}),
        ("ASHEVILLE NC 28803\n08.03.2026", BOTH),
        ("ASHEVILLE NC 28803\n21.03.2026, 08.03.2026", {"2026-03-21", "2026-03-08"}),
        ("To: Ann Lee, Asheville NC 28803\nBright Ltd, Leeds LS1 4DY\n08/03/2026", BOTH),
    ],
)
def test_the_text_tells_the_order_or_both_may_be(text: str, expected: set[str]) -> None:
    assert set(days(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Lafayette LA 70503",
        "Portland, OR 97123",
        "Wilmington, DE 19801-4410",
        "St. Paul MN 55101",
        "LARAMIE, WY\n307-555-0151",
        "Boise, ID\n(208) 555-0177",
        "Albany, N.Y. and Dover, DE 19901, call +1 302 555 0110",
    ],
)
def test_a_place_in_the_united_states(text: str) -> None:
    assert is_american(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Order ID 83421",
        "pay in full OR 97123 will be charged",
        "Berlin DE 10115",
        "Berlin, DE 10115",
        "Varese, VA 21100",
        "Rieti, RI 02100",
        "Denpasar, ID 80234",
        "Haifa, IL, 054-123-4567",
        "Asheville NC 98803",
        "Asheville NC 2880",
        "LARAMIE, WY",
        "307-555-0151",
        "Asheville NC 28803, total €41.20",
        "Asheville NC 28803, VAT 20%",
        "Asheville NC 28803, phone +44 20 7946 0018",
        "Asheville NC 28803; Mill & Co, Toronto M5V 2T6",
        "Asheville NC 28803; Kumar Exports, Pune, India",
        "Hosur 635109 TN 635109",
    ],
)
def test_none_or_one_beside_another_country(text: str) -> None:
    assert not is_american(text)
