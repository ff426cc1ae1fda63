"""Where values of other scripts than Latin are printed: whole words and numbers, with the marks of their letters."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest

from extractor.evidence.locate import DocumentIndex

NFD = unicodedata.normalize("NFD", "élève Zoë, Café")


def places(text: str, value: str | int | Decimal) -> list[str]:
    return [text[found[0].start : found[-1].stop] for found in DocumentIndex(text).find(value)]


@pytest.mark.parametrize(
    ("text", "value", "printed"),
    [
        ("नमस्ते दुनिया", "नमस्ते", "नमस्ते"),
        ("שָׁלוֹם עולם", "שלום", "שָׁלוֹם"),
        ("محمّد علي", "محمد", "محمّد"),
        (NFD, "élève", unicodedata.normalize("NFD", "élève")),
        (NFD, "Café", unicodedata.normalize("NFD", "Café")),
        ("東京都千代田区", "東京", "東京"),
        ("서울특별시 강남구", "서울", "서울"),
        ("בירושלים", "ירושלים", "ירושלים"),
        ("מס' 12", "מס'", "מס'"),
        ("合計：１２，３４５円", "１２，３４５", "１２，３４５"),
        ("XXXX٤٤٠٢", "٤٤٠٢", "٤٤٠٢"),
        ("合计123元", 123, "123"),
        ("合计123元", "123", "123"),
        ("ราคา123บาท", 123, "123"),
    ],
)
def test_a_whole_word_or_number_is_a_place(text: str, value: str | int, printed: str) -> None:
    assert places(text, value) == [printed]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("合計：１２３４５円", "３４５"),
        ("कुल: १२३४५", "३४५"),
        ("ABC４４０２", "４４０２"),
        ("A١٢٣", "١٢٣"),
        ("नमस्ते दुनिया", "नमस"),
        ("นาที่ 3", "ที"),
        ("darüber", "über"),
        ("Müllabfuhr", "Müll"),
        ("Žižkov", "Žižk"),
    ],
)
def test_a_piece_of_one_is_none(text: str, value: str) -> None:
    assert places(text, value) == []


def test_a_number_behind_a_letter_is_a_name_unless_that_is_a_currency_or_its_script_has_no_spaces() -> None:
    assert [DocumentIndex(text).find(8)[0][0].mismatch for text in ("Größe M8", "数量8", "EUR8", "Summe: 8")] == [
        3,
        1,
        1,
        1,
    ]
