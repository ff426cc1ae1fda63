"""Gemma 4's assistant as the MTP drafter (multi-token prediction): each forward drafts one token of every row, over the
target's own KV. It knows nothing of text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from extractor.engine.attention.masks import Masks
from extractor.engine.cache import KeyValues, SlotCache
from extractor.engine.layout import Layout, RecordedRows, Rows
from extractor.engine.model.checkpoint import drafter_device
from extractor.engine.model.fused import can_search, centroid_argmax
from extractor.engine.model.gemma4 import Gemma4, can_run
from extractor.engine.model.graphs import depth_of, entries_of, rows_of, width_of
from extractor.engine.model.runner import Runner
from extractor.engine.model.upload import upload
from extractor.engine.verify import unpack
from extractor.errors import ModelError


@dataclass
class Chain:
    """What all steps of a chain have in common: the position `at` `[n, 1]` of each row; by kind of attention the rotary
    tables there, the KV that is read (`stored`) and its masks."""

    at: Tensor
    rotary: dict[str, KeyValues]
    stored: dict[str, KeyValues]
    masks: Masks


class MtpModel:
    """Gemma 4's assistant, which runs one step of a chain at a time for all rows.

    It has no KV of its own: its layers read those of the target's last sliding and last full layer that own theirs, at
    one constant position. The first step reads the embedding of the pending token and the target's hidden state before
    it; later steps read the embedding of the token drafted last and their own projected output. Masks and rotary
    embeddings are the same for every step of a chain, so they are made once.
    """

    def __init__(self, assistant: Any, target: Runner) -> None:
        """Runs as `target` does: by its backend, and recorded where its steps are. Raises `ModelError` for an assistant
        that cannot run beside it."""
        if not can_run(assistant.model):
            raise ModelError("the drafter is not one of plain linear layers on one device; EXTRACTOR_DRAFTER=none")
        self.device: torch.device = assistant.device
        if drafter_device(target.model) != self.device:
            raise ModelError("the drafter is not where the layers are that it reads; EXTRACTOR_DRAFTER=none")
        self._assistant = assistant
        self._graphs, self._widest = target.graphs, target.widest
        backend = target.backend.for_drafter(assistant.model)
        self._view, self._fused = backend.view, backend.fused
        self._layers = Gemma4(assistant.model, backend.layer)
        # transformers lets it see the last `window` entries, both ends included (candidate_generator.py, 5.22)
        self._reach = self._layers.window + 1
        head = assistant.masked_embedding
        self._members: Any = None  # `[centroids, tokens of each]`
        if head is not None:
            self._members = head.token_ordering.long().view(head.num_centroids, head.vocab_size_per_centroid)
        self._embed: Any = target.model.get_input_embeddings()
        self._shared = target.drafter_layers()

    @property
    def captures(self) -> int:
        """See `Runner.captures`."""
        return self._graphs.captures if self._graphs else 0

    def reserve(self, positions: int) -> None:
        """See `Runner.reserve`."""
        self._layers.rotary.reserve(positions)

    def begin(self, slots: list[int], lengths: list[int], cache: SlotCache) -> Chain:
        """A chain for the rows in `slots`, which have `lengths` valid entries each."""
        at = torch.tensor(lengths, device=self.device)[:, None]
        layout = self._view.layout(Rows(cache, slots, lengths, 0, self._reach, self.device))
        return self._chain(at, layout, max(lengths))

    def _chain(self, at: Tensor, layout: Layout, longest: int) -> Chain:
        """`at` `[n, 1]`: how many entries each row has, and so the position it stands at; `longest`: the most, or more.
        A row stands behind its last entry and has none of its own, so it sees what a query at the entry before sees."""
        masks = self._view.masks(layout, at - 1, self._reach, self._assistant.dtype)
        stored = {kind: layout.read(layer) for kind, layer in self._shared.items()}
        return Chain(at, self._layers.rotary.at(at, longest + 1), stored, masks)

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
        """At least `depth` steps for the rows in `slots`, which the host does not wait for: tokens `[steps, n]`, on the
        device. `tokens`: the pending ones; `hidden` `[n, target hidden]`: the target's states before them; `bits`
        `[n, words]`, packed and on the host: what is allowed at the first step."""
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
        end, own_length = cache.shape.entries, self._view.own_length
        entries = end if own_length else entries_of(max(lengths), end)
        # Where one number of entries does for all rows there are few recordings, and a chain can be rounded less.
        depth = depth_of(depth) if own_length else width_of(depth, self._widest)
        self._layers.rotary.reserve(end + 1)
        slots = [*slots, *(slot for slot in range(cache.slots) if slot not in slots)][:rows]
        run = slots == list(range(rows))
        # An added row sees one entry of its slot, so that no query sees nothing; its tokens are dropped.
        there = [slots, [cache.bases[slot] for slot in slots[:n]] + [0] * more, [*lengths, *[1] * more]]

        def work(
            tokens: Tensor, hidden: Tensor, bits: Tensor, slots: Tensor, bases: Tensor, at: Tensor
        ) -> tuple[Tensor, ...]:
            layout = self._view.recorded_layout(RecordedRows(cache, slots, bases, entries, run))
            return self._run_chain(self._chain(at[:, None], layout, entries), depth, tokens, hidden, bits)

        given += upload(torch.tensor(there), self.device).unbind()
        return self._graphs.run(("chain", rows, entries, depth, run), work, *given)[0][:, :n]

    def _run_chain(self, chain: Chain, depth: int, tokens: Tensor, hidden: Tensor, bits: Tensor) -> tuple[Tensor, ...]:
        steps = []
        for step in range(depth):
            state, hidden = self._body(tokens, hidden, chain)
            tokens = self._best(state, bits if step == 0 else None)
            steps.append(tokens)
        return (torch.stack(steps),)

    def step(self, tokens: Tensor, hidden: Tensor, chain: Chain) -> tuple[Tensor, Tensor]:
        """One step from `tokens` `[n]` and `hidden` `[n, target hidden]`: logits `[n, vocab]`, and the `hidden` of the
        next step."""
        normed, following = self._body(tokens, hidden, chain)
        return self._head(normed)[:, 0], following

    def _body(self, tokens: Tensor, hidden: Tensor, chain: Chain) -> tuple[Tensor, Tensor]:
        """A step without its head: the final state `[n, 1, hidden]`, and the `hidden` of the next step."""
        # The target's embeddings and its last layer may be on other devices than the layers in between.
        embedded = self._embed(tokens.to(self._embed.weight.device)).to(self.device)
        state = self._assistant.pre_projection(torch.cat([embedded, hidden.to(self.device)], -1))[:, None]
        normed = self._layers.enter(state)
        for layer, next_norm in zip(self._layers.layers, self._layers.next_norms, strict=True):
            query, _ = layer.project(normed, chain.rotary[layer.kind], chain.at, None)
            attn_out = chain.masks[layer.kind].attend(query, *chain.stored[layer.kind])
            state, normed = layer.finish(state, attn_out, None, next_norm)
        return normed, self._assistant.post_projection(normed)[:, 0]

    def _best(self, state: Tensor, bits: Tensor | None) -> Tensor:
        """The most likely tokens `[n]` among those that `bits` `[n, words]` allow; None: among all."""
        head = self._assistant.masked_embedding
        if self._fused and head is not None and can_search(state.shape[-1], self._members):
            chosen = head.centroids(state[:, 0]).topk(head.centroid_intermediate_top_k, -1, sorted=False).indices
            return centroid_argmax(state[:, 0], self._assistant.lm_head.weight, self._members, chosen, bits)
        logits = self._head(state)[:, 0]
        if bits is not None:
            logits = logits.masked_fill(~unpack(bits, logits.shape[-1]), float("-inf"))
        return logits.argmax(-1)

    def _head(self, state: Tensor) -> Tensor:
        """Logits `[n, 1, vocab]`. With ordered embeddings only the tokens of the nearest centroids get one, the others
        -inf. That is the choice of transformers' head without its `.item()`, for which the host waits at every step."""
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
