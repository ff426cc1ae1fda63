"""What stands once for several rows is the place of its value in each; what stands for one row is nobody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.evidence.choose import EvidenceSearch
from extractor.evidence.scalars import scalars

MERGED = """Region   Product   Amount   Pieces
North    Apples     10.00        1
         Pears      20.00
         Nuts       25.00        3
South    Plums      30.00        1
"""
BARS = """| Date | Item | Price |
| --- | --- | --- |
| 2026-03-01 | Bread | 2.10 |
|  | Milk | 1.10 |
| 2026-03-02 | Eggs | 3.10 |
|  | Tea | 4.10 |
"""
HEADINGS = """Monday 2 March 2026
09:00 Maths   Room 4
10:00 Art     Room 5
Tuesday 3 March 2026
09:00 Music   Room 6
"""
WIDE = """             2024     2025
Revenue       100      110
Costs          80       90
Staff          80      110
"""
CELLS = [("Revenue", 2024, 100), ("Revenue", 2025, 110), ("Costs", 2024, 80), ("Costs", 2025, 90), ("Staff", 2024, 80),
         ("Staff", 2025, 110)]  # fmt: skip
COLOURS = """Size        Red    Blue
Small       5      6
Large       7      8
"""
LED = "Q1: North 10, South 20\nQ2: North 30, South 40\n"


def places(text: str, rows: list[dict[str, Any]]) -> dict[str, str]:
    """By the pointer of a value without its list: what stands there, with its line."""
    found = list(scalars(json.dumps({"rows": rows})))
    where = EvidenceSearch(text).of(found)
    return {
        one.pointer.removeprefix("/rows/"): f"{line(text, place[0].start)} {text[place[0].start : place[-1].stop]}"
        for one, place in zip(found, where, strict=True)
        if place
    }


def line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


def rows(keys: str, *values: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(keys.split(), one, strict=True)) for one in values]


@pytest.mark.parametrize(
    ("text", "answer", "key", "expected"),
    [
        (
            MERGED,
            rows(
                "region product amount",
                ("North", "Apples", 10),
                ("North", "Pears", 20),
                ("North", "Nuts", 25),
                ("South", "Plums", 30),
            ),
            "region",
            ["1 North", "1 North", "1 North", "4 South"],
        ),
        (
            BARS,
            rows(
                "date item price",
                ("2026-03-01", "Bread", 2.1),
                ("2026-03-01", "Milk", 1.1),
                ("2026-03-02", "Eggs", 3.1),
                ("2026-03-02", "Tea", 4.1),
            ),
            "date",
            ["2 2026-03-01", "2 2026-03-01", "4 2026-03-02", "4 2026-03-02"],
        ),
        (
            HEADINGS,
            rows(
                "day time subject",
                ("2026-03-02", "09:00", "Maths"),
                ("2026-03-02", "10:00", "Art"),
                ("2026-03-03", "09:00", "Music"),
            ),
            "day",
            ["0 2 March 2026", "0 2 March 2026", "3 3 March 2026"],
        ),
        (WIDE, rows("item year amount", *CELLS), "year", ["0 2024", "0 2025"] * 3),
        (WIDE, rows("item year amount", *CELLS), "item", ["1 Revenue"] * 2 + ["2 Costs"] * 2 + ["3 Staff"] * 2),
        (WIDE, rows("item year amount", *CELLS), "amount", ["1 100", "1 110", "2 80", "2 90", "3 80", "3 110"]),
        (
            COLOURS,
            rows(
                "size colour price",
                ("Small", "Red", 5),
                ("Small", "Blue", 6),
                ("Large", "Red", 7),
                ("Large", "Blue", 8),
            ),
            "price",
            ["1 5", "1 6", "2 7", "2 8"],
        ),
        (
            LED,
            rows(
                "quarter region amount",
                ("Q1", "North", 10),
                ("Q1", "South", 20),
                ("Q2", "North", 30),
                ("Q2", "South", 40),
            ),
            "quarter",
            ["0 Q1", "0 Q1", "1 Q2", "1 Q2"],
        ),
    ],
)
def test_each_row_has_it(text: str, answer: list[dict[str, Any]], key: str, expected: list[str]) -> None:
    found = places(text, answer)
    assert [found.get(f"{at}/{key}") for at in range(len(answer))] == expected


@pytest.mark.parametrize(
    ("text", "answer", "key", "nowhere"),
    [
        # the row prints another one
        (MERGED, rows("region product amount", ("North", "Apples", 10), ("North", "Plums", 30)), "region", 1),
        # how many there are is said of one row
        (MERGED, rows("product amount pieces", ("Apples", 10, 1), ("Pears", 20, 1), ("Nuts", 25, 3)), "pieces", 1),
        # another heading stands between
        (
            HEADINGS,
            rows(
                "day subject room", ("2026-03-02", "Maths", 4), ("2026-03-03", "Music", 6), ("2026-03-02", "Music", 6)
            ),
            "day",
            2,
        ),
        # the head above it says otherwise
        (WIDE, rows("item year amount", ("Revenue", 2024, 100), ("Costs", 2024, 90)), "year", 1),
        # it stands behind the other row, and leads nothing
        ("Ann (Sales), Bob\n", rows("name team", ("Ann", "Sales"), ("Bob", "Sales")), "team", 1),
    ],
)
def test_none_has_what_is_anothers(text: str, answer: list[dict[str, Any]], key: str, nowhere: int) -> None:
    found = places(text, answer)
    assert f"{nowhere}/{key}" not in found
    assert f"0/{key}" in found
