"""Which fields an error of the whole answer is told of."""

from __future__ import annotations

import pytest

from extractor.errors import FieldError
from extractor.windows.of_fields import of_fields
from extractor.windows.tree import grown

SCHEMA = {"type": "object", "properties": {"number": {}, "due_date": {}, "rows": {}, "value": {}}}
ANSWER = {"number": "A-1", "value": None, "buyer": {"city": "Ghent", "name": None}, "rows": [{"price": 1}], "tags": []}


def told(pointer, detail, answer=ANSWER):
    found = of_fields([FieldError(pointer, detail)], grown(answer, {}), SCHEMA)
    assert {one.detail for one in found} <= {detail}
    return [one.pointer for one in found]


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ("Value error, Number and ROWS do not agree", ["/number", "/rows"]),
        ('"due_date" is a required property', ["/due_date"]),
        ("Value error, a due date is needed", ["/due_date"]),
        ("the city is no city of Belgium", ["/buyer/city"]),
        ("the numbers are too many", ["/number", "/buyer/city"]),
        ("Value error, it is wrong", ["/number", "/buyer/city"]),
        ("the value is wrong", ["/number", "/buyer/city"]),
        ("Value error, no value", ["/value"]),
    ],
)
def test_those_that_it_names_or_what_stands_in_no_list(detail, fields):
    assert told("", detail) == fields


def test_lists_where_there_is_nothing_else():
    assert told("", "is wrong", {"number": None, "rows": [1], "tags": []}) == ["/rows"]


def test_an_error_with_a_place_stays_and_one_that_is_no_pointer_is_a_name():
    assert told("/rows/0/price", "is less than number") == ["/rows/0/price"]
    assert told("number", "is odd") == ["/number"]
