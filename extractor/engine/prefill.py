"""Prompts are read into the cache a chunk a step, so that a long one delays nobody's next token by more than that."""

from __future__ import annotations

import time

import torch

from extractor.engine.cache import SlotCache
from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.model.runner import Runner
from extractor.engine.sequence import Sequence
from extractor.engine.stats import EngineStats


class PromptReader:
    """Reads at most `chunk` tokens a step, first come first. A prompt's last token stays out: it is the row's first
    pending one, whose step verifies drafts too."""

    def __init__(self, runner: Runner, chunk: int, stats: EngineStats) -> None:
        self._runner, self._chunk, self._stats = runner, chunk, stats
        # Where the device begins and ends to read prompts, and whose; it may still be at it.
        self._reading: tuple[DeviceEvent, DeviceEvent, list[Sequence]] | None = None

    def read(self, rows: list[Sequence], cache: SlotCache, *, chains: bool = True) -> None:
        """A chunk of the prompts of `rows` that are not read yet. A row gets its slot here; and where `chains` are
        likely to be drafted, the state from which its first one starts."""
        room, started, read = self._chunk, self._runner.mark(), []
        for row in sorted(rows, key=lambda row: row.submitted_s):
            if row.ready or room <= 0:
                continue
            begun = time.monotonic()
            count = self._read_row(row, room, cache, chains)
            row.stats.prefill_s += time.monotonic() - begun
            room -= count
            if count:
                read.append(row)
        if read:
            self._reading = (self._reading or (started,))[0], self._runner.mark(), read

    def _read_row(self, row: Sequence, room: int, cache: SlotCache, chains: bool) -> int:
        """At most `room` tokens; how many."""
        prompt = row.request.prompt[:-1]
        if row.slot < 0:
            # The hidden state at the end has to be computed, so at least one token is.
            row.slot, row.length = cache.begin(prompt)
            row.stats.shared_tokens = row.length
        chunk = prompt[row.length : row.length + room]
        if chunk:
            state = chains and "mtp" in row.params.drafters and row.length + len(chunk) == len(prompt)
            hidden = self._runner.prefill(torch.tensor([chunk]), row.length, row.slot, cache, state=state)
            row.hidden = None if hidden is None else hidden[0]
            cache.extend(row.slot, chunk)
            if row.length < row.request.prefix <= row.length + len(chunk):
                cache.remember(row.slot, row.request.prefix)
            row.length += len(chunk)
            self._stats.prompt_tokens += len(chunk)
        row.ready = row.length == len(prompt)
        return len(chunk)

    def overhang(self, verifying: float) -> float:
        """Seconds for which the device still read prompts when it was given rows to verify, at `verifying`: what
        `verify` waited for and did not take. It counts as the prompts' own."""
        if self._reading is None:
            return 0.0
        begun, ended, rows = self._reading
        self._reading = None
        late = max(0.0, begun.at + ended.since(begun) - verifying)
        for row in rows:
            row.stats.prefill_s += late / len(rows)
        return late
