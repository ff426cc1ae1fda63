"""Gemma 4's text layers in few calls: the same numbers as transformers' modules, with a third of their kernels.

A decode step of a small model, or of any model on a GPU, takes as long as launching its kernels takes. So the query,
key and value products are one product here, gate and up are one, each norm is one call, rotary tables are looked up
(`rotary.py`), and masks are built once a step. The merged weights are not copies: the model's parameters become views
of them.

`can_run` says whether a model is made of such layers. Any other takes transformers' own forward (`stock_runner.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from extractor.engine.cache import FULL, SLIDING, KeyValues
from extractor.engine.layout import Layout
from extractor.engine.model.rotary import Rotary, apply_rotary
from extractor.engine.model.view import DenseView, View

_GELU = {"gelu_pytorch_tanh": "tanh", "gelu": "none"}  # transformers' names, PyTorch's `approximate`


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


class Layer:
    """One decoder layer. `index` is its place in the cache, `shares` says whether it reads another layer's KV."""

    def __init__(self, module: Any, index: int, kind: str) -> None:
        self.index, self.kind = index, kind
        self._module = module
        attention, mlp = module.self_attn, module.mlp
        self.shares: bool = attention.is_kv_shared_layer
        self.size: int = attention.head_dim
        self._heads = attention.q_proj.out_features // self.size
        self._scale: float = float(module.layer_scalar)
        self._gelu = _GELU[module.config.hidden_activation]
        linears, scales = [attention.q_proj], [attention.q_norm.weight.expand(self._heads, -1)]
        self._kv_heads, self._own_values = 0, False
        if not self.shares:
            self._kv_heads = attention.k_proj.out_features // self.size
            self._own_values = attention.v_proj is not None  # without: keys, before their norm, are the values too
            linears += [attention.k_proj, attention.v_proj] if self._own_values else [attention.k_proj]
            scales += [attention.k_norm.weight.expand(self._kv_heads, -1)]
        self._qkv = merge(linears)
        self._gate_up = merge([mlp.gate_proj, mlp.up_proj])
        self._scales = torch.cat(scales)
        self._eps: float = attention.q_norm.eps

    @property
    def norm(self) -> Any:
        """The norm of its input."""
        return self._module.input_layernorm

    def project(
        self,
        normed: Tensor,
        rotary: KeyValues,
        positions: Tensor,  # noqa: ARG002 -- for `fused.py`; `layout` knows them too
        layout: Layout | None,
    ) -> tuple[Tensor, KeyValues | None]:
        """From the normed input `[n, width, hidden]` at `positions` `[n, width]`: the queries `[n, width, heads, size]`
        and the KV that `layout` reads, with the new entries written to it; None where the layer shares another's."""
        heads = self._qkv_of(normed).view(*normed.shape[:2], -1, self.size)
        if self.shares:
            return apply_rotary(F.rms_norm(heads, (self.size,), None, self._eps) * self._scales, rotary), None
        rotated = self._heads + self._kv_heads
        values = heads[:, :, rotated:] if self._own_values else heads[:, :, self._heads :]
        values = F.rms_norm(values, (self.size,), None, self._eps)
        heads = apply_rotary(F.rms_norm(heads[:, :, :rotated], (self.size,), None, self._eps) * self._scales, rotary)
        new = heads[:, :, self._heads :].transpose(1, 2), values.transpose(1, 2)
        assert layout is not None
        return heads[:, :, : self._heads], layout.update(*new, self.index)

    def finish(
        self, state: Tensor, attn_out: Tensor, per_layer_input: Tensor | None, next_norm: Any
    ) -> tuple[Tensor, Tensor]:
        """What follows attention: the new state, and `next_norm` of it. `state` `[n, width, hidden]`, `attn_out`
        `[n, width, heads * size]`; `per_layer_input` `[n, width, size]`, or None for a model without them."""
        layer = self._module
        state = state + _norm(self._attention_out(attn_out), layer.post_attention_layernorm)
        out = self._mlp(_norm(state, layer.pre_feedforward_layernorm))
        state = state + _norm(out, layer.post_feedforward_layernorm)
        if per_layer_input is not None:
            gate = F.gelu(F.linear(state, layer.per_layer_input_gate.weight), approximate=self._gelu)
            out = F.linear(gate.mul_(per_layer_input), layer.per_layer_projection.weight)
            state = state + _norm(out, layer.post_per_layer_input_norm)
        state = state if self._scale == 1.0 else state * self._scale
        return state, _norm(state, next_norm)

    def _qkv_of(self, normed: Tensor) -> Tensor:
        return F.linear(normed, self._qkv)

    def _attention_out(self, attn_out: Tensor) -> Tensor:
        return F.linear(attn_out, self._module.self_attn.o_proj.weight)

    def _mlp(self, normed: Tensor) -> Tensor:
        gate, up = F.linear(normed, self._gate_up).chunk(2, -1)
        return F.linear(F.gelu(gate, approximate=self._gelu).mul_(up), self._module.mlp.down_proj.weight)


