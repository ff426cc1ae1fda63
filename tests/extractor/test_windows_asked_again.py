"""A document read in windows whose answer does not stand: what is in question is asked for once more."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import model_validator

from extractor import Extractor, Options, Settings
from extractor.errors import Cancelled, EngineError, InvalidOutput
from extractor.grammar.guided import ANY_TOKENS
from extractor.result import LongRead
from extractor.windows.in_question import MOST
from schemas.types import fault
from tests.support.long_documents import ledger
from tests.support.window_engine import Ledger, Row, WindowEngine

pytestmark = pytest.mark.process

PAGES, ROWS = 12, 60


class Checked(Ledger):
    @model_validator(mode="after")
    def _sums(self) -> Checked:
        if self.total != sum(row.amount for row in self.rows):
            raise fault("/total", "is not the sum of the rows")
        return self


class CheckedRow(Row):
    @model_validator(mode="after")
    def _amounts(self) -> CheckedRow:
        if self.amount < 0:
            raise fault("/amount", "is negative")
        return self


class CheckedRows(Ledger):
    rows: list[CheckedRow]  # type: ignore[assignment]


class Mistaken(WindowEngine):
    """Makes a mistake, `wrong` says which, in the first answer of a window and, where it is `stubborn`, in the second.
    `then`: called before each second answer."""

    def __init__(
        self,
        encoder: Any,
        wrong: Callable[[str], str],
        *,
        stubborn: bool = False,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(encoder)
        self._wrong, self._stubborn, self._then = wrong, stubborn, then

    def _completion(self, request: Any, text: str) -> Any:
        if again := request.grammar.startswith(ANY_TOKENS):
            self._then()
        return super()._completion(request, text if again and not self._stubborn else self._wrong(text))

    @property
    def second(self) -> list[Any]:
        return [request for request in self.requests if request.grammar.startswith(ANY_TOKENS)]


def reader(tok: Any, wrong: Callable[[str], str], **more: Any) -> tuple[Extractor, Mistaken]:
    engine = Mistaken(tok, wrong, **more)
    return Extractor(Settings(slots=4, context=2048), engine=engine, tokenizer=tok), engine


def wrong_total(text: str) -> str:
    return re.sub(r'"total":\d+\.?\d*', '"total":1', text)


def no_number(text: str) -> str:
    return re.sub(r'"number":"A-17"', '"number":null', text)


def negative(text: str) -> str:
    """The row 33."""
    return re.sub(r'("code":"R00033".*?"amount":)', r"\1-", text)


def codes(result: Any) -> list[str]:
    return [row["code"] for row in result.data["rows"]]


def test_the_window_of_a_value_that_fails_a_check_is_asked_for_that_alone(tok: Any) -> None:
    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, wrong_total)
    result = runner.extract(document, Checked)
    assert result.data["total"] == sum(float(amount) for *_, amount in rows)
    assert codes(result) == [code for code, *_ in rows]
    (second,) = engine.second
    assert len(engine.requests) == len(result.windows) + 1 == result.usage.model_calls
    assert result.usage.prompt_tokens == sum(len(request.prompt) for request in engine.requests)
    assert b'"rows":[{' in second.begun, "what stands in front of it is not written again"
    prompt = tok.decode(second.prompt)
    assert "- /total: is not the sum of the rows" in prompt
    assert ", part " in prompt
    (where,) = result.fields["/total"]["evidence"]
    assert document.text[where["start"] : where["stop"]] == f"{result.data['total']:.2f}"
    assert result.review == []


def test_a_row_is_asked_for_by_its_place_in_its_window(tok: Any) -> None:
    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, negative)
    result = runner.extract(document, CheckedRows)
    assert [(row["code"], str(row["amount"])) for row in result.data["rows"]] == [(row[0], row[3]) for row in rows]
    (second,) = engine.second
    (at,) = re.findall(r"- /rows/(\d+)/amount: is negative", tok.decode(second.prompt))
    assert int(at) == re.findall(r"R\d{5}", second.source.decode()).index("R00033") < 33


def test_a_value_that_is_missing_is_asked_for_where_the_text_speaks_of_it(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)
    runner, engine = reader(tok, no_number)
    result = runner.extract(document, Ledger)
    assert result.data["number"] == "A-17"
    assert 1 <= len(engine.second) <= 2
    assert any("Number: A-17" in request.source.decode() for request in engine.second)
    assert all("- /number: " in tok.decode(request.prompt) for request in engine.second)
    assert result.usage.model_calls == len(result.windows) + len(engine.second)


def test_what_does_not_stand_then_either_fails_with_the_first_answer(tok: Any) -> None:
    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, wrong_total, stubborn=True)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document, Checked)
    error = caught.value
    assert [one.pointer for one in error.errors] == ["/total"]
    assert (error.kept["data"]["total"], len(error.kept["data"]["rows"])) == (1, len(rows))
    assert len(engine.second) == 1
    assert error.kept["usage"]["model_calls"] == len(engine.requests)
    assert error.kept["usage"]["output_tokens"] > 0


def test_of_two_answers_that_do_not_stand_the_one_with_fewer_errors_is_kept(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)

    def wrong(text: str) -> str:
        return re.sub(r'("code":"R000[14]5".*?"amount":)', r"\1-", text)

    class HalfRight(Mistaken):
        def _completion(self, request: Any, text: str) -> Any:
            self._stubborn = "R00045" in request.source.decode()
            return super()._completion(request, text)

    engine = HalfRight(tok, wrong)
    runner = Extractor(Settings(slots=2, context=2048), engine=engine, tokenizer=tok)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document, CheckedRows)
    assert [one.pointer for one in caught.value.errors] == ["/rows/45/amount"]
    assert caught.value.kept["data"]["rows"][15]["amount"] > 0
    assert caught.value.kept["usage"]["model_calls"] == len(engine.requests)


def test_one_call_of_the_model_is_one(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)
    runner, engine = reader(tok, wrong_total)
    with pytest.raises(InvalidOutput):
        runner.extract(document, Checked, Options(max_model_calls=1))
    assert engine.second == []


def test_no_more_windows_than_the_most_are_asked_again(tok: Any) -> None:
    document, _ = ledger(40, 200)
    runner, engine = reader(tok, lambda text: re.sub(r'("code":"R\d{4}0".*?"amount":)', r"\1-", text))
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document, CheckedRows)
    assert len(engine.second) == MOST < len(engine.requests) / 2
    assert MOST <= 20 - len(caught.value.errors) < 20
    assert caught.value.kept["data"]["rows"][0]["amount"] == 0.5


def test_a_value_that_many_windows_give_is_asked_of_the_most_and_the_others_do_not_outvote_them(tok: Any) -> None:
    document, rows = ledger(40, 200)
    runner, engine = reader(tok, lambda text: re.sub(r'"total":[^n}]+|"total":null', '"total":1', text))
    result = runner.extract(document, Checked)
    assert result.data["total"] == sum(float(amount) for *_, amount in rows)
    assert codes(result) == [code for code, *_ in rows]
    assert len(engine.second) == MOST < len(result.windows) / 2
    assert any("Total: " in request.source.decode() for request in engine.second)
    assert result.fields["/total"]["windows"]["disagree"] == 0


class CheckedWhole(Ledger):
    @model_validator(mode="after")
    def _sums(self) -> CheckedWhole:
        if self.total != sum(row.amount for row in self.rows):
            raise ValueError("the total is not the sum")
        return self


def test_a_check_of_the_whole_answer_is_asked_for_the_fields_that_it_names(tok: Any) -> None:
    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, wrong_total)
    result = runner.extract(document, CheckedWhole)
    assert result.data["total"] == sum(float(amount) for *_, amount in rows)
    (second,) = engine.second
    assert "- /total: Value error, the total is not the sum" in tok.decode(second.prompt)


class Whole(Ledger):
    @model_validator(mode="after")
    def _known(self) -> Whole:
        if self.holder != "Harlow and Finch":
            raise ValueError("no such customer")
        return self


def test_a_check_that_names_no_field_is_asked_for_what_stands_in_no_list(tok: Any) -> None:
    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, lambda text: text.replace("Harlow", "Harlot"))
    result = runner.extract(document, Whole)
    assert result.data["holder"] == "Harlow and Finch"
    assert codes(result) == [code for code, *_ in rows]
    assert len(engine.second) == 2, "the first, and that of the total"
    assert all(b'"rows":[{"code":"R00003"' not in request.begun[-40:] for request in engine.second)


def test_a_list_that_fails_a_check_is_asked_of_the_windows_that_are_least_sure_of_it(tok: Any) -> None:
    """Which is where an amount stands nowhere."""

    class Small(Ledger):
        @model_validator(mode="after")
        def _small(self) -> Small:
            if any(row.amount > 90 for row in self.rows):
                raise fault("/rows", "have an amount that is too large")
            return self

    document, rows = ledger(40, 200)
    runner, engine = reader(tok, lambda text: re.sub(r'("code":"R0(?:0033|0191)".*?"amount":)', r"\g<1>7777", text))
    result = runner.extract(document, Small)
    assert [(row["code"], str(row["amount"])) for row in result.data["rows"]] == [(row[0], row[3]) for row in rows]
    assert len(engine.second) == MOST < len(result.windows) / 2


def test_another_error_that_comes_to_light_then_is_asked_for_too(tok: Any) -> None:
    """The check of the model runs only where no value is missing."""
    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, lambda text: no_number(wrong_total(text)))
    result = runner.extract(document, Checked)
    assert (result.data["number"], result.data["total"]) == ("A-17", sum(float(amount) for *_, amount in rows))
    asked = [re.findall(r"- (/\w+): ", tok.decode(request.prompt)) for request in engine.second]
    assert sorted({one for some in asked for one in some}) == ["/number", "/total"]
    assert result.usage.model_calls == len(engine.requests)
    runner, engine = reader(tok, lambda text: no_number(wrong_total(text)))
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document, Checked, Options(max_model_calls=2))
    assert [one.pointer for one in caught.value.errors] == ["/total"], "what was mended is kept"
    assert caught.value.kept["data"]["number"] == "A-17"


def test_an_engine_that_fails_then_leaves_the_first_answer(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)

    def broken() -> None:
        raise EngineError("the engine broke")

    runner, engine = reader(tok, wrong_total, then=broken)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document, Checked)
    assert caught.value.kept["data"]["total"] == 1
    assert len(engine.second) == 2, "it is tried once more, as of any window"


def test_a_withdrawal_then_is_one(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)
    abort = threading.Event()
    runner, _ = reader(tok, wrong_total, then=abort.set, stubborn=True)
    with pytest.raises(Cancelled):
        runner.extract(document, Checked, abort=abort)


def test_a_schema_of_a_request(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)
    schema = Ledger.model_json_schema()
    schema["properties"]["total"] = {"type": "number"}
    schema["required"] = [*schema["required"], "total"]
    runner, engine = reader(tok, lambda text: re.sub(r'"total":[^n}]+', '"total":null', text))
    assert runner.extract(document, schema).data["total"] > 1
    assert any("Total: " in request.source.decode() for request in engine.second)


def test_printed_values_hold_in_the_second_answer_too(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)
    runner, engine = reader(tok, no_number)
    assert runner.extract(document, Ledger, Options(printed="all")).data["number"] == "A-17"
    for request in engine.second:
        assert ("Harlow" in request.grammar) is ("Harlow" in request.source.decode())


@pytest.mark.parametrize("pointer", ["", "total", "a/b", "/a~", "/~2", "/rows/-1/amount", "/rows/999/x", "/total/x"])
def test_a_check_with_an_odd_pointer_fails_with_that(tok: Any, pointer: str) -> None:
    class Odd(Ledger):
        @model_validator(mode="after")
        def _never(self) -> Odd:
            raise fault(pointer, "is odd")

    document, rows = ledger(PAGES, ROWS)
    runner, engine = reader(tok, lambda text: text)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document, Odd)
    assert ([one.pointer for one in caught.value.errors], len(engine.second) <= 2) == ([pointer], True)
    assert len(caught.value.kept["data"]["rows"]) == len(rows)


def test_progress_goes_on(tok: Any) -> None:
    document, _ = ledger(PAGES, ROWS)
    runner, _ = reader(tok, wrong_total)
    left = runner.begin(document, Checked)
    assert isinstance(left, LongRead)
    seen: list[tuple[int, int]] = []
    result = left.finish(lambda *so_far: seen.append(so_far))
    assert seen == sorted(seen)
    assert seen[-1] == (len(result.windows) + 1, len(result.windows) + 1)
