"""Digits that are a part of something bigger say no number."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from extractor.evidence.locate import DocumentIndex
from extractor.notation.bigger import Bigger


def found(value: Any, document: str) -> list[str]:
    return [document[place.start : place.stop] for where in DocumentIndex(document).find(value) for place in where]


@pytest.mark.parametrize(
    "document",
    [
        "on 11.12.2026", "on 5 October at 11:30", "11 May", "May 11, 2026", "le 11 août", "by 05.11.", "2026-11-02",
        "order PO-11-A", "no. 11-2026-3", "A-11/7", "+49 351 11 22 33", "Tel. 0351 11 22 33", "IBAN DE02 1203 11 5551",
        "page 11 of 12", "Seite 1 von 11", "www.eleven.example/11", "info@11.example", "SW11 4QP", "1.11", "0.11",
        "11,50", "111", "11.500", "11/12/13",
    ],
)  # fmt: skip
def test_eleven_is_no_part_of(document: str) -> None:
    assert found(11, document) == []


def test_what_lies_between_bars_may_be_three_cells_as_well_as_a_day() -> None:
    assert found(11, "4711|12|11|2015|400") == ["11"]
    assert found("2015-11-12", "Day 12|11|2015") == ["12|11|2015"]


@pytest.mark.parametrize(
    "document",
    [
        "It is EUR 11.68.\nThen", "It is $11.68.\nThen", "It is 11.68. Then", "€11.68.", "11.68.", "the sum 11.68.\n",
    ],
)  # fmt: skip
def test_a_sum_that_ends_a_sentence_is_no_day(document: str) -> None:
    assert found(Decimal("11.68"), document) == ["11.68"]


def test_a_currency_before_it_makes_a_sum_of_what_may_be_a_day() -> None:
    assert (
        found(Decimal("11.12"), "It is EUR 11.12.\nThen") == found(Decimal("11.12"), "It is $11.12.\nThen") == ["11.12"]
    )
    assert found(11, "by 11.12.\nThen") == []


@pytest.mark.parametrize(
    "document",
    [
        "11", "11 pcs", "x11", "11x", "11%", "11 %", "EUR11", "11 EUR", "11.00", "11,0", "Qty:11", "(11)", "3 11 4",
        "11 Marmelade", "11 Maiskolben", "a,11,c", "|11|", "11/12", "9-11 pcs", "11; 12", "11kg", "room 11", "11. Ring",
        "-11", "№ 11", "11 Augen",
    ],
)  # fmt: skip
def test_eleven_is_the_number_in(document: str) -> None:
    assert "".join(found(11, document)).strip("-.,0") == "11"


def test_a_year_is_one_within_a_date() -> None:
    assert found(2026, "since May 2026") == ["2026"]
    assert found(2026, "on 2026-05-01") == ["2026"]


def test_a_closer_look_ends() -> None:
    begun = time.thread_time()
    for document in ("1-" * 50_000, "1 " * 50_000, "A1-" * 50_000, "0" * 100_000, "+1 " * 50_000, "1." * 50_000):
        bigger = Bigger(document)
        for start in range(0, 3_000, 3):
            bigger.holds(start, start + 1)
    assert time.thread_time() - begun < 30
