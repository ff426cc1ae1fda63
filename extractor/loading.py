"""From settings to a running engine. The one place where the library's settings meet the engine's own words; importing
it loads torch."""

from __future__ import annotations

import json
import logging
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


def _habits(settings: Settings, folder: Path | None) -> dict[str, int | None]:
    """How many few-shot examples to show, and of how many tokens the windows of a long document are: the settings, else
    what the model was made for (`extractor.json` in its folder: `{"examples": 0, "window": 400}`), else two examples,
    and windows as large as the context allows."""
    habits: dict[str, int | None] = {"examples": settings.examples, "window": settings.window}
    try:
        file = json.loads((folder / "extractor.json").read_text()) if folder else {}
        for name in habits:
            if habits[name] is None:
                habits[name] = file.get(name)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}/extractor.json cannot be read: {error}") from None
    for name, least in (("examples", 0), ("window", 1)):
        value = habits[name]
        if value is not None and (type(value) is not int or value < least):
            raise ModelError(f"{folder}/extractor.json: {name} is a number, not {value!r}")
    return {**habits, "examples": EXAMPLES if habits["examples"] is None else habits["examples"]}
