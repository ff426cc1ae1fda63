"""Loads a target, its MTP drafter and their tokenizer. Every way a checkpoint can be wrong ends in a `ModelError` that
says what to do.

A model is a hub id, a local folder, a `.gguf` file, or `bundled`. Weights are safetensors only.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.utils.logging import set_verbosity_error as hub_says_errors_only
from llguidance import LLTokenizer
from transformers import (
    AutoModelForCausalLM,
    Gemma4AssistantForCausalLM,
    Gemma4ForCausalLM,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from extractor.engine.attention.transformers_backend import install
from extractor.engine.model.checkpoint import (
    as_assistant,
    drafter_device,
    gemma4_text,
    judge_keys,
    positions_of,
    refuse_quantized,
)
from extractor.engine.model.device import device_map_of, device_of, dtype_of
from extractor.engine.model.explained import Explained
from extractor.engine.model.host_embedding import keep_on_host
from extractor.engine.model.source import Checkpoint, checkpoint_at, config_of
from extractor.engine.model.tokenizer import ll_tokenizer_of, load_tokenizer, stop_ids_of
from extractor.engine.model.tokenizer_check import looks_back
from extractor.errors import ModelError

log = logging.getLogger(__name__)

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parents[2] / "bundled" / "weights"


@dataclass(frozen=True)
class ModelSpec:
    """What to load. `drafter`: a model, "none" for no drafter, or None for `<model>-assistant` beside the model, on the
    hub or on disk, if it is there. `dtype` "auto": bfloat16 on a GPU, float32 on a CPU. `device` "auto": the first GPU
    if there is one. `device_map` (accelerate's, e.g. "auto") spreads the target and overrides `device`.
    `per_layer_on_host`: keep the per-layer embeddings in the host's memory (`host_embedding.py`)."""

    model: str = BUNDLED
    drafter: str | None = None
    revision: str | None = None
    drafter_revision: str | None = None
    offline: bool = False
    dtype: str = "auto"
    device: str = "auto"
    device_map: str | None = None
    per_layer_on_host: bool = False


@dataclass(frozen=True)
class Models:
    """A target that runs, its drafter or None, their tokenizer (transformers' and llguidance's), the ids that end a
    text, and `context`, the positions the target reads."""

    target: Any
    drafter: Any | None
    tokenizer: PreTrainedTokenizerFast
    ll_tokenizer: LLTokenizer
    any_tokenization: bool  # see `bound`
    stop_ids: tuple[int, ...]
    context: int
    folder: Path | None
    name: str
    drafter_name: str | None

    def bound(self, grammar: str) -> str:
        """`grammar`, as this tokenizer needs it.

        Of text that the schema forces, llguidance allows one tokenization: its own, which looks no further back than
        the last token. If the tokenizer splits text the same way, that stays: forced text is then always drafted right.
        If the tokenizer looks further back, llguidance's tokenization would make the model spell keys as it never has,
        so any tokenization is allowed."""
        return f'%llguidance {{"no_forcing": true}}\n{grammar}' if self.any_tokenization else grammar

    @property
    def info(self) -> dict[str, Any]:
        """For logs and reports."""
        return {
            "model": self.name,
            "drafter": self.drafter_name,
            "architecture": type(self.target).__name__,
            "dtype": str(self.target.dtype).removeprefix("torch."),
            "device": str(self.target.device),
            "context": self.context,
        }


def load(spec: ModelSpec) -> Models:
    """Load everything `spec` names. Raises `ModelError`."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # The loader reports unread keys (a vision tower) at length; missing keys are checked below.
    set_verbosity_error()  # type: ignore[no-untyped-call]
    # It warns of each try to reach a hub that cannot be reached; what came of them is told below.
    hub_says_errors_only()  # type: ignore[no-untyped-call]
    spec, name = _located(spec)
    checkpoint = checkpoint_at(spec.model, spec.revision, spec.offline, f"EXTRACTOR_MODEL={name}")
    target = _target(spec, checkpoint, config_of(checkpoint))
    tokenizer = load_tokenizer(checkpoint, target.config.vocab_size)
    drafter, drafter_name = _drafter(spec, target)
    stop_ids = stop_ids_of(target, tokenizer, checkpoint)
    ll_tokenizer = ll_tokenizer_of(tokenizer, target.config.vocab_size, checkpoint, stop_ids)
    return Models(
        target=target,
        drafter=drafter,
        tokenizer=tokenizer,
        ll_tokenizer=ll_tokenizer,
        any_tokenization=looks_back(ll_tokenizer),
        stop_ids=stop_ids,
        context=positions_of(target.config),
        folder=checkpoint.folder,
        name=name,
        drafter_name=BUNDLED if drafter_name and name == BUNDLED else drafter_name,
    )


def _located(spec: ModelSpec) -> tuple[ModelSpec, str]:
    """`spec` with the folders of the bundled pair in place of its name, and the name the user gave."""
    if spec.model != BUNDLED:
        return spec, spec.model
    if not (BUNDLED_FOLDER / "target" / "config.json").is_file():
        raise ModelError("the bundled pair is not in this installation; set EXTRACTOR_MODEL to a model of yours")
    drafter = str(BUNDLED_FOLDER / "drafter") if spec.drafter is None else spec.drafter
    return replace(spec, model=str(BUNDLED_FOLDER / "target"), drafter=drafter, offline=True), BUNDLED


def _target(spec: ModelSpec, checkpoint: Checkpoint, config: Any) -> Any:
    refuse_quantized(config, checkpoint.name)
    if "assistant" in config.model_type:
        raise ModelError(f"{checkpoint.name} is a drafter, not a target: name it with EXTRACTOR_DRAFTER")
    if spec.per_layer_on_host and spec.device_map:
        raise ModelError("EXTRACTOR_PER_LAYER_ON_HOST and EXTRACTOR_DEVICE_MAP exclude each other")
    device, text = device_of(spec.device), gemma4_text(config)
    read: dict[str, Any] = {"config": config, "dtype": dtype_of(spec.dtype, device)}
    if spec.device_map:
        read["device_map"] = device_map_of(spec.device_map)
    if text is not None:
        # Of a multimodal checkpoint only the text tower is read. Text-only checkpoints say `model.layers…` where it
        # says `model.language_model.layers…`.
        read |= {"config": text, "key_mapping": {r"^model\.language_model\.": "model."}}
    kind = AutoModelForCausalLM if text is None else Gemma4ForCausalLM
    model = _weights(kind, checkpoint, read, towers=text is not None and text is not config)
    if spec.per_layer_on_host:
        keep_on_host(model, device)
    return _placed(model, checkpoint, None if spec.device_map else device)


def _weights(kind: Any, checkpoint: Checkpoint, read: dict[str, Any], *, towers: bool = False) -> Any:
    """The model, if its checkpoint has every weight that it needs and none that it does not read."""
    name, how = checkpoint.name, {**checkpoint.how, **read}
    if "gguf_file" not in how:
        how["use_safetensors"] = True
    with Explained(name):
        model, report = kind.from_pretrained(checkpoint.source, output_loading_info=True, **how)
    judge_keys(report["unexpected_keys"], name, towers=towers)  # first: packed weights are missing ones too
    missing = sorted(set(report["missing_keys"]) - set(getattr(model, "all_tied_weights_keys", None) or {}))
    if missing:
        raise ModelError(f"{name} lacks {len(missing)} of the model's weights, {missing[0]} first")
    if report.get("mismatched_keys"):
        raise ModelError(f"{name}: weights do not fit its config.json, {sorted(report['mismatched_keys'])[0]} first")
    install(model)
    return model


def _placed(model: Any, checkpoint: Checkpoint, device: torch.device | None) -> Any:
    """`model` on `device` (None: where it is), ready to run."""
    with Explained(checkpoint.name):
        return (model if device is None else model.to(device)).eval().requires_grad_(False)


def _drafter(spec: ModelSpec, target: Any) -> tuple[Any | None, str | None]:
    if spec.drafter == "none" or (spec.drafter is None and not str(target.config.model_type).startswith("gemma4")):
        return None, None
    named = spec.drafter is not None
    name = spec.drafter or f"{spec.model.rstrip('/')}-assistant"
    shown = f"EXTRACTOR_DRAFTER={name}"
    try:
        checkpoint = checkpoint_at(name, spec.drafter_revision, spec.offline, shown)
        config = config_of(checkpoint)
    except ModelError as error:
        if named:
            raise ModelError(f"{error.detail} (EXTRACTOR_DRAFTER=none does without)", code=error.code) from error
        if error.code != "model_not_found":
            raise
        log.warning("no drafter: %s was not found; decoding with grammar and copy drafts only", name)
        return None, None
    if not str(config.model_type).endswith("_assistant"):
        raise ModelError(f"{shown} is a {config.model_type}, not a Gemma 4 assistant; EXTRACTOR_DRAFTER=none for none")
    if not str(target.config.model_type).startswith("gemma4"):
        raise ModelError(f"{shown} drafts for Gemma 4 targets only; this target is a {target.config.model_type}")
    if config.backbone_hidden_size != target.config.hidden_size:
        raise ModelError(
            f"{shown} was made for a target of hidden size {config.backbone_hidden_size}, "
            f"this one has {target.config.hidden_size}"
        )
    if config.text_config.vocab_size != target.config.vocab_size:
        raise ModelError(
            f"{shown} has a vocabulary of {config.text_config.vocab_size}, its target one of {target.config.vocab_size}"
        )
    refuse_quantized(config, shown)
    model = _weights(Gemma4AssistantForCausalLM, checkpoint, {"config": as_assistant(config), "dtype": target.dtype})
    return _placed(model, checkpoint, drafter_device(target)), name
