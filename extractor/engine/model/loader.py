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
from huggingface_hub.errors import GatedRepoError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
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
from extractor.engine.model.host_embedding import keep_on_host
from extractor.engine.model.tokenizer_check import looks_back
from extractor.errors import ModelError

log = logging.getLogger(__name__)

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parents[2] / "bundled" / "weights"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


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
    spec, name = _located(spec)
    config = _config(spec.model, spec.revision, spec.offline)
    target = _target(spec, config)
    tokenizer = _tokenizer(spec, target)
    drafter, drafter_name = _drafter(spec, target)
    stop_ids = _stop_ids(target, tokenizer)
    folder = Path(spec.model)
    ll_tokenizer = _ll_tokenizer(tokenizer, target.config.vocab_size, stop_ids)
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


def _source(model: str, revision: str | None, offline: bool) -> tuple[str, dict[str, Any]]:
    """(what from_pretrained is given, how)."""
    how: dict[str, Any] = {"revision": revision, "local_files_only": offline, "trust_remote_code": False}
    path = Path(model)
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"{model}: no such file", code="model_not_found")
        return str(path.parent), how | {"gguf_file": path.name}
    if model.startswith((".", "/", "~")) or path.is_dir():
        if not path.expanduser().is_dir():
            raise ModelError(f"{model}: no such folder", code="model_not_found")
        return str(path.expanduser()), how
    return model, how


def _config(model: str, revision: str | None, offline: bool) -> Any:
    source, how = _source(model, revision, offline)
    with _explained(model):
        return AutoConfig.from_pretrained(source, **how)


def _target(spec: ModelSpec, config: Any) -> Any:
    source, how = _source(spec.model, spec.revision, spec.offline)
    refuse_quantized(config, spec.model)
    if (text := gemma4_text(config)) is not None:
        # Of a multimodal checkpoint only the text tower is read. Text-only checkpoints say `model.layers…` where it
        # says `model.language_model.layers…`.
        how |= {"config": text, "key_mapping": {r"^model\.language_model\.": "model."}}
        return _weights(Gemma4ForCausalLM, spec, source, how, towers=text is not config)
    if "assistant" in config.model_type:
        raise ModelError(f"{spec.model} is a drafter, not a target: name it with EXTRACTOR_DRAFTER")
    return _weights(AutoModelForCausalLM, spec, source, how | {"config": config})


def _weights(kind: Any, spec: ModelSpec, source: str, how: dict[str, Any], *, towers: bool = False) -> Any:
    device = _device(spec.device)
    placed: dict[str, Any] = {"device_map": spec.device_map} if spec.device_map else {}
    if "gguf_file" not in how:
        placed["use_safetensors"] = True
    with _explained(source):
        model, report = kind.from_pretrained(
            source, dtype=_dtype(spec.dtype, device), output_loading_info=True, **how, **placed
        )
    judge_keys(report["unexpected_keys"], source, towers=towers)  # first: packed weights are missing ones too
    missing = sorted(set(report["missing_keys"]) - set(getattr(model, "all_tied_weights_keys", None) or {}))
    if missing:
        raise ModelError(f"{source} lacks {len(missing)} of the model's weights, {missing[0]} first")
    if report.get("mismatched_keys"):
        raise ModelError(f"{source}: weights do not fit its config.json, {sorted(report['mismatched_keys'])[0]} first")
    install(model)
    if spec.per_layer_on_host:
        if spec.device_map:
            raise ModelError("EXTRACTOR_PER_LAYER_ON_HOST and EXTRACTOR_DEVICE_MAP exclude each other")
        keep_on_host(model, device)
    return (model if spec.device_map else model.to(device)).eval().requires_grad_(False)


