"""Warns of a store that is set so that it may lose what it has acknowledged: the ledger cannot notice that. Used by the
reconciler; knows no job."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from workers.ledger.ledger import Ledger
from workers.observability.repeated import Repeated

log = structlog.get_logger(__name__)
_EVERY_S = 3600.0


class Keeping:
    """`look` at every tick. A warning comes again after an hour, as long as the store is set so."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._warned = Repeated(every_s=_EVERY_S)

    def look(self) -> None:
        """Raises StoreUnavailable."""
        for risk in risks(*self._ledger.run(self._ledger.upkeep.keeping())):
            if self._warned.unlogged(risk) is not None:
                log.warning("documents may be lost", detail=risk)


def risks(policy: str, file: str) -> Iterator[str]:
    """`volatile-*` throws nothing of ours away: only what has an expiry of Redis' own."""
    if policy.startswith("allkeys"):
        yield f"Redis throws documents away when it is full: its maxmemory-policy is {policy} and should be noeviction"
    if file == "0":
        yield "Redis forgets what came since its last snapshot when it ends: its appendonly is no and should be yes"
