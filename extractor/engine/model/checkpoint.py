"""What a checkpoint's config.json and the names of its weights say: which text model is in it, and whether its weights
are those of the layers that will run. A checkpoint that loads without an error and then writes garbage would be the
worst case, so what is not known to be right is refused, and the error names it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import torch
from transformers import Gemma4AssistantConfig, Gemma4TextConfig

from extractor.errors import ModelError

# What belongs to a packed weight, as compressed-tensors, ModelOpt, GPTQ, AWQ and bitsandbytes name it.
_QUANTIZED_KEY = re.compile(
    r"(_scale(_\d+|_inv)?|\.scales?|_packed|_shape|zero_point|qzeros|qweight|g_idx|\.absmax|quant_state\S*|_global_scale)$"
)
# What transformers' models of text leave unread, and rightly: tables they make themselves.
_HARMLESS = re.compile(r"(rotary_emb\.inv_freq|\.attn\.(masked_)?bias|\.position_ids)$")
_TEXT = re.compile(r"^(model\.)?(language_model\.)?(model\.)?(layers|embed_tokens\w*|norm|per_layer_\w+)\.|^lm_head\.")
_MOST_NAMED = 3


def positions_of(config: Any) -> int:
    """The context of a model with this `config`: how many positions it reads, whatever else is read in the same call.
    With `longrope` that is what it was first made for: one position beyond changes the embedding of all."""
    most = int(getattr(config, "max_position_embeddings", None) or 4096)
    rope = getattr(config, "rope_parameters", None) or {}
    for one in (rope, *(part for part in rope.values() if isinstance(part, dict))):
        if one.get("rope_type") == "longrope":
            most = min(most, int(one.get("original_max_position_embeddings") or most))
    return most


def refuse_quantized(config: Any, name: str) -> None:
    """Raises ModelError for a config.json with a `quantization_config` at any level. Transformers would drop that of a
    multimodal checkpoint together with its other towers, and read the packed numbers as weights."""
    for at, part in _levels(config):
        found = getattr(part, "quantization_config", None)
        if found:
            method = found.get("quant_method") if isinstance(found, dict) else getattr(found, "quant_method", None)
            raise ModelError(
                f"{name} is quantized ({getattr(method, 'value', method) or 'by an unnamed method'}, at {at} in its "
                "config.json), which this engine does not read: name the checkpoint it was made from, in bfloat16, "
                "float16 or float32 (or a .gguf file)",
                code="model_quantized",
            )


def judge_keys(unread: Iterable[str], name: str, *, towers: bool) -> None:
    """Raises ModelError for weights that no layer reads (`unread`, their names), unless they are known to be of no use.
    `towers`: the checkpoint has other towers beside the text model (vision, audio), which are left out on purpose."""
    unread = sorted(unread)
    if packed := [key for key in unread if _QUANTIZED_KEY.search(key)]:
        raise ModelError(
            f"{name} holds quantized weights ({_some(packed)}), which this engine does not read: name the "
            "checkpoint it was made from, in bfloat16, float16 or float32 (or a .gguf file)",
            code="model_quantized",
        )
    left = [key for key in unread if not _HARMLESS.search(key) and not (towers and not _TEXT.search(key))]
    if left:
        raise ModelError(
            f"{name} has {len(left)} weights that its architecture does not read ({_some(left)}): its config.json and "
            "its weights do not belong together, or transformers does not know this model yet"
        )


def gemma4_text(config: Any) -> Any | None:
    """The text model's config of a Gemma 4 checkpoint that has other towers (vision, audio) or is of the unified kind
    (12B); None for any other checkpoint. A unified text model computes the same numbers as a Gemma 4 text model without
    per-layer inputs and without experts, and is loaded as one."""
    kind = str(getattr(config, "model_type", ""))
    if kind not in ("gemma4", "gemma4_unified", "gemma4_unified_text"):
        return None
    return as_gemma4(getattr(config, "text_config", None) or config)


def as_gemma4(text: Any) -> Any:
    """`text` as a `Gemma4TextConfig`, if it is of the unified kind; else `text`."""
    if getattr(text, "model_type", None) != "gemma4_unified_text":
        return text
    values = text.to_dict()
    for key in ("model_type", "architectures", "transformers_version"):
        values.pop(key, None)
    return Gemma4TextConfig(
        **values,
        hidden_size_per_layer_input=0,
        vocab_size_per_layer_input=0,
        enable_moe_block=False,
    )


def as_assistant(config: Any) -> Any:
    """A drafter's `config`; one of the unified kind (12B) as the Gemma 4 config that computes the same."""
    if getattr(config, "model_type", None) != "gemma4_unified_assistant":
        return config
    return Gemma4AssistantConfig(
        text_config=as_gemma4(config.text_config),
        backbone_hidden_size=config.backbone_hidden_size,
        use_ordered_embeddings=config.use_ordered_embeddings,
        num_centroids=config.num_centroids,
        centroid_intermediate_top_k=config.centroid_intermediate_top_k,
        tie_word_embeddings=config.tie_word_embeddings,
    )


def drafted_from(config: Any) -> dict[str, int]:
    """For each kind of attention the last layer of a Gemma 4 target that owns its KV. These its drafter reads."""
    owners = config.num_hidden_layers - (getattr(config, "num_kv_shared_layers", 0) or 0)
    return {kind: index for index, kind in enumerate(config.layer_types[:owners])}


def drafter_device(target: Any) -> torch.device:
    """The device of the layers whose keys and values the drafter of a Gemma 4 `target` reads. Raises `ModelError` if
    they are not all on one device."""
    layers = [target.model.layers[index] for index in drafted_from(target.config).values()]
    devices: set[torch.device] = {layer.self_attn.q_proj.weight.device for layer in layers}
    if len(devices) > 1 or any(device.type == "meta" for device in devices):
        raise ModelError(
            "EXTRACTOR_DEVICE_MAP puts the layers whose keys and values the drafter reads on several devices, or on "
            "none: place them together, or EXTRACTOR_DRAFTER=none"
        )
    return devices.pop()


def _levels(config: Any) -> Iterable[tuple[str, Any]]:
    yield "the top", config
    for key in getattr(config, "sub_configs", None) or {}:
        part = getattr(config, key, None)
        if part is not None:
            yield key, part


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_MOST_NAMED]) + (", …" if len(keys) > _MOST_NAMED else "")