def _drafter(spec: ModelSpec, target: Any) -> tuple[Any | None, str | None]:
    if spec.drafter == "none" or (spec.drafter is None and not str(target.config.model_type).startswith("gemma4")):
        return None, None
    named = spec.drafter is not None
    name = spec.drafter or f"{spec.model.rstrip('/')}-assistant"
    try:
        config = _config(name, spec.drafter_revision, spec.offline)
    except ModelError as error:
        if named or error.code != "model_not_found":
            raise
        log.warning("no drafter: %s was not found; decoding with grammar and copy drafts only", name)
        return None, None
    if not str(config.model_type).endswith("_assistant"):
        raise ModelError(f"{name} is a {config.model_type}, not a Gemma 4 assistant; EXTRACTOR_DRAFTER=none for none")
    if not str(target.config.model_type).startswith("gemma4"):
        raise ModelError(f"{name} drafts for Gemma 4 targets only; this target is a {target.config.model_type}")
    if config.backbone_hidden_size != target.config.hidden_size:
        raise ModelError(
            f"{name} was made for a target of hidden size {config.backbone_hidden_size}, "
            f"this one has {target.config.hidden_size}"
        )
    if config.text_config.vocab_size != target.config.vocab_size:
        raise ModelError(
            f"{name} has a vocabulary of {config.text_config.vocab_size}, its target one of {target.config.vocab_size}"
        )
    refuse_quantized(config, name)
    config = as_assistant(config)
    source, how = _source(name, spec.drafter_revision, spec.offline)
    dtype = str(target.dtype).removeprefix("torch.")
    beside = replace(spec, device=str(drafter_device(target)), device_map=None, dtype=dtype, per_layer_on_host=False)
    return _weights(Gemma4AssistantForCausalLM, beside, source, how | {"config": config}), name


def _tokenizer(spec: ModelSpec, target: Any) -> PreTrainedTokenizerFast:
    source, how = _source(spec.model, spec.revision, spec.offline)
    with _explained(spec.model):
        tokenizer = AutoTokenizer.from_pretrained(source, **how)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{spec.model} has no fast tokenizer (tokenizer.json): grammars need one")
    if len(tokenizer) > target.config.vocab_size:
        raise ModelError(
            f"{spec.model}: its tokenizer has {len(tokenizer)} tokens, the model only {target.config.vocab_size}"
        )
    return tokenizer


def _ll_tokenizer(tokenizer: PreTrainedTokenizerFast, vocab: int, stop_ids: tuple[int, ...]) -> LLTokenizer:
    with _explained(str(tokenizer.name_or_path)):
        return from_tokenizer(tokenizer, n_vocab=vocab, eos_token=list(stop_ids))


def _stop_ids(target: Any, tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    found: list[int] = []
    for ids in (getattr(target.generation_config, "eos_token_id", None), tokenizer.eos_token_id):
        found += ids if isinstance(ids, list) else [ids] if ids is not None else []
    if not found:
        raise ModelError("the model names no end-of-sequence token (generation_config.json or tokenizer)")
    return tuple(dict.fromkeys(found))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"EXTRACTOR_DEVICE={name} is no device; try cpu, cuda or cuda:1") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"EXTRACTOR_DEVICE={name}, but torch sees no GPU here")
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    if name not in DTYPES:
        raise ModelError(f"EXTRACTOR_DTYPE={name} is none of auto, {', '.join(DTYPES)}")
    return DTYPES[name]


class _explained:
    """Turns what loading can raise into a `ModelError` with a hint, without the library's page of traceback."""

    def __init__(self, model: str) -> None:
        self._model = model

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None or isinstance(error, ModelError) or not isinstance(error, Exception):
            return
        causes = [error, *_causes(error)]
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if any(isinstance(cause, GatedRepoError) for cause in causes):
            raise ModelError(f"{self._model} is gated: accept its terms on the hub and set HF_TOKEN") from error
        if any(isinstance(cause, (RepositoryNotFoundError, HFValidationError)) for cause in causes):
            raise ModelError(
                f"{self._model}: no such model on the hub, nor a folder here", code="model_not_found"
            ) from error
        if any(isinstance(cause, LocalEntryNotFoundError) for cause in causes):
            raise ModelError(
                f"{self._model} is not in the local cache and the hub cannot be asked (offline, or no network)",
                code="model_not_found",
            ) from error
        if isinstance(error, OSError):
            raise ModelError(f"{self._model}: {line}", code="model_not_found") from error
        if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
            raise ModelError(f"{self._model} does not fit into memory") from error
        raise ModelError(f"{self._model} cannot be loaded: {line}") from error


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(found) < 16:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
