"""What the tests of batches share."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.support.valkey import Valkey
from workers.ledger.batches import Added, BatchRecord, DecidedLine, Opened
from workers.ledger.ledger import Claim, Ledger, NewJob

T = "acme"


def start(ledger: Ledger, key: str | None = None, asked: str = "same") -> Opened:
    return ledger.run(ledger.batches.open(T, key, asked, None))


def line(number: int, content: NewJob | bytes | None = None, custom_id: str | None = None) -> DecidedLine:
    job = NewJob("invoice@1", f"document {number}".encode(), priority="bulk", custom_id=custom_id or f"c{number}")
    return DecidedLine(number, hashlib.sha256(f"up to {number}".encode()).hexdigest(), content or job)


def add(ledger: Ledger, opened: Opened, *lines: DecidedLine) -> Added:
    return ledger.run(ledger.batches.add(T, opened, lines))


def whole(ledger: Ledger, count: int, key: str | None = None) -> tuple[str, tuple[str, ...]]:
    opened = start(ledger, key)
    added = add(ledger, opened, *(line(n) for n in range(1, count + 1)))
    ledger.run(ledger.batches.seal(T, opened))
    return opened.batch_id, added.job_ids


def found(ledger: Ledger, batch_id: str) -> BatchRecord:
    batch = ledger.run(ledger.batches.get(T, batch_id))
    assert batch is not None
    return batch


def finish(ledger: Ledger, job_id: str, data: Any = 1) -> None:
    claim = ledger.run(ledger.jobs.claim(T, job_id, "w"))
    assert isinstance(claim, Claim)
    assert ledger.run(ledger.jobs.succeed(T, job_id, claim.attempt, {"data": data}))


def swept(ledger: Ledger, batch_id: str | None = None) -> None:
    while ledger.run(ledger.batches.sweep(T, batch_id)):
        pass


def keys(valkey: Valkey) -> set[str]:
    with valkey.client() as client:
        return {key.decode().removeprefix(f"extractor:{{{T}}}:") for key in client.keys(f"extractor:{{{T}}}:*")}
