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
        ("서울에서 만나요", "서울", "서울"),  # a particle behind it
        ("בירושלים ירושלים", "ירושלים", "ירושלים"),
        ("می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200cخواهم", "میخواهم", "می\u200cخواهم"),
        ("Träger\u00adschaft", "Trägerschaft", "Träger\u00adschaft"),
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
        ("בירושלים", "ירושלים"),
        ("والكتاب", "كتاب"),
        ("서울특별시 강남구", "서울"),
        ("서울특별시 강남구", "특별시"),
        ("हिन्दी भाषा", "हिन"),
        ("தமிழ்நாடு அரசு", "தமிழ்"),
        ("বাংলাদেশ", "বাংলা"),
        ("ガラス", "カラス"),
        ("นาที่ 3", "นาที"),
        ("๑๒๓๔ บาท", "๓๔"),
        ("👨\u200d👩\u200d👧 Park", "👩"),
        ("🇩🇪 Berlin", "🇩"),
        ("👍🏽 gut", "👍"),
        ("ann@northgate.example", "northgate.example"),
        ("ann@northgate.example", "ann"),
        ("https://www.northgate.example/x", "northgate"),
        ("INV-2024-003", "2024"),
    ],
)
def test_a_piece_of_one_is_none(text: str, value: str) -> None:
    assert places(text, value) == []


def test_a_number_behind_a_letter_is_one_where_that_is_a_currency_or_its_script_has_no_spaces() -> None:
    assert places("Größe M8", 8) == []
    assert [places(text, 8) for text in ("数量8", "EUR8", "Summe: 8")] == [["8"]] * 3
