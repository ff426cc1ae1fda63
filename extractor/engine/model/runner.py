"""What the engine asks of a target: read a chunk of a prompt, verify a step's drafts, choose tokens.

Three runners do it: `stock_runner.py` by transformers' own forward, `eager_runner.py` by the engine's own layers,
`graph_runner.py` by those layers recorded as CUDA graphs. `build.py` picks one. A runner knows masks and nothing of
text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from extractor.engine.cache import SlotCache
from extractor.engine.model.backend import PLAIN, Backend
from extractor.engine.model.checkpoint import drafted_from
from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.upload import upload
from extractor.engine.sampling import Sampling, gumbel
from extractor.engine.verify import choose, stacked, unpack


@dataclass(frozen=True)
class Step:
    """The new positions of a step's rows: `ids` `[n, width]` (on the host) from the positions `starts` of `slots` on.
    `fill` writes into the ids, on the device, what only the device knows. `counts`: how many positions of each row are
    no padding; None: all."""

    ids: Tensor
    slots: list[int]
    starts: list[int]
    fill: Callable[[Tensor], Tensor] | None = None
    counts: list[int] | None = None

    def on(self, device: torch.device) -> Tensor:
        """Its ids, filled in, on `device`."""
        ids = upload(self.ids, device)
        return self.fill(ids) if self.fill else ids


@dataclass(frozen=True)
class StepOutput:
    """What a step computed for its positions: final `hidden` states `[m, hidden]` of a Gemma 4, `logits` `[m, vocab]`
    of others. Those of row i begin at `first[i]`."""

    first: list[int]
    hidden: Tensor | None = None
    logits: Tensor | None = None

    @property
    def positions(self) -> int:
        """How many were computed, padding among them."""
        return sum(len(part) for part in (self.hidden, self.logits) if part is not None)


class Runner(ABC):
    """A causal LM that reads ragged rows: the new tokens of row i stand at position `starts[i]` and after."""

    def __init__(self, model: Any, graphs: Graphs | None = None, widest: int = 1, backend: Backend = PLAIN) -> None:
        """`graphs`: where forwards are recorded, the drafter's among them; then no step is wider than `widest`
        positions. `backend`: what runs the layers, the drafter's too."""
        self.model = model
        self.graphs, self.widest, self.backend = graphs, widest, backend
        self.vocab: int = model.config.vocab_size
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self._back = (getattr(model.config, "sliding_window", None) or 1) - 1  # entries a sliding layer looks back
        self._head = backend.head(model)

    @abstractmethod
    def prefill(self, ids: Tensor, start: int, slot: int, cache: SlotCache, *, state: bool = True) -> Tensor | None:
        """Write the KV of `ids` `[1, width]` (on the host) to the positions `start …` of `slot`. Returns the last
        hidden state `[1, hidden]` of a Gemma 4 target, which its drafter starts from; None of others. No logits are
        computed, and the state need not be where no `state` is asked for."""

    @abstractmethod
    def verify(self, step: Step, cache: SlotCache) -> StepOutput:
        """One forward over the rows of a step."""

    def prepare(self, resolve: Callable[[], object]) -> None:  # noqa: B027 -- most runners need nothing
        """Called before the ids of a step are laid out. `resolve` waits until the host knows what the device drafts: a
        runner that looks embeddings up on the host, by their ids, calls it."""

    def reserve(self, positions: int) -> None:  # noqa: B027
        """Make the rotary tables for so many positions, which then never grow."""

    @abstractmethod
    def on_layer(self, callback: Callable[[], None]) -> None:
        """Call `callback` at every layer from now on."""

    def choose(self, output: StepOutput, at: list[int], bits: Tensor | None, sampled: Sampling | None) -> Tensor:
        """The tokens at the positions `at` of a step's `output`, and their log-probabilities: see `verify.choose`. No
        other position gets logits. `bits` `[len(at), words]`: packed masks, on the host. `sampled`: which of `at` are
        sampled, and how."""
        states = output.hidden if output.logits is None else output.logits
        assert states is not None
        states = states if at == list(range(len(states))) else states[upload(torch.tensor(at), states.device)]
        logits = self._head.logits(states) if output.logits is None else states
        packed = None if bits is None else upload(bits, logits.device)
        if sampled is None:
            return self._head.best(logits, packed)
        places = upload(sampled.places, logits.device)
        found = stacked(*(logits.new_zeros(len(at), dtype=torch.float64) for _ in range(2)))
        if len(sampled.places) < len(at):
            found.copy_(self._head.best(logits, packed))
        allowed = None if packed is None else unpack(packed[places], self.vocab)
        noise = gumbel(upload(sampled.keys, logits.device), self.vocab)
        noise *= upload(sampled.temperatures, logits.device)[:, None]
        return found.index_copy_(1, places, choose(logits[places], allowed, noise))

    @property
    def captures(self) -> int:
        """How many recordings were made so far, the drafter's among them (`graphs.py`)."""
        return self.graphs.captures if self.graphs else 0

    @property
    def recording(self) -> bool:
        """Whether a forward is being recorded just now."""
        return bool(self.graphs and self.graphs.recording)

    def mark(self) -> DeviceEvent:
        """The end of what the device has been asked for so far."""
        return DeviceEvent(self.device)

    def drafter_layers(self) -> dict[str, int]:
        """The layers whose KV a Gemma 4 drafter reads, by kind of attention: see `checkpoint.drafted_from`."""
        return drafted_from(self.model.config)
