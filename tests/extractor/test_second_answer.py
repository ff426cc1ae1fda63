"""The answer that follows one with errors: what it costs, what it may change, and what is left where it fails too."""

from __future__ import annotations

import json
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, model_validator

from extractor import Extractor, Options, Settings
from extractor.engine import Request
from extractor.engine.limits.limits import Ended
from extractor.errors import DeadlineExceeded, InvalidOutput, TruncatedOutput
from schemas.types import fault
from tests.support.scripted import ScriptedEngine

LONG = "na" * 200


class Row(BaseModel):
    name: str
    price: int


class Order(BaseModel):
    notes: str
    by_name: dict[str, int]
    rows: list[Row]
    paid: int | None
    total: int
    last: str

    @model_validator(mode="after")
    def _sums(self) -> Order:
        if sum(row.price for row in self.rows) != self.total:
            raise fault("/total", "is not the sum of the rows")
        return self


ROWS = [{"name": f"Größe {number}", "price": number} for number in range(40)]
RIGHT: dict[str, Any] = {
    "notes": "as usual", "by_name": {"a": 1}, "rows": ROWS, "paid": None, "total": 780, "last": "thanks",
}  # fmt: skip
ANYTHING = Options(printed="none")


def text_of(**changes: Any) -> str:
    return json.dumps(RIGHT | changes, separators=(",", ":"), ensure_ascii=False)


class Surer(ScriptedEngine):
    """The n-th answer ends as `finishes` says, and each of its tokens is less sure than those of the one before."""

    def __init__(self, tok: Any, *script: str, finishes: str = "", ended: tuple[Ended, ...] = ()) -> None:
        super().__init__(tok, *script)
        self._finishes, self._ended = finishes.split(), ended

    def submit(self, request: Request, /) -> Future[Any]:
        completion, future = super().submit(request).result(), Future[Any]()
        number = len(self.requests)
        finish = self._finishes[number - 1] if number <= len(self._finishes) else "stop"
        logprobs = [-0.1 * number] * len(completion.ids)
        if finish != "stop":
            completion = cut_off(completion, 30)
            logprobs = logprobs[: len(completion.sizes)]
        future.set_result(replace(completion, finish=finish, logprobs=logprobs, ended=list(self._ended)))
        return future


def cut_off(completion: Any, most: int) -> Any:
    sizes = completion.sizes[:most]
    return replace(completion, ids=completion.ids[:most], sizes=sizes, text=completion.text[: sum(sizes)])


def extract(engine: Surer, tok: Any, options: Options = ANYTHING, **settings: Any) -> Any:
    with Extractor(Settings(context=6_000, **settings), engine=engine, tokenizer=tok) as extractor:
        return extractor.extract("of no matter", Order, options)


def test_only_what_is_in_question_is_decoded(tok: Any) -> None:
    engine = Surer(tok, text_of(total=1), text_of())
    result = extract(engine, tok)
    assert result.text == text_of()
    first, second = engine.requests
    assert second.begun.decode() == text_of()[: len(second.begun.decode())]
    assert tok.decode(second.prompt).endswith(second.begun.decode())
    assert result.usage.model_calls == 2
    whole = len(tok(text_of(total=1), add_special_tokens=False).input_ids)
    assert result.usage.output_tokens - whole < 40 < whole // 10
    assert result.usage.prompt_tokens == len(first.prompt) + len(second.prompt)


def test_each_value_is_as_sure_as_when_it_was_written(tok: Any) -> None:
    result = extract(Surer(tok, text_of(total=1), text_of()), tok)
    sure = {pointer: known["confidence"] for pointer, known in result.fields.items()}
    assert set(sure) == {"/notes", "/by_name/a", "/paid", "/total", "/last"} | {
        f"/rows/{at}/{key}" for at in range(40) for key in ("name", "price")
    }
    alone = {pointer: known["confidence"] for pointer, known in extract(Surer(tok, text_of()), tok).fields.items()}
    assert {pointer for pointer, chance in sure.items() if chance != alone[pointer]} == {"/total"}
    assert sure["/total"] < alone["/total"]


def test_where_it_fails_too_its_values_are_as_sure_as_when_they_were_written(tok: Any) -> None:
    with pytest.raises(InvalidOutput) as caught:
        extract(Surer(tok, text_of(total=1), text_of(total=782)), tok)
    kept = caught.value.kept
    alone = extract(Surer(tok, text_of()), tok).fields
    assert kept["data"] == RIGHT | {"total": 782}
    assert kept["fields"]["/rows/7/name"]["confidence"] == alone["/rows/7/name"]["confidence"]
    assert kept["fields"]["/total"]["confidence"] < alone["/total"]["confidence"]
    assert kept["usage"]["model_calls"] == 2


