"""Gemma 4's text layers as few calls: the numbers of transformers' modules, a third of their kernels.

A decode step of a small model, or of any model on a GPU, is spent launching kernels, not computing. Here the query,
key and value products are one, gate and up are one, each norm is one call, rotary tables are looked up instead of
made, and masks are added, built once a step (or, with `ragged.py`, not at all). The merged weights are the model's own:
its parameters become views.

`can_run` says whether a model is one of those; any other takes transformers' own forward (`runner.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from extractor.engine.attention.packed import RowByRow
from extractor.engine.attention.ragged import Sight, attend_ragged
from extractor.engine.cache import FULL, SLIDING, KeyValues
from extractor.engine.layout import Layout

NARROW = 64  # queries a row: up to here two plain products beat the fused kernel on a CPU
_GELU = {"gelu_pytorch_tanh": "tanh", "gelu": "none"}
_PLACES = 1024  # rotary tables grow by doubling from here


def can_run(text: Any) -> bool:
    """Whether `text`, a `Gemma4TextModel`, is made of plain linear layers on one device."""
    config = text.config
    if config.enable_moe_block or config.use_bidirectional_attention == "all":
        return False
    if len({tensor.device for tensor in _all(text)}) > 1 or config.hidden_activation not in _GELU:
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    kinds = {str((rope.get(kind) or {}).get("rope_type", "default")) for kind in (SLIDING, FULL)}
    linear = all(
        type(module) is nn.Linear and module.bias is None and not hasattr(module, "_hf_hook")
        for name, module in text.layers.named_modules()
        if name.endswith("_proj")
    )
    return linear and kinds <= {"default", "proportional", "linear"}


def _all(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


class Bias:
    """What is added to scores: `[n, 1, 1, width, entries]`, -inf at the `hidden` `[n, width, entries]`."""

    def __init__(self, hidden: Tensor, dtype: torch.dtype) -> None:
        self.added = torch.zeros_like(hidden, dtype=dtype).masked_fill_(hidden, float("-inf"))[:, None, None]
        self._folded: dict[int, Tensor] = {}

    def folded(self, group: int) -> Tensor:
        """`[n, 1, group * width, entries]`; the layers of a step share it, for it is a copy."""
        if group not in self._folded:
            self._folded[group] = self.added[:, 0].expand(-1, group, -1, -1).flatten(1, 2)[:, None]
        return self._folded[group]


Seen = Bias | Sight | RowByRow | None  # or how far each row sees, for `ragged.py` or `packed.py`; or everything


def looks(layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> dict[str, Seen]:
    """What the queries at `positions` `[n, width]` see of what `layout` reads, by kind of attention."""
    seen: dict[str, Seen] = {}
    for kind, reach in ((FULL, None), (SLIDING, window)):
        few = reach is None or layout.reads[kind].stop - layout.reads[kind].start <= reach
        if layout.exact and positions.numel() == 1 and few:  # one query behind all that is read
            seen[kind] = None
            continue
        distance = positions.int()[:, :, None] - layout.places(kind)[:, None]
        hidden = distance < 0
        if reach is not None:
            hidden |= distance >= reach
        seen[kind] = Bias(hidden, dtype)
    return seen


def sights(layout: Layout, last: Tensor, window: int) -> dict[str, Seen]:
    """The same by `ragged.py`: rows whose first queries are at `last` `[n]`, the others behind them."""
    slots, bases, end = layout.slots, layout.bases, layout.cache.shape.entries
    return {kind: Sight(last, reach, slots, bases[kind], end) for kind, reach in ((FULL, None), (SLIDING, window))}


class Rotary:
    """cos and sin of every place, `[places, head size]`, the first half of sin negated: x·cos + rolled(x)·sin."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._kinds = sorted(set(text.config.layer_types))
        self._tables: dict[str, KeyValues] = {}
        self._places = 0

    def at(self, positions: Tensor, length: int) -> dict[str, KeyValues]:
        """For `positions` `[n, width]`, all below `length`: (cos, sin) `[n, width, 1, head size]` by kind."""
        if length > self._places:
            self._make(max(_PLACES, 1 << (length - 1).bit_length()))
        return {
            kind: (cos[positions].unsqueeze(2), sin[positions].unsqueeze(2))
            for kind, (cos, sin) in self._tables.items()
        }

    def reserve(self, length: int) -> None:
        """Tables for so many places and no more, so that `at` makes none later."""
        if length > self._places:
            self._make(length)

    def _make(self, places: int) -> None:
        like = self._text.layers[0].self_attn.q_proj.weight
        every = torch.arange(places, device=like.device)[None]
        for kind in self._kinds:
            cos, sin = self._text.rotary_emb(like, every, kind)
            half = cos.shape[-1] // 2
            self._tables[kind] = cos[0], torch.cat([-sin[0, :, :half], sin[0, :, half:]], -1)
        self._places = places


