"""What has to be there and no window of a long document tells: the likeliest have to name one, and it is marked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from extractor import Extractor, Options, Settings
from extractor.errors import EngineError, InvalidOutput
from tests.support.long_documents import ledger
from tests.support.window_engine import WindowEngine

pytestmark = pytest.mark.process

SPEAKS, STATE = "Statement of account, page 9", "The state of this account is settled, page 9"

HELD = '["open","paid"]'  # of a grammar


class Account(BaseModel):
    kind: Literal["open", "paid"] = Field(description="state of the account")
    rows: list[str]


class Undecided(WindowEngine):
    """Leaves `kind` out where it may, and is as sure of it as `sure` says where it may not. `names`: what it says of a
    window there."""

    def __init__(self, encoder: Any, names: dict[str, tuple[str | None, float]], key: str = "kind", **more: Any):
        super().__init__(encoder, **more)
        self._names, self._key = names, key

    def _completion(self, request: Any, text: str) -> Any:  # noqa: ARG002
        source = request.source.decode()
        name, sure = next((one for part, one in self._names.items() if part in source), ("open", -1.0))
        free = HELD not in request.grammar
        answer = {self._key: None if free else name, "rows": []}
        done = super()._completion(request, json.dumps(answer, separators=(",", ":")))
        return done if free else replace(done, logprobs=[sure] * len(done.logprobs))

    @property
    def held(self) -> list[Any]:
        return [request for request in self.requests if HELD in request.grammar]


def account(tok: Any, names: dict[str, tuple[str | None, float]], **more: Any) -> tuple[Extractor, Undecided]:
    engine = Undecided(tok, names, **more)
    return Extractor(Settings(slots=4, context=2048), engine=engine, tokenizer=tok), engine


def document() -> str:
    text: str = ledger(12, 60)[0].text
    assert SPEAKS in text
    return text.replace(SPEAKS, STATE)


def test_the_window_that_speaks_of_it_has_to_name_one_and_it_is_marked(tok: Any) -> None:
    runner, engine = account(tok, {STATE: ("paid", -0.001)})
    result = runner.extract(document(), Account)
    assert result.data["kind"] == "paid"
    assert 1 <= len(engine.held) <= 2
    assert any(STATE in request.source.decode() for request in engine.held)
    (mark,) = [one for one in result.review if one["pointer"] == "/kind" and one["code"] == "low_confidence"]
    assert mark["severity"] == "low"
    assert "no part of the document was found to say it" in mark["detail"]


def test_the_surest_is_taken(tok: Any) -> None:
    other = STATE.replace("page 9", "page 3")
    for sure, kind in ((-0.001, "paid"), (-3.0, "open")):
        runner, engine = account(tok, {STATE: ("paid", sure), other: ("open", -0.1)})
        result = runner.extract(document().replace("Statement of account, page 3", other), Account)
        assert len(engine.held) == 2
        assert result.data["kind"] == kind
        assert "windows_disagree" in [mark["code"] for mark in result.review]


def test_where_none_speaks_of_it_the_first_say_what_it_is(tok: Any) -> None:
    class Unspoken(BaseModel):
        xyz: Literal["open", "paid"]
        rows: list[str]

    runner, engine = account(tok, {}, key="xyz")
    assert runner.extract(document(), Unspoken).data["xyz"] == "open"
    assert len(engine.held) == 2
    assert any("page 1 of 12" in request.source.decode() for request in engine.held)


def test_a_window_that_fails_then_leaves_the_error(tok: Any) -> None:
    def broken(_: str) -> None:
        if engine.held:
            raise EngineError("it broke")

    runner, engine = account(tok, {}, fault=broken)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract(document(), Account)
    assert {error.pointer for error in caught.value.errors} == {"/kind"}
    assert caught.value.kept["data"]["kind"] is None


def test_who_allows_no_other_answer_gets_none(tok: Any) -> None:
    runner, engine = account(tok, {})
    with pytest.raises(InvalidOutput):
        runner.extract(document(), Account, Options(max_model_calls=1))
    assert not engine.held


def test_what_is_wrong_beside_it_is_no_matter_of_a_last_resort(tok: Any) -> None:
    class Counted(Account):
        count: int = Field(ge=5)

    class Miscounts(Undecided):
        def _completion(self, request: Any, text: str) -> Any:  # noqa: ARG002
            return WindowEngine._completion(self, request, '{"kind":null,"rows":[],"count":1}')

    engine = Miscounts(tok, {})
    with pytest.raises(InvalidOutput) as caught:
        Extractor(Settings(slots=4, context=2048), engine=engine, tokenizer=tok).extract(document(), Counted)
    assert {error.pointer for error in caught.value.errors} == {"/kind", "/count"}
    assert not engine.held
