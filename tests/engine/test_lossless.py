"""The key test: whatever is drafted, and whoever shares the batch, the output is the undrafted one, token for token."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from torch import Tensor

from extractor.answer.complete import completed
from extractor.engine import DRAFTERS, Completion, Engine, EngineConfig
from extractor.engine.attention.packed import PackedMask
from extractor.engine.cache import SlotCache, SlotShape
from extractor.engine.limits.items import Items
from extractor.engine.limits.limits import Limits
from extractor.engine.limits.members import Members
from extractor.engine.limits.said import Said
from extractor.engine.limits.text import JsonText
from extractor.engine.model.host_embedding import keep_on_host
from extractor.engine.model.loader import Models
from extractor.engine.scheduler import Scheduler
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import PrintedAnswers, demand
from extractor.grammar.printed.reading import PrintedDocument
from tests.engine import tiny

pytestmark = pytest.mark.timeout(600)  # where ten programs share a core
CONFIG = EngineConfig(slots=4, context=1024, max_draft=8)


def run(
    models: Models, mix: tuple[str, ...], rows: int, config: EngineConfig = CONFIG, **params: object
) -> list[list[int]]:
    engine = Engine(models, config)
    try:
        requests = [tiny.request(models, index, drafters=mix, **params) for index in range(5)]
        if rows == 1:
            return [engine.submit(one).result(300).ids for one in requests]
        futures = [engine.submit(one) for one in requests]
        return [future.result(300).ids for future in futures]
    finally:
        engine.close()


@pytest.fixture(scope="module", params=["gemma4", "llama"])
def models(request: pytest.FixtureRequest) -> Models:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def plain(gemma4: Models) -> list[list[int]]:
    """What the pair writes without drafts, alone."""
    return run(gemma4, (), rows=1)


@pytest.fixture(scope="module")
def undrafted(models: Models, gemma4: Models, plain: list[list[int]]) -> list[list[int]]:
    return plain if models is gemma4 else run(models, (), rows=1)


@pytest.mark.parametrize("mix", tiny.MIXES, ids="+".join)
def test_every_mix_writes_the_undrafted_output_alone_and_in_a_batch(
    models: Models, undrafted: list[list[int]], mix: tuple[str, ...]
) -> None:
    assert run(models, mix, rows=1) == undrafted
    assert run(models, mix, rows=4) == undrafted


def test_a_seed_gives_the_same_text_whatever_is_drafted(models: Models) -> None:
    alone = run(models, (), rows=1, temperature=0.9, seed=7)
    assert run(models, DRAFTERS, rows=4, temperature=0.9, seed=7) == alone
    assert run(models, (), rows=1, temperature=0.9, seed=8) != alone


def test_without_a_grammar(models: Models) -> None:
    alone = run(models, (), rows=1, grammar=None)
    assert run(models, DRAFTERS, rows=4, grammar=None) == alone


def test_prefill_in_small_chunks_changes_nothing(models: Models, undrafted: list[list[int]]) -> None:
    assert run(models, DRAFTERS, rows=4, config=EngineConfig(slots=4, context=1024, prefill_chunk=7)) == undrafted


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("graphs", [False, True], ids=["exact", "padded"])
@pytest.mark.parametrize("on_host", [False, True], ids=["all", "per-layer-on-host"])
def test_the_way_of_a_gpu_changes_nothing(
    gemma4: Models, plain: list[list[int]], rows: int, *, graphs: bool, on_host: bool
) -> None:
    """Chains drafted at once, verified before the host has seen them and cut afterwards (before, where the host looks
    embeddings up); forwards padded to few shapes, with rows nobody asked for."""
    config = EngineConfig(slots=4, context=1024, max_draft=8, overlap=True, graphs=graphs, prefill_chunk=30)
    if on_host:
        gemma4 = replace(gemma4, target=deepcopy(gemma4.target))
        keep_on_host(gemma4.target, gemma4.target.device)
    engine = Engine(gemma4, config)
    try:
        for mix in (DRAFTERS, ("mtp",), ()):
            done = []
            for first in range(0, 5, rows):
                some = [tiny.request(gemma4, index, drafters=mix) for index in range(first, min(5, first + rows))]
                done += [future.result(300) for future in [engine.submit(one) for one in some]]
            assert [one.ids for one in done] == plain
            assert (sum(one.stats.drafts["mtp"].proposed for one in done) > 0) == ("mtp" in mix)
    finally:
        engine.close()


@pytest.mark.parametrize("at_once", [False, True], ids=["step by step", "at once"])
def test_rows_without_their_padding(
    gemma4: Models, plain: list[list[int]], monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    """As a CPU does where there is much of it; here everywhere. Some rows are read while others decode."""
    monkeypatch.setattr("extractor.engine.attention.packed._ROW_COST", -1)
    config = EngineConfig(slots=4, context=1024, max_draft=8, prefill_chunk=30, overlap=at_once)
    packed = 0
    attend = PackedMask.attend

    def counted(self: PackedMask, *given: Tensor) -> Tensor:
        nonlocal packed
        packed += 1
        return attend(self, *given)

    monkeypatch.setattr(PackedMask, "attend", counted)
    for mix in tiny.MIXES:
        before = packed
        assert run(gemma4, mix, rows=4, config=config) == plain
        assert packed > before
    on_host = replace(gemma4, target=deepcopy(gemma4.target))
    keep_on_host(on_host.target, on_host.target.device)
    assert run(on_host, DRAFTERS, rows=4, config=config) == plain


def test_padded_rows_leave_what_idle_slots_keep(gemma4: Models) -> None:
    """A slot keeps a long prompt while the others work on short ones, padded to four rows; then it is used again by a
    prompt that begins alike, so what it kept is read."""
    long = tiny.request(gemma4, 0, drafters=("mtp",), max_tokens=8)
    start = long.prefix
    stop = start + len(gemma4.tokenizer(long.source.decode(), add_special_tokens=False).input_ids)
    prompt = long.prompt[:stop] + long.prompt[start:stop] * 20 + long.prompt[stop:]
    kept = replace(long, prompt=prompt)
    alike = replace(long, prompt=prompt[:-10] + long.prompt[-6:])
    short = [tiny.request(gemma4, index, drafters=("mtp",), grammar=None, max_tokens=60) for index in range(3)]
    written = []
    for graphs in (False, True):
        engine = Engine(gemma4, EngineConfig(slots=4, context=1024, overlap=True, graphs=graphs))
        try:
            together = [engine.submit(one) for one in (*short, kept)]
            first = [future.result(300) for future in together]
            rest = [future.result(300) for future in [engine.submit(one) for one in short]]
            rest += [future.result(300) for future in [engine.submit(one) for one in (*short, alike)]]
        finally:
            engine.close()
        written.append([one.ids for one in first + rest])
        assert all(math.isfinite(chance) for one in first + rest for chance in one.logprobs)
    assert written[0] == written[1]


def test_rows_that_come_and_go_while_others_are_read(models: Models) -> None:
    """More requests than slots, prompts read in small chunks beside rows that decode, twice, so that the second time
    prefixes come from what the slots kept."""
    requests = [tiny.request(models, index, drafters=DRAFTERS, max_tokens=12 + 9 * (index % 4)) for index in range(9)]
    engine = Engine(models, EngineConfig(slots=1, context=1024))
    try:
        alone = [engine.submit(one).result(300).ids for one in requests]
    finally:
        engine.close()
    engine = Engine(models, EngineConfig(slots=3, context=1024, prefill_chunk=11))
    try:
        for _ in range(2):
            together = [engine.submit(one) for one in requests]
            assert [future.result(300).ids for future in together] == alone
    finally:
        engine.close()


@pytest.mark.parametrize("way", ["exact", "packed", "padded", "apart", "copied", "stock"])
def test_windows_that_move_change_nothing(gemma4: Models, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Sliding layers that keep 64 entries of up to 400: documents of one schema after and beside each other, an answer
    that is asked for again, prefixes and slots reused; in each way a step is made. Against a cache that keeps all."""
    if way == "packed":
        monkeypatch.setattr("extractor.engine.attention.packed._ROW_COST", -1)
    if way == "copied":
        monkeypatch.setattr("extractor.engine.layout.BETWEEN", 0)
    if way == "stock":
        monkeypatch.setattr("extractor.engine.model.build.can_run", lambda _: False)
    small = EngineConfig(slots=4, context=1024, max_draft=8, prefill_chunk=24, graphs=way == "padded")
    base = [tiny.request(gemma4, 0, drafters=DRAFTERS, max_tokens=12 + 30 * (index % 2)) for index in range(7)]
    start = base[0].prefix
    stop = start + len(gemma4.tokenizer(base[0].source.decode(), add_special_tokens=False).input_ids)
    requests = []
    for index, one in enumerate(base):
        document = one.prompt[start:stop] * (1 + 2 * (index % 3)) + one.prompt[start + index : stop]
        prompt = one.prompt[:start] + document + one.prompt[stop:]
        requests.append(replace(one, prompt=prompt, source=gemma4.ll_tokenizer.decode_bytes(document)))
    # the same document again, with an answer and a complaint behind it; and a schema whose prompt is long by itself
    requests.append(replace(requests[2], prompt=requests[2].prompt + requests[2].prompt[-20:]))
    long = replace(requests[1], source=b"", prefix=len(requests[1].prompt) - 6)
    requests += [long, long]
    written, moved, shared = [], 0, []
    for windowed in (False, True):
        engine = Engine(gemma4, small)
        if windowed:
            assert engine._cache.shape.kept == 64
        else:
            engine._cache = SlotCache(4, SlotShape.of(gemma4.target.config, small.entries))
        if way in ("apart", "copied"):  # rows that are never neighbours
            monkeypatch.setattr(Scheduler, "ready", lambda self: [row for row in self.running if row.ready][::-1])
            monkeypatch.setattr("extractor.engine.attention.packed._ROW_COST", 1 << 40)
        try:
            done = [future.result(300) for future in [engine.submit(one) for one in requests]]
            done += [engine.submit(one).result(300) for one in reversed(requests)]
            moved = max(engine._cache.bases)
        finally:
            engine.close()
        written.append([one.ids for one in done])
        shared.append(sum(one.stats.shared_tokens > 0 for one in done))
    assert written[0] == written[1]
    assert moved > 0
    assert shared[1] > len(requests)


