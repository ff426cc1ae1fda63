"""From final states to tokens: the target's vocabulary head, its cap on logits, and the choice under masks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from extractor.engine.model.fused import masked_argmax, softcap
from extractor.engine.verify import choose, stacked, unpack


class Head:
    """The head of a Gemma 4 `model`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cap: float | None = getattr(model.config, "final_logit_softcapping", None)

    def logits(self, hidden: Tensor) -> Tensor:
        """`[m, vocab]` of final states `[m, hidden]`."""
        logits: Tensor = self._model.lm_head(hidden)
        return logits if self._cap is None else self._capped(logits, self._cap)

    def best(self, logits: Tensor, bits: Tensor | None) -> Tensor:
        """The most likely tokens and their log-probabilities, as `verify.choose` gives them; `bits` `[m, words]`:
        packed masks on the device, None: everything is allowed."""
        return choose(logits, None if bits is None else unpack(bits, logits.shape[-1]))

    def _capped(self, logits: Tensor, cap: float) -> Tensor:
        return torch.tanh(logits / cap) * cap


class FusedHead(Head):
    """The same by the kernels of `fused.py`."""

    def best(self, logits: Tensor, bits: Tensor | None) -> Tensor:
        return stacked(*masked_argmax(logits, bits))

    def _capped(self, logits: Tensor, cap: float) -> Tensor:
        return softcap(logits, cap)
