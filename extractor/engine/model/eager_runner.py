"""The runner for Gemma 4: the engine's own layers (`gemma4.py`), launched kernel by kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from extractor.engine.attention.packed import Packing, worth_packing
from extractor.engine.cache import SlotCache
from extractor.engine.layout import Layout, Rows
from extractor.engine.model.backend import PLAIN, Backend
from extractor.engine.model.gemma4 import Gemma4
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.host_embedding import HostEmbedding
from extractor.engine.model.runner import Runner, Step, StepOutput
from extractor.engine.model.upload import upload
from extractor.engine.model.view import DenseView, PackedView


class EagerRunner(Runner):
    """A Gemma 4 for which `gemma4.can_run` holds. On a CPU, steps of much padding or of slots that lie apart are
    packed (`packed.py`)."""

    def __init__(self, model: Any, graphs: Graphs | None = None, widest: int = 1, backend: Backend = PLAIN) -> None:
        super().__init__(model, graphs, widest, backend)
        self.layers = Gemma4(model.model, backend.layer)
        table = getattr(model.model, "embed_tokens_per_layer", None)
        self._table = table if isinstance(table, HostEmbedding) else None
        self._may_pack = self.device.type == "cpu" and not backend.view.own_length

    def reserve(self, positions: int) -> None:
        self.layers.rotary.reserve(positions)

    def on_layer(self, callback: Callable[[], None]) -> None:
        self.layers.on_layer = callback

    def prepare(self, resolve: Callable[[], object]) -> None:
        if self._table:
            resolve()

    def prefill(self, ids: Tensor, start: int, slot: int, cache: SlotCache, *, state: bool = True) -> Tensor | None:
        width = ids.shape[1]
        positions = torch.arange(start, start + width, device=self.device)[None]
        cache.make_room(slot, start, start + width)
        view = DenseView()  # of one row there is nothing to gain by another
        layout = view.layout(Rows(cache, [slot], [start], width, self._back, self.device))
        inputs = self._per_layer_inputs(ids)
        last = torch.full((int(state),), width - 1, device=self.device)
        ids = upload(ids, self.device)
        hidden = self.layers.read(ids, positions, start + width, layout, view, last=last, inputs=inputs)
        return hidden[:, 0] if state else None

    def verify(self, step: Step, cache: SlotCache) -> StepOutput:
        if step.counts and self._may_pack and worth_packing(step.slots, step.starts, step.counts):
            return self._verify_packed(step, step.counts, cache)
        n, width = step.ids.shape
        inputs = self._per_layer_inputs(step.ids)
        ids = step.on(self.device)
        positions = upload(torch.tensor(step.starts), self.device)[:, None] + torch.arange(width, device=self.device)
        for slot, start in zip(step.slots, step.starts, strict=True):
            cache.make_room(slot, start, start + width)
        view = self.backend.view
        layout = view.layout(Rows(cache, step.slots, step.starts, width, self._back, self.device), positions)
        hidden = self.layers.read(ids, positions, max(step.starts) + width, layout, view, inputs=inputs)
        return StepOutput(list(range(0, n * width, width)), hidden.flatten(0, 1))

    def _verify_packed(self, step: Step, counts: list[int], cache: SlotCache) -> StepOutput:
        """`verify` without padding, on a CPU."""
        slots, lengths, width = step.slots, step.starts, step.ids.shape[1]
        packing = Packing(counts, width)
        positions = packing.pack(torch.tensor(lengths)[:, None] + torch.arange(width))
        ids = packing.pack(step.on(self.device))
        inputs = self._per_layer_inputs(ids)
        for slot, start, count in zip(slots, lengths, counts, strict=True):
            cache.make_room(slot, start, start + count)
        bases = [cache.bases[slot] for slot in slots]
        view = PackedView(packing, slots, lengths, bases)
        layout = Layout.whole(cache, torch.tensor(slots), torch.tensor(bases), positions, packing.rows)
        hidden = self.layers.read(ids, positions, max(lengths) + width, layout, view, inputs=inputs)
        return StepOutput(packing.first, hidden[0])

    def _per_layer_inputs(self, ids: Tensor) -> Tensor | None:
        """Those of `ids` `[n, width]` (on the host) that the host looks up; None where the device does."""
        return self._table(ids) if self._table else None
