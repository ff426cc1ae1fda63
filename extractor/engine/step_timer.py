"""The clocks of a step: what its phases took, and for how long the one that runs has been going on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from extractor.engine.heartbeat import Moves
from extractor.engine.stats import EngineStats

PATIENCE = 8  # times the longest step so far, before one is thought to hang


class StepTimer:
    """Adds up seconds by phase in `stats`, and knows those of the step that runs. Phases may lie within others: the
    forward, `target`, is within `verify`."""

    def __init__(self, stats: EngineStats, moves: Moves) -> None:
        """`moves` is marked at both ends of every phase."""
        self._stats, self._moves = stats, moves
        self._took: dict[str, float] = {}
        self._began: dict[str, float] = {}
        self._begun = 0.0
        self._since: float | None = None  # on the monotonic clock; None between steps

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around a step and what follows one that fails."""
        self._moves.begin()
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def begin(self) -> None:
        """A step begins."""
        self._took, self._begun = {}, time.perf_counter()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._began[name] = begun = time.perf_counter()
        self._moves.mark()
        yield
        self._moves.mark()
        self._add(name, time.perf_counter() - begun)

    def began(self, phase: str) -> float:
        """When this step's phase began, on the clock of `time.perf_counter`."""
        return self._began[phase]

    def took(self, *phases: str) -> float:
        """Seconds of this step's phases."""
        return sum(self._took[phase] for phase in phases)

    def shift(self, seconds: float, source: str, to: str) -> None:
        """So much of the phase `source` was the work of another."""
        self._add(source, -seconds)
        self._add(to, seconds)

    def end(self, rows: int, *, recorded: bool) -> None:
        """The step is over; it had `rows` rows. `recorded`: it recorded a graph, which takes far longer."""
        if not rows:
            return
        took_s = time.perf_counter() - self._begun
        self._stats.stepped(rows, took_s)
        if self._stats.steps == 1:
            self._moves.longest_s = 0.0  # it read weights from a disk
        if not recorded:
            self._stats.longest_step_s = max(self._stats.longest_step_s, took_s)

    def progress(self, *, on_cpu: bool, recording: bool) -> tuple[float, float | None]:
        """See `Engine.progress`."""
        since, stats = self._since, self._stats
        going_s = 0.0 if since is None else self._moves.still_s() if on_cpu else time.monotonic() - since
        known = stats.steps > 0 and not recording
        return going_s, PATIENCE * (self._moves.longest_s if on_cpu else stats.longest_step_s) if known else None

    def _add(self, phase: str, seconds: float) -> None:
        self._took[phase] = self._took.get(phase, 0.0) + seconds
        self._stats.seconds[phase] += seconds
