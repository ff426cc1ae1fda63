"""The two forwards a step makes: the target over every row's pending token and draft, the MTP drafter over one token a
row. Wraps transformers models unchanged; knows their masks, their shared KV and their heads, and nothing of text.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from extractor.engine.cache import SlotCache

SLIDING, FULL = "sliding_attention", "full_attention"


class Target:
    """A causal LM that reads ragged rows: `ids` and `positions` are `[n, width]`, one position a token."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self.model = model
        self.vocab: int = config.vocab_size
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.window: int | None = getattr(config, "sliding_window", None)
        self.layer_types: list[str] = list(getattr(config, "layer_types", None) or [])
        self.gemma4 = str(config.model_type).startswith("gemma4")

    def prefill(self, ids: Tensor, start: int, row: int, cache: SlotCache) -> Tensor | None:
        """Write the KV of `ids` `[1, width]` at `start …` into `row`; returns the last hidden state `[1, hidden]`
        for a Gemma 4 target (its drafter starts from it), None for others. No logits are computed."""
        width = ids.shape[1]
        positions = torch.arange(start, start + width, device=self.device)[None]
        cache.aim(row, start, width)
        return self._body(ids, positions, cache, start + width, keep=1)[1]

    def verify(self, ids: Tensor, positions: Tensor, cache: SlotCache) -> tuple[Tensor, Tensor | None]:
        """One step for rows 0..n-1: logits `[n, width, vocab]` and, for Gemma 4, hidden states `[n, width, hidden]`."""
        length = cache.aim_rows(positions)
        return self._body(ids, positions, cache, length, keep=0)

    def _body(
        self, ids: Tensor, positions: Tensor, cache: SlotCache, length: int, keep: int
    ) -> tuple[Tensor, Tensor | None]:
        call = {
            "input_ids": ids,
            "attention_mask": self._masks(positions, length),
            "position_ids": positions,
            "past_key_values": cache,
            "use_cache": True,
        }
        if not self.gemma4:
            logits: Tensor = self.model(**call, logits_to_keep=keep).logits
            return logits, None
        hidden: Tensor = self.model.model(**call).last_hidden_state
        if keep:  # prefill: only the last state is of use, and no logits
            return hidden, hidden[:, -1]
        logits = self.model.lm_head(hidden)
        cap = self.model.config.final_logit_softcapping
        return (logits if cap is None else torch.tanh(logits / cap) * cap), hidden

    def _masks(self, positions: Tensor, length: int) -> Any:
        """Bool `[n, 1, width, length]`, True where a query may look: at its own row's entries up to its position."""
        distance = positions[:, None, :, None] - torch.arange(length, device=positions.device)
        full = distance >= 0
        kinds = set(self.layer_types)
        if self.window is None or kinds == {FULL}:
            return full
        sliding = full & (distance < self.window)
        return {FULL: full, SLIDING: sliding} if len(kinds) > 1 else sliding

    def shared_layers(self) -> dict[str, int]:
        """Gemma 4: for each attention type the last layer that owns its KV; this is what the drafter reads."""
        config = self.model.config
        owners = self.layer_types[: config.num_hidden_layers - (getattr(config, "num_kv_shared_layers", 0) or 0)]
        return {kind: index for index, kind in enumerate(owners)}


class MtpModel:
    """Gemma 4's assistant, one chain step at a time for all rows.

    It has no KV of its own: every layer reads the target's last sliding and last full layer, at one constant position.
    Step 1 reads (embedding of the pending token, target's hidden state before it); later steps read its own token and
    its own projected output. Masks and rotary embeddings are the same for every step of a chain, so they are made once.
    """

    def __init__(self, assistant: Any, target: Target) -> None:
        self._assistant = assistant
        self._body = assistant.model
        self._embed: nn.Module = target.model.get_input_embeddings()
        self._target = target
        self._window: int = self._body.config.sliding_window
        self._types: list[str] = list(self._body.config.layer_types)
        self._shared = target.shared_layers()
        self.device: torch.device = assistant.device

    def begin(self, lengths: Tensor, cache: SlotCache) -> dict[str, Any]:
        """What a chain keeps fixed, for rows 0..n-1 with `lengths` `[n]` valid entries each."""
        longest = int(lengths.max())
        distance = lengths[:, None] - torch.arange(longest, device=lengths.device)
        full = (distance > 0)[:, None, None]
        # transformers attends to the last `window` entries, both ends included (candidate_generator.py, 5.22)
        masks = {FULL: full, SLIDING: full & (distance <= self._window + 1)[:, None, None]}
        positions = lengths[:, None]
        like = self._body.layers[0].self_attn.q_proj.weight
        return {
            "shared_kv_states": {
                kind: cache.read(layer, lengths.shape[0], longest) for kind, layer in self._shared.items()
            },
            "masks": masks,
            "rotary": {kind: self._body.rotary_emb(like, positions, kind) for kind in set(self._types)},
            "positions": positions,
        }

    def step(self, tokens: Tensor, hidden: Tensor, chain: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """`tokens` `[n]`, `hidden` `[n, target hidden]` → logits `[n, vocab]`, next hidden `[n, target hidden]`."""
        state = self._assistant.pre_projection(torch.cat([self._embed(tokens), hidden], -1))[:, None]
        for layer, kind in zip(self._body.layers, self._types, strict=True):
            state = layer(
                state,
                None,
                shared_kv_states=chain["shared_kv_states"],
                position_embeddings=chain["rotary"][kind],
                attention_mask=chain["masks"][kind],
                position_ids=chain["positions"],
            )
        state = self._body.norm(state)
        return self._head(state)[:, 0], self._assistant.post_projection(state)[:, 0]

    def _head(self, state: Tensor) -> Tensor:
        """Logits `[n, 1, vocab]`. With ordered embeddings only the tokens of the nearest centroids get one, the rest
        -inf: the same choice as transformers' head, without its `.item()` (a host sync a step)."""
        head = self._assistant.masked_embedding
        weight = self._assistant.lm_head.weight
        if head is None:
            return nn.functional.linear(state, weight)
        nearest = head.centroids(state).topk(head.centroid_intermediate_top_k, -1).indices
        members = head.token_ordering.long().view(head.num_centroids, head.vocab_size_per_centroid)[nearest].flatten(2)
        scores = (state.unsqueeze(-2) @ weight[members].transpose(-1, -2)).squeeze(-2)
        logits = state.new_full((*state.shape[:2], weight.shape[0]), float("-inf"))
        return logits.scatter_(-1, members, scores)
