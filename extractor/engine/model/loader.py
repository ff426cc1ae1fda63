"""Loads a target, its MTP drafter and their tokenizer; the only door to checkpoints. Every way a checkpoint can be
wrong ends in a `ModelError` that says what to do.

A model is a hub id, a local folder, a `.gguf` file, or `bundled`. Weights are safetensors only and no code from a
checkpoint ever runs (`trust_remote_code` stays False).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.utils.logging import set_verbosity_error as hub_says_errors_only
from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma4AssistantForCausalLM,
    Gemma4ForCausalLM,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from extractor.engine.attention.transformers_backend import install
from extractor.engine.model.checkpoint import as_assistant, drafter_device, gemma4_text, judge_keys, refuse_quantized
from extractor.engine.model.device import device_map_of, device_of, dtype_of
from extractor.engine.model.explained import Explained
from extractor.engine.model.host_embedding import keep_on_host
from extractor.engine.model.tokenizer_check import looks_back
from extractor.errors import ModelError

log = logging.getLogger(__name__)

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parents[2] / "bundled" / "weights"


@dataclass(frozen=True)
class ModelSpec:
    """What to load. `drafter`: None for the one the convention names (`<model>-assistant` beside it on the hub or on
    disk) if there is one, "none" for none. `dtype` "auto": bfloat16 on a GPU, float32 on a CPU. `device` "auto": the
    first GPU if there is one. `device_map` (accelerate, e.g. "auto") spreads the target and overrides `device`.
    `per_layer_on_host`: see `host_embedding.py`."""

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
    """A target that runs, its drafter or None, its tokenizer in both dresses, and the ids that end a text."""

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
        """The grammar for this tokenizer.

        Of text the schema forces, llguidance allows one tokenization: its own, which looks no further back than the
        last token. Where that is the tokenizer's own too, it stays so: what is forced is then drafted without a miss.
        Where it is not, it would make the model spell keys as it never has, so any tokenization is allowed."""
        return f'%llguidance {{"no_forcing": true}}\n{grammar}' if self.any_tokenization else grammar

    @property
    def info(self) -> dict[str, Any]:
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
    hub_says_errors_only()  # type: ignore[no-untyped-call]  # of each try to reach a hub that cannot be reached; what came of it is told below
    spec, name = _located(spec)
    checkpoint = _checkpoint(spec.model, spec.revision, spec.offline, f"EXTRACTOR_MODEL={name}")
    target = _target(spec, checkpoint, _config(checkpoint))
    tokenizer = _tokenizer(checkpoint, target)
    drafter, drafter_name = _drafter(spec, target)
    stop_ids = _stop_ids(target, tokenizer, checkpoint)
    folder = Path(spec.model)
    with Explained(checkpoint.said):
        ll_tokenizer = from_tokenizer(tokenizer, n_vocab=target.config.vocab_size, eos_token=list(stop_ids))
    return Models(
        target=target,
        drafter=drafter,
        tokenizer=tokenizer,
        ll_tokenizer=ll_tokenizer,
        any_tokenization=looks_back(ll_tokenizer),
        stop_ids=stop_ids,
        context=positions_of(target.config),
        folder=folder if folder.is_dir() else None,
        name=name,
        drafter_name=BUNDLED if drafter_name and name == BUNDLED else drafter_name,
    )


def positions_of(config: Any) -> int:
    """How many positions the model reads, whatever else is read in the same call: `longrope` turns the positions of all
    rows otherwise once one of them is beyond those that the model was first made for."""
    most = int(getattr(config, "max_position_embeddings", None) or 4096)
    rope = getattr(config, "rope_parameters", None) or {}
    for one in (rope, *(part for part in rope.values() if isinstance(part, dict))):
        if one.get("rope_type") == "longrope":
            most = min(most, int(one.get("original_max_position_embeddings") or most))
    return most


def _located(spec: ModelSpec) -> tuple[ModelSpec, str]:
    """The spec with `bundled` turned into its folders, and the name the user knows the model by."""
    if spec.model != BUNDLED:
        return spec, spec.model
    if not (BUNDLED_FOLDER / "target" / "config.json").is_file():
        raise ModelError("the bundled pair is not in this installation; set EXTRACTOR_MODEL to a model of yours")
    drafter = str(BUNDLED_FOLDER / "drafter") if spec.drafter is None else spec.drafter
    return replace(spec, model=str(BUNDLED_FOLDER / "target"), drafter=drafter, offline=True), BUNDLED


@dataclass(frozen=True)
class _Checkpoint:
    """One to read: `source` and `how` are what from_pretrained is given, `said` is what it is called where something is
    wrong with it, by its setting."""

    source: str
    how: dict[str, Any]
    said: str


def _checkpoint(model: str, revision: str | None, offline: bool, said: str) -> _Checkpoint:
    how: dict[str, Any] = {"revision": revision, "local_files_only": offline, "trust_remote_code": False}
    path = Path(model)
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"{said}: no such file", code="model_not_found")
        return _Checkpoint(str(path.parent), how | {"gguf_file": path.name}, said)
    if model.startswith((".", "/", "~")) or path.is_dir():
        if not path.expanduser().is_dir():
            raise ModelError(f"{said}: no such folder", code="model_not_found")
        return _Checkpoint(str(path.expanduser()), how, said)
    return _Checkpoint(model, how, said)


def _config(checkpoint: _Checkpoint) -> Any:
    with Explained(checkpoint.said):
        return AutoConfig.from_pretrained(checkpoint.source, **checkpoint.how)


def _target(spec: ModelSpec, checkpoint: _Checkpoint, config: Any) -> Any:
    refuse_quantized(config, checkpoint.said)
    if "assistant" in config.model_type:
        raise ModelError(f"{checkpoint.said} is a drafter, not a target: name it with EXTRACTOR_DRAFTER")
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


def _weights(kind: Any, checkpoint: _Checkpoint, read: dict[str, Any], *, towers: bool = False) -> Any:
    """The model, with every weight that it has and none that it does not read."""
    said, how = checkpoint.said, {**checkpoint.how, **read}
    if "gguf_file" not in how:
        how["use_safetensors"] = True
    with Explained(said):
        model, report = kind.from_pretrained(checkpoint.source, output_loading_info=True, **how)
    judge_keys(report["unexpected_keys"], said, towers=towers)  # first: packed weights are missing ones too
    missing = sorted(set(report["missing_keys"]) - set(getattr(model, "all_tied_weights_keys", None) or {}))
    if missing:
        raise ModelError(f"{said} lacks {len(missing)} of the model's weights, {missing[0]} first")
    if report.get("mismatched_keys"):
        raise ModelError(f"{said}: weights do not fit its config.json, {sorted(report['mismatched_keys'])[0]} first")
    install(model)
    return model


def _placed(model: Any, checkpoint: _Checkpoint, device: torch.device | None) -> Any:
    """On `device`, unless it has been placed already."""
    with Explained(checkpoint.said):
        return (model if device is None else model.to(device)).eval().requires_grad_(False)


def _drafter(spec: ModelSpec, target: Any) -> tuple[Any | None, str | None]:
    if spec.drafter == "none" or (spec.drafter is None and not str(target.config.model_type).startswith("gemma4")):
        return None, None
    named = spec.drafter is not None
    name = spec.drafter or f"{spec.model.rstrip('/')}-assistant"
    said = f"EXTRACTOR_DRAFTER={name}"
    try:
        checkpoint = _checkpoint(name, spec.drafter_revision, spec.offline, said)
        config = _config(checkpoint)
    except ModelError as error:
        if named:
            raise ModelError(f"{error.detail} (EXTRACTOR_DRAFTER=none does without)", code=error.code) from error
        if error.code != "model_not_found":
            raise
        log.warning("no drafter: %s was not found; decoding with grammar and copy drafts only", name)
        return None, None
    if not str(config.model_type).endswith("_assistant"):
        raise ModelError(f"{said} is a {config.model_type}, not a Gemma 4 assistant; EXTRACTOR_DRAFTER=none for none")
    if not str(target.config.model_type).startswith("gemma4"):
        raise ModelError(f"{said} drafts for Gemma 4 targets only; this target is a {target.config.model_type}")
    if config.backbone_hidden_size != target.config.hidden_size:
        raise ModelError(
            f"{said} was made for a target of hidden size {config.backbone_hidden_size}, "
            f"this one has {target.config.hidden_size}"
        )
    if config.text_config.vocab_size != target.config.vocab_size:
        raise ModelError(
            f"{said} has a vocabulary of {config.text_config.vocab_size}, its target one of {target.config.vocab_size}"
        )
    refuse_quantized(config, said)
    model = _weights(Gemma4AssistantForCausalLM, checkpoint, {"config": as_assistant(config), "dtype": target.dtype})
    return _placed(model, checkpoint, drafter_device(target)), name


def _tokenizer(checkpoint: _Checkpoint, target: Any) -> PreTrainedTokenizerFast:
    with Explained(checkpoint.said):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.source, **checkpoint.how)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{checkpoint.said} has no fast tokenizer (tokenizer.json): grammars need one")
    if len(tokenizer) > target.config.vocab_size:
        raise ModelError(
            f"{checkpoint.said}: its tokenizer has {len(tokenizer)} tokens, the model only {target.config.vocab_size}"
        )
    return tokenizer


def _stop_ids(target: Any, tokenizer: PreTrainedTokenizerFast, checkpoint: _Checkpoint) -> tuple[int, ...]:
    found: list[int] = []
    for ids in (getattr(target.generation_config, "eos_token_id", None), tokenizer.eos_token_id):
        found += ids if isinstance(ids, list) else [ids] if ids is not None else []
    if not found:
        raise ModelError(f"{checkpoint.said} names no end-of-sequence token (generation_config.json or tokenizer)")
    return tuple(dict.fromkeys(found))
