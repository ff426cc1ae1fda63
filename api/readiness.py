"""Why no worker is ready: what the known ones say of themselves, and what the supervisor says of those that are down.
States and faults of processes only; nothing of a document, a tenant or an id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from extractor.processes.heartbeat import read
from workers.ledger.ledger import WorkerInfo

_MAX_REASONS = 3  # named


def why_not_ready(workers: Sequence[WorkerInfo], heartbeats: str) -> str:
    """`heartbeats`: the folder of `extractor up`, if it is that which runs this."""
    down = _down(Path(heartbeats)) if heartbeats else []
    not_ready = [f"one is {worker.state}{f' ({worker.why})' if worker.why else ''}" for worker in workers]
    reasons = [*down, *not_ready]
    if not reasons:
        return "none has been heard of"
    more = len(reasons) - _MAX_REASONS
    return "; ".join([*reasons[:_MAX_REASONS], *([f"and {more} more"] if more > 0 else [])])


def _down(folder: Path) -> list[str]:
    """Of each whose program does not run; nothing where the folder is gone."""
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return []
    beats = [read(file) for file in files]
    return [beat.why for beat in beats if beat is not None and beat.state == "down"]
