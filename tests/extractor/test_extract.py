"""The story of an extraction, with an engine that answers from a script."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import model_validator

import extractor
from extractor import Extractor, Options, Settings
from extractor.errors import (
    Cancelled,
    DeadlineExceeded,
    DocumentError,
    EngineError,
    InputError,
    InvalidOutput,
    SchemaError,
    TruncatedOutput,
)
from extractor.validate import read_answer
from schemas import Registry, inline
from schemas.builtin.invoice import Invoice
from schemas.types import fault
from tests.support.matching import accepts
from tests.support.scripted import ScriptedEngine

EXAMPLE = Registry.discover().get("invoice").examples[0]
GOOD = EXAMPLE.answer_text


class Strict(Invoice):
    """An invoice whose dates must be in order."""

    @model_validator(mode="after")
    def _ordered(self):
        if self.due_date and self.issue_date and self.due_date < self.issue_date:
            raise fault("/due_date", "is before issue_date")
        return self


WRONG = GOOD.replace("2024-06-02", "2024-01-01")  # due before it was issued
SMALL = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def scripted(tok, *script, finish="stop", **settings):
    engine = ScriptedEngine(tok, *script, finish=finish)
    return Extractor(Settings(**settings), engine=engine, tokenizer=tok), engine


def test_an_engine_comes_with_its_tokenizer(tok):
    with pytest.raises(InputError, match="with its tokenizer"):
        Extractor(Settings(), engine=ScriptedEngine(tok, GOOD))


def test_a_document_becomes_data(tok):
    runner, engine = scripted(tok, GOOD, GOOD)
    result = runner.extract(EXAMPLE.document, schema=Invoice)
    assert result.value.due_date == date(2024, 6, 2)
    assert str(result.value.total) == "480.00"
    assert result.data["total"] == 480
    assert result.data["items"][0]["quantity"] == 1
    assert result.text == GOOD
    assert result.usage.model_calls == result.asks == 1
    assert result.schema == "invoice@1"
    assert result.usage.drafts["copy"] == {"proposed": 5, "accepted": 3}
    assert list(result.as_json()) == [
        "data", "fields", "review", "needs_review", "calibration", "document", "usage", "asks", "model", "schema",
    ]  # fmt: skip
    assert result.as_json()["document"]["format"] == "text"
    assert "Brightwater" not in repr(result)
    request = engine.requests[0]
    assert request.source.decode() == EXAMPLE.document
    assert tok.decode(request.prompt[request.prefix :]).startswith(EXAMPLE.document)
    assert request.params.temperature == 0
    assert request.params.drafters == ("grammar", "copy", "mtp")
    assert '"Brightwater"' in request.grammar  # what the document prints, and nothing else
    runner.extract(EXAMPLE.document, schema=Invoice, options=Options(printed="none"))
    assert engine.requests[1].grammar.startswith("start: %json {")


@pytest.mark.parametrize(
    "refused",
    [
        InputError("the grammar does not compile: too large", code="invalid_schema"),
        SchemaError("the schema is more than its grammar can follow", code="schema_too_complex"),  # only met in writing
    ],
)
def test_where_the_engine_refuses_a_documents_grammar_the_answer_is_compared(tok, refused):
    unprinted = GOOD.replace("Brightwater", "Blackwater")
    runner, engine = scripted(tok, refused, unprinted, GOOD)
    result = runner.extract(EXAMPLE.document, schema=Invoice, options=Options(printed="all"))
    assert result.data["seller"]["name"] == EXAMPLE.answer["seller"]["name"]
    assert [request.grammar.startswith("start: %json {") for request in engine.requests[:2]] == [False, True]
    assert result.usage.model_calls == 2
    other, engine = scripted(tok, InputError("too long", code="context_exceeded"), GOOD)
    with pytest.raises(InputError, match="too long"):
        other.extract(EXAMPLE.document, schema=Invoice)
    assert len(engine.requests) == 1


def test_every_way_to_name_a_schema(tok):
    runner, _ = scripted(tok, GOOD)
    for schema in ("invoice", "invoice@1", Invoice, runner.schemas.get("invoice")):
        assert runner.extract("x", schema=schema).schema == "invoice@1"
    small, _ = scripted(tok, '{"n":3}')
    result = small.extract("x", schema=SMALL)
    assert result.data == result.value == {"n": 3}
    assert result.schema.startswith("inline@")


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ("nope", "unknown_schema"),
        ("invoice@9", "unknown_schema"),
        ({"type": "array"}, "invalid_schema"),
        ({"type": "object", "properties": {"a": {"$ref": "http://a/b"}}}, "unsupported_keyword"),
        ({"type": "object", "description": "x" * 10**6}, "schema_too_large"),
    ],
)
def test_schemas_that_are_none(tok, schema, code):
    runner, engine = scripted(tok, GOOD)
    with pytest.raises(SchemaError) as caught:
        runner.extract("x", schema=schema)
    assert caught.value.code == code
    assert engine.requests == []


def test_every_way_to_give_a_document(tok, tmp_path):
    runner, engine = scripted(tok, '{"n":1}')
    file = tmp_path / "a.txt"
    file.write_text("für x")
    for document in ("für x", "für x".encode("cp1252"), file, extractor.Document("für x")):
        runner.extract(document, schema=SMALL)
    assert len({tuple(request.prompt) for request in engine.requests}) == 1
    with pytest.raises(DocumentError) as caught:
        runner.extract(b"\x00\x01", schema=SMALL)
    assert caught.value.code == "undecodable_document"


def test_a_wrong_answer_is_asked_again_with_its_errors(tok):
    runner, engine = scripted(tok, WRONG, GOOD)
    result = runner.extract(EXAMPLE.document, schema=Strict)
    assert result.usage.model_calls == 2
    assert result.usage.prompt_tokens == sum(len(request.prompt) for request in engine.requests)
    assert result.usage.target_forwards == 4
    assert result.usage.decode_s == 1.0
    assert result.usage.drafts["copy"] == {"proposed": 10, "accepted": 6}
    again = tok.decode(engine.requests[1].prompt)
    assert "- /due_date: is before issue_date\n" in again
    assert WRONG in again
    begun = engine.requests[1].begun.decode()
    assert GOOD.startswith(begun)
    assert tok.decode(engine.requests[1].prompt).endswith(begun)
    rest = GOOD[len(begun) : GOOD.index("2024-06-02") + len('2024-06-02"') + 24]
    second = engine.requests[1].grammar
    assert accepts(second, rest)
    assert not accepts(second, rest.replace("seller", "buyers"))  # it was not at fault


def test_when_it_stays_wrong_the_answer_and_its_errors_are_kept(tok):
    runner, engine = scripted(tok, WRONG)
    with pytest.raises(InvalidOutput) as caught:
        runner.extract("x", schema=Strict, options=Options(printed="none"))
    assert len(engine.requests) == 2
    assert caught.value.last == WRONG
    assert [(error.pointer, error.detail) for error in caught.value.errors] == [("/due_date", "is before issue_date")]
    for calls in (1, 3):
        runner, engine = scripted(tok, WRONG)
        with pytest.raises(InvalidOutput):
            runner.extract("x", schema=Strict, options=Options(max_model_calls=calls, printed="none"))
        assert len(engine.requests) == calls


def test_where_there_is_no_room_to_show_all_of_the_answer_what_is_wrong_with_it_is_shown(tok):
    for context, times in ((2_000, 2), (1_000, 1)):
        runner, engine = scripted(tok, WRONG, GOOD, context=context, examples=0, max_output_tokens=250)
        assert runner.extract("x " * 50, schema=Strict).text == GOOD
        prompt = tok.decode(engine.requests[1].prompt)
        assert prompt.count("2024-0117") == times, "once in what is begun"
        assert ("…" in prompt, '"due_date":"2024-01-01"' in prompt) == (times == 1, True)


def test_no_room_to_ask_again(tok):
    class Whole(Invoice):
        __examples__ = ()

        @model_validator(mode="after")
        def _never(self):
            raise ValueError("is wrong somewhere")

    runner, engine = scripted(tok, GOOD, context=1_000, examples=0, max_output_tokens=250)
    with pytest.raises(InvalidOutput):
        runner.extract("x " * 50, schema=Whole)
    assert len(engine.requests) == 1


def test_a_long_document_takes_room_from_the_answer_but_not_all(tok):
    runner, engine = scripted(tok, '{"n":1}', context=1_000)
    runner.extract("word " * 30, schema=SMALL)
    runner.extract("word " * 30, schema=SMALL, options=Options(max_output_tokens=50))
    free = engine.requests[0].params.max_tokens
    assert free == 1_000 - len(engine.requests[0].prompt)
    assert 256 <= free < 1_024
    assert engine.requests[1].params.max_tokens == 50
    for many in (free + 1, 65_536):  # the most that it may have: there is room for fewer
        assert not runner.extract("word " * 30, schema=SMALL, options=Options(max_output_tokens=many)).windows
        assert engine.requests[-1].params.max_tokens == free


def test_windows_help_an_answer_for_which_the_context_was_short_and_none_for_which_the_caller_was(tok):
    document = "word\n" * 120
    runner, engine = scripted(tok, '{"n":1', context=1_500, window=64, finish="length")
    with pytest.raises(InvalidOutput):  # windows of which none ends its answer
        runner.extract(document, schema=SMALL, options=Options(max_output_tokens=65_536))
    assert len(engine.requests) > 1
    calls = len(engine.requests)
    with pytest.raises(TruncatedOutput, match=r"options\.max_output_tokens"):
        runner.extract(document, schema=SMALL, options=Options(max_output_tokens=300))
    assert len(engine.requests) == calls + 1


def test_a_longer_document_is_read_in_windows(tok):
    runner, engine = scripted(tok, '{"n":1}', context=1_000)
    result = runner.extract("word " * 500, schema=SMALL)
    assert len(result.windows) == len(engine.requests) > 1
    assert all(256 <= request.params.max_tokens <= 1_000 - len(request.prompt) for request in engine.requests)


def test_a_cut_answer(tok):
    runner, _ = scripted(tok, '{"n":12', finish="length")
    with pytest.raises(TruncatedOutput, match="after 7 tokens") as caught:
        runner.extract("x", schema=SMALL, options=Options(max_output_tokens=7))
    assert caught.value.last == '{"n":12'


def test_withdrawn_before_and_during(tok):
    runner, engine = scripted(tok, None)
    abort = threading.Event()
    engine.on_submit = abort.set
    with pytest.raises(Cancelled):
        runner.extract("x", schema=SMALL, abort=abort)
    assert len(engine.aborted) == 1
    with pytest.raises(Cancelled):
        runner.extract("x", schema=SMALL, abort=abort)
    assert len(engine.requests) == 1


@pytest.mark.parametrize(("finish", "error"), [("cancelled", Cancelled), ("deadline", DeadlineExceeded)])
def test_what_the_engine_ended(tok, finish, error):
    runner, engine = scripted(tok, "", finish=finish)
    runner.judge(SMALL, 60)
    began = time.monotonic()
    with pytest.raises(error):
        runner.extract("x", schema=SMALL, options=Options(timeout_s=5))
    assert began + 5 <= engine.requests[0].params.deadline <= time.monotonic() + 5


def test_an_engine_that_never_answers_is_given_up(tok, monkeypatch):
    monkeypatch.setattr("extractor.decode._GRACE_S", 0.1)
    runner, engine = scripted(tok, None)
    runner.judge(SMALL, 60)
    with pytest.raises(DeadlineExceeded):
        runner.extract("x", schema=SMALL, options=Options(timeout_s=0.1))
    assert len(engine.aborted) == 1


def test_who_stops_to_wait_leaves_nothing_running(tok, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    runner, engine = scripted(tok, None)
    runner.judge(SMALL, 60)
    monkeypatch.setattr("extractor.decode.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.extract("x", schema=SMALL)
    assert len(engine.aborted) == 1


def test_an_engine_that_breaks_is_retryable(tok):
    runner, _ = scripted(tok, EngineError("out of memory"))
    with pytest.raises(EngineError) as caught:
        runner.extract("x", schema=SMALL)
    assert caught.value.retryable
    runner, _ = scripted(tok, TimeoutError("inside"))
    with pytest.raises(TimeoutError, match="inside"):
        runner.extract("x", schema=SMALL)


def test_the_settings_bound_the_options(tok):
    runner, engine = scripted(tok, '{"n":1}', drafters="grammar,copy", request_timeout_s=9)
    runner.extract("x", schema=SMALL, options=Options(drafters="mtp,copy", timeout_s=100, temperature=0.5, seed=4))
    params = engine.requests[0].params
    assert params.drafters == ("copy",)
    assert params.seed == 4
    assert params.temperature == 0.5
    assert params.deadline < time.monotonic() + 10


def test_strings_and_arrays_are_bounded_as_the_settings_say(tok):
    runner, engine = scripted(tok, '{"a":"","b":[]}', max_string_chars=3, max_array_items=2)
    fields = {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "integer"}}}
    runner.extract("x", schema={"type": "object", "properties": fields, "required": ["a", "b"]})
    assert accepts(engine.requests[0].grammar, '{"a":"xyz","b":[1,2]}')
    assert not accepts(engine.requests[0].grammar, '{"a":"xyzt","b":[]}')
    assert not accepts(engine.requests[0].grammar, '{"a":"","b":[1,2,3]}')


def test_many_threads(tok):
    runner, engine = scripted(tok, GOOD)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(runner.extract(EXAMPLE.document, schema="invoice").data))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [results[0]] * 16
    assert len({tuple(request.prompt) for request in engine.requests}) == 1


def test_broken_schema_files_are_logged_and_left_out(tok, tmp_path, caplog):
    (tmp_path / "broken.py").write_text("1 / 0")
    runner, _ = scripted(tok, GOOD, schemas=str(tmp_path))
    assert "broken.py" in caplog.text
    assert runner.schemas.problems["broken.py"].startswith("ZeroDivisionError")
    assert runner.extract("x", schema="invoice")


def test_it_closes_its_engine(tok):
    runner, engine = scripted(tok, GOOD, context=2_000)
    with runner:
        assert runner.model_info()["context"] == 2_000
    assert engine.closed


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", ""),
        ("{", ""),
        ("[1]", ""),
        ('{"n":1} x', ""),
        ('{"n":NaN}', ""),
        ('{"n":"x"}', "/n"),
        ("{}", ""),
        ('{"n":1,"s":"\\ud800"}', ""),
        ('{"n":' + "[" * 5_000 + "]" * 5_000 + "}", ""),
        ('{"n":' + "[" * 600 + "]" * 600 + "}", None),
    ],
)
def test_answers_that_are_none(text, where):
    with pytest.raises(InvalidOutput) as caught:
        read_answer(text, inline(SMALL))
    assert caught.value.last == text
    assert where is None or caught.value.errors[0].pointer == where


def test_numbers_stay_what_they_were():
    schema = inline(
        {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number", "multipleOf": 0.01}}}
    )
    answer = read_answer('{"a":3,"b":1250.10}', schema)
    assert answer.data == {"a": 3, "b": 1250.1}
    assert type(answer.data["a"]) is int
    assert (str(answer.data["b"]), answer.data["b"].exact) == ("1250.10", Decimal("1250.10"))
    assert read_answer('{"n":123456789012345678901234}', inline(SMALL)).data == {"n": 123456789012345678901234}


def test_the_public_names():
    assert extractor.__all__ == sorted(
        "Cancelled DeadlineExceeded Document DocumentError EngineError Extraction Extractor ExtractorError FieldError "
        "InputError InvalidOutput ModelError Options OutputError SchemaError Settings TruncatedOutput Usage".split()
    )
    for name in extractor.__all__:
        assert getattr(extractor, name).__name__ == name
    assert dir(extractor) == extractor.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        extractor.nothing  # noqa: B018


def test_looking_at_the_package_loads_no_torch():
    code = (
        "import sys; from extractor import Settings, Options, InvalidOutput; import extractor.documents; "
        "print([m for m in ('torch', 'transformers', 'outlines') if m in sys.modules])"
    )
    folder = Path(extractor.__file__).parents[1]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert out.stdout.strip() == "[]"
