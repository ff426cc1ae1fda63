"""From settings to a running engine. The one place where the library's settings meet the engine's own words; importing
it loads torch."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from extractor.config import Settings
from extractor.engine import Engine, EngineConfig
from extractor.engine.memory import free_bytes, plan_context, plan_slots, rotary_bytes, slot_bytes, slot_shape
from extractor.engine.model.loader import Models, ModelSpec
from extractor.engine.model.loader import load as load_models
from extractor.errors import ModelError
from extractor.processes.cpu_quota import cpu_quota

log = logging.getLogger(__name__)

EXAMPLES = 2
_HABITS: dict[str, tuple[Callable[[float], bool], str]] = {  # what a model's `extractor.json` may say
    "examples": (lambda value: isinstance(value, int) and value >= 0, "a whole number"),
    "window": (lambda value: isinstance(value, int) and value >= 1, "a whole number from 1 on"),
    "review_below": (lambda value: 0 <= value <= 1, "a number from 0 to 1"),
}
SMALL = 30_000_000  # parameters


def load(settings: Settings) -> tuple[Engine, PreTrainedTokenizerFast, dict[str, Any]]:
    """(engine, tokenizer, what is loaded). Raises ModelError."""
    models = load_models(spec(settings))
    use_threads(settings, models)
    if settings.context is not None and settings.context > models.context:
        raise ModelError(f"EXTRACTOR_CONTEXT={settings.context}, but {models.name} reads {models.context} tokens")
    on_gpu = models.target.device.type == "cuda"
    config = EngineConfig(
        slots=settings.slots,
        context=models.context,
        max_draft=settings.max_draft,
        graphs=on_gpu if settings.graphs is None else settings.graphs,
        kernels=on_gpu if settings.kernels is None else settings.kernels,
    )

    def cost(context: int) -> int:
        """Of the cache, prefixes with it."""
        slot, tables = _bytes(models, replace(config, context=context))
        return (settings.slots + 1) * slot + tables

    budget = settings.cache_bytes or free_bytes(models.target.device)
    context = settings.context or plan_context(models.context, cost, budget)
    config = replace(config, context=context)
    slot, tables = _bytes(models, config)
    slots, prefixes = plan_slots(settings.slots, slot, tables, settings.cache_bytes, models.target.device)
    if slots < settings.slots:
        log.warning("%d of %d slots fit into memory, %d MiB each", slots, settings.slots, slot >> 20)
    engine = Engine(models, replace(config, slots=slots, prefix_bytes=prefixes))
    revision = settings.revision or getattr(models.target.config, "_commit_hash", None)
    about = {"revision": revision, "context": context, "slots": slots, "slot_bytes": slot}
    about["cache_bytes"] = slots * slot + prefixes + tables
    return engine, models.tokenizer, {**models.info, **about, **_habits(settings, models.folder)}


def _bytes(models: Models, config: EngineConfig) -> tuple[int, int]:
    """Of a slot, and of the tables that all slots share."""
    target, dtype = models.target.config, models.target.dtype
    texts = [target] + ([models.drafter.config.text_config] if models.drafter else [])
    tables = sum(rotary_bytes(text, config.entries + 1, dtype) for text in texts)
    return slot_bytes(target, slot_shape(target, config), dtype), tables


def use_threads(settings: Settings, models: Models) -> None:
    """torch's CPU threads: as set, else one for a small model (its threads would mostly wait for each other: two
    were measured to halve its speed), else as torch decides, but no more than a container may use."""
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    elif models.target.device.type == "cpu" and models.target.num_parameters() < SMALL:
        torch.set_num_threads(1)
    elif quota := cpu_quota():
        torch.set_num_threads(min(quota, torch.get_num_threads()))


def spec(settings: Settings) -> ModelSpec:
    """The part of the settings that says what to load."""
    return ModelSpec(
        model=settings.model,
        drafter=settings.drafter,
        revision=settings.revision,
        drafter_revision=settings.drafter_revision,
        offline=settings.offline,
        dtype=settings.dtype,
        device=settings.device,
        device_map=settings.device_map,
        per_layer_on_host=settings.per_layer_on_host,
    )


def _habits(settings: Settings, folder: Path | None) -> dict[str, float | None]:
    """How many few-shot examples to show, of how many tokens the windows of a long document are, and under which
    confidence a value is marked: the settings, else what the model was made for (`extractor.json` in its folder:
    `{"examples": 0, "window": 400, "review_below": 0.75}`), else two examples, and what is usual."""
    file = _made_for(folder)
    usual = {"examples": EXAMPLES, "window": None, "review_below": None}
    return {name: file.get(name, usual[name]) if (own := getattr(settings, name)) is None else own for name in usual}


def _made_for(folder: Path | None) -> dict[str, Any]:
    """What is written down beside a model. Raises ModelError."""
    try:
        file = json.loads((folder / "extractor.json").read_text()) if folder else {}
        return {name: value for name, value in file.items() if _is_habit(folder, name, value)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}/extractor.json cannot be read: {error}") from None


def _is_habit(folder: Path | None, name: str, value: Any) -> bool:
    """Raises ModelError where it is one that cannot be."""
    if value is None or name not in _HABITS:
        return False
    fits, what = _HABITS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
        raise ModelError(f"{folder}/extractor.json: {name} is {what}, not {value!r}")
    return True
