"""The runner for any causal LM: transformers' own forward, over the slot cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from extractor.engine.cache import FULL, SLIDING, SlotCache
from extractor.engine.layout import ARGUMENT, Layout, Rows
from extractor.engine.model.checkpoint import positions_of
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.runner import Runner, Step, StepOutput
from extractor.engine.model.upload import upload

MOST_BETWEEN = 1.25  # times as many rows


class StockRunner(Runner):
    """Every architecture that transformers' attention interface reaches, and Gemma 4s of layers that `gemma4.py` does
    not know."""

    def __init__(self, model: Any, graphs: Graphs | None = None, widest: int = 1) -> None:
        super().__init__(model, graphs, widest)
        config = model.config
        self._window: int | None = getattr(config, "sliding_window", None)
        self._kinds = set(getattr(config, "layer_types", None) or [])
        self._last = positions_of(config) - 1
        self._gemma4 = is_gemma4(model)

    def on_layer(self, callback: Callable[[], None]) -> None:
        layers = next((part for part in self.model.modules() if isinstance(part, nn.ModuleList) and len(part) > 1), ())
        for layer in layers:
            layer.register_forward_pre_hook(lambda *_: callback())

    def prefill(
        self,
        ids: Tensor,
        start: int,
        slot: int,
        cache: SlotCache,
        *,
        state: bool = True,  # noqa: ARG002 -- transformers' forward computes it anyway
    ) -> Tensor | None:
        width = ids.shape[1]
        positions = torch.arange(start, start + width, device=self.device)[None]
        cache.make_room(slot, start, start + width)
        layout = Layout.alone(Rows(cache, [slot], [start], width, self._back, self.device))
        hidden, _ = self._forward(upload(ids, self.device), positions, layout, keep=1)
        return None if hidden is None else hidden[:, -1]

    def verify(self, step: Step, cache: SlotCache) -> StepOutput:
        """Padding is computed."""
        ids, slots, lengths, width = step.ids, step.slots, step.starts, step.ids.shape[1]
        whole = slots if step.fill else neighbours(slots)
        at = [whole.index(slot) for slot in slots]
        if len(whole) > len(slots):
            lengths = [lengths[slots.index(slot)] if slot in slots else cache.held(slot) for slot in whole]
            ids = ids.new_zeros(len(whole), width).index_copy_(0, torch.tensor(at), ids)
            slots = whole
        ids = Step(ids, slots, lengths, step.fill).on(self.device)
        positions = upload(torch.tensor(lengths), self.device)[:, None] + torch.arange(width, device=self.device)
        for slot, start in zip(slots, lengths, strict=True):
            cache.make_room(slot, start, start + width)
        layout = Layout.together(Rows(cache, slots, lengths, width, self._back, self.device), positions)
        hidden, logits = self._forward(ids, positions, layout, keep=0)
        flat = [None if part is None else part.flatten(0, 1) for part in (hidden, logits)]
        return StepOutput([row * width for row in at], *flat)

    def _forward(
        self, ids: Tensor, positions: Tensor, layout: Layout, keep: int
    ) -> tuple[Tensor | None, Tensor | None]:
        """(final states, None) of a Gemma 4, (None, logits) of others; logits of the last `keep` positions, 0: of
        all."""
        call = {
            "input_ids": ids,
            "attention_mask": self._masks(positions, layout),
            # Padding may stand behind the last position there is, where a model's table of them ends.
            "position_ids": positions.clamp(max=self._last),
            ARGUMENT: layout,
            "use_cache": True,
        }
        if self._gemma4:
            return self.model.model(**call).last_hidden_state, None
        return None, self.model(**call, logits_to_keep=keep).logits

    def _masks(self, positions: Tensor, layout: Layout) -> Any:
        """Bool `[n, 1, width, entries]`, True where a query may look: at its own row's entries up to its position. By
        kind of attention where the model has several."""
        distance = {kind: positions[:, None, :, None] - layout.places(kind)[:, None, None] for kind in (FULL, SLIDING)}
        full = distance[FULL] >= 0
        if self._window is None or self._kinds == {FULL}:
            return full
        sliding = (distance[SLIDING] >= 0) & (distance[SLIDING] < self._window)
        return {FULL: full, SLIDING: sliding} if len(self._kinds) > 1 else sliding


def neighbours(slots: list[int]) -> list[int]:
    """`slots`, and those between them where these are few. Rows side by side are read in place, others copied, every
    layer's KV in every step: to compute some rows more, which nobody looks at, costs less. What these are given lands
    behind the entries that their slots hold."""
    whole = list(range(slots[0], slots[-1] + 1))
    return whole if slots == sorted(slots) and len(whole) <= MOST_BETWEEN * len(slots) else slots


def is_gemma4(model: Any) -> bool:
    """Whether `model` is a Gemma 4 target."""
    return str(model.config.model_type).startswith("gemma4")