def test_what_a_limit_ended_is_marked_although_it_is_not_written_again(tok: Any) -> None:
    """Behind what changes, and in front of it."""
    for changes, pointer in (({"notes": LONG}, "/notes"), ({"last": LONG}, "/last")):
        result = extract(Surer(tok, text_of(total=1, **changes), text_of(**changes)), tok)
        assert "repeated" in [mark["code"] for mark in result.review if mark["pointer"] == pointer]


def test_a_third_answer_may_change_everything_where_the_same_stays_wrong(tok: Any) -> None:
    rows = [*ROWS, {"name": "more", "price": 1}]
    engine = Surer(tok, text_of(total=781), text_of(total=782), text_of(total=781, rows=rows))
    result = extract(engine, tok, ANYTHING.model_copy(update={"max_model_calls": 3}))
    assert result.data["rows"] == rows
    assert [bool(request.begun) for request in engine.requests] == [False, True, False]


def test_what_is_wrong_somewhere_is_written_again_as_a_whole(tok: Any) -> None:
    class Somewhere(Order):
        @model_validator(mode="after")
        def _notes(self) -> Somewhere:
            if self.notes == "wrong":
                raise ValueError("something is wrong")
            return self

    engine = Surer(tok, text_of(notes="wrong"), text_of())
    with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok) as extractor:
        assert extractor.extract("of no matter", Somewhere, ANYTHING).data == RIGHT
    assert engine.requests[1].begun == b""


@pytest.mark.parametrize("finishes", ["stop length", "stop deadline"])
def test_a_second_answer_that_does_not_end_leaves_the_first(tok: Any, finishes: str) -> None:
    engine = Surer(tok, text_of(total=1), text_of(), finishes=finishes)
    with pytest.raises((InvalidOutput, DeadlineExceeded)) as caught:
        extract(engine, tok)
    error = caught.value
    assert error.code == ("invalid_output" if "length" in finishes else "deadline_exceeded")
    assert error.last == text_of(total=1)
    assert error.kept["data"] == RIGHT | {"total": 1}
    assert len(error.kept["fields"]) == 85
    assert error.kept["usage"]["model_calls"] == 2, "both are counted"


@pytest.mark.parametrize("finish", ["length", "deadline"])
def test_what_was_written_until_then_is_kept_with_how_sure_it_was(tok: Any, finish: str) -> None:
    engine = Surer(tok, text_of(), finishes=finish)
    with pytest.raises((TruncatedOutput, DeadlineExceeded)) as caught:
        extract(engine, tok, ANYTHING.model_copy(update={"max_output_tokens": 500}))
    kept = caught.value.kept
    assert RIGHT.items() >= kept["data"].items() > {}.items()
    assert kept["fields"]["/notes"]["confidence"] == extract(Surer(tok, text_of()), tok).fields["/notes"]["confidence"]
    assert kept["usage"]["model_calls"] == 1


class Checked(Order):
    """With a check that runs only where the sum is right."""

    @model_validator(mode="after")
    def _last(self) -> Checked:
        if self.last != "thanks":
            raise fault("/last", "is not polite")
        return self


def test_what_is_wrong_behind_what_was_mended_is_asked_for_too(tok: Any) -> None:
    script = text_of(total=1, last="no"), text_of(last="no"), text_of()
    for most, answers in ((None, 3), (2, 2)):
        engine = Surer(tok, *script)
        with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok) as extractor:
            options = ANYTHING.model_copy(update={"max_model_calls": most})
            if answers == 3:
                assert extractor.extract("of no matter", Checked, options).data == RIGHT
            else:
                with pytest.raises(InvalidOutput) as caught:
                    extractor.extract("of no matter", Checked, options)
                assert [error.pointer for error in caught.value.errors] == ["/last"]
        assert len(engine.requests) == answers
        assert all(request.begun for request in engine.requests[1:])


def test_another_check_of_the_same_value_is_another_error_and_other_numbers_are_not(tok: Any) -> None:
    class Twice(BaseModel):
        total: int
        rest: str = "x"

        @model_validator(mode="after")
        def _total(self) -> Twice:
            if self.total < 0:
                raise fault("/total", "is negative")
            if self.total != 7:
                raise fault("/total", f"is {self.total} and not 7")
            return self

    def calls(*totals: int) -> int:
        engine = Surer(tok, *(json.dumps({"total": total, "rest": "x"}, separators=(",", ":")) for total in totals))
        with Extractor(Settings(context=6_000), engine=engine, tokenizer=tok) as runner, suppress(InvalidOutput):
            runner.extract("of no matter", Twice, ANYTHING)
        return len(engine.requests)

    assert [calls(-1, 3, 7), calls(3, 4, 7), calls(-1, -1, 7), calls(-1, 7)] == [3, 2, 2, 2]
