from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.engine.drafting.lookup import Lookup
from extractor.notation.spell import dates, numbers

FORM = """ACME Freight Ltd
Order No.: SO-77120    Carrier = DHL
Ship date: 5 October 2026
Weight (kg)
  1.234,50
Insured: yes
Skills: Python, SQL; Rust
Said: "fine" by all
"""
TABLE = """Description        Qty    Price
Oak shelf, fitted    2   145,00
Door handle          4    18,50
Subtotal                 364,00
"""


def first(document: str, written: str, more: str = "") -> str:
    found = next(Lookup(document.encode()).candidates(bytearray(written.encode()), more.encode()), None)
    return found.text.decode() if found else ""


def every(document: str, written: str) -> list[str]:
    return [found.text.decode() for found in Lookup(document.encode()).candidates(bytearray(written.encode()), b"")]


@pytest.mark.parametrize(
    ("printed", "spelled"),
    [
        ("1.234,50", "1234.5"), ("1,234.50", "1234.5"), ("1'234.50", "1234.5"), ("12,5", "12.5"), ("12.00", "12"),
        ("1.234", "1234"), ("1,234,567", "1234567"), ("0.05", "0.05"), ("-3.10", "-3.1"), ("+7", "7"), ("007", "7"),
    ],
)  # fmt: skip
def test_numbers_are_spelled_as_json_spells_them(printed: str, spelled: str) -> None:
    (found,) = numbers(f"Sum {printed} EUR")
    assert found == (4, 4 + len(printed), spelled)


@pytest.mark.parametrize(
    ("printed", "spelled"),
    [
        ("2026-10-05", "2026-10-05"), ("2026/1/5", "2026-01-05"), ("05.10.2026", "2026-10-05"),
        ("5. 3. 26", "2026-03-05"), ("05/22/26", "2026-05-22"), ("5 October 2026", "2026-10-05"),
        ("1st of May 2026", "2026-05-01"),
        ("5. März 2026", "2026-03-05"), ("3 de agosto de 2026", "2026-08-03"), ("14 juil 2026", "2026-07-14"),
        ("Oct. 5th, 2026", "2026-10-05"), ("December 2021", "2021-12"),
    ],
)  # fmt: skip
def test_dates_are_spelled_as_json_spells_them(printed: str, spelled: str) -> None:
    (found,) = dates(f"Due: {printed}.")
    assert (found.text, found.start, found.stop) == (spelled, 5, 5 + len(printed))


@pytest.mark.parametrize(
    "printed",
    ["33/33/2026", "Version 2026", "Room 12 Floor 2026", "123-45-6789", "2026", "①②③ 2024", "¹²³ 2024", "②③④-2025"],
)
def test_what_is_no_date_is_left_out(printed: str) -> None:
    assert list(dates(printed)) == []


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('{"order_no":"', "SO-77120"),
        ('{"orderNumber":"', "SO-77120"),  # the first word of the key will do, and the label may have more
        ('{"carrier":', '"DHL'),
        ('{"x":1,"weight_kg":', "1234.5"),
        ('{"said":"', '\\"fine\\" by all'),
        ('{"skills":["', "Python"),
    ],
)
def test_a_value_is_behind_its_label(written: str, found: str) -> None:
    assert first(FORM, written) == found


def test_a_grammar_that_refuses_the_text_gets_the_date_the_number_the_flag_or_a_word() -> None:
    assert '"2026-10-05' in every(FORM, '{"ship_date":')
    assert "true" in every(FORM, '{"insured":')
    assert "false" in every(FORM, '{"carrier":')
    assert "dhl" in every(FORM, '{"carrier":"')


def test_a_form_is_read_on_when_no_label_fits() -> None:
    assert first("Sender: Zoe\nShipper: Max\n", '{"from":"Zoe","forwarder":"') == "Max"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('[{"what":"Oak shelf, fitted","qty":2,"price":145},{"what":"', "Door handle"),
        ('[{"what":"Oak shelf, fitted","qty":2,"price":145},{"what":"Door handle","qty":', "4"),
        ('[{"what":"Oak shelf, fitted","qty":2,"price":145}', ","),
        ('[{"what":"Oak shelf, fitted","qty":2,"price":145},{"what":"Door handle","qty":4,"price":18.5}', "]"),
    ],
)
def test_a_table_is_read_on_cell_by_cell(written: str, found: str) -> None:
    assert first(TABLE, '{"items":' + written) == found


def test_a_list_goes_on_as_long_as_the_line_does() -> None:
    assert first(FORM, '{"skills":["Python","') == "SQL"
    assert first(FORM, '{"skills":["Python","SQL"') == ","
    assert first(FORM, '{"skills":["Python","SQL","Rust"') == "]"


@pytest.mark.parametrize(
    ("written", "rest"),
    [('{"a":12', "34.5"), ('{"a":"2026-', "10-05"), ('{"a":"A', "CME Freight Ltd"), ('{"a":"2026-10-05', "")],
)
def test_a_value_that_has_begun_goes_on(written: str, rest: str) -> None:
    assert first(FORM, written) == rest


def test_a_guess_counts_as_read_only_until_it_is_dropped() -> None:
    lookup = Lookup(TABLE.encode())
    written = bytearray(b'{"items":[{"what":"Oak shelf, fitted","qty":')
    assert next(lookup.candidates(written, b'2,"price":')).text == b"145"
    assert next(lookup.candidates(written, b"")).text == b"2"
    written += b'2,"price":145},{"what":"Door handle","qty":'
    assert next(lookup.candidates(written, b"")).text == b"4"


ANYTHING = st.text(st.sampled_from('ab Ä1290.,-/:"\\|\t\n{}[]\u00a0\ud7ff€x'), max_size=60)


@settings(max_examples=300, deadline=None)
@given(document=ANYTHING, values=st.lists(ANYTHING, max_size=4), cut=st.integers(0, 200), more=st.integers(0, 20))
def test_no_document_and_no_output_stops_it(document: str, values: list[str], cut: int, more: int) -> None:
    text = json.dumps({f"k{n}": [value, n] for n, value in enumerate(values)}, separators=(",", ":")).encode()
    at = min(cut, len(text))
    found = list(Lookup(document.encode()).candidates(bytearray(text[:at]), text[at : at + more]))
    assert all(one.text.decode() is not None for one in found)
