"""A checkpoint's tokenizer, as transformers and as llguidance take it, and the ids that end a text."""

from __future__ import annotations

from typing import Any

from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from extractor.engine.model.explained import Explained
from extractor.engine.model.source import Checkpoint
from extractor.errors import ModelError


def load_tokenizer(checkpoint: Checkpoint, vocab: int) -> PreTrainedTokenizerFast:
    """For a target of `vocab` tokens. Raises `ModelError`."""
    with Explained(checkpoint.name):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.source, **checkpoint.how)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{checkpoint.name} has no fast tokenizer (tokenizer.json): grammars need one")
    if len(tokenizer) > vocab:
        raise ModelError(f"{checkpoint.name}: its tokenizer has {len(tokenizer)} tokens, the model only {vocab}")
    return tokenizer


def ll_tokenizer_of(
    tokenizer: PreTrainedTokenizerFast, vocab: int, checkpoint: Checkpoint, stop: tuple[int, ...]
) -> LLTokenizer:
    """`tokenizer` as llguidance takes it, for masks of `vocab` tokens. Raises `ModelError`."""
    with Explained(checkpoint.name):
        return from_tokenizer(tokenizer, n_vocab=vocab, eos_token=list(stop))


def stop_ids_of(target: Any, tokenizer: PreTrainedTokenizerFast, checkpoint: Checkpoint) -> tuple[int, ...]:
    """The ids that end a text, by the model's generation config and its tokenizer. Raises `ModelError` for none."""
    found: list[int] = []
    for ids in (getattr(target.generation_config, "eos_token_id", None), tokenizer.eos_token_id):
        found += ids if isinstance(ids, list) else [ids] if ids is not None else []
    if not found:
        raise ModelError(f"{checkpoint.name} names no end-of-sequence token (generation_config.json or tokenizer)")
    return tuple(dict.fromkeys(found))
