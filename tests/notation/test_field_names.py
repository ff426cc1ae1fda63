"""Names that documents print for what fields are called."""

from __future__ import annotations

from importlib.resources import files

import pytest

from extractor.evidence.word_index import plain
from extractor.notation.field_names import is_name, kind, name_in, names


def _groups() -> list[list[str]]:
    lines = files("extractor.notation").joinpath("field_names.txt").read_text("utf-8").splitlines()
    return [line.split(", ") for line in lines if not line.startswith("#")]


def test_the_file_says_each_name_as_it_is_compared() -> None:
    odd = [name for group in _groups() for name in group if not name or plain(name) != name or name != name.strip()]
    assert not odd


def test_no_line_says_a_name_twice() -> None:
    assert not [group[0] for group in _groups() if len(set(group)) < len(group)]


def test_no_two_lines_begin_with_the_same_name() -> None:
    first = [group[0] for group in _groups()]
    assert len(set(first)) == len(first)


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("invoice number", "rechnungs nr"),
        ("due date", "vencimiento"),
        ("rechnungsnummer", "numero fattura"),
        ("plate no", "kennzeichen"),
        ("customer email", "e mail"),
        ("is paid", "bezahlt"),
        ("licence number", "licence no"),
    ],
)
def test_a_label_may_be_called_otherwise_than_the_key(key: str, label: str) -> None:
    found = list(names(key.split()))
    assert found[0] == key
    assert label in found
    assert len(set(found)) == len(found)


def test_a_kind_is_the_first_name_of_the_group() -> None:
    assert kind(["rechnungsdatum"]) == "invoice date"
    assert kind(["work", "email"]) == "email"
    assert kind(["flux"]) == "flux"


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("invoice number as printed", "invoice number"),
        ("date of the invoice", "date of invoice"),
        ("latest day to pay", ""),
        ("name of the shop", ""),
        ("date", ""),
    ],
)
def test_a_description_may_begin_with_a_name(description: str, name: str) -> None:
    assert " ".join(name_in(description.split())) == name


def test_a_word_of_no_group_is_no_name() -> None:
    assert is_name(["reisedatum"]) is False
    assert is_name(["abreise"]) is True
