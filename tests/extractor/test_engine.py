"""The library over the real engine and a real (random, tiny) Gemma 4 pair loaded from disk: nothing is scripted."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest
import torch

from extractor import Extractor, ModelError, Options, Settings, loading
from extractor.errors import Cancelled, DeadlineExceeded, TruncatedOutput
from schemas import inline
from tests.engine import tiny

# Bounded, so that random weights come to an end.
SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["invoice", "receipt", "letter"]},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
        "paid": {"type": "boolean"},
        "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 99},
        "lines": {
            "type": "array",
            "maxItems": 2,
            "items": {"type": "object", "properties": {"n": {"enum": [1, 2, 3]}}},
        },
    },
    "required": ["kind", "code", "paid", "lines"],
}
TEXT = {"type": "object", "properties": {"text": {"type": "string", "minLength": 900}}, "required": ["text"]}
DOCUMENTS = [f"Invoice AB-12{at}\n" + "paid in full, line 2\n" * at for at in range(1, 5)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny.save_gemma4(tmp_path_factory.mktemp("gemma4"))


@pytest.fixture(scope="module")
def runner(model):
    with Extractor(Settings(model=str(model), context=1024, threads=1, slots=2, offline=True)) as extractor:
        yield extractor


def test_what_does_not_end_by_itself_is_ended_and_marked(runner):
    """A loop that no model can leave out, and an object that no grammar ends."""
    open_object = {
        "type": "object",
        "properties": {"k": {"type": "boolean"}},
        "required": ["k"],
        "additionalProperties": {"type": "boolean"},
        "anyOf": [{"required": ["k"]}, {"required": ["l"]}],
    }
    fields = {"loop": {"type": "string", "pattern": "^n{300,}$"}, "open": open_object}
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    result = runner.extract("None.", schema, Options(max_output_tokens=700, temperature=1.5, seed=1))
    found = {(mark["pointer"], mark["code"]) for mark in result.review}
    assert ("/loop", "repeated") in found
    assert len(result.data["loop"]) == 300
    assert all(len(key) < 240 for key in result.data["open"])


def test_what_is_loaded(runner):
    info = runner.model_info()
    assert info["architecture"] == "Gemma4ForCausalLM"
    assert info["drafter"].endswith("-assistant")
    assert info["context"] == 1024
    assert info["slots"] == 2
    assert info["examples"] == 2


def test_the_cache_is_planned_from_a_budget(model, runner):
    """As many slots as fit beside the rotary tables and, of a slot's size, what prompts share."""
    info = runner.model_info()
    slot, tables = info["slot_bytes"], info["cache_bytes"] - 3 * info["slot_bytes"]
    assert 0 < tables < slot
    given = {"model": str(model), "context": 1024, "threads": 1, "slots": 5, "offline": True}
    with Extractor(Settings(**given, cache_bytes=4 * slot + tables)) as three:
        assert three.model_info()["slots"] == 3
        assert three.model_info()["cache_bytes"] == 4 * slot + tables
    with pytest.raises(ModelError, match=r"one document takes .* MiB.*EXTRACTOR_CACHE_BYTES"):
        Extractor(Settings(**given, cache_bytes=slot + tables - 1))


def test_answers_fit_the_schema_with_and_without_drafts(runner):
    for document in DOCUMENTS[:1]:
        results = [runner.extract(document, SCHEMA, Options(drafters=mix)) for mix in ("all", "none")]
        assert len({result.text for result in results}) == 1
        result = results[0]
        inline(SCHEMA).validate(result.data)
        assert json.loads(result.text) == result.data
        assert "count" in result.data  # nullable, so always written
        assert result.usage.output_tokens > result.usage.target_forwards > 0
        assert results[1].usage.drafts["mtp"]["proposed"] == 0
        assert results[1].usage.target_forwards >= results[1].usage.output_tokens


def test_many_threads_share_one_engine(runner):
    alone = [runner.extract(document, SCHEMA).data for document in DOCUMENTS]
    found = {}
    threads = [
        threading.Thread(target=lambda at=at: found.update({at: runner.extract(DOCUMENTS[at], SCHEMA).data}))
        for at in range(len(DOCUMENTS))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[at] for at in range(len(DOCUMENTS))] == alone


def test_cut_cancelled_and_late(runner):
    with pytest.raises(TruncatedOutput) as caught:
        runner.extract("x", TEXT, Options(max_output_tokens=20))
    assert caught.value.last.startswith('{"text":"')
    abort = threading.Event()
    threading.Timer(0.1, abort.set).start()
    with pytest.raises(Cancelled):
        runner.extract("x", TEXT, Options(max_output_tokens=700), abort=abort)
    with pytest.raises(DeadlineExceeded):
        runner.extract("x", TEXT, Options(max_output_tokens=700, timeout_s=0.1))


def test_the_context_is_the_models(model):
    with Extractor(Settings(model=str(model))) as extractor:
        assert extractor.model_info()["context"] == 2048


def test_settings_that_do_not_fit_the_model(model, tmp_path):
    with pytest.raises(ModelError, match="reads 2048 tokens"):
        Extractor(Settings(model=str(model), context=4096))
    with pytest.raises(ModelError, match="no such folder"):
        Extractor(Settings(model=str(tmp_path / "none")))


def test_the_model_says_what_it_was_made_for(model):
    note = model / "extractor.json"
    try:
        for text, count in [('{"examples": 0}', 0), ("{}", 2)]:
            note.write_text(text)
            with Extractor(Settings(model=str(model), drafter="none")) as extractor:
                assert extractor.model_info()["examples"] == count
                assert extractor.model_info()["drafter"] is None
        with Extractor(Settings(model=str(model), drafter="none", examples=1)) as extractor:
            assert extractor.model_info()["examples"] == 1
        note.write_text('{"window": 200}')
        with Extractor(Settings(model=str(model), drafter="none")) as extractor:
            assert extractor.model_info()["window"] == 200
        with Extractor(Settings(model=str(model), drafter="none", window=100)) as extractor:
            assert extractor.model_info()["window"] == 100
        note.write_text('{"review_below": 0.8}')
        with Extractor(Settings(model=str(model), drafter="none")) as extractor:
            assert extractor.model_info()["review_below"] == 0.8
        wrong = ("[", '{"examples": "two"}', '{"examples": 1.5}', "[]", '{"window": 0}', '{"review_below": 75}')
        for text in wrong:
            note.write_text(text)
            with pytest.raises(ModelError, match=r"extractor\.json"):
                Extractor(Settings(model=str(model), drafter="none"))
    finally:
        note.unlink()


@pytest.mark.parametrize(
    ("set_to", "quota", "parameters", "threads"),
    [(None, 2, 10**9, 2), (None, 64, 10**9, 8), (None, None, 10**9, None), (5, 2, 10**9, 5), (None, 2, 10**6, 1)],
)
def test_a_large_model_takes_no_more_threads_than_a_container_may_use(monkeypatch, set_to, quota, parameters, threads):
    taken = []
    monkeypatch.setattr(loading, "cpu_quota", lambda: quota)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    target = SimpleNamespace(device=torch.device("cpu"), num_parameters=lambda: parameters)
    loading.use_threads(Settings(threads=set_to), SimpleNamespace(target=target))
    assert taken == ([threads] if threads else [])
