"""What an engine is made of besides its loop: the target's runner, and what composes drafts."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from extractor.engine.config import EngineConfig
from extractor.engine.drafting.compose import Drafting
from extractor.engine.drafting.mtp import MtpDrafter
from extractor.engine.drafting.text import TextDrafter
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.loader import Models
from extractor.engine.model.runner import Runner


def target_runner(models: Models, config: EngineConfig) -> Runner:
    """The target of `models`, with room for as many positions as a row may have."""
    graphs = Graphs(models.target.device) if config.graphs else None
    with current_device(models.target.device):  # kernels are tried
        runner = build_runner(models.target, graphs, config.max_draft + 1, kernels=config.kernels)
        runner.reserve(config.entries + 1)
    return runner


def mtp_model(models: Models, config: EngineConfig, runner: Runner) -> MtpModel | None:
    """The drafter of `models`, to run beside `runner`; None where they have none."""
    if models.drafter is None:
        return None
    with current_device(runner.device):
        model = MtpModel(models.drafter, runner)
        model.reserve(config.entries + 1)
    return model


def compose_drafting(models: Models, config: EngineConfig, runner: Runner, mtp: MtpModel | None) -> Drafting:
    """All drafters there are: grammar, copy, and `mtp`."""
    overlap = config.overlaps(runner.device)
    chains = MtpDrafter(mtp, runner.vocab, overlap) if mtp else None
    return Drafting(TextDrafter(models.ll_tokenizer), chains, learns_late=overlap)


def current_device(device: torch.device) -> AbstractContextManager[Any]:
    """Where Triton launches its kernels."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
