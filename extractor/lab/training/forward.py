"""The target's forward as training needs it: the same numbers as the stock class, only at the answer's positions.

What stands above the last KV that is stored serves the next token alone, so queries, MLPs and everything of the
KV-shared layers run on answer positions only; sliding layers look at two blocks of keys instead of all. Together this
halves a step. On the way two heads are taught where to look, at the schema's line and then at the value in the
document: left to themselves they take millions of tokens to find out. `tests/lab/test_model.py` holds the forward to
the stock one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, pad, rms_norm
from transformers import Gemma4ForCausalLM
from transformers.models.gemma4.modeling_gemma4 import apply_rotary_pos_emb

from extractor.lab.training.encode import MiniBatch, padded
from extractor.lab.training.model import FULL, SLIDING

_NEVER = -1e9


KvTensors = tuple[torch.Tensor, torch.Tensor]  # [rows, kv heads, length, size] each


READER = 1  # the head of the last layer that stores KV that is taught which line of the schema asks for a value
POINTER = (1, 3)  # the layer above that one, and its head, that is taught where in the document values come from


@dataclass(frozen=True)
class TargetStates:
    """`states` [answer tokens of all rows, hidden]: final, in the order of `batch.answer`. `stored`: the KV that shared
    layers and the drafter read. `pointing`: how far one head is from looking at the values' places (a loss)."""

    states: torch.Tensor
    stored: dict[str, KvTensors]
    pointing: torch.Tensor


def read(model: Gemma4ForCausalLM, batch: MiniBatch) -> TargetStates:
    """A forward for the answers of `batch`."""
    inner: Any = model.model
    config = inner.config
    length = batch.ids.shape[1]
    embedded = inner.embed_tokens(batch.ids)
    per_layer = inner.project_per_layer_inputs(embedded, inner.get_per_layer_inputs(batch.ids, embedded))
    places = torch.arange(length, device=embedded.device)[None]
    rotary = {kind: inner.rotary_emb(embedded, places, kind) for kind in (SLIDING, FULL)}
    local = _local_mask(length, config.sliding_window, embedded.device)
    own = config.num_hidden_layers - config.num_kv_shared_layers
    stored: dict[str, KvTensors] = {}
    state = embedded
    answers = AnswerPositions(batch, config.sliding_window)
    taught = {own - 1: (READER, answers.lines), own + POINTER[0] - 1: (POINTER[1], answers.sources)}
    for i, layer in enumerate(inner.layers):
        kind = config.layer_types[i]
        normed = _norm(state, layer.input_layernorm)
        if i < own:
            stored[kind] = keys, values = _keys_values(layer.self_attn, normed, rotary[kind])
            if i == own - 1:
                state, normed, per_layer = map(answers.at_answers, (state, normed, per_layer))
        else:
            keys, values = stored[kind]
        if i < own - 1:
            query = _queries(layer.self_attn, normed, rotary[kind])
            attn_out = (
                _sliding(query, keys, values, config.sliding_window, local)
                if kind == SLIDING
                else _causal(query, keys, values)
            )
            per_layer_input = per_layer[:, :, i]
        else:
            query = _queries(layer.self_attn, normed[None], answers.rotary_at(rotary[kind]))[0]
            attn_out = answers.attend(query, keys, values, kind, taught.get(i))
            per_layer_input = per_layer[:, i]
        state = _rest(layer, state, attn_out, per_layer_input)
    return TargetStates(_norm(state, inner.norm)[: len(batch.flat)], stored, answers.pointing)