def test_it_is_what_the_model_itself_would_write(gemma4: Models) -> None:
    """Against transformers' own forward: no cache, no batch, one token at a time, our mask applied by hand."""
    import torch
    from llguidance import LLMatcher

    request = tiny.request(gemma4, 0, max_tokens=25)
    matcher = LLMatcher(gemma4.ll_tokenizer, gemma4.bound(request.grammar))
    ids = list(request.prompt)
    for _ in range(25):
        logits = gemma4.target(torch.tensor([ids])).logits[0, -1]
        allowed = torch.frombuffer(bytearray(matcher.compute_logit_bias()), dtype=torch.uint8) > 0
        token = int(logits.masked_fill(~allowed, float("-inf")).argmax())
        matcher.consume_token(token)
        ids.append(token)
    ours = run(gemma4, DRAFTERS, rows=1, max_tokens=25)[0]
    assert ours == ids[len(request.prompt) :]


def test_what_it_writes_is_json_of_the_schema(gemma4: Models) -> None:
    texts = [gemma4.tokenizer.decode(ids) for ids in run(gemma4, DRAFTERS, rows=4, temperature=1.0, max_tokens=400)]
    finished = [text for text in texts if text.endswith("]}")]
    assert finished
    for text in finished:
        assert list(json.loads(text)) == ["name", "total", "items"]


