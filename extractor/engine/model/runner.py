"""The target's forward: over every row's pending token and draft, or over a chunk of one row's prompt.

Knows the models' masks, and nothing of text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from extractor.engine.attention.packed import Packing, RowByRow, worth_packing
from extractor.engine.attention.ragged import able as ragged_able
from extractor.engine.cache import FULL, SLIDING, SlotCache
from extractor.engine.layout import ARGUMENT, Layout
from extractor.engine.model.checkpoint import drafted_from
from extractor.engine.model.device_event import Mark
from extractor.engine.model.fused import FusedLayer, able, pick, soften
from extractor.engine.model.gemma4 import Gemma4, Seen, can_run
from extractor.engine.model.graphs import Graphs, entries_of, prompt_of, rows_of, width_of
from extractor.engine.model.host_embedding import HostTable
from extractor.engine.model.loader import positions_of
from extractor.engine.sampling import Sampling, gumbel
from extractor.engine.verify import choose, together, unpack

Fill = Callable[[Tensor], Tensor]


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """`tensor` from the host on `device`; out of pinned memory a GPU fetches it without making anybody wait."""
    if device.type != "cuda":
        return tensor.to(device)
    return (tensor if tensor.is_pinned() else tensor.pin_memory()).to(device, non_blocking=True)


def there_of(cache: SlotCache, slots: list[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """`slots` and where their sliding layers begin, `[n]` each, on `device`."""
    found = upload(torch.tensor([slots, [cache.bases[slot] for slot in slots]]), device)
    return found[0], found[1]


@dataclass(frozen=True)
class Reading:
    """Of the positions a step read: for Gemma 4 final `hidden` states `[m, hidden]`, for others `logits` `[m, vocab]`;
    row i's begin at `first[i]`."""

    first: list[int]
    hidden: Tensor | None = None
    logits: Tensor | None = None

    @property
    def positions(self) -> int:
        """How many were computed, padding among them."""
        return sum(len(made) for made in (self.hidden, self.logits) if made is not None)


