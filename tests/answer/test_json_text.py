"""Where values stand in compact JSON."""

from __future__ import annotations

import pytest

from extractor.answer.json_text import span_of

TEXT = '{"a":{"b":[1,"x,]",{"c":null}]},"é":2}'


@pytest.mark.parametrize(
    ("path", "value"),
    [(("a", "b", "1"), '"x,]"'), (("a", "b", "2", "c"), "null"), (("é",), "2"), ((), TEXT), (("a", "b", "3"), None)],
)
def test_a_value_has_its_place(path: tuple[str, ...], value: str | None) -> None:
    span = span_of(TEXT, path)
    assert (span and TEXT[slice(*span)]) == value


@pytest.mark.parametrize("broken", ["", "{", '{"a', '{ "a" : 1 }', "[", "7"])
def test_what_is_no_compact_json_has_none(broken: str) -> None:
    assert span_of(broken, ("a", "b", "0")) is None


def test_numbers_may_have_more_digits_than_python_reads() -> None:
    assert span_of(f'{{"a":{"7" * 5_000},"b":1}}', ("b",)) == (5_010, 5_011)