FREE = {  # keys that no schema names, and values of no type
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "amounts": {
            "type": "object",
            "additionalProperties": {"type": "number"},
            "minProperties": 1,
            "maxProperties": 3,
        },
        "more": {"type": "object", "minProperties": 1, "maxProperties": 2},
    },
    "required": ["name", "amounts", "more"],
}


@pytest.mark.parametrize(("schema", "rows"), [(tiny.SCHEMA, 1), (tiny.SCHEMA, 4), (FREE, 1), (FREE, 4)])
def test_printed_values_change_nothing(models: Models, schema: dict[str, Any], rows: int) -> None:
    """A grammar of each document, which lets only what it prints through."""
    made = demand({"x-printed": True, **schema}, "declared", Bounds())
    assert made is not None
    grammar = made.of(tiny.DOCUMENT).grammar
    alone = run(models, (), rows=1, grammar=grammar, max_tokens=150)
    for mix in tiny.MIXES[1:]:
        assert run(models, mix, rows=rows, grammar=grammar, max_tokens=150) == alone, mix
    printed = PrintedAnswers(None, made.marked, PrintedDocument(tiny.DOCUMENT))
    for ids in alone:
        answer = json.loads(completed(models.tokenizer.decode(ids)))
        assert printed.faults(answer) == []