class Target:
    """A causal LM that reads ragged rows: row i's tokens stand at `lengths[i]` and after. Gemma 4 runs through the
    lean layers of `gemma4.py` where it can, anything else through its own forward."""

    def __init__(self, model: Any, graphs: Graphs | None = None, widest: int = 1, *, kernels: bool = False) -> None:
        """With `graphs` steps are padded to few shapes, at most `widest` positions wide, and recorded. With `kernels`,
        where the device can, they read each row to its own length, through layers of fewer and larger kernels."""
        config = model.config
        self.model = model
        self.vocab: int = config.vocab_size
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.window: int | None = getattr(config, "sliding_window", None)
        self._back = (self.window or 1) - 1  # how far behind a position a sliding layer looks
        self.layer_types: list[str] = list(getattr(config, "layer_types", None) or [])
        self._last = positions_of(config) - 1
        self.gemma4 = str(config.model_type).startswith("gemma4")
        plain = self.gemma4 and can_run(model.model)
        sizes = {layer.self_attn.head_dim for layer in model.model.layers} if kernels and plain else set()
        self.ragged = bool(sizes) and ragged_able(self.device, self.dtype, sizes)
        self.fused = self.ragged and able(model.model)
        self._lean = Gemma4(model.model, FusedLayer if self.fused else None) if plain else None
        if self.device.type == "cuda":
            # It plans anew for every length, and rows grow; with few KV heads it has also been wrong (PyTorch 2.11).
            torch.backends.cuda.enable_cudnn_sdp(False)
        table = getattr(model.model, "embed_tokens_per_layer", None) if self._lean else None
        self._table = table if isinstance(table, HostTable) else None
        self.reads_ids = self._table is not None  # the host looks embeddings up by them
        self._graphs, self.widest = graphs if self._lean else None, widest
        self._packs = self._lean is not None and self.device.type == "cpu" and not self._graphs and not self.ragged

    def reserve(self, places: int) -> None:
        """Rotary tables for so many positions, which then never grow."""
        if self._lean:
            self._lean.rotary.reserve(places)

    def tell_moves(self, moved: Callable[[], None]) -> None:
        """`moved` is called at every layer from now on."""
        if self._lean:
            self._lean.moved = moved
            return
        layers = next((part for part in self.model.modules() if isinstance(part, nn.ModuleList) and len(part) > 1), ())
        for layer in layers:
            layer.register_forward_pre_hook(lambda *_: moved())

    def prefill(self, ids: Tensor, start: int, slot: int, cache: SlotCache) -> Tensor | None:
        """Write the KV of `ids` `[1, width]` (on the host) at `start …` into `slot`; returns the last hidden state
        `[1, hidden]` for a Gemma 4 target (its drafter starts from it), None for others. No logits are computed."""
        if self._graphs and self.fused:
            return self._prefill_padded(self._graphs, ids, start, slot, cache)
        width = ids.shape[1]
        positions = torch.arange(start, start + width, device=self.device)[None]
        cache.make_room(slot, start, start + width)
        layout = Layout.alone(cache, slot, start, width, self._back, self.device)
        inputs = self._table(ids) if self._table else None
        ids = upload(ids, self.device)
        if self._lean:
            last = torch.full((1,), width - 1, device=self.device)
            return self._lean.read(ids, positions, start + width, layout, last=last, inputs=inputs)[:, 0]
        hidden, _ = self._stock(ids, positions, layout, keep=1)
        return hidden[:, -1] if self.gemma4 else None

    def _prefill_padded(self, graphs: Graphs, ids: Tensor, start: int, slot: int, cache: SlotCache) -> Tensor:
        """`prefill` with positions added behind the prompt's, whose entries nobody reads before they are written over;
        one recording does for every row."""
        assert self._lean is not None
        lean, width = self._lean, ids.shape[1]
        wide, end = prompt_of(width), cache.shape.entries
        lean.rotary.reserve(end)
        cache.make_room(slot, start, min(start + wide, end))
        ids = nn.functional.pad(ids, (0, wide - width))
        positions = torch.arange(start, start + wide)[None].clamp_(max=end - 1)
        on_device, where = upload(torch.stack([ids, positions]), self.device).unbind()
        there = upload(torch.tensor([[slot], [cache.bases[slot]], [width - 1]]), self.device)
        given = [on_device, where, *there.unbind()]
        if self._table:
            given.append(self._table(ids))

        def work(
            ids: Tensor, positions: Tensor, slots: Tensor, bases: Tensor, last: Tensor, inputs: Tensor | None = None
        ) -> tuple[Tensor]:
            layout = Layout.whole(cache, slots, bases, positions)
            return (lean.read(ids, positions, end, layout, last=last, inputs=inputs, ragged=True),)

        return graphs.run(("prefill", wide), work, *given)[0][:, 0].clone()

    def verify(
        self,
        ids: Tensor,
        slots: list[int],
        lengths: list[int],
        cache: SlotCache,
        fill: Fill | None = None,
        counts: list[int] | None = None,
    ) -> Reading:
        """One step for the rows in `slots`, `ids` `[n, width]` (on the host) from `lengths` on. `fill` puts what only
        the device knows into the ids there; not with `reads_ids`. `counts`: how many of a row's positions are no
        padding; None: all."""
        n, width = ids.shape
        first = list(range(0, n * width, width))
        if counts and self._packs and worth_packing(slots, lengths, counts):
            return self._verify_packed(ids, slots, lengths, cache, fill, counts)
        if self._graphs:
            hidden = self._verify_padded(self._graphs, ids, slots, lengths, cache, fill)
            return Reading(first, hidden)
        inputs = self._table(ids) if self._table else None
        ids = upload(ids, self.device)
        ids = fill(ids) if fill else ids
        places = torch.arange(width, device=self.device)
        positions = upload(torch.tensor(lengths), self.device)[:, None] + places
        length = max(lengths) + width
        layout = self._layout(cache, slots, lengths, width, positions)
        if self._lean:
            hidden = self._lean.read(ids, positions, length, layout, inputs=inputs, ragged=self.ragged)
        else:
            hidden, logits = self._stock(ids, positions, layout, keep=0)
            if logits is not None:
                return Reading(first, logits=logits.flatten(0, 1))
        return Reading(first, hidden.flatten(0, 1))

    def _layout(self, cache: SlotCache, slots: list[int], lengths: list[int], width: int, positions: Tensor) -> Layout:
        for slot, start in zip(slots, lengths, strict=True):
            cache.make_room(slot, start, start + width)
        if self.ragged:
            return Layout.whole(cache, *there_of(cache, slots, self.device), positions)
        if len(slots) == 1:
            return Layout.alone(cache, slots[0], lengths[0], width, self._back, self.device)
        return Layout.together(cache, slots, lengths, width, self._back, self.device, positions)

    def _verify_packed(
        self,
        ids: Tensor,
        slots: list[int],
        lengths: list[int],
        cache: SlotCache,
        fill: Fill | None,
        counts: list[int],
    ) -> Reading:
        assert self._lean is not None
        width, lean = ids.shape[1], self._lean
        packing = Packing(counts, width)
        positions = packing.pack(torch.tensor(lengths)[:, None] + torch.arange(width))
        ids = packing.pack(fill(ids) if fill else ids)
        inputs = self._table(ids) if self._table else None
        for slot, start, count in zip(slots, lengths, counts, strict=True):
            cache.make_room(slot, start, start + count)
        bases = [cache.bases[slot] for slot in slots]
        layout = Layout.whole(cache, torch.tensor(slots), torch.tensor(bases), positions, packing.rows)
        near = [length - base for length, base in zip(lengths, bases, strict=True)]
        seen: dict[str, Seen] = {
            FULL: RowByRow(packing, slots, lengths, None, self.dtype),
            SLIDING: RowByRow(packing, slots, near, lean.window, self.dtype),
        }
        read = lean.read(ids, positions, max(lengths) + width, layout, inputs=inputs, packed=seen)[0]
        return Reading(packing.first, read)

    def _logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self.model.lm_head(hidden)
        cap = self.model.config.final_logit_softcapping
        if cap is not None and self.fused:
            return soften(logits, cap)
        return logits if cap is None else torch.tanh(logits / cap) * cap

    def choose(self, read: Reading, at: list[int], bits: Tensor | None, sampled: Sampling | None) -> Tensor:
        """The tokens for the positions `at` of what was `read`, and their log-probabilities: `verify.choose`; no other
        position gets logits here. `bits` `[len(at), words]`: packed masks, on the host. `sampled`: which of `at` get
        noise."""
        made = read.hidden if read.logits is None else read.logits
        assert made is not None
        made = made if at == list(range(len(made))) else made[upload(torch.tensor(at), made.device)]
        logits = self._logits(made) if read.logits is None else made
        packed = None if bits is None else upload(bits, logits.device)
        if sampled is None:
            return self._best(logits, packed)
        places = upload(sampled.places, logits.device)
        found = together(*(logits.new_zeros(len(at), dtype=torch.float64) for _ in range(2)))
        if len(sampled.places) < len(at):
            found.copy_(self._best(logits, packed))
        allowed = None if packed is None else unpack(packed[places], self.vocab)
        noise = gumbel(upload(sampled.keys, logits.device), self.vocab)
        noise *= upload(sampled.temperatures, logits.device)[:, None]
        return found.index_copy_(1, places, choose(logits[places], allowed, noise))

    def _best(self, logits: Tensor, bits: Tensor | None) -> Tensor:
        """The most likely tokens, under packed masks on the device."""
        if self.fused:
            return together(*pick(logits, bits))
        return choose(logits, None if bits is None else unpack(bits, self.vocab))

    def _verify_padded(
        self,
        graphs: Graphs,
        ids: Tensor,
        slots: list[int],
        lengths: list[int],
        cache: SlotCache,
        fill: Fill | None,
    ) -> Tensor:
        """The states of `verify`, `[n * width, hidden]`, with rows and positions added that nobody reads. An added row
        is a slot that takes no part: what it is given lands behind the entries it holds."""
        assert self._lean is not None
        lean, (n, width) = self._lean, ids.shape
        rows, wide = rows_of(n, cache.slots), width_of(width, self.widest)
        slots = [*slots, *(slot for slot in range(cache.slots) if slot not in slots)][:rows]
        starts = [*lengths, *(cache.held(slot) for slot in slots[n:])]
        for slot, start in zip(slots, starts, strict=True):
            cache.make_room(slot, start, start + wide)
        # Over the added rows too: a query that sees nothing is NaN, and so is what it leaves in the cache.
        # Where each row reads to its own length, one recording does for all.
        end = cache.shape.entries
        entries = end if self.ragged else entries_of(max(starts) + wide, end)
        run = slots == list(range(rows))
        lean.rotary.reserve(end)
        ids = nn.functional.pad(ids, (0, wide - width, 0, rows - n))
        positions = torch.tensor(starts)[:, None] + torch.arange(wide)
        on_device, where = upload(torch.stack([ids, positions]), self.device).unbind()
        given = [fill(on_device) if fill else on_device, where, *there_of(cache, slots, self.device)]
        if self._table:
            given.append(self._table(ids))

        def work(
            ids: Tensor, positions: Tensor, slots: Tensor, bases: Tensor, inputs: Tensor | None = None
        ) -> tuple[Tensor]:
            if self.ragged:
                layout = Layout.whole(cache, slots, bases, positions)
            else:
                layout = Layout.bounded(cache, slots, bases, entries, positions, run=run)
            return (lean.read(ids, positions, entries, layout, inputs=inputs, ragged=self.ragged),)

        (hidden,) = graphs.run(("verify", rows, wide, entries, run), work, *given)
        # A row keeps its hidden state, a recording does not. Nor are logits recorded: each would keep its own.
        return hidden[:n, :width].clone().flatten(0, 1)

    def _stock(self, ids: Tensor, positions: Tensor, layout: Layout, keep: int) -> tuple[Tensor, Tensor | None]:
        """transformers' own forward: (hidden states, None) of a Gemma 4, (anything, logits) of others."""
        call = {
            "input_ids": ids,
            "attention_mask": self._masks(positions, layout),
            # Padding may stand behind the last position there is, where a model's table of them ends.
            "position_ids": positions.clamp(max=self._last),
            ARGUMENT: layout,
            "use_cache": True,
        }
        if self.gemma4:
            return self.model.model(**call).last_hidden_state, None
        logits: Tensor = self.model(**call, logits_to_keep=keep).logits
        return logits, logits

    def _masks(self, positions: Tensor, layout: Layout) -> Any:
        """Bool `[n, 1, width, entries]`, True where a query may look: at its own row's entries up to its position."""
        distance = {kind: positions[:, None, :, None] - layout.places(kind)[:, None, None] for kind in (FULL, SLIDING)}
        full = distance[FULL] >= 0
        kinds = set(self.layer_types)
        if self.window is None or kinds == {FULL}:
            return full
        sliding = (distance[SLIDING] >= 0) & (distance[SLIDING] < self.window)
        return {FULL: full, SLIDING: sliding} if len(kinds) > 1 else sliding

    @property
    def tried(self) -> int:
        """Recordings so far (`graphs.py`), the drafter's among them."""
        return self._graphs.tried if self._graphs else 0

    @property
    def recording(self) -> bool:
        """Whether a forward is being recorded just now."""
        return bool(self._graphs and self._graphs.recording)

    def mark(self) -> Mark:
        """The end of what the device has been asked for so far."""
        return Mark(self.device)

    def shared_layers(self) -> dict[str, int]:
        """Gemma 4: see `checkpoint.drafted_from`."""
        return drafted_from(self.model.config)
