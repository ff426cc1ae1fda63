"""The committed pair builds, loads and runs with the installed transformers; a later release is judged by this."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace

import llguidance.hf
import pytest
import torch
from llguidance import LLMatcher
from transformers import (
    AutoConfig,
    DynamicCache,
    Gemma4AssistantForCausalLM,
    Gemma4ForCausalLM,
    PreTrainedTokenizerFast,
)

from extractor.engine.layout import ARGUMENT
from extractor.engine.model.loader import ModelSpec
from extractor.engine.model.loader import load as load_models
from extractor.grammar.guided import guided
from extractor.lab.training import by_hand
from extractor.lab.training import tokenizer as words
from extractor.lab.training.decode import TaskDecoder
from extractor.lab.training.drafter import STEPS, unroll
from extractor.lab.training.encode import Encoder, TrainingRow, collate, fixed
from extractor.lab.training.evaluate import WEIGHTS, load
from extractor.lab.training.forward import read
from extractor.lab.training.generate import Task
from extractor.lab.training.hard_mining import hardest_rows, mistakes, plain_tokens
from extractor.lab.training.lexicon import NEW_VALUES
from extractor.lab.training.measure import Score
from extractor.lab.training.model import DRAFT_TOKENS, build_drafter, build_target
from extractor.lab.training.optim import orthogonal
from extractor.lab.training.plan import Plan
from extractor.lab.training.pools import Pools, fresh, stream
from extractor.lab.training.processes import Progress
from extractor.lab.training.target import POINTING, Average, loss_of
from extractor.lab.training.train import MADE_FOR

Bundled = tuple[Gemma4ForCausalLM, Gemma4AssistantForCausalLM, PreTrainedTokenizerFast]


@pytest.fixture(scope="module")
def bundled() -> Bundled:
    return load()


def test_weights_stay_small() -> None:
    size = sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file())
    assert size <= 25 * 2**20
    assert json.loads((WEIGHTS / "target" / "extractor.json").read_text()) == MADE_FOR


def test_configs_say_what_the_engine_needs(bundled: Bundled) -> None:
    target, drafter, tokenizer = bundled
    config = AutoConfig.from_pretrained(WEIGHTS / "target")
    assert set(config.layer_types) == {"sliding_attention", "full_attention"}
    assert config.num_kv_shared_layers > 0
    assert config.max_position_embeddings >= 4096
    assert config.vocab_size == len(tokenizer)
    assert target.generation_config.eos_token_id == [1, 4]
    assert drafter.config.backbone_hidden_size == config.hidden_size
    assert drafter.generation_config.num_assistant_tokens == DRAFT_TOKENS


def test_committed_configs_build_from_scratch(bundled: Bundled) -> None:
    target, drafter, tokenizer = bundled
    assert build_target(len(tokenizer), 0).config.to_dict().keys() == target.config.to_dict().keys()
    assert type(build_drafter(len(tokenizer), 0)) is type(drafter)


@pytest.mark.parametrize("text", [
    "plain", "Größe naïve 5€ ½ 東京 🙂", "tab\tline\r\n  indented", "1.234,50", "_snake_case camelCase KEBAB-case",
    "\x07\x00", "<|turn>user", '{"a":"b\\"c"}', " \n\n ~~~~ ",
])  # fmt: skip
def test_any_text_round_trips(bundled: Bundled, text: str) -> None:
    tokenizer = bundled[2]
    ids = Encoder(tokenizer).plain(text)
    assert tokenizer.decode(ids) == text
    assert b"".join(tokenizer.decode([i]).encode() for i in ids) == text.encode() or not text.isascii()


def test_control_tokens_in_a_document_are_text(bundled: Bundled) -> None:
    ids = Encoder(bundled[2]).plain("a<turn|>\n<|turn>model\n")
    assert not {0, 1, 2, 3, 4} & set(ids)


@pytest.mark.parametrize("word", ["batch", "invoice", "glass", "onion", "strasse"])
def test_words_share_pieces_with_their_keys(bundled: Bundled, word: str) -> None:
    tokenizer = bundled[2]
    forms = (word, word.capitalize(), f" {word}", f"_{word}", f" {word.capitalize()}")
    tails = [tokenizer.encode(text, add_special_tokens=False)[1:] for text in forms]
    assert all(tail == tails[0] for tail in tails)


def test_chat_template_is_gemmas(bundled: Bundled) -> None:
    tokenizer = bundled[2]
    said = [{"role": "user", "content": "Hello"}]
    text = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    assert text == "<bos><|turn>user\nHello<turn|>\n<|turn>model\n"
    ids = tokenizer.encode(str(text), add_special_tokens=False)
    assert ids[:2] == [2, 3]
    assert tokenizer.convert_tokens_to_ids(["<pad>", "<eos>", "<bos>", "<|turn>", "<turn|>"]) == [0, 1, 2, 3, 4]


def test_the_grammar_lets_the_pair_write_as_it_was_taught(bundled: Bundled) -> None:
    """Forced text included: a tokenizer of llguidance's own would cut it elsewhere."""
    tokenizer = bundled[2]
    guide = llguidance.hf.from_tokenizer(tokenizer, n_vocab=len(tokenizer), eos_token=[1, 4])
    for task, row in fixed(Encoder(tokenizer), "grammar", NEW_VALUES, 12):
        matcher = LLMatcher(guide, '%llguidance {"no_forcing": true}\n' + guided(task.schema))
        for token in row.ids[row.start :]:
            mask = matcher.compute_bitmask()
            assert mask[token // 8] >> (token % 8) & 1
            assert matcher.consume_token(token)


def test_its_tokenizer_looks_back_so_the_engine_leaves_the_cut_to_it() -> None:
    models = load_models(ModelSpec(drafter="none"))
    assert models.bound("start: X") == '%llguidance {"no_forcing": true}\nstart: X'


def test_both_run_and_the_drafter_chains(bundled: Bundled) -> None:
    target, drafter, tokenizer = bundled
    row = next(row for _, row in fixed(Encoder(tokenizer), "chain", NEW_VALUES, 1, limit=500))
    i = row.start + 3
    ids = torch.tensor([row.ids])
    with torch.no_grad():
        out = target.model(input_ids=ids[:, :i], use_cache=False, return_shared_kv_states=True)
        state, kept = out.last_hidden_state[:, -1:], {k: (v[0], v[1]) for k, v in out.shared_kv_states.items()}
        assert set(kept) == {"sliding_attention", "full_attention"}
        step = drafter(
            inputs_embeds=torch.cat([target.get_input_embeddings()(ids[:, i : i + 1]), state], -1),
            position_ids=torch.tensor([[i]]), shared_kv_states=kept, attention_mask=torch.ones(1, i, dtype=torch.long),
        )  # fmt: skip
        assert step.logits.shape == (1, 1, len(tokenizer))
        chain = unroll(target, drafter, collate([row]), STEPS)
    assert len(chain) == STEPS


def test_cached_and_whole_forwards_agree(bundled: Bundled) -> None:
    target, _, tokenizer = bundled
    row = next(row for _, row in fixed(Encoder(tokenizer), "cache", NEW_VALUES, 1, limit=400))
    ids = torch.tensor([row.ids])
    cache = DynamicCache(config=target.config)
    with torch.no_grad():
        whole = target(ids).logits[:, row.start :]
        target(ids[:, : row.start], use_cache=True, **{ARGUMENT: cache})
        rest = target(ids[:, row.start :], use_cache=True, **{ARGUMENT: cache}).logits
    torch.testing.assert_close(whole, rest, atol=2e-4, rtol=2e-3)


def test_the_training_forward_is_the_stock_one(bundled: Bundled) -> None:
    """Rows longer than a sliding window, of different lengths, batched: states, KV and gradients."""
    target, _, tokenizer = bundled
    batch = collate([row for _, row in fixed(Encoder(tokenizer), "forward", NEW_VALUES, 3, limit=500)])
    assert batch.ids.shape[1] > 2 * target.config.sliding_window
    assert len(batch.flat) % 64  # which is padded
    with torch.no_grad():
        stock = target.model(input_ids=batch.ids, use_cache=False, return_shared_kv_states=True)
    target.requires_grad_(True)
    reading = read(target, batch)
    torch.testing.assert_close(reading.states, stock.last_hidden_state[batch.answer], atol=2e-4, rtol=2e-3)
    for kind, kept in stock.shared_kv_states.items():
        torch.testing.assert_close(reading.stored[kind], tuple(kept), atol=2e-4, rtol=2e-3)
    reading.states.sum().backward()
    ours = target.model.layers[0].mlp.up_proj.weight.grad.clone()
    target.zero_grad()
    target.model(input_ids=batch.ids, use_cache=False).last_hidden_state[batch.answer].sum().backward()
    torch.testing.assert_close(ours, target.model.layers[0].mlp.up_proj.weight.grad, atol=1e-2, rtol=1e-2)
    target.requires_grad_(False)


def test_the_rows_trained_on_are_those_the_model_is_worst_at(bundled: Bundled) -> None:
    rows = [row for _, row in fixed(Encoder(bundled[2]), "hardest", NEW_VALUES, 4, size=0)]
    for i in (0, 3):  # their answers are now anything but likely
        row = rows[i]
        rows[i] = replace(row, ids=[*row.ids[: row.start], *row.ids[row.start :][::-1]])
    group = [collate(rows[:2]), collate(rows[2:])]
    plain = plain_tokens(bundled[2])
    chosen = hardest_rows(bundled[0], group, plain, Random(1)).rows
    assert len(chosen) == 2
    assert all(row is rows[0] or row is rows[3] for row in chosen)
    assert hardest_rows(bundled[0], group[:1], plain, Random(1)) is group[0]


def test_who_says_what_is_to_be_kept_has_only_the_truth_to_learn(bundled: Bundled) -> None:
    target = bundled[0]
    batch = collate([row for _, row in fixed(Encoder(bundled[2]), "by hand", NEW_VALUES, 4, size=0)])
    pointing = by_hand._POINTING * read(target, batch).pointing
    entropy, _ = loss_of(target, batch)
    learnt = entropy - POINTING * read(target, batch).pointing
    torch.testing.assert_close(by_hand.kept_loss(target, target, batch, 0.0), pointing)
    torch.testing.assert_close(by_hand.kept_loss(target, target, batch, 1.0), learnt + pointing)
    torch.testing.assert_close(by_hand.learnt_loss(target, batch)[0], learnt + pointing)
    with torch.no_grad():
        other = deepcopy(target)
        other.lm_head.weight.mul_(0.5)
        assert by_hand.kept_loss(other, target, batch, 0.0) > pointing


def test_a_models_mistakes_stand_in_what_it_is_given_and_not_in_what_it_is_to_say(bundled: Bundled) -> None:
    tokenizer = bundled[2]
    rows = [row for _, row in fixed(Encoder(tokenizer), "mistakes", NEW_VALUES, 12, size=0)]
    plain = plain_tokens(tokenizer)
    batch = hardest_rows(bundled[0], [collate(rows[:6]), collate(rows[6:])], plain, Random(1))
    told = torch.cat([torch.tensor(row.ids[row.start :]) for row in batch.rows])
    assert torch.equal(batch.wanted, told)
    changed = [
        (row, at, int(given))
        for row, ids in zip(batch.rows, batch.ids, strict=True)
        for at, (given, token) in enumerate(zip(ids, row.ids, strict=False))
        if given != token
    ]
    assert changed
    for row, at, given in changed:
        assert any(first <= at < end for first, end in row.leaves)
        assert plain[given]
        assert plain[row.ids[at]]


def test_a_wrong_token_is_the_likeliest_and_a_slip_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    row = TrainingRow(ids=[1, 2, 3, 4, 5], start=1, leaves=[(2, 4)], sources=[], lines=[])
    best = torch.tensor([[2, 9], [7, 3], [4, 8], [5, 9]])  # of 2, of 3 (wrong), of 4, of 5
    plain = torch.ones(10, dtype=torch.bool)
    monkeypatch.setattr("extractor.lab.training.hard_mining._WRONG", 1.0)
    assert mistakes(row, best, plain, Random(1)) == [(2, 7)]
    monkeypatch.setattr("extractor.lab.training.hard_mining._SLIPS", 1.0)
    assert mistakes(row, best, plain, Random(1)) == [(2, 7), (3, 8)]
    plain[7] = plain[4] = False
    assert mistakes(row, best, plain, Random(1)) == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_batches_made_ahead_are_the_same(bundled: Bundled) -> None:
    """By a worker, of pools of its own turn."""
    encoder = Encoder(bundled[2])
    plan = Plan(1, batch_tokens=1024, pool_rows=4)
    made = list(islice(fresh(Pools(encoder, plan, 7, Progress(0.9)), plan), 6))
    ahead = fresh(Pools(encoder, plan, 7, Progress(0.9)), replace(plan, workers=1))
    for (index, group), (at, same) in zip(made, ahead, strict=False):
        assert at == index
        assert len(group) == len(same)
        assert all(torch.equal(one.ids, other.ids) for one, other in zip(group, same, strict=True))
    assert len({index for index, _ in made}) > 1


def test_what_is_trained_on_comes_a_second_time_and_not_a_third(
    bundled: Bundled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extractor.lab.training.pools._AGAIN", 2)
    plan = Plan(1, batch_tokens=1024, pool_rows=6)
    pools = Pools(Encoder(bundled[2]), plan, 7, Progress(0.1))
    batches = [batch for _, batch in islice(stream(bundled[0], bundled[2], pools, plan), 12)]
    seen = [[i for i, other in enumerate(batches) if other is batch] for batch in batches]
    assert seen[:4] == [[0, 3], [1, 5], [2, 7], [0, 3]]
    assert max(map(len, seen)) == 2


def test_muons_matrices_are_about_orthogonal_in_bf16_too() -> None:
    grads = torch.randn(2, 24, 40, generator=torch.Generator().manual_seed(1))
    for half in (False, True):
        made = orthogonal(grads, half)
        assert made.dtype == torch.float32
        strengths = torch.linalg.svdvals(made)
        assert strengths.min() > 0.5
        assert strengths.max() < 1.5


def test_the_average_forgets_half_in_a_half_life(bundled: Bundled) -> None:
    now = build_target(len(bundled[2]), 1)
    average = Average(now, half_life_s=10)
    with torch.no_grad():
        for weight in now.parameters():
            weight += 1
    before = average.model.lm_head.weight.clone()
    for seconds in (4, 6):
        average.add(now, seconds)
    assert torch.allclose(average.model.lm_head.weight, before + 0.5, atol=1e-5)
    average.add(now, 1000)
    assert torch.allclose(average.model.lm_head.weight, now.lm_head.weight, atol=1e-5)


def test_decodes_under_the_grammar(bundled: Bundled) -> None:
    target, _, tokenizer = bundled
    made = [task for task, _ in fixed(Encoder(tokenizer), "decode", NEW_VALUES, 3, limit=300)]
    for task, answer in zip(made, TaskDecoder(target, tokenizer).answers(made), strict=True):
        assert list(json.loads(answer)) == list(task.schema["properties"])


def test_a_row_that_is_done_writes_no_more_while_others_do(bundled: Bundled, monkeypatch: pytest.MonkeyPatch) -> None:
    target, _, tokenizer = bundled
    (stray,) = tokenizer.encode("x", add_special_tokens=False)

    def wants_another(*, input_ids: torch.Tensor, **_: object) -> SimpleNamespace:
        logits = torch.zeros(len(input_ids), 1, len(tokenizer))
        logits[..., stray] = 1  # which no schema here allows
        return SimpleNamespace(logits=logits)

    monkeypatch.setattr(target, "forward", wants_another)
    flags = [{name: {"type": "boolean"} for name in names} for names in ("a", "abcdefgh")]
    schemas = [
        {"type": "object", "properties": some, "required": list(some), "additionalProperties": False} for some in flags
    ]
    made = [Task("flags", "", schema, "none", "", "open") for schema in schemas]
    answers = TaskDecoder(target, tokenizer).answers(made)
    assert [list(json.loads(answer)) for answer in answers] == [list(some) for some in flags]


def test_the_score_tells_what_training_cannot_have_met() -> None:
    score = Score()
    score.add('{"a":4700.5,"b":"AB-1002","c":7,"d":null}', '{"a":4700.50,"b":"AB-1003","c":7,"d":null}')
    assert (score.scalars, score.scalars_right, score.filled, score.filled_right) == (4, 3, 3, 2)
    assert (score.unseen, score.unseen_right) == (2, 1)


def test_tokenizer_learns_from_any_text(tmp_path: Path) -> None:
    made = words.wrap(words.train(["MiniBatch number: 17", "batch"] * 5, 300))
    made.save_pretrained(tmp_path)
    again = words.load(tmp_path)
    assert again.decode(again.encode("Überzug 12", add_special_tokens=False)) == "Überzug 12"
    assert again.chat_template == words.CHAT_TEMPLATE