class Gemma4:
    """The layers of a `Gemma4TextModel`, the target's or the drafter's."""

    def __init__(self, text: Any, kind: type[Layer] = Layer) -> None:
        """`kind`: `Layer`, or another class that computes the same."""
        self.text = text
        self.window: int = text.config.sliding_window
        self.layers = [kind(layer, i, text.config.layer_types[i]) for i, layer in enumerate(text.layers)]
        self.next_norms = [*(layer.norm for layer in self.layers[1:]), text.norm]  # what follows each layer
        self.rotary = Rotary(text)
        self.on_layer: Callable[[], None] = lambda: None  # called at every layer
        self._owners = sum(not layer.shares for layer in self.layers)

    def read(
        self,
        ids: Tensor,
        positions: Tensor,
        length: int,
        layout: Layout,
        view: View | None = None,
        *,
        last: Tensor | None = None,
        inputs: Tensor | None = None,
    ) -> Tensor:
        """Final states `[n, width, hidden]` of `ids` `[n, width]` at `positions`, which are all below `length`. Their
        KV is where `layout` says afterwards; `view` gives the masks (None: dense ones).

        `last` `[1]`: of one row only the state at this index is wanted; then nothing above the last layer that stores
        KV runs for the others. `[0]`: no state is, and nothing above runs at all. `inputs` `[n, width, layers * size]`:
        the per-layer embeddings of `ids`, where the model does not hold them itself (`host_embedding.py`)."""
        view = view or DenseView()
        state = self.text.embed_tokens(ids)
        per_layer = self._per_layer_inputs(ids, state, inputs)
        rotary = self.rotary.at(positions, length)
        masks = view.masks(layout, positions, self.window, state.dtype)
        stored: dict[str, KeyValues] = {}
        normed = self.enter(state)
        for layer, next_norm in zip(self.layers, self.next_norms, strict=True):
            self.on_layer()
            kind = layer.kind
            query, kv = layer.project(normed, rotary[kind], positions, layout)
            stored[kind] = kv or stored[kind]
            if last is not None and layer.index == self._owners - 1:
                if not len(last):
                    return normed[:, :0]
                query, state, positions = (some.index_select(1, last) for some in (query, state, positions))
                per_layer = None if per_layer is None else per_layer.index_select(1, last)
                rotary = self.rotary.at(positions, length)
                masks = view.masks(layout, positions, self.window, state.dtype)
            attn_out = masks[kind].attend(query, *stored[kind])
            own = None if per_layer is None else per_layer[:, :, layer.index]
            state, normed = layer.finish(state, attn_out, own, next_norm)
        return normed

    def _per_layer_inputs(self, ids: Tensor, state: Tensor, inputs: Tensor | None) -> Tensor | None:
        """`[n, width, layers, size]`; None for a model without them."""
        if not self.text.hidden_size_per_layer_input:
            return None
        named = self.text.get_per_layer_inputs(ids, state) if inputs is None else inputs
        found: Tensor = self.text.project_per_layer_inputs(state, named.view(*ids.shape, len(self.layers), -1))
        return found

    def enter(self, state: Tensor) -> Tensor:
        """The first layer's norm of `state`."""
        return _norm(state, self.layers[0].norm)


def merge(linears: list[nn.Linear]) -> Tensor:
    """The weights of several linear layers as one tensor, of which theirs become views. Nothing is held twice, not even
    when a second engine merges the same model again."""
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
