"""Tiny random checkpoints with the real architectures, saved to disk as a user's would be, and requests for them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tokenizers
import torch
from transformers import (
    Gemma4AssistantConfig,
    Gemma4AssistantForCausalLM,
    Gemma4ForCausalLM,
    Gemma4TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from extractor.engine import DRAFTERS, Params, Request
from extractor.engine.cache import SlotCache, SlotShape
from extractor.engine.model.graphs import Graphs, Recording
from extractor.engine.model.loader import Models
from extractor.grammar.guided import guided

VOCAB = 512
SLIDING, FULL = "sliding_attention", "full_attention"
MIXES = [(), ("grammar",), ("copy",), ("mtp",), ("grammar", "copy"), ("grammar", "mtp"), ("copy", "mtp"), DRAFTERS]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<turn|>\n{% endfor %}{% if add_generation_prompt %}<|turn>model\n{% endif %}"
)
DOCUMENT = "Invoice from Acme Corp\ntotal 12.50 due 2024\nalpha 12 beta 77\n"
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 30},
        "total": {"type": "number"},
        "items": {
            "type": "array",
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {"a": {"type": ["integer", "null"]}, "kind": {"enum": ["alpha", "beta"]}},
                "required": ["a", "kind"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["name", "total", "items"],
    "additionalProperties": False,
}


def grammar(schema: dict[str, Any] = SCHEMA) -> str:
    return guided(schema)


def text_tokenizer() -> PreTrainedTokenizerFast:
    inner = tokenizers.Tokenizer(tokenizers.models.BPE())
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(
        [DOCUMENT, '{"name":"Acme Corp","total":12.50,"items":[{"a":1,"kind":"beta"}]}'] * 9, trainer
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def gemma4_config(**changes: Any) -> Gemma4TextConfig:
    return Gemma4TextConfig(
        **{
            "vocab_size": VOCAB,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 8,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "global_head_dim": 32,
            "sliding_window": 32,
            "num_kv_shared_layers": 3,
            "hidden_size_per_layer_input": 8,
            "vocab_size_per_layer_input": VOCAB,
            "layer_types": [SLIDING, SLIDING, FULL, SLIDING, FULL, FULL, SLIDING, FULL],
            "final_logit_softcapping": 30.0,
            "eos_token_id": [1, 5],
            "bos_token_id": 2,
            "pad_token_id": 0,
            "max_position_embeddings": 2048,
            **changes,
        }
    )


def assistant_config(ordered: bool = False, **changes: Any) -> Gemma4AssistantConfig:
    text = gemma4_config(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_kv_shared_layers=2,
        hidden_size_per_layer_input=0,
        vocab_size_per_layer_input=0,
        final_logit_softcapping=None,
        layer_types=[SLIDING, FULL],
        **changes,
    )
    return Gemma4AssistantConfig(
        text_config=text,
        backbone_hidden_size=64,
        use_ordered_embeddings=ordered,
        num_centroids=32,
        centroid_intermediate_top_k=8,
    )


def loud(model: Any, seed: int) -> Any:
    """Random weights big enough that logits differ from position to position."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(0, 0.15, generator=generator)
    return model


def save_gemma4(folder: Path, seed: int = 0, **changes: Any) -> Path:
    """`folder/model` (in shards) and `folder/model-assistant`; `changes` to the configs of both."""
    target = loud(Gemma4ForCausalLM(gemma4_config(**changes)), seed)
    target.generation_config.eos_token_id = [1, 5]
    target.save_pretrained(folder / "model", max_shard_size="200KB")
    text_tokenizer().save_pretrained(folder / "model")
    loud(Gemma4AssistantForCausalLM(assistant_config(**changes)), seed + 1).save_pretrained(folder / "model-assistant")
    return folder / "model"


def save_llama(folder: Path, seed: int = 0) -> Path:
    config = LlamaConfig(
        vocab_size=VOCAB,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=1,
        bos_token_id=2,
        pad_token_id=0,
    )
    loud(LlamaForCausalLM(config), seed).save_pretrained(folder / "llama")
    text_tokenizer().save_pretrained(folder / "llama")
    return folder / "llama"


def request(models: Models, index: int = 0, **changes: Any) -> Request:
    """A prompt with a document in it; `index` varies both."""

    def ids(text: str) -> list[int]:
        return list(models.tokenizer(text, add_special_tokens=False).input_ids)

    text = DOCUMENT * (1 + index % 3)
    head = ids(f"<bos><|turn>user\nExtract {index}: ")
    prompt = head + ids(text) + ids("<turn|>\n<|turn>model\n")
    schema_grammar = changes.pop("grammar", grammar())
    limits = changes.pop("limits", None)
    params = Params(**{"max_tokens": 48, **changes})
    return Request(prompt, text.encode(), len(head), schema_grammar, params, limits)


def slots(model: Any, count: int, entries: int, most: int | None = None) -> SlotCache:
    """A cache for `model`; with `most` new positions a forward, its sliding layers keep no more than they need."""
    return SlotCache(count, SlotShape.of(model.config, entries, most))


def let_graphs_record(monkeypatch: pytest.MonkeyPatch) -> list[Graphs]:
    """Graphs made from now on are those of a device that records: to replay is to run the recorded work again, on the
    tensors it was recorded with. So whatever else the work depends on stays as it was then. Returns those made."""
    made: list[Graphs] = []
    begin = Graphs.__init__

    def able(graphs: Graphs, device: torch.device) -> None:
        begin(graphs, device)
        graphs.able = True
        made.append(graphs)

    def record(_: Graphs, work: Any, kept: tuple[torch.Tensor, ...]) -> Recording:
        out = work(*kept)

        def replay() -> None:
            for old, new in zip(out, work(*kept), strict=True):
                old.copy_(new)

        return Recording(SimpleNamespace(replay=replay), kept, out)  # type: ignore[arg-type]

    monkeypatch.setattr(Graphs, "__init__", able)
    monkeypatch.setattr(Graphs, "_record", record)
    for name in ("synchronize", "set_stream", "default_stream"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: None)
    return made


class ScriptedMatcher:
    """A grammar that lets the first `valid` tokens through, whatever they are."""

    def __init__(self, valid: int) -> None:
        self._valid = valid

    def validate_tokens(self, tokens: list[int]) -> int:
        return min(self._valid, len(tokens))
