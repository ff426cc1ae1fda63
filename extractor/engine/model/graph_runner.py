"""The runner for Gemma 4 on a GPU: steps are padded to a few shapes, and each shape is recorded as one CUDA graph.

Off a GPU the padded work just runs (`graphs.py`), which is how tests hold it to the unpadded one.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from extractor.engine.cache import SlotCache
from extractor.engine.layout import Layout, RecordedRows
from extractor.engine.model.backend import PLAIN, Backend
from extractor.engine.model.eager_runner import EagerRunner
from extractor.engine.model.graphs import Graphs, entries_of, prompt_of, rows_of, width_of
from extractor.engine.model.runner import Step, StepOutput
from extractor.engine.model.upload import upload, upload_slots


class GraphRunner(EagerRunner):
    """Records the steps; prompts are read as `EagerRunner` reads them."""

    def __init__(self, model: Any, graphs: Graphs, widest: int, backend: Backend = PLAIN) -> None:
        super().__init__(model, graphs, widest, backend)
        self._graphs = graphs

    def verify(self, step: Step, cache: SlotCache) -> StepOutput:
        """A shape is computed whole. Rows and positions are added that nobody reads. An added row is a slot that takes
        no part in the step: what is written for it lands behind the entries that it holds."""
        n, width = step.ids.shape
        rows, wide = rows_of(n, cache.slots), width_of(width, self.widest)
        slots = [*step.slots, *(slot for slot in range(cache.slots) if slot not in step.slots)][:rows]
        starts = [*step.starts, *(cache.held(slot) for slot in slots[n:])]
        for slot, start in zip(slots, starts, strict=True):
            cache.make_room(slot, start, start + wide)
        # Entries for the added rows too: a query that sees nothing is NaN, and so is what it leaves in the cache.
        # Where each row reads to its own length, one recording does for all lengths.
        end, view = cache.shape.entries, self.backend.view
        entries = end if view.own_length else entries_of(max(starts) + wide, end)
        run = slots == list(range(rows))
        self.layers.rotary.reserve(end)
        ids = nn.functional.pad(step.ids, (0, wide - width, 0, rows - n))
        positions = torch.tensor(starts)[:, None] + torch.arange(wide)
        on_device, where = upload(torch.stack([ids, positions]), self.device).unbind()
        given = [step.fill(on_device) if step.fill else on_device, where, *upload_slots(cache, slots, self.device)]
        if (inputs := self._per_layer_inputs(ids)) is not None:
            given.append(inputs)

        def work(
            ids: Tensor, positions: Tensor, slots: Tensor, bases: Tensor, inputs: Tensor | None = None
        ) -> tuple[Tensor]:
            layout = view.recorded_layout(RecordedRows(cache, slots, bases, entries, run), positions)
            return (self.layers.read(ids, positions, entries, layout, view, inputs=inputs),)

        (hidden,) = self._graphs.run(("verify", rows, wide, entries, run), work, *given)
        # A copy, because rows keep their hidden state and the next run of the recording writes over it. Logits are not
        # recorded: each recording would keep its own.
        hidden = hidden[:n, :width].clone().flatten(0, 1)
        return StepOutput(list(range(0, n * width, width)), hidden)


class FusedGraphRunner(GraphRunner):
    """Records the chunks of prompts too, which needs the kernels of `fused.py` and `ragged.py`."""

    def prefill(
        self,
        ids: Tensor,
        start: int,
        slot: int,
        cache: SlotCache,
        *,
        state: bool = True,  # noqa: ARG002 -- there is one recording for both
    ) -> Tensor | None:
        """Positions are added behind the prompt's, whose entries nobody reads before they are written over. One
        recording does for every row, and computes the state in any case."""
        width = ids.shape[1]
        wide, end, view = prompt_of(width), cache.shape.entries, self.backend.view
        self.layers.rotary.reserve(end)
        cache.make_room(slot, start, min(start + wide, end))
        ids = nn.functional.pad(ids, (0, wide - width))
        positions = torch.arange(start, start + wide)[None].clamp_(max=end - 1)
        on_device, where = upload(torch.stack([ids, positions]), self.device).unbind()
        there = upload(torch.tensor([[slot], [cache.bases[slot]], [width - 1]]), self.device)
        given = [on_device, where, *there.unbind()]
        if (inputs := self._per_layer_inputs(ids)) is not None:
            given.append(inputs)

        def work(
            ids: Tensor, positions: Tensor, slots: Tensor, bases: Tensor, last: Tensor, inputs: Tensor | None = None
        ) -> tuple[Tensor]:
            layout = Layout.whole(cache, slots, bases, positions)
            return (self.layers.read(ids, positions, end, layout, view, last=last, inputs=inputs),)

        return self._graphs.run(("prefill", wide), work, *given)[0][:, 0].clone()
