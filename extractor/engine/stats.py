"""What an engine has done since it started, in sums that only grow: whoever reads them twice knows the rate between.
Numbers only; knows no torch, no text, no request."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Any

from extractor.drafters import DRAFTERS
from extractor.engine.sequence import Tally

STEP_BOUNDS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class EngineStats:
    """Written by the engine's own thread; reading from another may see a step half counted, which the next reading
    makes good."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)  # by phase; `target` is the forward in `verify`
        self.steps = 0
        self.step_rows = 0
        self.step_s = 0.0
        self.longest_step_s = 0.0  # of those that recorded nothing
        self.step_buckets = [0] * (len(STEP_BOUNDS_S) + 1)  # not cumulative; the last is of longer ones
        self.forwards = 0
        self.prompt_tokens = 0
        self.output_tokens = 0
        self.drafts = {name: [0, 0] for name in DRAFTERS}  # proposed, accepted

    def stepped(self, rows: int, seconds: float) -> None:
        self.steps += 1
        self.step_rows += rows
        self.step_s += seconds
        self.step_buckets[bisect_left(STEP_BOUNDS_S, seconds)] += 1

    def drafted(self, tally: Tally) -> None:
        for name, proposed, accepted in tally:
            self.drafts[name][0] += proposed
            self.drafts[name][1] += accepted

    def as_json(self, running: int, waiting: int) -> dict[str, Any]:
        return {
            "running": running,
            "waiting": waiting,
            "steps": self.steps,
            "step_rows": self.step_rows,
            "step_s": round(self.step_s, 6),
            "step_bounds_s": list(STEP_BOUNDS_S),
            "step_buckets": list(self.step_buckets),
            "forwards": self.forwards,
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
            "drafts": {name: {"proposed": put, "accepted": stood} for name, (put, stood) in self.drafts.items()},
            "seconds": {phase: round(spent, 6) for phase, spent in dict(self.seconds).items()},
        }
