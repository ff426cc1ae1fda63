"""Text that a schema forces in one long piece: no mask makes its tokens anew, and all of it is drafted still."""

from __future__ import annotations

import json

import pytest
from llguidance import LLMatcher

from extractor.grammar import judge
from extractor.grammar.compile import compile_grammar
from schemas import Registry, inline
from tests.support.matching import TOKENIZER, accepts

LONG = {f"key_{at}": f"value {at}" for at in range(900)}
OBJ = {"type": "object"}


def whole(field, **defs):
    return inline({**OBJ, "properties": {"f": field}, "required": ["f"], "$defs": defs})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"const": LONG}, LONG),
        ({"enum": [LONG, {"x": 1}]}, LONG),
        ({"const": {"a": LONG, "b": [1, None]}}, {"a": LONG, "b": [1, None]}),
        ({"const": list(range(900))}, list(range(900))),
        ({"const": "abc " * 900}, "abc " * 900),
        ({"anyOf": [{"$ref": "#/$defs/long"}, {"type": "null"}]}, LONG),
        (
            {**OBJ, "properties": {key: {"const": "x"} for key in LONG}, "required": list(LONG)},
            dict.fromkeys(LONG, "x"),
        ),
        ({**OBJ, "properties": {key: {"type": "null"} for key in LONG}, "required": list(LONG)}, dict.fromkeys(LONG)),
        ({"const": {**LONG, "n": 2**53 + 1}}, {**LONG, "n": 2**53 + 1}),
    ],
    ids=range(9),
)
def test_no_tokens_are_forced_where_they_would_be_many(field, value):
    grammar = compile_grammar(whole(field, long={"const": LONG}))
    text = json.dumps({"f": value}, separators=(",", ":"))
    assert accepts(grammar, text)
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
    assert not matcher.compute_ff_tokens()
    assert matcher.compute_ff_bytes() == text[: len(matcher.compute_ff_bytes())].encode() != b""


def test_of_ordinary_schemas_they_are():
    for schema in Registry.discover().list():
        assert LLMatcher(TOKENIZER, compile_grammar(schema), log_level=0).compute_ff_tokens()


def test_what_every_step_waits_for_is_bounded_too(monkeypatch):
    judge.setup({})
    schema = json.dumps({**OBJ, "properties": {"a": {"type": "string"}}, "required": ["a"]}).encode()
    assert judge.report(None, [schema])["problem"] is None
    monkeypatch.setattr(judge, "MEAN_S", 0.0)
    problem = judge.report(None, [schema])["problem"]
    assert problem["code"] == "schema_too_complex"
    assert "in the mean" in problem["detail"]
