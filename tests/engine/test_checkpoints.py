"""Checkpoints of the family as they lie on the hub: multimodal, unified (12B), quantized. Each gives transformers' own
logits, or is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Gemma4AssistantConfig,
    Gemma4Config,
    Gemma4ForConditionalGeneration,
    Gemma4UnifiedAssistantConfig,
    Gemma4UnifiedAssistantForCausalLM,
    Gemma4UnifiedConfig,
    Gemma4UnifiedForConditionalGeneration,
    Gemma4UnifiedTextConfig,
)

from extractor.engine import DRAFTERS, Engine, EngineConfig
from extractor.engine.model.build import build_runner
from extractor.engine.model.checkpoint import judge_keys
from extractor.engine.model.eager_runner import EagerRunner
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.errors import ModelError
from tests.engine import tiny

VISION: dict[str, Any] = {
    "model_type": "gemma4_vision", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16,
}  # fmt: skip
UNIFIED: dict[str, Any] = {
    "vocab_size": tiny.VOCAB, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "global_head_dim": 32, "num_global_key_value_heads": 1,
    "attention_k_eq_v": True, "sliding_window": 32, "final_logit_softcapping": 30.0, "eos_token_id": [1, 5],
    "bos_token_id": 2, "max_position_embeddings": 2048,
}  # fmt: skip


@pytest.fixture(scope="module")
def multimodal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("multimodal")
    config = Gemma4Config(text_config=tiny.gemma4_config().to_dict(), vision_config=VISION, audio_config=None)
    tiny.loud(Gemma4ForConditionalGeneration(config), 0).save_pretrained(folder)
    tiny.text_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def unified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unified") / "model"
    layers = [tiny.SLIDING, tiny.SLIDING, tiny.FULL] * 2
    text = Gemma4UnifiedTextConfig(**UNIFIED, num_hidden_layers=6, layer_types=layers)
    tiny.loud(
        Gemma4UnifiedForConditionalGeneration(Gemma4UnifiedConfig(text_config=text.to_dict())), 0
    ).save_pretrained(folder)
    tiny.text_tokenizer().save_pretrained(folder)
    small = {**UNIFIED, "hidden_size": 32, "intermediate_size": 64, "final_logit_softcapping": None}
    own = Gemma4UnifiedTextConfig(**small, num_hidden_layers=2, layer_types=[tiny.SLIDING, tiny.FULL])
    assistant = Gemma4UnifiedAssistantConfig(text_config=own.to_dict(), backbone_hidden_size=64)
    tiny.loud(Gemma4UnifiedAssistantForCausalLM(assistant), 1).save_pretrained(f"{folder}-assistant")
    return folder


def test_a_unified_checkpoint_is_read_as_transformers_reads_it_and_takes_the_fast_path(unified: Path) -> None:
    models = load(ModelSpec(model=str(unified)))
    theirs = Gemma4UnifiedForConditionalGeneration.from_pretrained(unified, dtype=models.target.dtype).eval()
    ids = torch.randint(6, 500, (2, 50), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(models.target(ids).logits, theirs(input_ids=ids).logits, atol=1e-4)
    assert isinstance(build_runner(models.target), EagerRunner)


def test_a_unified_drafter_drafts_and_changes_nothing(unified: Path) -> None:
    models = load(ModelSpec(model=str(unified)))
    assert isinstance(models.drafter.config, Gemma4AssistantConfig)
    written = [_written(models, mix) for mix in ((), ("mtp",), DRAFTERS)]
    assert written[0] == written[1] == written[2]


def _written(models: Models, mix: tuple[str, ...]) -> list[int]:
    engine = Engine(models, EngineConfig(slots=1, context=1024, max_draft=4))
    done = engine.submit(tiny.request(models, drafters=mix)).result(60)
    engine.close()
    assert "mtp" not in mix or len(mix) > 1 or done.stats.drafts["mtp"].proposed > 0
    return done.ids


@pytest.mark.parametrize("method", ["fp8", "compressed-tensors", "gptq", "bitsandbytes", None])
@pytest.mark.parametrize("at", ["the top", "text_config"])
def test_a_quantization_config_at_any_level_is_refused_by_name(
    multimodal: Path, tmp_path: Path, method: str | None, at: str
) -> None:
    folder = _copy(multimodal, tmp_path)
    said = json.loads((folder / "config.json").read_text())
    (said if at == "the top" else said[at])["quantization_config"] = {"quant_method": method, "bits": 4}
    (folder / "config.json").write_text(json.dumps(said))
    with pytest.raises(ModelError, match=r"quantized.*bfloat16") as caught:
        load(ModelSpec(model=str(folder), drafter="none"))
    assert caught.value.code == "model_quantized"
    assert (method or "unnamed") in caught.value.detail


@pytest.mark.parametrize("suffix", ["weight_scale", "weight_scale_inv", "input_scale", "weight_zero_point", "qzeros"])
def test_what_belongs_to_packed_weights_is_refused_though_config_json_says_nothing(
    multimodal: Path, tmp_path: Path, suffix: str
) -> None:
    folder = _with(_copy(multimodal, tmp_path), f"model.language_model.layers.0.mlp.gate_proj.{suffix}")
    with pytest.raises(ModelError, match="quantized weights") as caught:
        load(ModelSpec(model=str(folder), drafter="none"))
    assert suffix in caught.value.detail


def test_packed_weights_are_named_before_the_weights_they_stand_for_are_missed(
    multimodal: Path, tmp_path: Path
) -> None:
    folder = _copy(multimodal, tmp_path)
    name = "model.language_model.layers.0.mlp.gate_proj.weight"
    weights = load_file(folder / "model.safetensors")
    weights[name + "_packed"] = weights.pop(name).to(torch.int32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="weight_packed"):
        load(ModelSpec(model=str(folder), drafter="none"))


@pytest.mark.parametrize(
    "key", ["model.language_model.layers.0.mlp.gate_proj.lora_A", "model.language_model.layers.99.mlp.up_proj.weight"]
)
def test_weights_of_the_text_model_that_nothing_reads_are_refused(multimodal: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(ModelError, match="does not read"):
        load(ModelSpec(model=str(_with(_copy(multimodal, tmp_path), key)), drafter="none"))


def test_another_tower_and_the_keys_of_shared_layers_are_left_out(multimodal: Path, tmp_path: Path) -> None:
    """Google's checkpoints hold key projections for the layers that share another's; transformers ignores them."""
    folder = _with(_copy(multimodal, tmp_path), "model.audio_tower.layers.0.weight")
    folder = _with(folder, "model.language_model.layers.7.self_attn.k_proj.weight")
    assert load(ModelSpec(model=str(folder), drafter="none")).drafter is None


@pytest.mark.parametrize("key", ["transformer.h.0.attn.masked_bias", "model.layers.0.self_attn.rotary_emb.inv_freq"])
def test_tables_that_models_make_themselves_are_harmless(key: str) -> None:
    judge_keys([key], "any", towers=False)


def _copy(folder: Path, into: Path) -> Path:
    for file in folder.iterdir():
        (into / file.name).write_bytes(file.read_bytes())
    return into


def _with(folder: Path, key: str) -> Path:
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, key: torch.ones(4)}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
