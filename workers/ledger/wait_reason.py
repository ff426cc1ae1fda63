"""Why a queued job has not started, for whoever looks at it. Quotas refuse new documents with 429 and hold up none that
were accepted; a store that is nearly full does. Knows the fields that lua/shared/reads.lua adds to a queued job; knows
no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

WaitReason = Literal[
    "queued", "retry", "retry_delay", "no_worker", "worker_loading", "batch_cancelled", "store_full", "readers_busy"
]

Behind = Literal["pictures", "windows"]  # what of other documents is read before it
_WHAT_IT_IS = {"pictures": "pictures of text", "windows": "longer than the model's context"}


@dataclass(frozen=True)
class WaitState:
    """`detail` is for a person. `ahead`: how many jobs of the same tenant and priority come first. `until`: it is not
    tried before. `last_fault`: what ended the attempt before."""

    reason: WaitReason
    detail: str
    ahead: int | None = None
    until: datetime | None = None
    last_fault: str | None = None


def wait_state_of(raw: Mapping[str, bytes]) -> WaitState:
    """From a queued job's hash and the fields that were added to it."""
    ahead = int(raw["ahead"]) if "ahead" in raw else None
    fault = raw["fault"].decode() if raw.get("fault") else None
    until = datetime.fromtimestamp(int(raw["not_before"]) / 1000, UTC) if "not_before" in raw else None
    reason, detail = _why(raw, ahead, until)
    return WaitState(reason, detail, ahead, until, fault)


def no_worker(workers: int, ready: int) -> tuple[WaitReason, str] | None:
    """Why no job starts at all; None when workers are ready."""
    if not workers:
        return "no_worker", "No worker is alive; it starts when one is"
    if not ready:
        return "worker_loading", f"No worker is ready: {workers} loading, connecting or stopping"
    return None


def _why(raw: Mapping[str, bytes], ahead: int | None, until: datetime | None) -> tuple[WaitReason, str]:
    if "withdrawn" in raw:
        return "batch_cancelled", "Its batch has been withdrawn; it is about to be cancelled"
    nobody = no_worker(int(raw["workers"]), int(raw["ready"])) if "workers" in raw else None
    if nobody is not None:
        return nobody
    tries = int(raw.get("tries", 0))
    if until is not None and "crowded" in raw:
        return "store_full", (
            "The store is nearly full, and this tenant holds more than its share: it goes on when there is room; erase "
            "what is no longer needed"
        )
    if until is not None and "behind" in raw:
        what = _WHAT_IT_IS.get(raw["behind"].decode(), _WHAT_IT_IS["pictures"])  # an earlier version wrote 1
        return "readers_busy", f"It is {what}, and as many of those as may wait are being read before it"
    if until is not None:
        return "retry_delay", f"Its attempt {tries} failed; it is tried again at {until.isoformat('T', 'seconds')}"
    if tries:
        return "retry", f"To be tried again after {tries} attempts; the last one allowed runs alone in its worker"
    if ahead is None:
        return "queued", "Waits for its turn"
    return (
        "queued",
        f"Waits for its turn: {ahead} ahead of it" if ahead else "Next, as soon as a worker has a free slot",
    )
