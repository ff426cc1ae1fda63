"""Gemma 4's assistant as the MTP drafter: one token of every row a forward, over the target's own KV.

Knows its masks, its rotary places and its heads, and nothing of text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from extractor.engine.cache import KeyValues, SlotCache
from extractor.engine.layout import Layout
from extractor.engine.model.checkpoint import drafter_device
from extractor.engine.model.fused import FusedLayer, able, can_search, nearest
from extractor.engine.model.gemma4 import Gemma4, Seen, attend, can_run, looks, sights
from extractor.engine.model.graphs import Graphs, depth_of, entries_of, rows_of, width_of
from extractor.engine.model.runner import Target, there_of, upload
from extractor.engine.verify import unpack
from extractor.errors import ModelError


@dataclass
class Chain:
    """A chain's fixed part: its place `[n, 1]`, and by kind of attention rotary tables there, the KV it reads, what it
    sees of it."""

    at: Tensor
    rotary: dict[str, KeyValues]
    stored: dict[str, KeyValues]
    seen: dict[str, Seen]


class MtpModel:
    """Gemma 4's assistant, one chain step at a time for all rows.

    It has no KV of its own: every layer reads the target's last sliding and last full layer, at one constant position.
    Step 1 reads (embedding of the pending token, target's hidden state before it); later steps read its own token and
    its own projected output. Masks and rotary embeddings are the same for every step of a chain, so they are made once.
    """

    def __init__(self, assistant: Any, target: Target, graphs: Graphs | None = None) -> None:
        if not can_run(assistant.model):
            raise ModelError("the drafter is not one of plain linear layers on one device; EXTRACTOR_DRAFTER=none")
        self.device: torch.device = assistant.device
        if drafter_device(target.model) != self.device:
            raise ModelError("the drafter is not where the layers are that it reads; EXTRACTOR_DRAFTER=none")
        self._assistant = assistant
        self._graphs, self._widest, self._ragged = graphs, target.widest, target.ragged
        self._fused = target.fused and able(assistant.model)
        self._lean = Gemma4(assistant.model, FusedLayer if self._fused else None)
        # transformers attends to the last `window` entries, both ends included (candidate_generator.py, 5.22)
        self._reach = self._lean.window + 1
        head = assistant.masked_embedding
        self._members: Any = None  # [centroids, tokens of each]
        if head is not None:
            self._members = head.token_ordering.long().view(head.num_centroids, head.vocab_size_per_centroid)
        self._embed: Any = target.model.get_input_embeddings()
        self._shared = target.shared_layers()

    @property
    def tried(self) -> int:
        """Recordings so far (`graphs.py`)."""
        return self._graphs.tried if self._graphs else 0

    def reserve(self, places: int) -> None:
        """As `Target.reserve`."""
        self._lean.rotary.reserve(places)

    def begin(self, slots: list[int], lengths: list[int], cache: SlotCache) -> Chain:
        """What a chain keeps fixed, for the rows in `slots` with `lengths` valid entries each."""
        at = torch.tensor(lengths, device=self.device)[:, None]
        return self._fixed(at, self._layout(slots, lengths, cache), max(lengths))

    def _layout(self, slots: list[int], lengths: list[int], cache: SlotCache) -> Layout:
        if self._ragged:
            return Layout.whole(cache, *there_of(cache, slots, self.device))
        return Layout.together(cache, slots, lengths, 0, self._reach, self.device)

    def _fixed(self, at: Tensor, layout: Layout, longest: int) -> Chain:
        """`at` `[n, 1]`: the lengths; `longest` of them, or a bound. What it sees ends before that."""
        before = at - 1
        if self._ragged:
            seen = sights(layout, before[:, 0], self._reach)
        else:
            seen = looks(layout, before, self._reach, self._assistant.dtype)
        stored = {kind: layout.read(layer) for kind, layer in self._shared.items()}
        return Chain(at, self._lean.rotary.at(at, longest + 1), stored, seen)

    def chains(
        self,
        tokens: list[int],
        hidden: Tensor,
        slots: list[int],
        lengths: list[int],
        cache: SlotCache,
        bits: Tensor,
        depth: int,
    ) -> Tensor:
        """At least `depth` steps for the rows in `slots` without a look at what comes out: tokens `[steps, n]`, on the
        device. `bits` `[n, words]`, packed and on the host: what is allowed at the first step."""
        n = len(tokens)
        rows = rows_of(n, cache.slots) if self._graphs else n
        more = rows - n
        bits = nn.functional.pad(bits, (0, 0, 0, more), value=-1)
        given = [
            upload(torch.tensor([*tokens, *[0] * more]), self.device),
            nn.functional.pad(hidden, (0, 0, 0, more)),
            upload(bits, self.device),
        ]
        if self._graphs is None:
            return self._run_chain(self.begin(slots, lengths, cache), depth, *given)[0]
        end = cache.shape.entries
        entries = end if self._ragged else entries_of(max(lengths), end)
        # Without `entries` of all sizes there are few recordings, and chains can be almost as deep as asked.
        depth = depth_of(depth) if self._ragged else width_of(depth, self._widest)
        self._lean.rotary.reserve(end + 1)
        slots = [*slots, *(slot for slot in range(cache.slots) if slot not in slots)][:rows]
        run = slots == list(range(rows))
        # An added row sees one entry of nobody's.
        there = [slots, [cache.bases[slot] for slot in slots[:n]] + [0] * more, [*lengths, *[1] * more]]

        def work(
            tokens: Tensor, hidden: Tensor, bits: Tensor, slots: Tensor, bases: Tensor, at: Tensor
        ) -> tuple[Tensor, ...]:
            if self._ragged:
                layout = Layout.whole(cache, slots, bases)
            else:
                layout = Layout.bounded(cache, slots, bases, entries, run=run)
            return self._run_chain(self._fixed(at[:, None], layout, entries), depth, tokens, hidden, bits)

        given += upload(torch.tensor(there), self.device).unbind()
        return self._graphs.run(("chain", rows, entries, depth, run), work, *given)[0][:, :n]

    def _run_chain(self, fixed: Chain, depth: int, tokens: Tensor, hidden: Tensor, bits: Tensor) -> tuple[Tensor, ...]:
        steps = []
        for step in range(depth):
            state, hidden = self._body(tokens, hidden, fixed)
            tokens = self._best(state, bits if step == 0 else None)
            steps.append(tokens)
        return (torch.stack(steps),)

    def step(self, tokens: Tensor, hidden: Tensor, chain: Chain) -> tuple[Tensor, Tensor]:
        """`tokens` `[n]`, `hidden` `[n, target hidden]` → logits `[n, vocab]`, next hidden `[n, target hidden]`."""
        normed, following = self._body(tokens, hidden, chain)
        return self._head(normed)[:, 0], following

    def _body(self, tokens: Tensor, hidden: Tensor, chain: Chain) -> tuple[Tensor, Tensor]:
        """Without the head: its final state `[n, 1, hidden]`."""
        # The target's embeddings and its last layer may be on other devices than the layers in between.
        embedded = self._embed(tokens.to(self._embed.weight.device)).to(self.device)
        state = self._assistant.pre_projection(torch.cat([embedded, hidden.to(self.device)], -1))[:, None]
        normed = self._lean.enter(state)
        for layer, after in zip(self._lean.layers, self._lean.after, strict=True):
            query, _ = layer.project(normed, chain.rotary[layer.kind], chain.at, None)
            heard = attend(query, *chain.stored[layer.kind], chain.seen[layer.kind])
            state, normed = layer.finish(state, heard, None, after)
        return normed, self._assistant.post_projection(normed)[:, 0]

    def _best(self, state: Tensor, bits: Tensor | None) -> Tensor:
        """The most likely token `[n]`, of those `bits` `[n, words]` allow."""
        head = self._assistant.masked_embedding
        if self._fused and head is not None and can_search(state.shape[-1], self._members):
            chosen = head.centroids(state[:, 0]).topk(head.centroid_intermediate_top_k, -1, sorted=False).indices
            return nearest(state[:, 0], self._assistant.lm_head.weight, self._members, chosen, bits)
        logits = self._head(state)[:, 0]
        if bits is not None:
            logits = logits.masked_fill(~unpack(bits, logits.shape[-1]), float("-inf"))
        return logits.argmax(-1)

    def _head(self, state: Tensor) -> Tensor:
        """Logits `[n, 1, vocab]`. With ordered embeddings only the tokens of the nearest centroids get one, the rest
        -inf: the same choice as transformers' head, without its `.item()` (a host sync a step)."""
        head = self._assistant.masked_embedding
        weight = self._assistant.lm_head.weight
        if head is None:
            return nn.functional.linear(state, weight)
        chosen = head.centroids(state).topk(head.centroid_intermediate_top_k, -1).indices
        assert self._members is not None
        members = self._members[chosen].flatten(2)
        scores = (state.unsqueeze(-2) @ weight[members].transpose(-1, -2)).squeeze(-2)
        logits = state.new_full((*state.shape[:2], weight.shape[0]), float("-inf"))
        return logits.scatter_(-1, members, scores)
