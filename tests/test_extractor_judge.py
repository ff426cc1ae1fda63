"""The judge of strangers' schemas: small inputs that would take a computer's whole time or memory end with an error
that says so, ordinary schemas get their grammar, and nobody else notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from extractor import trial
from extractor.errors import Cancelled, DeadlineExceeded, SchemaError
from extractor.grammar import serialise
from extractor.trial import Judge
from schemas import inline
from tests.attack.schemas import CHARGES, hostile

WALL_S = 60.0


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


def texts(keyword: str, *patterns: str) -> dict[str, Any]:
    return {keyword: [{"type": "string", "pattern": pattern} for pattern in patterns]}


def test_an_ordinary_schema_gets_the_grammar_it_always_had(judge: Judge) -> None:
    schema = fields(
        name={"type": "string"}, day={"type": ["string", "null"], "format": "date"}, paid=multiple(0.01, "number")
    )
    assert judge.grammar(schema, WALL_S) == serialise(inline(schema))


@pytest.mark.parametrize(
    "schema",
    [
        fields(a={"allOf": [multiple(997), multiple(991)]}),
        fields(a={"allOf": [multiple(prime) for prime in (7, 11, 13, 17, 19, 23)]}),
        fields(a={"allOf": [multiple(0.97, "number"), multiple(0.89, "number"), multiple(0.83, "number")]}),
        fields(a=texts("anyOf", *(rf"\pL{{100}}<{at}>" for at in range(100)))),
    ],
    ids=["two primes", "many primes", "fractions", "letters"],
)
def test_what_costs_too_much_is_refused_and_costs_no_more(judge: Judge, schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError) as caught:
        judge.grammar(schema, WALL_S)
    assert caught.value.code in ("schema_too_complex", "schema_too_large", "invalid_schema")
    assert caught.value.errors


def test_steps_no_grammar_can_count_are_left_to_validation(judge: Judge) -> None:
    """`multipleOf: 999983` alone took 2.9 s, and its product with another minutes."""
    schema = fields(a={"allOf": [multiple(3001), multiple(2999)]}, b=multiple(999_983), c=multiple(1e-12, "number"))
    written = judge.grammar(schema, WALL_S)
    assert not any(f'"multipleOf":{step}' in written for step in (3001, 2999, 999_983, 1e-12))
    answer = '{"a": 8999999, "b": 999983, "c": 1}'
    assert judge.faults(schema, answer, WALL_S) == []
    assert [where for where, _ in judge.faults(schema, answer.replace("8999999", "7"), WALL_S)] == ["/a", "/a"]


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


def test_a_trial_ends_with_the_time_there_is_and_when_it_is_withdrawn(judge: Judge) -> None:
    slow = fields(a={"allOf": [multiple(997), multiple(991)]})
    with pytest.raises(DeadlineExceeded):
        judge.grammar(slow, 0.3)
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        judge.grammar(slow, WALL_S, cancel)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_attack_is_judged(judge: Judge, seed: int) -> None:
    """A grammar, or an error with a code and a place: never a death of ours, never anything else."""
    for name, schema in hostile(len(CHARGES), seed):
        if isinstance(schema, dict):
            with suppress(SchemaError):
                assert judge.grammar(schema, WALL_S).startswith("start: "), name
