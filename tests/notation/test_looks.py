"""What values look like in print, and what may stand behind a label."""

import pytest

from extractor.notation.looks import LOOKS


@pytest.mark.parametrize(
    ("look", "printed"),
    [
        ("date", ["12.03.2024"]),
        ("time", ["14:30"]),
        ("currency", ["EUR", "€"]),
        ("percent", ["20 %"]),
        ("amount", ["1.250,00", "5.00"]),
    ],
)
def test_where_a_text_prints_it(look: str, printed: list[str]) -> None:
    text = "12.03.2024, 14:30 h: 1.250,00 EUR, 20 % VAT, 5.00 €"
    found = [text[slice(*span)] for span in LOOKS[look].spans(text)]
    assert [one.removesuffix(" h") for one in found] == printed


@pytest.mark.parametrize(
    ("look", "may", "may_not"),
    [
        ("mail", "Ann: ann@post", "Ann Lee"),
        ("web", "tarn.example", "Tarn"),
        ("phone", "30 12 34", "ext. 12"),
        ("iban", "4711", "none yet"),
        ("date", "3 May", "soon"),
        ("time", "2 pm", "soon"),
        ("currency", "XAF", "yes"),
        ("currency", "kronor", "no"),
        ("percent", "20%", "none"),
        ("amount", "20% 5", "20 ％"),
    ],
)
def test_what_may_stand_behind_a_label(look: str, may: str, may_not: str) -> None:
    assert LOOKS[look].may_be(may)
    assert not LOOKS[look].may_be(may_not)
