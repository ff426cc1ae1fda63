"""How the engine's process says that it lives, and when its parent stops believing it. Numbers only.

The child sends a heartbeat every `EVERY_S` from a thread of its own, so none comes when it is stopped or when native
code holds its interpreter. A heartbeat also says for how long a request has been on its way into the engine, and how
long a step has taken: a process whose parts hang goes on beating.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

EVERY_S = 1.0


@dataclass(frozen=True)
class Heartbeat:
    """`handling_s`: how long a request has been on its way into the engine, 0 while none is. `step_s`: how long the
    step that runs has gone on (a CPU: without a sign of moving), 0 between steps; `step_most_s`: how long that may be,
    None where it cannot be said yet (the first step; a GPU that records or compiles takes its time)."""

    handling_s: float = 0.0
    step_s: float = 0.0
    step_most_s: float | None = None
    stats: dict[str, Any] = field(default_factory=dict)


class Moves:
    """Signs that a step gets on, from where it computes: every phase, and every layer of a forward on a CPU. So a step
    may take as long as it must (a long prompt, a large model) and is still told from one that hangs."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self.longest_s = 0.0  # between two signs, so far

    def begin(self) -> None:
        """Of a step: the time before it counts for nothing."""
        self._at = time.monotonic()

    def mark(self) -> None:
        now = time.monotonic()
        self.longest_s = max(self.longest_s, now - self._at)
        self._at = now

    def still_s(self) -> float:
        return time.monotonic() - self._at


def silence(heartbeat: Heartbeat, heard_s: float, silent_s: float) -> str | None:
    """Why a child whose last heartbeat is `heard_s` old is to be killed; None while it is believed. `silent_s`: how
    long it may say nothing, and how long a request may be on its way."""
    if heard_s > silent_s:
        return f"has not been heard of for {heard_s:.0f} s"
    if heartbeat.handling_s > silent_s:
        return f"has been at one request for {heartbeat.handling_s:.0f} s"
    if math.isinf(heartbeat.step_s):
        return "has lost the thread that its steps run in"
    if heartbeat.step_most_s is not None and heartbeat.step_s > max(silent_s, heartbeat.step_most_s):
        return f"has been at one step for {heartbeat.step_s:.0f} s"
    return None
