"""Schemas that do not fit the context, read in parts by an engine that makes no mistake."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel, Field, create_model, model_validator

from extractor import Extractor, Options, Settings
from extractor.documents import Document, Page
from extractor.errors import Cancelled, DocumentError, EngineError, InvalidOutput
from extractor.result import LongRead
from schemas import of_model
from schemas.examples import example
from schemas.types import should
from tests.support.part_engine import PartEngine

pytestmark = pytest.mark.process

NAMES = [f"field_{at:03}" for at in range(40)]


def described(kind: Any, at: int, **more: Any) -> Any:
    about = f"What the form says on its line {at:03}, in the words that are printed there; null where nothing is"
    return kind, Field(description=f"{about}. It is not what the line above it says, nor the one below", **more)


Wide = create_model(
    "Wide", **{name: described(str if at % 7 == 0 else str | None, at) for at, name in enumerate(NAMES)}
)


def value(name: str) -> str:
    return f"W{name[-3:]}"


def printed(*left_out: str) -> str:
    return "\n".join(f"{name}: {value(name)}" for name in reversed(NAMES) if name not in left_out)


def reader(tok: Any, fault: Any = None, takes_s: float = 0.0, slots: int = 4, **settings: Any) -> Any:
    engine = PartEngine(tok, fault, takes_s)
    settings = {"context": 2048, **settings}
    return Extractor(Settings(slots=slots, **settings), engine=engine, tokenizer=tok), engine


def parts_of(result: Any) -> list[list[str]]:
    return [[pointer.removeprefix("/") for pointer in part] for part in result.schema_parts]


def test_a_schema_that_does_not_fit_is_asked_for_in_parts(tok: Any) -> None:
    runner, engine = reader(tok)
    text = printed("field_004")
    result = runner.extract(text, Wide)
    assert list(result.data) == NAMES
    assert result.data["field_004"] is None
    assert all(result.data[name] == value(name) for name in NAMES if name != "field_004")
    assert isinstance(result.value, Wide)
    assert result.review == []
    parts = parts_of(result)
    assert len(parts) == len(engine.requests) == result.usage.model_calls > 2
    assert [name for part in parts for name in part] == NAMES
    assert sorted(engine.asked) == sorted(parts)
    told = result.as_json()["document"]
    assert told["schema_parts"] == result.schema_parts
    assert [one["schema_part"] for one in told["windows"]] == [at + 1 for at in range(len(parts))]
    assert {(one["start"], one["stop"], one["state"]) for one in told["windows"]} == {(0, len(text), "read")}
    assert result.usage.prompt_tokens == sum(len(request.prompt) for request in engine.requests)
    assert all(len(request.prompt) + request.params.max_tokens <= 2048 for request in engine.requests)


def test_places_are_those_of_the_document(tok: Any) -> None:
    text = printed()
    half = text.index("field_020")
    document = Document(text, pages=(Page(1, 0, half), Page(2, half, len(text))))
    result = reader(tok)[0].extract(document, Wide)
    assert list(result.fields) == [f"/{name}" for name in NAMES]
    for name in NAMES:
        (where,) = result.fields[f"/{name}"]["evidence"]
        assert text[where["start"] : where["stop"]] == value(name)
        assert where["page"] == (1 if int(name[-3:]) > 20 else 2)
        assert result.fields[f"/{name}"]["confidence"] is not None
        assert "windows" not in result.fields[f"/{name}"]


def test_a_schema_that_fits_is_read_at_once(tok: Any) -> None:
    runner, engine = reader(tok, context=8192)
    result = runner.extract(printed(), Wide)
    assert len(engine.requests) == 1
    assert not {"windows", "schema_parts"} & result.as_json()["document"].keys()


def test_a_schema_of_a_request_and_without_fields(tok: Any) -> None:
    result = reader(tok)[0].extract(printed(), Wide.model_json_schema(), Options(fields=False))
    assert result.data == {name: value(name) for name in NAMES}
    assert result.fields == {}
    assert len(result.schema_parts) > 2


class Rows(BaseModel):
    name: str = Field(description="What the row is called, in the words of the document itself")
    amount: float | None = Field(description="How much of it there is, without a currency or a unit")


class Address(BaseModel):
    street: str | None = Field(description="The street and the number of the house, as they are printed on the form")
    city: str | None = Field(description="The city, without its postal code, as it is printed on the form itself")


Party = create_model(
    "Party",
    address=(Address, Field(description="Where it sits")),
    **{f"note_{at:02}": described(str | None, at) for at in range(25)},
)


class Deep(BaseModel):
    number: str = Field(description="Of the form")
    seller: Party = Field(description="Who sells")  # type: ignore[valid-type]
    buyer: Party | None = Field(description="Who buys")  # type: ignore[valid-type]
    rows: list[Rows] = Field(description="Every row")


FORM = (
    "number: A-17\nstreet: Mill Lane 3\ncity: Ghent\nnote_03: three\nnote_24: last\n"
    "rows> Bolts; 12.5\nrows> Nuts; 7\n"
)  # fmt: skip


def test_objects_that_are_too_large_are_cut_within(tok: Any) -> None:
    result = reader(tok, context=1200)[0].extract(FORM, Deep)
    assert list(result.data) == ["number", "seller", "buyer", "rows"]
    for party in (result.data["seller"], result.data["buyer"]):
        assert list(party) == list(Party.model_fields)
        assert party["address"] == {"street": "Mill Lane 3", "city": "Ghent"}
        assert (party["note_03"], party["note_24"], party["note_05"]) == ("three", "last", None)
    assert [(row["name"], float(row["amount"])) for row in result.data["rows"]] == [("Bolts", 12.5), ("Nuts", 7.0)]
    parts = [name for part in parts_of(result) for name in part]
    assert parts[:3] == ["number", "seller/address", "seller/note_00"]
    assert (parts[-1], "seller/note_24" in parts, "buyer/note_24" in parts) == ("rows", True, True)
    assert result.fields["/rows/1/name"]["evidence"][0]["text"] == "Nuts"
    assert result.fields["/seller/address/city"]["evidence"][0]["start"] == FORM.index("Ghent")
    assert isinstance(result.value.buyer, Party)


def test_windows_times_parts_in_order(tok: Any) -> None:
    filler = "\n".join(f"The terms of line {at} hold for what was said before." for at in range(80))
    text = "\n".join([printed()[: len(printed()) // 2], filler, printed()[len(printed()) // 2 :]])
    runner, engine = reader(tok, takes_s=0.005, slots=6)
    told = []
    left = runner.begin(text, Wide)
    assert isinstance(left, LongRead)
    result = left.finish(lambda *so_far: told.append(so_far))
    found = {name: value for name, value in result.data.items() if value is not None}
    assert len(found) >= len(NAMES) - 1  # one may have been cut by this test
    assert found == {name: value(name) for name in found}
    order = [(one["schema_part"], one["start"]) for one in result.windows]
    assert order == sorted(order)
    assert len(order) == len(engine.requests) > 2 * len(result.schema_parts)
    for part in range(1, len(result.schema_parts) + 1):
        mine = [one for one in result.windows if one["schema_part"] == part]
        assert (mine[0]["start"], mine[-1]["stop"]) == (0, len(text))
        assert all(a["stop"] == b["start"] for a, b in pairwise(mine))
    assert told[0] == (0, len(order))
    assert told[-1] == (len(order), len(order))
    assert engine.busy <= 3
    for name in found:
        (where, *_) = result.fields[f"/{name}"]["evidence"]
        assert text[where["start"] : where["stop"]] == value(name)


def test_windows_times_parts_are_bounded(tok: Any) -> None:
    runner, engine = reader(tok, max_windows=3)
    with pytest.raises(DocumentError) as caught:
        runner.extract(printed(), Wide)
    assert caught.value.code == "context_exceeded"
    assert "parts of the schema" in caught.value.detail
    assert "more than 3 windows" in caught.value.detail
    assert engine.requests == []


def test_where_windows_times_parts_are_too_many_each_part_reads_those_that_matter(tok: Any) -> None:
    """Each value stands on a page of its own, among pages that say nothing of it."""
    filler = "\n".join(f"The terms of line {at} hold for what was said before." for at in range(60))
    text = "\n".join(f"{filler}\n{name}: {value(name)}" for name in reversed(NAMES))
    schema_parts = reader(tok)[0].extract(printed(), Wide).schema_parts
    parts = len(schema_parts)
    most = parts * (1 + max(map(len, schema_parts)))  # each part's first window, and one for each of its fields
    runner, engine = reader(tok, max_windows=most)
    result = runner.extract(text, Wide)
    assert result.data == {name: value(name) for name in NAMES}
    assert len([one for one in result.windows if one["state"] == "read"]) == len(engine.requests) == most
    for part in range(1, parts + 1):
        mine = [one for one in result.windows if one["schema_part"] == part]
        assert (mine[0]["start"], mine[0]["state"], mine[-1]["stop"]) == (0, "read", len(text))
        assert all(a["stop"] == b["start"] for a, b in pairwise(mine))
    assert len(result.windows) <= 2 * len(engine.requests) + parts
    (mark,) = result.review
    assert (mark["code"], mark["severity"]) == ("not_read", "low")


def failing(engine: PartEngine, name: str) -> None:
    """Fails whatever asks for a field of that name."""
    submit = engine.submit

    def broken(request: Any) -> Any:
        if f'"{name}"' in request.grammar:
            raise EngineError("the engine broke")
        return submit(request)

    engine.submit = broken  # type: ignore[method-assign]


def test_a_part_that_fails_costs_its_own_fields(tok: Any) -> None:
    optional = create_model("Optional", **{name: described(str | None, at) for at, name in enumerate(NAMES)})
    runner, engine = reader(tok)
    failing(engine, "field_020")
    result = runner.extract(printed(), optional)
    (lost,) = [part for part in parts_of(result) if "field_020" in part]
    assert result.data == {name: None if name in lost else value(name) for name in NAMES}
    assert all(result.fields[f"/{name}"]["confidence"] is None for name in lost)
    (mark,) = result.review
    assert (mark["code"], mark["pointer"], mark["severity"]) == ("not_read", "", "high")
    shown = ", ".join(f"/{name}" for name in lost[:5])
    assert mark["detail"] == f"{shown} and {len(lost) - 5} more were not read (engine_error)"
    (window,) = [one for one in result.windows if one["state"] == "failed"]
    assert (result.schema_parts[window["schema_part"] - 1], window["code"]) == (
        [f"/{name}" for name in lost],
        "engine_error",
    )


def test_where_a_field_of_it_may_not_be_null_the_data_of_the_others_is_kept(tok: Any) -> None:
    runner, engine = reader(tok)
    failing(engine, "field_020")
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(printed(), Wide)
    kept = caught.value.kept
    assert any("field_021" in error.detail + error.pointer for error in caught.value.errors)
    assert kept["data"]["field_000"] == "W000"
    assert kept["data"]["field_020"] is None
    assert "field_021" not in kept["data"]
    assert [mark["code"] for mark in kept["review"]] == ["not_read"]
    assert kept["usage"]["model_calls"] > 1


def test_pages_that_fail_for_one_part_are_told_with_its_properties(tok: Any) -> None:
    optional = create_model("Optional", **{name: described(str | None, at) for at, name in enumerate(NAMES)})
    filler = "\n".join(f"The terms of line {at} hold for what was said before." for at in range(80))
    runner, engine = reader(tok)
    submit = engine.submit

    def broken(request: Any) -> Any:
        if '"field_020"' in request.grammar and "line 40" in request.source.decode():
            raise EngineError("the engine broke")
        return submit(request)

    engine.submit = broken  # type: ignore[method-assign]
    result = runner.extract(f"{printed()}\n{filler}", optional)
    (mark,) = [one for one in result.review if one["code"] == "not_read"]
    assert re.fullmatch(
        r"characters [\d,]+ to [\d,]+, of which (/field_\d+, ){4}/field_\d+ and \d+ more were asked for, were not read "
        r"\(engine_error\)",
        mark["detail"],
    )


def test_where_no_part_is_read_the_engine_failed(tok: Any) -> None:
    def always(_: str) -> None:
        raise EngineError("the engine broke")

    with pytest.raises(EngineError):
        reader(tok, always)[0].extract(printed(), Wide)


def test_checks_are_made_of_the_whole_answer(tok: Any) -> None:
    class Checked(Wide):  # type: ignore[valid-type, misc]
        @model_validator(mode="after")
        def _ends(self) -> Any:
            if self.field_000[-3:] == self.field_039[-3:]:
                raise ValueError("the first is the last")
            return self

        @should
        def _begins(self) -> Any:
            if self.field_001 and self.field_038:
                yield "/field_038", "is not beside the first"

    (mark,) = reader(tok)[0].extract(printed(), Checked).review
    assert (mark["pointer"], mark["code"]) == ("/field_038", "check")
    with pytest.raises(InvalidOutput) as caught:
        reader(tok)[0].extract(printed().replace("W039", "W000"), Checked)
    assert "the first is the last" in caught.value.errors[0].detail
    assert len(caught.value.kept["data"]) == len(NAMES)


def test_what_ties_properties_of_several_parts_is_asked_of_the_whole(tok: Any) -> None:
    schema = Wide.model_json_schema()
    schema |= {"dependentRequired": {"field_000": ["field_039"]}, "minProperties": 40, "additionalProperties": False}
    schema["allOf"] = [
        {"if": {"required": ["field_001"]}, "then": {"properties": {"field_039": {"type": "string"}}}},
        {},
    ]
    result = reader(tok)[0].extract(printed(), schema)
    assert len(result.data) == 40
    with pytest.raises(InvalidOutput) as caught:
        reader(tok)[0].extract(printed("field_039"), schema)
    assert [error.pointer for error in caught.value.errors] == ["/field_039"]


def test_printed_values_hold_in_each_part(tok: Any) -> None:
    optional = create_model("Optional", **{name: described(str | None, at) for at, name in enumerate(NAMES)})
    runner, engine = reader(tok)
    result = runner.extract(printed(), optional, Options(printed="all"))
    assert result.data["field_039"] == "W039"
    assert all("W0" in request.grammar for request in engine.requests)


def test_a_part_that_prints_nothing_it_needs_costs_that_value_only(tok: Any) -> None:
    class Dated(Wide):  # type: ignore[valid-type, misc]
        amount: float = Field(description="What is to be paid, of which this document says nothing at all")

    with pytest.raises(InvalidOutput) as caught:
        reader(tok)[0].extract(re.sub(r"\d", "x", printed()), Dated, Options(printed="all"))
    assert "/amount" in [error.pointer for error in caught.value.errors]


def test_examples_show_what_is_asked_for(tok: Any) -> None:
    answer = ",".join(f'"{name}":"old"' for name in NAMES)
    plain = of_model(Wide)
    schema = replace(plain, examples=(example("An old form", f"{{{answer}}}"),))
    runner, engine = reader(tok, context=2600)
    result = runner.extract(printed(), schema)
    assert result.data["field_039"] == "W039"
    shown = [tok.decode(request.prompt) for request in engine.requests]
    some = [one for one in shown if "An old form" in one]
    assert some
    for prompt in some:
        names = set(re.findall(r'"(field_\d+)":"old"', prompt))
        assert names == set(re.findall(r"(field_\d+): string", prompt)) != set(NAMES)


def test_each_part_is_asked_again_with_its_errors(tok: Any) -> None:
    schema = Wide.model_json_schema()
    schema["properties"]["field_020"] = {"type": "string", "not": {"const": "W020"}}
    runner, engine = reader(tok)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(printed(), schema)
    assert [error.pointer for error in caught.value.errors] == ["/field_020"]
    asked = [names for names in engine.asked if "field_020" in names]
    assert len(asked) == 2
    assert len(engine.requests) == len({tuple(names) for names in engine.asked}) + 1
    assert len(caught.value.kept["data"]) == 40


def test_an_answer_without_an_end_of_one_part_is_read_in_halves(tok: Any) -> None:
    rows = "\n".join(f"rows> Item number {at}; {at}.5" for at in range(90))

    class Listed(Wide):  # type: ignore[valid-type, misc]
        rows: list[Rows] = Field(description="Every row")

    result = reader(tok, context=3072)[0].extract(f"{printed()}\n{rows}", Listed)
    assert [row["name"] for row in result.data["rows"]] == [f"Item number {at}" for at in range(90)]
    assert all(result.data[name] == value(name) for name in NAMES)


def test_a_wide_answer_that_does_not_fit_is_read_in_parts_too(tok: Any) -> None:
    narrow = create_model("Narrow", **dict.fromkeys(NAMES, (str | None, ...)))
    result = reader(tok, context=8192, max_output_tokens=300)[0].extract(printed(), narrow)
    assert result.data == {name: value(name) for name in NAMES}
    assert len(result.schema_parts) > 1


def test_a_withdrawal_ends_all_parts(tok: Any) -> None:
    runner, engine = reader(tok, takes_s=0.2, slots=2)
    abort = threading.Event()
    threading.Timer(0.3, abort.set).start()
    with pytest.raises(Cancelled):
        runner.extract(printed(), Wide, abort=abort)
    asked = len(engine.requests)
    time.sleep(0.3)
    assert len(engine.requests) == asked < 5


def test_what_was_not_read_in_time_is_told(tok: Any) -> None:
    optional = create_model("Optional", **{name: described(str | None, at) for at, name in enumerate(NAMES)})
    runner, _ = reader(tok, takes_s=0.5, slots=2)
    result = runner.extract(printed(), optional, Options(timeout_s=1.3))
    late = [window for window in result.windows if window["code"] == "deadline_exceeded"]
    assert 0 < len(late) < len(result.windows)
    assert result.data["field_000"] == "W000"
    assert result.data["field_039"] is None
    assert {mark["code"] for mark in result.review} == {"not_read"}


@pytest.mark.parametrize("listed", [False, True])
def test_a_piece_that_does_not_fit_is_named(tok: Any, listed: bool) -> None:
    one = create_model("One", **{name: described(str | None, at) for at, name in enumerate(NAMES)})
    kind = list[one] if listed else one | Rows  # type: ignore[valid-type]

    class Holder(BaseModel):
        number: str
        large: kind = Field(description="All of it")  # type: ignore[valid-type]

    class Outer(BaseModel):
        first: str
        inner: Holder

    runner, engine = reader(tok)
    with pytest.raises(DocumentError) as caught:
        runner.extract(printed(), Outer)
    assert (caught.value.code, engine.requests) == ("context_exceeded", [])
    (error,) = caught.value.errors
    assert error.pointer == "/schema"
    size = re.match(r"/inner/large by itself is ([\d,]+) tokens", error.detail)
    assert size is not None
    assert int(size[1].replace(",", "")) > 1800
    for said in ("the schema's /inner/large, which cannot be cut", f"{size[1]} tokens", "longer context"):
        assert said in caught.value.detail
