"""A checkpoint's tokenizer, as transformers and as llguidance take it, and the ids that end a text."""

from __future__ import annotations

import logging
from typing import Any

from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from extractor.engine.model.explained import Explained
from extractor.engine.model.source import Checkpoint
from extractor.errors import ModelError

log = logging.getLogger(__name__)


def load_tokenizer(checkpoint: Checkpoint, vocab: int) -> PreTrainedTokenizerFast:
    """For a target of `vocab` tokens. Raises `ModelError`."""
    tokenizer = _read(checkpoint)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise _no_fast_one(checkpoint)
    if len(tokenizer) > vocab:
        raise ModelError(f"{checkpoint.name}: its tokenizer has {len(tokenizer)} tokens, the model only {vocab}")
    if not tokenizer.chat_template:
        log.warning(
            "%s has no chat template (chat_template.jinja): it is asked without its turns, to which a model that was "
            "tuned on them answers worse",
            checkpoint.name,
        )
    return tokenizer


def _read(checkpoint: Checkpoint) -> Any:
    with Explained(checkpoint.name):
        try:
            return AutoTokenizer.from_pretrained(checkpoint.source, **checkpoint.how)
        except ValueError as error:
            if "backend tokenizer" in str(error):  # transformers' page of advice on how to convert one
                raise _no_fast_one(checkpoint) from error
            raise


def _no_fast_one(checkpoint: Checkpoint) -> ModelError:
    return ModelError(f"{checkpoint.name} has no fast tokenizer (tokenizer.json): grammars need one")


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
