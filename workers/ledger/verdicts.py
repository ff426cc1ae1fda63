"""What trials found of schemas, kept for all workers: the operations on that as `Call`s. Knows no verdict's form."""

from __future__ import annotations

from workers.ledger.keyspace import ROOT, ms
from workers.ledger.scripts import Call, script


class VerdictCommands:
    def get(self, key: str) -> Call[bytes | None]:
        """What some worker's trial found of a schema, as it was kept."""
        return Call(script("verdict_get"), ROOT, (key,), lambda reply: reply)

    def put(self, key: str, verdict: bytes, ttl_s: float) -> Call[bool]:
        return Call(script("verdict_put"), ROOT, (key, verdict, ms(ttl_s)), bool)