TEXT = {"type": "string"}
OPEN = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "tags": {"type": "array", "items": TEXT},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": {"enum": ["x", "yy"]}, "n": {"type": ["integer", "null"]}},
                "required": ["a", "n"],
                "additionalProperties": False,
            },
        },
        "more": {"type": "object", "additionalProperties": {"type": ["null", "boolean"]}},
    },
    "required": ["name", "tags", "rows", "more"],
    "additionalProperties": False,
}
LIMITS = Limits(chars=40, key_chars=10, digits=4, items=5, keys=9)
SOME = {"type": "object", "additionalProperties": TEXT, "minProperties": 4}  # more than a random model writes
DICTS = {
    "type": "object",
    "properties": {"found": SOME, "more": {"type": "object", "additionalProperties": SOME, "minProperties": 2}},
    "required": ["found", "more"],
    "additionalProperties": False,
}


NESTS = {
    "type": "object",
    "properties": {
        "found": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "array", "items": {"enum": ["some", "more"]}}},
            "minItems": 2,
        },
        "rest": TEXT,
    },
    "required": ["found", "rest"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("schema", [OPEN, DICTS, NESTS], ids=["values", "dicts", "nests"])
@pytest.mark.parametrize(("temperature", "at_once"), [(0.0, False), (0.0, True), (0.9, False)])
def test_what_ends_a_value_changes_nothing(
    models: Models, monkeypatch: pytest.MonkeyPatch, temperature: float, schema: dict[str, Any], *, at_once: bool
) -> None:
    """A grammar that leaves every kind of value open, under limits that end each of them; and loops that are soon ones,
    so that random models write some."""
    monkeypatch.setattr(f"{JsonText.__module__}._PATIENCE", 16)
    monkeypatch.setattr(f"{JsonText.__module__}._AGAIN", 12)
    for name, few in {"_SHORT": 2, "_SENTENCE": 6, "_INVENTED": 1, "_COPIED": 2, "_ALONE": 2}.items():
        monkeypatch.setattr(f"{Items.__module__}.{name}", few)
    for name, few in {"_AGAIN": 1, "_ALONE": 2}.items():
        monkeypatch.setattr(f"{Members.__module__}.{name}", few)
    for name, few in {"_TIMES": 1, "_SILENT": 2}.items():
        monkeypatch.setattr(f"{Said.__module__}.{name}", few)
    limits = replace(LIMITS, chars=2, key_chars=2, keys=1_000) if schema is DICTS else LIMITS
    given = {
        "grammar": tiny.grammar(schema),
        "limits": limits,
        "max_tokens": 100,
        "temperature": temperature,
        "seed": 3,
    }
    config = EngineConfig(slots=16, context=1024, max_draft=8, overlap=at_once)

    def written(mix: tuple[str, ...], rows: int) -> list[Completion]:
        engine = Engine(models, replace(config, slots=rows))
        try:
            requests = [tiny.request(models, index, drafters=mix, **given) for index in range(6)]
            return [future.result(300) for future in [engine.submit(one) for one in requests]]
        finally:
            engine.close()

    alone = written((), 1)
    for mix in (DRAFTERS, ("grammar", "copy")):
        found = written(mix, 16)
        assert [(one.ids, one.ended) for one in found] == [(one.ids, one.ended) for one in alone], mix
    ended = {(one.text[end.start :][:1], end.why) for one in alone for end in one.ended}
    assert (b'"', "cut_off") in ended or schema is NESTS
    if schema is DICTS:
        assert not ended.isdisjoint({(b"{", "ran_on"), (b"{", "repeated")})
        return
    if schema is NESTS:
        assert (b"[", "repeated") in ended
        return
    assert any(sign.isdigit() for sign, _ in ended)
    assert (b'"', "repeated") in ended or temperature or models.drafter is None