def turn(states: Tensor, rotary: KeyValues) -> Tensor:
    """Rotary embedding of `states` `[n, width, heads, head size]`."""
    cos, sin = rotary
    return torch.addcmul(states * cos, states.roll(states.shape[-1] // 2, -1), sin)


def attend(query: Tensor, keys: Tensor, values: Tensor, seen: Seen) -> Tensor:
    """`query` `[n, width, heads, size]` → `[n, width, heads * size]`. Query heads that share a KV head are folded into
    the width, so keys and values are read in place. Gemma 4 does not scale its scores: its query norm does."""
    if isinstance(seen, Sight):
        return attend_ragged(query, keys, values, seen)
    if isinstance(seen, RowByRow):
        return seen.attend(query, keys, values)
    n, width, heads, size = query.shape
    kv, length = keys.shape[1], keys.shape[2]
    group = heads // kv
    folded = query.view(n, width, kv, group, size).permute(0, 2, 3, 1, 4).reshape(n, kv, group * width, size)
    if width > NARROW or query.device.type != "cpu":
        mask = None if seen is None else seen.folded(group)
        heard = F.scaled_dot_product_attention(folded, keys, values, attn_mask=mask, scale=1.0)
    else:
        scores = folded @ keys.mT
        if seen is not None:
            scores.view(n, kv, group, width, length).add_(seen.added)
        heard = scores.softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(values.dtype) @ values
    return heard.view(n, kv, group, width, size).permute(0, 3, 1, 2, 4).reshape(n, width, heads * size)


class Layer:
    """One decoder layer; `index` is its place in the cache, `shares` whether it reads another layer's KV."""

    def __init__(self, module: Any, index: int, kind: str) -> None:
        self.index, self.kind = index, kind
        self._module = module
        attention, mlp = module.self_attn, module.mlp
        self.shares: bool = attention.is_kv_shared_layer
        self.size: int = attention.head_dim
        self._heads = attention.q_proj.out_features // self.size
        self._scale: float = float(module.layer_scalar)
        self._gelu = _GELU[module.config.hidden_activation]
        parts, scales = [attention.q_proj], [attention.q_norm.weight.expand(self._heads, -1)]
        self._kv_heads, self._own_values = 0, False
        if not self.shares:
            self._kv_heads = attention.k_proj.out_features // self.size
            self._own_values = attention.v_proj is not None  # else keys, before their norm, are the values too
            parts += [attention.k_proj, attention.v_proj] if self._own_values else [attention.k_proj]
            scales += [attention.k_norm.weight.expand(self._kv_heads, -1)]
        self._into = merge(parts)
        self._gate_up = merge([mlp.gate_proj, mlp.up_proj])
        self._scales = torch.cat(scales)
        self._eps: float = attention.q_norm.eps

    @property
    def norm(self) -> Any:
        """What its input has to have gone through."""
        return self._module.input_layernorm

    def project(
        self,
        normed: Tensor,
        rotary: KeyValues,
        positions: Tensor,  # noqa: ARG002 -- for `fused.py`; `layout` knows them too
        layout: Layout | None,
    ) -> tuple[Tensor, KeyValues | None]:
        """`normed` `[n, width, hidden]` at `positions` `[n, width]` → its queries `[n, width, heads, size]` and, unless
        shared, the KV that `layout` reads: the new is in it then."""
        parts = F.linear(normed, self._into).view(*normed.shape[:2], -1, self.size)
        if self.shares:
            return turn(F.rms_norm(parts, (self.size,), None, self._eps) * self._scales, rotary), None
        turned = self._heads + self._kv_heads
        values = parts[:, :, turned:] if self._own_values else parts[:, :, self._heads :]
        values = F.rms_norm(values, (self.size,), None, self._eps)
        parts = turn(F.rms_norm(parts[:, :, :turned], (self.size,), None, self._eps) * self._scales, rotary)
        fresh = parts[:, :, self._heads :].transpose(1, 2), values.transpose(1, 2)
        assert layout is not None
        return parts[:, :, : self._heads], layout.update(*fresh, self.index)

    def finish(self, state: Tensor, heard: Tensor, told: Tensor | None, after: Any) -> tuple[Tensor, Tensor]:
        """What follows attention: the new state and the norm `after` of it; `told` `[n, width, size]` is the layer's
        per-layer input, if the model has them."""
        layer = self._module
        state = state + _norm(F.linear(heard, layer.self_attn.o_proj.weight), layer.post_attention_layernorm)
        gate, up = F.linear(_norm(state, layer.pre_feedforward_layernorm), self._gate_up).chunk(2, -1)
        made = F.linear(F.gelu(gate, approximate=self._gelu).mul_(up), layer.mlp.down_proj.weight)
        state = state + _norm(made, layer.post_feedforward_layernorm)
        if told is not None:
            gate = F.gelu(F.linear(state, layer.per_layer_input_gate.weight), approximate=self._gelu).mul_(told)
            made = F.linear(gate, layer.per_layer_projection.weight)
            state = state + _norm(made, layer.post_per_layer_input_norm)
        state = state if self._scale == 1.0 else state * self._scale
        return state, _norm(state, after)


class Gemma4:
    """The layers of a `Gemma4TextModel`, target's or assistant's."""

    def __init__(self, text: Any, kind: type[Layer] | None = None) -> None:
        """`kind`: `Layer`, or another that computes the same."""
        self.text = text
        self.window: int = text.config.sliding_window
        made = kind or Layer
        self.layers = [made(layer, i, text.config.layer_types[i]) for i, layer in enumerate(text.layers)]
        # The norm that follows each layer: the next one's, and the last.
        self.after = [*(layer.norm for layer in self.layers[1:]), text.norm]
        self.rotary = Rotary(text)
        self.moved: Callable[[], None] = lambda: None  # called at every layer
        self._owners = sum(not layer.shares for layer in self.layers)

    def read(
        self,
        ids: Tensor,
        positions: Tensor,
        length: int,
        layout: Layout,
        *,
        last: Tensor | None = None,
        inputs: Tensor | None = None,
        ragged: bool = False,
        packed: dict[str, Seen] | None = None,
    ) -> Tensor:
        """Final states `[n, width, hidden]` of `ids` `[n, width]` at `positions`, all below `length`; their KV is where
        `layout` says afterwards. `last` `[1]`: only the state there is wanted, of one row, so nothing above the last KV
        that is stored runs for the others. `inputs`: the per-layer embeddings of `ids`, `[n, width, layers * size]`,
        where the model does not have them itself. `ragged`: every row reads to its own length, by `ragged.py`; its
        `positions` are consecutive. `packed`: what `ids` `[1, width]` without padding see, by kind."""
        state = self.text.embed_tokens(ids)
        told = None
        if self.text.hidden_size_per_layer_input:
            named = self.text.get_per_layer_inputs(ids, state) if inputs is None else inputs
            told = self.text.project_per_layer_inputs(state, named.view(*ids.shape, len(self.layers), -1))
        rotary = self.rotary.at(positions, length)
        seen = packed or self._seen(layout, positions, state.dtype, ragged=ragged)
        stored: dict[str, KeyValues] = {}
        normed = self.enter(state)
        for layer, after in zip(self.layers, self.after, strict=True):
            self.moved()
            kind = layer.kind
            query, held = layer.project(normed, rotary[kind], positions, layout)
            stored[kind] = held or stored[kind]
            if last is not None and layer.index == self._owners - 1:
                query, state, positions = (some.index_select(1, last) for some in (query, state, positions))
                told = None if told is None else told.index_select(1, last)
                rotary = self.rotary.at(positions, length)
                seen = self._seen(layout, positions, state.dtype, ragged=ragged)
            heard = attend(query, *stored[kind], seen[kind])
            state, normed = layer.finish(state, heard, None if told is None else told[:, :, layer.index], after)
        return normed

    def _seen(self, layout: Layout, positions: Tensor, dtype: torch.dtype, *, ragged: bool) -> dict[str, Seen]:
        return sights(layout, positions[:, 0], self.window) if ragged else looks(layout, positions, self.window, dtype)

    def enter(self, state: Tensor) -> Tensor:
        """The first layer's norm of `state`."""
        return _norm(state, self.layers[0].norm)


def merge(linears: list[nn.Linear]) -> Tensor:
    """The weights of several linear layers as one; theirs become views of it, so nothing is held twice, not even by a
    second engine on the same model."""
    first = linears[0].weight
    if len(linears) == 1:
        return first
    ends = [first.data_ptr(), *(linear.weight.data_ptr() + linear.weight.nbytes for linear in linears)]
    if all(linear.weight.data_ptr() == end for linear, end in zip(linears, ends, strict=False)) and _one_storage(
        linears
    ):
        return first.as_strided((sum(linear.out_features for linear in linears), first.shape[1]), first.stride())
    whole = torch.cat([linear.weight.detach() for linear in linears])
    for linear, part in zip(linears, torch.split(whole, [linear.out_features for linear in linears]), strict=True):
        linear.weight = nn.Parameter(part, requires_grad=False)
    return whole


def _one_storage(linears: list[nn.Linear]) -> bool:
    return len({linear.weight.untyped_storage().data_ptr() for linear in linears}) == 1


def _norm(states: Tensor, norm: Any) -> Tensor:
    return F.rms_norm(states, (states.shape[-1],), norm.weight, norm.eps)