class AnswerPositions:
    """The answer positions of a batch: flat for products, padded per row for attention."""

    def __init__(self, batch: MiniBatch, window: int) -> None:
        rows, length = batch.ids.shape
        self._shape = rows, batch.most
        more = padded(len(batch.flat)) - len(batch.flat)  # the last one over and over, in slots behind all others
        self._flat = torch.cat([batch.flat, batch.flat[-1:].expand(more)])
        self._slots = torch.cat([batch.slots, torch.arange(more, device=self._flat.device) + rows * batch.most])
        self._room = rows * batch.most + more
        self.sources, self.lines = batch.sources, batch.lines
        self.pointing = torch.zeros((), device=batch.ids.device)
        self._where = self._flat % length
        where = self._where.new_full((self._room,), length - 1)
        where[self._slots] = self._where
        where = where[: rows * batch.most].view(rows, -1, 1)
        behind = where - torch.arange(length, device=where.device)  # [rows, most, length]
        near = (behind >= 0) & (behind < window)
        nothing = torch.zeros(behind.shape, device=where.device)
        self._masks = {FULL: nothing.masked_fill(behind < 0, _NEVER), SLIDING: nothing.masked_fill(~near, _NEVER)}

    def at_answers(self, states: torch.Tensor) -> torch.Tensor:
        return states.flatten(0, 1).index_select(0, self._flat)

    def rotary_at(self, rotary: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        return rotary[0][:, self._where], rotary[1][:, self._where]

    def attend(
        self,
        query: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        kind: str,
        taught: tuple[int, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """[answers, heads, size] of `query` over the KV [rows, kv heads, length, size] of its row; `taught`: a head and
        where it should look."""
        rows, most = self._shape
        kv, size = keys.shape[1], keys.shape[3]
        placed = query.new_zeros(self._room, *query.shape[1:]).index_copy(0, self._slots, query)[: rows * most]
        folded = placed.view(rows, most, kv, -1, size).permute(0, 2, 3, 1, 4)  # [rows, kv, group, most, size]
        group = folded.shape[2]
        scores = folded.reshape(rows, kv, group * most, size) @ keys.mT
        scores = scores.view(rows, kv, group, most, -1) + self._masks[kind][:, None, None]
        if taught and len(taught[1]):
            head, wanted = taught
            self._point(scores[:, head // group, head % group], wanted)
        attn_out = scores.softmax(-1).view(rows, kv, group * most, -1) @ values
        attn_out = attn_out.view(rows, kv, group, most, size).permute(0, 3, 1, 2, 4).reshape(rows * most, -1, size)
        return pad(attn_out, (0, 0, 0, 0, 0, self._room - rows * most)).index_select(0, self._slots)

    def _point(self, scores: torch.Tensor, wanted: torch.Tensor) -> None:
        """`scores` [rows, most, length] of the head. To find a value takes reading its label, so it weighs more than to
        go on in it."""
        rows, slots, places, new = wanted.unbind(1)
        losses = cross_entropy(scores[rows, slots], places, reduction="none")
        weights = torch.where(new == 1, 1.0, 0.2)
        self.pointing = self.pointing + (losses * weights).sum() / weights.sum()


def _keys_values(attention: Any, normed: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor]) -> KvTensors:
    shape = (*normed.shape[:2], -1, attention.head_dim)
    keys = _norm(attention.k_proj(normed).view(shape), attention.k_norm)
    values = _norm(attention.v_proj(normed).view(shape), attention.v_norm)
    rotated: torch.Tensor = apply_rotary_pos_emb(keys, *rotary, unsqueeze_dim=2)
    return rotated.transpose(1, 2), values.transpose(1, 2)


def _queries(attention: Any, normed: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """[rows, length, heads, size]."""
    shape = (*normed.shape[:2], -1, attention.head_dim)
    query = _norm(attention.q_proj(normed).view(shape), attention.q_norm)
    rotated: torch.Tensor = apply_rotary_pos_emb(query, *rotary, unsqueeze_dim=2)
    return rotated


def compile_layers() -> None:
    """Compiles what layers do beside attention, for this process: a quarter less time a step, after a minute or two.
    Needs a C++ compiler."""
    global _keys_values, _queries, _rest
    torch._dynamo.config.recompile_limit = 64  # a kind of layer, with and without gradients, is a version of its own
    _keys_values = torch.compile(_keys_values, dynamic=True)
    _queries = torch.compile(_queries, dynamic=True)
    _rest = torch.compile(_rest, dynamic=True)


def _local_mask(length: int, window: int, device: torch.device) -> torch.Tensor:
    """[blocks, 1, 1, window, 2 * window]: a block's queries over the block before and itself."""
    blocks = -(-length // window)
    query, key = torch.arange(window, device=device)[:, None], torch.arange(2 * window, device=device)[None]
    mask = torch.zeros(window, 2 * window, device=device).masked_fill_((key > query + window) | (key <= query), _NEVER)
    blocked = mask.expand(blocks, 1, 1, -1, -1).clone()
    blocked[0, ..., :window] = _NEVER
    return blocked


def _sliding(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, window: int, mask: torch.Tensor
) -> torch.Tensor:
    """[rows, length, heads, size]; each block of `window` queries sees its own keys and those of the block before."""
    rows, length, heads, size = query.shape
    kv = keys.shape[1]
    blocks = mask.shape[0]
    more = blocks * window - length
    folded = pad(query, (0, 0, 0, 0, 0, more)).view(rows, blocks, window, kv, heads // kv, size)
    folded = folded.permute(0, 1, 3, 4, 2, 5)  # [rows, blocks, kv, group, window, size]
    near = []
    for some in (keys, values):
        cut = pad(some, (0, 0, window, more)).view(rows, kv, blocks + 1, window, size)
        near.append(torch.cat([cut[:, :, :-1], cut[:, :, 1:]], 3).transpose(1, 2))  # [rows, blocks, kv, 2 window, size]
    group = heads // kv
    scores = folded.reshape(rows, blocks, kv, group * window, size) @ near[0].mT
    scores = scores.view(rows, blocks, kv, group, window, 2 * window) + mask
    attn_out = scores.softmax(-1).view(rows, blocks, kv, group * window, 2 * window) @ near[1]
    attn_out = attn_out.view(rows, blocks, kv, group, window, size).permute(0, 1, 4, 2, 3, 5)
    return attn_out.reshape(rows, blocks * window, heads, size)[:, :length]


def _causal(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    attn_out = torch.nn.functional.scaled_dot_product_attention(
        query.transpose(1, 2), keys, values, is_causal=True, scale=1.0, enable_gqa=True
    )
    return attn_out.transpose(1, 2)


def _rest(layer: Any, state: torch.Tensor, attn_out: torch.Tensor, per_layer_input: torch.Tensor) -> torch.Tensor:
    """What a layer does after its attention; `per_layer_input` [..., size] is added behind the MLP."""
    state = state + _norm(layer.self_attn.o_proj(attn_out.flatten(-2)), layer.post_attention_layernorm)
    normed = _norm(state, layer.pre_feedforward_layernorm)
    mlp_out = layer.mlp.down_proj(_gelu(layer.mlp.gate_proj(normed)) * layer.mlp.up_proj(normed))
    state = state + _norm(mlp_out, layer.post_feedforward_layernorm)
    gate = _gelu(layer.per_layer_input_gate(state)) * per_layer_input
    state = state + _norm(layer.per_layer_projection(gate), layer.post_per_layer_input_norm)
    out: torch.Tensor = state * layer.layer_scalar
    return out


def _gelu(numbers: torch.Tensor) -> torch.Tensor:
    """The one by tanh, for (1 + tanh(x)) / 2 is the sigmoid of 2x, which costs a CPU half as much."""
    return numbers * torch.sigmoid(1.5957691216057308 * (numbers + 0.044715 * numbers * numbers * numbers))


def _norm(states: torch.Tensor, norm: Any) -> torch.Tensor:
    """One kernel on a GPU, where the module's own seven, and twice as many backwards, are most of a step's launches."""
    weight = norm.weight if norm.with_scale else None
    return rms_norm(states.float(), (states.shape[-1],), weight, norm.eps).type_as(states)
