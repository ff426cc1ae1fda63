"""Picks the runner for a model."""

from __future__ import annotations

from typing import Any

import torch

from extractor.engine.model.backend import best_backend, plain_backend
from extractor.engine.model.eager_runner import EagerRunner
from extractor.engine.model.gemma4 import can_run
from extractor.engine.model.graph_runner import FusedGraphRunner, GraphRunner
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.runner import Runner
from extractor.engine.model.stock_runner import StockRunner, is_gemma4


def build_runner(model: Any, graphs: Graphs | None = None, widest: int = 1, *, kernels: bool = False) -> Runner:
    """For a transformers causal LM. With `graphs`, steps are padded to few shapes, at most `widest` positions wide, and
    recorded. With `kernels`, where the device can run them, each row is read to its own length, through layers of fewer
    and larger kernels; the log says where it cannot. Models that are no Gemma 4 of plain layers get neither."""
    if model.device.type == "cuda":
        # cuDNN plans anew for every length, and rows grow; with few KV heads it has also been wrong (PyTorch 2.11).
        torch.backends.cuda.enable_cudnn_sdp(False)
    if not (is_gemma4(model) and can_run(model.model)):
        return StockRunner(model, graphs, widest)
    backend = best_backend(model.model, model.device, model.dtype) if kernels else plain_backend(model.model)
    if graphs is None:
        return EagerRunner(model, None, widest, backend)
    return (FusedGraphRunner if backend.fused else GraphRunner)(model, graphs, widest, backend)
