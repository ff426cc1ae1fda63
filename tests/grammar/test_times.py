"""Dates, times and durations: the grammar follows the type, and whatever it writes stands."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import (
    AwareDatetime,
    FutureDatetime,
    NaiveDatetime,
    PastDate,
    PastDatetime,
    TypeAdapter,
    ValidationError,
    create_model,
)

from extractor.grammar.compile import compile_grammar
from extractor.prompt.schema_text import render_schema
from schemas import ValidationProblem, inline, of_model
from schemas.checks.formats import PATTERNS
from tests.support.matching import accepts, begin
from tests.support.small_schemas import whole

NAIVE = ["2024-02-28T10:20:30", "2024-02-28T10:20", "2024-02-29T23:59:59.123456"]
AWARE = ["2024-02-28T10:20:30Z", "2024-02-28T10:20:30+02:00", "2024-02-28T10:20:30.5-11:30"]
NEVER = ["2023-02-29T10:20:30", "2024-02-30T10:20:30Z", "2024-04-31T00:00:00", "2024-01-01T24:00:00"]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (datetime, NAIVE + AWARE, NEVER),
        (NaiveDatetime, NAIVE, AWARE + NEVER),
        (AwareDatetime, AWARE, NAIVE + NEVER),
        (PastDatetime, NAIVE + AWARE, NEVER),
        (NaiveDatetime | None, NAIVE, AWARE),
        (time, ["10:20", "10:20:30.25", "10:20:30Z", "00:00:00+01:00"], ["24:00", "10:60", "10:20:60", "23:59:60Z"]),
        (date, ["2024-02-29", "2000-02-29", "0001-01-01"], ["2023-02-29", "1900-02-29", "2024-02-30", "0000-01-01"]),
        (timedelta, ["P3DT2H", "PT1H5S", "PT1.5S", "P1W2D", "-P1D", "P1Y2M"], ["P", "PT", "P1DT", "1:30", "PT1S2H"]),
    ],
)  # fmt: skip
def test_of_types(kind, good, bad):
    schema = of_model(create_model("Holder", f=(kind, ...)))
    grammar = compile_grammar(schema)
    for text in good:
        assert accepts(grammar, f'{{"f":"{text}"}}'), text
        assert schema.validate({"f": text}).f is not None
    for text in bad:
        assert not accepts(grammar, f'{{"f":"{text}"}}'), text


def test_a_time_in_a_dict_a_list_and_a_union():
    schema = of_model(create_model("Holder", f=(dict[str, list[NaiveDatetime | int]], ...)))
    assert accepts(compile_grammar(schema), '{"f":{"a":["2024-02-28T10:20",3]}}')
    assert not accepts(compile_grammar(schema), '{"f":{"a":["2024-02-28T10:20Z"]}}')


def written(grammar: str, seed: int) -> Any:
    """An answer by chance."""
    matcher, dice, text = begin(grammar), random.Random(seed), bytearray()
    while not matcher.is_stopped():
        bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)[:32]
        allowed = np.flatnonzero(np.unpackbits(bits, bitorder="little")).tolist()
        closing = [at for at in allowed if at in b'"}']
        byte = dice.choice(closing if closing and dice.random() < 0.3 else allowed)
        matcher.consume_token(byte)
        text.append(byte)
    return json.loads(text)


def faults(kind: Any, text: str) -> set[str]:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        return {one["type"] for one in error.errors()}
    return set()


KINDS = (datetime, NaiveDatetime, AwareDatetime, FutureDatetime, PastDate, date, time, timedelta)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_written_is_one(kind):
    """Of past and future pydantic judges only whether they are."""
    schema = of_model(create_model("Holder", f=(kind, ...)))
    grammar = compile_grammar(schema)
    for seed in range(150):
        text = written(grammar, seed)["f"]
        assert not schema._errors({"f": text}), text
        assert faults(kind, text) <= {"datetime_future", "date_past"}, text


@pytest.mark.parametrize("name", [*PATTERNS, "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"])
def test_whatever_is_written_of_a_format_stands(name):
    schema = inline(whole({"type": "string", "format": name, "maxLength": 60}))
    grammar = compile_grammar(schema)
    for seed in range(100):
        schema.validate(written(grammar, seed))


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"type": ["string", "null"], "format": "date-time"}, "null", '"2024-02-28T10:20:30"'),
        ({"type": "string", "format": "date", "pattern": "^2024"}, '"2024-02-29"', '"x"'),
        ({"type": "string", "format": "date", "maxLength": 10, "minLength": 2}, '"2024-02-29"', '"2023-02-29"'),
        ({"allOf": [{"format": "date"}, {"type": "string", "pattern": "5$"}]}, '"2024-02-15"', '"2024-02-14"'),
        ({"type": "string", "format": "time-local"}, '"23:59:59.5"', '"23:59:59Z"'),
    ],
)  # fmt: skip
def test_formats_beside_other_keywords(field, good, bad):
    schema = inline(whole(field))
    grammar = compile_grammar(schema)
    assert accepts(grammar, f'{{"f":{good}}}')
    assert not accepts(grammar, f'{{"f":{bad}}}')
    schema.validate(json.loads(f'{{"f":{good}}}'))


def test_the_validator_knows_times_without_an_offset():
    for name, text in (("time-local", "10:20Z"), ("date-time-local", "2024-02-30T10:20")):
        with pytest.raises(ValidationProblem, match=r".*") as caught:
            inline(whole({"type": "string", "format": name})).validate({"f": text})
        assert [where for where, _ in caught.value.errors] == ["/f"]


def test_a_model_reads_datetime_whatever_its_offset():
    fields = {"a": (datetime, ...), "b": (NaiveDatetime | None, ...), "c": (time, ...), "d": (AwareDatetime, ...)}
    shown = render_schema(of_model(create_model("Holder", **fields)).json_schema)
    assert shown == "a: datetime\nb: datetime | null\nc: time\nd: datetime"
