"""The judge of strangers' schemas: small inputs that would take a computer's whole time or memory end with an error
that says so, ordinary schemas get their grammar, and nobody else notices."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer as Backend

from extractor.errors import BUSY, Cancelled, DeadlineExceeded, DocumentError, EngineError, SchemaError
from extractor.grammar import trial
from extractor.grammar.compile import serialise
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import demand
from extractor.grammar.trial import Judge
from schemas import inline
from tests.attack.schemas import CHARGES, hostile

WALL_S = 60.0
TOKENIZER = Path(trial.__file__).parents[1] / "bundled" / "weights" / "target" / "tokenizer.json"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """With a third of the processor's time, so that what ends by it ends soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "TRIAL", replace(trial.TRIAL, cpu_s=1.0, nice=0))
        judge = Judge()
        yield judge
        judge.close()


def fields(defs: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    more = {"$defs": defs} if defs else {}
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def multiple(of: float, kind: str = "integer") -> dict[str, Any]:
    return {"type": kind, "multipleOf": of}


def test_an_ordinary_schema_gets_the_grammar_it_always_had(judge: Judge) -> None:
    schema = fields(
        name={"type": "string"}, day={"type": ["string", "null"], "format": "date"}, paid=multiple(0.01, "number")
    )
    assert judge.grammar(schema, WALL_S) == serialise(inline(schema))


def test_what_costs_too_much_is_refused_and_costs_no_more(judge: Judge) -> None:
    letters = {"anyOf": [{"type": "string", "pattern": rf"\pL{{100}}<{at}>"} for at in range(100)]}
    with pytest.raises(SchemaError) as caught:
        judge.grammar(fields(a=letters), WALL_S)
    assert caught.value.code in ("schema_too_complex", "schema_too_large")
    assert caught.value.errors


def test_a_machine_too_busy_for_a_trial_is_not_the_schemas_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock runs out before the processor time does: nothing is known of the schema, and nothing kept of it."""
    for limits in ("TRIAL", "ANSWER"):
        monkeypatch.setattr(trial, limits, replace(getattr(trial, limits), wall_s=0.001))
    busy = Judge()
    try:
        with pytest.raises(EngineError) as caught:
            busy.grammar(fields(a={"type": "string"}), WALL_S)
        assert caught.value.code == BUSY
        with pytest.raises(EngineError) as caught:
            busy.faults(fields(a={"type": "string"}), '{"a": "b"}', WALL_S)
        assert caught.value.code == BUSY
        with pytest.raises(DeadlineExceeded):
            busy.grammar(fields(a={"type": "string"}), 0.0005)
    finally:
        busy.close()


@pytest.mark.parametrize(
    ("steps", "right"),
    [
        ([3001, 2999], 3001 * 2999),
        ([999_983], 999_983),
        ([7, 11, 13, 17, 19, 23], 7_436_429),
        ([997, 991, 983], 997 * 991 * 983),
    ],
)
def test_steps_no_grammar_can_count_are_left_to_validation(judge: Judge, steps: list[int], right: int) -> None:
    """`multipleOf: 999983` alone took 2.9 s, and the product of two primes of four digits minutes."""
    schema = fields(a={"allOf": [multiple(step) for step in steps]})
    assert judge.grammar(schema, WALL_S).startswith("start: ")
    assert judge.faults(schema, f'{{"a": {right}}}', WALL_S) == []
    assert {where for where, _ in judge.faults(schema, f'{{"a": {right + 1}}}', WALL_S)} == {"/a"}


def test_what_cannot_be_built_names_its_place(judge: Judge) -> None:
    overlapping = {"type": "object", "patternProperties": {"^a": {"type": "integer"}, "a$": {"type": "string"}}}
    with pytest.raises(SchemaError, match="disjoint") as caught:
        judge.grammar(fields(fine={"type": "integer"}, bad=overlapping), WALL_S)
    assert caught.value.code == "invalid_schema"
    assert [error.pointer for error in caught.value.errors] == ["/properties/bad"]


def test_an_answer_is_checked_where_it_can_cost_nobody_else(judge: Judge) -> None:
    branch = {"type": "object", "properties": {"n": {"$ref": "#/$defs/D"}}, "required": ["n"]}
    deep = {"D": {"anyOf": [{**branch, "title": str(at)} for at in range(8)]}}
    with pytest.raises(SchemaError) as caught:
        judge.faults(fields(deep, a={"$ref": "#/$defs/D"}), '{"a":' + '{"n":' * 20 + "3" + "}" * 21, WALL_S)
    assert caught.value.code == "schema_too_complex"
    short = fields(a={"type": "string", "maxLength": 3})
    assert judge.faults(short, '{"a": "abc"}', WALL_S) == []
    assert judge.faults(short, '{"a": "abcd"}', WALL_S)[0][0] == "/a"


def test_what_a_document_prints_meets_a_strangers_patterns_there(judge: Judge) -> None:
    schema = fields(a={"type": "string", "pattern": "^[A-Z]-[0-9]+$"})
    demanded = demand(schema, "all", Bounds())
    assert demanded is not None
    found = judge.printed(demanded, schema, "all", "ref A-17", 30)
    assert found.grammar == demanded.of("ref A-17").grammar
    assert [error.pointer for error in found.faults({"a": "B-17"})] == []  # its grammar holds it
    with pytest.raises(DocumentError) as no:
        judge.printed(demanded, schema, "all", "ref 17", 30)
    assert (no.value.code, [error.pointer for error in no.value.errors]) == ("not_printed", ["/a"])


def test_a_trial_ends_with_the_time_there_is_and_when_it_is_withdrawn(judge: Judge) -> None:
    slow = fields(a={"anyOf": [fields(**{f"k{at}": {"type": "integer"}}) for at in range(500)]})
    assert judge.grammar(slow, WALL_S)
    with pytest.raises(DeadlineExceeded):
        judge.grammar(slow, 0.01)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        judge.grammar(slow, WALL_S, cancel)


def test_a_judge_whose_process_was_killed_is_made_again_with_its_tokenizer() -> None:
    class JudgedTokenizer:
        """As much of one as a judge reads."""

        eos_token_id = 1

        def __init__(self) -> None:
            self.backend_tokenizer = Backend.from_file(str(TOKENIZER))

        def __len__(self) -> int:
            return int(self.backend_tokenizer.get_vocab_size())

    judge = Judge(JudgedTokenizer())
    try:
        judge.start()
        for name in "abcd":
            assert judge.grammar(fields(**{name: {"type": "integer"}}), WALL_S)
            assert judge._trials is not None
            for zygote in judge._trials.pids():  # none where a child that outlived it for a moment has answered
                os.kill(zygote, signal.SIGKILL)
    finally:
        judge.close()


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_attack_is_judged(judge: Judge, seed: int) -> None:
    """A grammar, or an error with a code and a place: never a death of ours, never anything else."""
    for name, schema in hostile(len(CHARGES), seed):
        if isinstance(schema, dict):
            with suppress(SchemaError):
                assert judge.grammar(schema, WALL_S).startswith("start: "), name
