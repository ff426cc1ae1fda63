"""What the tests of the store's append-only file share."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.fleet import until
from tests.support.remains import holding
from tests.support.valkey import Valkey
from workers.ledger.batches import DecidedLine
from workers.ledger.ledger import Claim, Ledger, NewJob
from workers.worker.erasing import Erasing

T = "acme"
WITHIN_S = 1.0
COMPRESSED = pytest.mark.parametrize("compressed", ["yes", "no"])
RIGHTS = "on >secret ~* &* +@all -@admin -@dangerous +info"


def job(ledger: Ledger, text: str, **more: Any) -> str:
    return ledger.run(ledger.jobs.create(T, NewJob("invoice@1", text.encode(), **more))).job_id


def claim(ledger: Ledger, job_id: str) -> int:
    claimed = ledger.run(ledger.jobs.claim(T, job_id, "w"))
    assert isinstance(claimed, Claim)
    return claimed.attempt


def tallies(ledger: Ledger) -> dict[str, int]:
    return ledger.run(ledger.upkeep.tallies())


def persistence(valkey: Valkey) -> dict[str, Any]:
    with valkey.client() as client:
        info: dict[str, Any] = client.info("persistence")
        return info


def configure(valkey: Valkey, name: str, value: object) -> None:
    with valkey.client() as client:
        client.config_set(name, value)


def rewritten(valkey: Valkey) -> None:
    with valkey.client() as client:
        client.bgrewriteaof()
    until(lambda: not persistence(valkey)["aof_rewrite_in_progress"], 30, "a rewrite")
    assert persistence(valkey)["aof_last_bgrewrite_status"] == "ok"


def looked_until(ledger: Ledger, outcome: str, timeout_s: float = 30.0) -> None:
    """As the reconciler does, every tick."""
    erasing, seen = Erasing(ledger), list[str]()
    with capture_logs() as logs:

        def seen_it() -> bool:
            erasing.look()
            seen[:] = [str(line["event"]) for line in logs]
            return any(line["event"] == outcome for line in logs)

        until(seen_it, timeout_s, lambda: f"{outcome}; {seen}")


def clean(valkey: Valkey, ledger: Ledger, *marks: str | bytes) -> bool:
    """Looking on, as the reconciler does; history is removed by a thread of the store, a moment later."""
    Erasing(ledger).look()
    return not any(holding(valkey.folder, text) for text in marks)


def everywhere(text: str) -> dict[str, Any]:
    """In whatever a caller may say beside the document."""
    return {"filename": f"{text}.txt", "metadata": {"note": text}, "request_id": text}


def batch(ledger: Ledger, texts: dict[str, str]) -> str:
    opened = ledger.run(ledger.batches.open(T, "key", "asked", None))
    schema = {"type": "object", "properties": {texts["schema of a batch"]: {"type": "string"}}}
    line = NewJob("inline", texts["line"].encode(), schema, custom_id=texts["custom_id"], priority="bulk")
    wrong = f'{{"line": 2, "error": "{texts["refused line"]}"}}'.encode()
    ledger.run(ledger.batches.add(T, opened, [DecidedLine(1, "a", line), DecidedLine(2, "b", wrong)]))
    ledger.run(ledger.batches.seal(T, opened))
    return opened.batch_id


def slow(valkey: Valkey, seconds: float) -> None:
    """Rewrites take so long for each key."""
    configure(valkey, "rdb-key-save-delay", round(seconds * 1e6))
