"""The loop's edges: limits, aborts, deadlines, a model that breaks, prefix sharing, what usage says."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import torch
from llguidance import LLMatcher

from extractor.engine import DRAFTERS, Engine, EngineConfig, Params, Request
from extractor.engine.limits.limits import Limits
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.scheduler import Scheduler
from extractor.engine.sequence import Sequence
from extractor.errors import EngineError, InputError, SchemaError
from extractor.grammar.compile import serialise
from schemas import inline
from tests.engine import tiny

ENDLESS = {"grammar": LLMatcher.grammar_from_regex("[0-9]{5000}"), "max_tokens": 800, "drafters": ()}


def test_a_requests_stats_add_up(engine: Engine, gemma4: Models) -> None:
    done = engine.submit(tiny.request(gemma4)).result(60)
    usage = done.stats
    accepted = sum(counter.accepted for counter in usage.drafts.values())
    assert usage.output_tokens == len(done.ids) == len(done.logprobs)
    assert usage.target_forwards + accepted >= usage.output_tokens > accepted
    assert all(counter.accepted <= counter.proposed for counter in usage.drafts.values())
    assert usage.prompt_tokens == len(tiny.request(gemma4).prompt)
    assert usage.prefill_s > 0 < usage.decode_s


def test_figures_are_the_sum_of_what_requests_used(gemma4: Models) -> None:
    engine = Engine(gemma4, EngineConfig(slots=2, context=1024))
    try:
        futures = [engine.submit(tiny.request(gemma4, seed)) for seed in (1, 2, 3)]
        used = [future.result(60).stats for future in futures]
    finally:
        engine.close()
    stats = engine.stats()  # now that the last step is counted too
    assert stats["output_tokens"] == sum(usage.output_tokens for usage in used)
    for name, counter in stats["drafts"].items():
        assert counter["proposed"] == sum(usage.drafts[name].proposed for usage in used)
        assert counter["accepted"] == sum(usage.drafts[name].accepted for usage in used)
    shared = sum(usage.prompt_tokens - usage.shared_tokens - 1 for usage in used)  # the last is read by a step
    assert stats["prompt_tokens"] == shared
    assert stats["forwards"] <= stats["steps"] <= stats["step_rows"] <= 2 * stats["steps"]
    assert sum(stats["step_buckets"]) == stats["steps"]
    assert stats["step_s"] >= stats["seconds"]["verify"] >= stats["seconds"]["target"] > 0


def test_no_drafters_means_one_token_a_forward(engine: Engine, gemma4: Models) -> None:
    usage = engine.submit(tiny.request(gemma4, drafters=())).result(60).stats
    assert usage.target_forwards == usage.output_tokens
    assert all(counter.proposed == 0 for counter in usage.drafts.values())


def test_logprobs_are_of_the_masked_distribution(engine: Engine, gemma4: Models) -> None:
    done = engine.submit(tiny.request(gemma4, drafters=DRAFTERS)).result(60)
    forced = gemma4.tokenizer.decode(done.ids).index('"')
    assert all(value <= 1e-9 for value in done.logprobs)
    assert done.logprobs[0] == pytest.approx(0, abs=20)
    assert done.text == gemma4.ll_tokenizer.decode_bytes(done.ids)
    assert done.sizes == [len(gemma4.ll_tokenizer.decode_bytes([token])) for token in done.ids]
    assert forced >= 0


def test_what_has_begun_is_no_part_of_the_text_and_drafts_change_nothing(engine: Engine, gemma4: Models) -> None:
    rest = LLMatcher.grammar_from_regex('[a-z]{3,9}","b":"[a-z]{3,9}"[}]')
    texts = set()
    for drafters in (DRAFTERS, (), *((name,) for name in DRAFTERS)):
        asked = tiny.request(gemma4, grammar=rest, drafters=drafters, limits=Limits())
        head = gemma4.tokenizer('{"a":"', add_special_tokens=False).input_ids
        done = engine.submit(replace(asked, prompt=[*asked.prompt, *head], begun=b'{"a":"')).result(60)
        assert sum(done.sizes) == len(done.text)
        assert list(json.loads(b'{"a":"' + done.text)) == ["a", "b"]
        texts.add(tuple(done.ids))
    assert len(texts) == 1


def test_output_stops_at_the_limit(engine: Engine, gemma4: Models) -> None:
    done = engine.submit(tiny.request(gemma4, max_tokens=5)).result(60)
    assert (done.finish, len(done.ids)) == ("length", 5)


def test_too_long_for_the_context_is_refused_with_the_numbers(engine: Engine, gemma4: Models) -> None:
    with pytest.raises(
        InputError, match=r"prompt tokens and 1020 output tokens need \d+; the context is 1024"
    ) as caught:
        engine.submit(tiny.request(gemma4, max_tokens=1020))
    assert caught.value.code == "context_exceeded"


def test_empty_prompt_and_bad_grammar_are_refused(engine: Engine) -> None:
    with pytest.raises(InputError, match="at least one prompt token"):
        engine.submit(Request([]))
    with pytest.raises(InputError, match="does not compile") as caught:
        engine.submit(Request([2], params=Params(max_tokens=9), grammar='{"grammars": [{"lark_grammar": "start: ("}]}'))
    assert caught.value.code == "invalid_schema"


@pytest.mark.parametrize("drafters", [(), DRAFTERS])
@pytest.mark.parametrize(
    "fields",
    [
        {f"f{n}": {"type": "string"} for n in range(505)},
        {"a": {"type": "string", "pattern": "^.*a.{20}$"}},
        {"a": {"type": "string", "pattern": "[aeiou].{12}$"}},
    ],
    ids=["many", "costly", "behind"],
)
def test_a_schema_beyond_the_grammars_limits_fails_its_own_row_only(
    fields: dict[str, Any], drafters: tuple[str, ...]
) -> None:
    """It passes every check and fails with the first text that is written under it."""
    pair = load(ModelSpec())
    document = "a document that says aaaaa and bbbbb"
    prompt = pair.tokenizer(document).input_ids
    required = [] if len(fields) > 1 else ["a"]
    beyond = serialise(inline({"type": "object", "properties": fields, "required": required}))
    engine = Engine(pair, EngineConfig(slots=2, context=1024))
    try:
        beside = engine.submit(Request(prompt, grammar="start: /[0-9]{5000}/", params=Params(max_tokens=800)))
        asked = Request(prompt, document.encode(), 0, beyond, Params(max_tokens=40, drafters=drafters))
        failing = engine.submit(asked)
        with pytest.raises(SchemaError, match="more than its grammar can follow") as caught:
            failing.result(60)
        assert caught.value.code == "schema_too_complex"
        assert not caught.value.retryable
        assert not beside.done() or beside.result().finish == "length"
        engine.abort(beside)
        assert beside.result(60).ids
    finally:
        engine.close()


def test_a_long_prompt_does_not_stall_who_decodes(gemma4: Models) -> None:
    """While one row decodes, another's prompt is read a chunk a step."""
    engine = Engine(gemma4, EngineConfig(slots=2, context=1024, prefill_chunk=16))
    events: list[int] = []
    prefill, verify = engine._runner.prefill, engine._runner.verify

    def reading(ids: torch.Tensor, *rest: Any, **asked: Any) -> Any:
        events.append(ids.shape[1])
        return prefill(ids, *rest, **asked)

    def deciding(*given: Any) -> Any:
        events.append(0)
        return verify(*given)

    engine._runner.prefill, engine._runner.verify = reading, deciding  # type: ignore[method-assign]
    try:
        decoding = engine.submit(tiny.request(gemma4, 0, **ENDLESS))
        while 0 not in events:
            time.sleep(0.005)
        begun = len(events)
        prompt = tiny.request(gemma4, 1).prompt * 4
        done = engine.submit(Request(prompt, params=Params(max_tokens=3, drafters=()))).result(60)
        engine.abort(decoding)
        read = "".join("p" if width else "s" for width in events[begun:])
        assert sum(events[begun:]) == len(prompt) - 1 - done.stats.shared_tokens
        assert "pp" not in read.replace("ps", "-", 1)
        assert read.count("p") >= (len(prompt) - done.stats.shared_tokens) // 16
    finally:
        engine.close()


