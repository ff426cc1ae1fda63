"""Signs and abbreviations of currencies, and what only looks like one."""

from __future__ import annotations

import pytest

from extractor.notation.currency import codes


@pytest.mark.parametrize(
    ("text", "code", "printed"),
    [
        ("Totale fattura   Euro  1.683,60", "EUR", "Euro"),
        ("Summe 12,90€", "EUR", "€"),
        ("Ödenecek Tutar    44.100,00 TL", "TRY", "TL"),
        ("TOTAL     R 48 576.00", "ZAR", "R"),
        ("TOTAL DUE                 R     336.48", "ZAR", "R"),
        ("Balance R1,250.00", "ZAR", "R"),
        ("Total R$ 18,00", "BRL", "R$"),
        ("Att betala 1 250,00 kr", "SEK", "kr"),
        ("I alt kr. 499,-", "DKK", "kr"),
        ("TOTAL Rs. 1,20,450.00", "INR", "Rs"),
        ("Jumlah RM12.50", "MYR", "RM"),
        ("Total due US$ 14.20", "USD", "US$"),
        ("Total $14.20", "CAD", "$"),
        ("Végösszeg 12 990 Ft", "HUF", "Ft"),
        ("Total Fr. 27.50", "CHF", "Fr"),
        ("Celkem 1 299,00 Kč", "CZK", "Kč"),
        ("合計 1,280円", "JPY", "円"),
        ("Total de plată 250,00 lei", "RON", "lei"),
        ("TOTAL (RM)                59.20", "MYR", "RM"),
        ("NET TL                34.010,96", "TRY", "TL"),
        ("UHRADIT    11 471  Kc", "CZK", "Kc"),
        ("NET PAYABLE  RS  538.00", "INR", "RS"),
    ],
)
def test_a_sign_is_what_it_may_mean(text: str, code: str, printed: str):
    places = {found: text[start:stop] for found, start, stop in codes(text)}
    assert places.get(code) == printed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Total R$ 18,00", "ZAR"),
        ("Total R$ 18,00", "USD"),
        ("Total US$ 14.20", "CAD"),
        ("R310, Groot Drakenstein", "ZAR"),
        ("Herr Fr. Meier", "CHF"),
        ("Herr (Fr. Meier)", "CHF"),
        ("MRS 538", "INR"),
        ("krone 12", "SEK"),
        ("Rechnung", "ZAR"),
        ("Model R 22/4", "ZAR"),
        ("eurostar 12", "EUR"),
    ],
)
def test_what_only_looks_like_one_is_none(text: str, code: str):
    assert code not in {found for found, _, _ in codes(text)}
