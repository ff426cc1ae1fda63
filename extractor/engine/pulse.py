"""How the engine's process says that it lives, and when its parent stops believing it. Numbers only.

The child sends a pulse every `EVERY_S` from a thread of its own, so none comes when it is stopped or when native code
holds its interpreter. A pulse also tells for how long a request has been on its way into the engine, and a step has
taken: a process whose parts hang goes on pulsing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

EVERY_S = 1.0


@dataclass(frozen=True)
class Pulse:
    """`handling_s`: how long a request has been on its way into the engine, 0 while none is. `step_s`: how long the
    step that runs has taken, 0 between steps; `step_most_s`: how long one may take, None where that cannot be said (a
    CPU computes as long as it must; a GPU that records or compiles takes its time)."""

    handling_s: float = 0.0
    step_s: float = 0.0
    step_most_s: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)


def silence(pulse: Pulse, heard_s: float, silent_s: float) -> str | None:
    """Why a child whose last pulse is `heard_s` old is to be killed; None while it is believed. `silent_s`: how long
    it may say nothing, and how long a request may be on its way."""
    if heard_s > silent_s:
        return f"has not been heard of for {heard_s:.0f} s"
    if pulse.handling_s > silent_s:
        return f"has been at one request for {pulse.handling_s:.0f} s"
    if pulse.step_most_s is not None and pulse.step_s > max(silent_s, pulse.step_most_s):
        return f"has been at one step for {pulse.step_s:.0f} s"
    return None