def test_abort_stops_running_and_waiting_rows(gemma4: Models) -> None:
    engine = Engine(gemma4, EngineConfig(slots=1, context=1024))
    try:
        running, waiting = (engine.submit(tiny.request(gemma4, index, **ENDLESS)) for index in range(2))
        while engine.depth() != (1, 1):
            time.sleep(0.01)
        engine.abort(waiting)
        assert waiting.result(10).finish == "cancelled"
        assert not running.done()
        engine.abort(running)
        assert running.result(10).finish == "cancelled"
        assert waiting.result().ids == []
    finally:
        engine.close()


def test_a_deadline_ends_a_row_with_what_it_has(engine: Engine, gemma4: Models) -> None:
    late = tiny.request(gemma4, **ENDLESS, deadline=time.monotonic() + 0.3)
    done = engine.submit(late).result(30)
    assert done.finish == "deadline"
    assert 0 < len(done.ids) < 800


def test_a_broken_step_fails_its_rows_and_the_engine_goes_on(gemma4: Models, caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(gemma4, EngineConfig(slots=2, context=1024))
    try:
        expected = engine.submit(tiny.request(gemma4)).result(60).ids

        def explode(*_: object) -> None:
            raise torch.OutOfMemoryError("no memory")

        hook = gemma4.target.lm_head.register_forward_pre_hook(explode)
        with pytest.raises(EngineError, match="OutOfMemoryError") as caught:
            engine.submit(tiny.request(gemma4)).result(60)
        hook.remove()
        assert caught.value.retryable
        assert "engine step failed (OutOfMemoryError at" in caplog.text
        assert "no memory" not in caplog.text, "what an error says may quote the document"
        assert engine.submit(tiny.request(gemma4)).result(60).ids == expected
    finally:
        engine.close()


def test_an_answer_that_cannot_be_made_fails_its_row_and_the_engine_goes_on(
    gemma4: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    engine = Engine(gemma4, EngineConfig(slots=2, context=1024))
    try:
        monkeypatch.setattr("extractor.engine.sequence.Completion", no_memory)
        with pytest.raises(EngineError, match="MemoryError"):
            engine.submit(tiny.request(gemma4)).result(30)
        monkeypatch.undo()
        assert engine.submit(tiny.request(gemma4)).result(60).ids
        assert not engine._sequences
    finally:
        engine.close()


def test_closing_fails_who_waits_and_refuses_more(gemma4: Models) -> None:
    engine = Engine(gemma4, EngineConfig(slots=1, context=1024))
    futures = [engine.submit(tiny.request(gemma4, index, **ENDLESS)) for index in range(3)]
    engine.close()
    for future in futures:
        with pytest.raises(EngineError, match="closed"):
            future.result(10)
    with pytest.raises(EngineError, match="closed"):
        engine.submit(tiny.request(gemma4))


def test_closing_fails_who_is_being_admitted(gemma4: Models) -> None:
    engine = Engine(gemma4, EngineConfig(slots=1, context=1024))
    scheduler, start = engine._scheduler, engine._scheduler.start
    admitting, closing = threading.Event(), threading.Event()

    def late(sequence: Sequence) -> None:
        admitting.set()
        assert closing.wait(60)
        start(sequence)

    def close() -> list[Sequence]:
        waiting = Scheduler.close(scheduler)
        closing.set()
        return waiting

    scheduler.start, scheduler.close = late, close  # type: ignore[method-assign]
    future = engine.submit(tiny.request(gemma4, **ENDLESS))
    assert admitting.wait(60)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        future.result(10)


def test_prompts_share_the_prefix_they_have_in_common(engine: Engine, gemma4: Models) -> None:
    first = engine.submit(tiny.request(gemma4, 0)).result(60)
    again = engine.submit(tiny.request(gemma4, 0)).result(60)
    assert first.stats.shared_tokens == 0
    assert again.stats.shared_tokens == again.stats.prompt_tokens - 2  # all but the pending token and the one before
    assert again.ids == first.ids
