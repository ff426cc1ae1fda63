"""The two architectures of the bundled pair, as configurations: nothing here is trained or saved.

The target has every part a Gemma 4 has (sliding and full layers with their own head sizes, KV sharing, per-layer
embeddings); the drafter is one full-attention layer that reads the target's last KV.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    Gemma4AssistantConfig,
    Gemma4AssistantForCausalLM,
    Gemma4ForCausalLM,
    Gemma4TextConfig,
    GenerationConfig,
)

PAD, EOS, BOS, TURN, TURN_END = 0, 1, 2, 3, 4
HIDDEN = 192
CONTEXT = 4096
SLIDING, FULL = "sliding_attention", "full_attention"
LAYERS = [SLIDING, SLIDING, FULL, SLIDING, FULL, FULL, SLIDING, FULL]  # the last three read the KV of the two before
DRAFT_TOKENS = 6
_FULL_HEADS: dict[str, Any] = {"global_head_dim": 64}  # 512 unless said; the class takes it as a legacy keyword


def target_config(vocab_size: int) -> Gemma4TextConfig:
    return Gemma4TextConfig(
        vocab_size=vocab_size,
        vocab_size_per_layer_input=vocab_size,
        hidden_size=HIDDEN,
        intermediate_size=6 * HIDDEN,
        use_double_wide_mlp=True,  # layers that read other layers' KV have MLPs of twice the width, as E2B's do
        num_hidden_layers=len(LAYERS),
        layer_types=list(LAYERS),
        num_kv_shared_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        **_FULL_HEADS,
        sliding_window=64,
        hidden_size_per_layer_input=16,  # KV sharing crashes without per-layer inputs (transformers 5.22)
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        eos_token_id=[EOS, TURN_END],
        bos_token_id=BOS,
    )


def drafter_config(vocab_size: int) -> Gemma4AssistantConfig:
    text = Gemma4TextConfig(
        vocab_size=vocab_size,
        vocab_size_per_layer_input=0,
        hidden_size=HIDDEN,
        intermediate_size=512,
        num_hidden_layers=1,
        layer_types=[FULL],
        num_kv_shared_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        **_FULL_HEADS,
        sliding_window=64,
        hidden_size_per_layer_input=0,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        eos_token_id=[EOS, TURN_END],
        bos_token_id=BOS,
    )
    return Gemma4AssistantConfig(text_config=text, backbone_hidden_size=HIDDEN, use_ordered_embeddings=False)


def build_target(vocab_size: int, seed: int) -> Gemma4ForCausalLM:
    torch.manual_seed(seed)
    model = Gemma4ForCausalLM(target_config(vocab_size))
    _start(model)
    model.generation_config = generation_config()
    return model


def build_drafter(vocab_size: int, seed: int) -> Gemma4AssistantForCausalLM:
    torch.manual_seed(seed)
    model = Gemma4AssistantForCausalLM(drafter_config(vocab_size))
    _start(model)
    model.generation_config = generation_config()
    model.generation_config.num_assistant_tokens = DRAFT_TOKENS
    model.generation_config.num_assistant_tokens_schedule = "constant"
    return model


def generation_config() -> GenerationConfig:
    return GenerationConfig(  # type: ignore[no-untyped-call]
        pad_token_id=PAD, eos_token_id=[EOS, TURN_END], bos_token_id=BOS, do_sample=False
    )


def _start(model: torch.nn.Module) -> None:
    """Gemma 4 attends without 1/sqrt(d): a fresh query norm of 2/sqrt(d) gives attention its usual sharpness."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("q_norm.weight"):
                weight.fill_(2.0 / weight.numel() ** 0.5)
