"""What the ledger's tests share beside their fixtures."""

from __future__ import annotations

from typing import Any

from tests.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger


def open_ledger(valkey: Valkey, **settings: Any) -> Ledger:
    return Ledger(settings=WorkerSettings(redis_url=valkey.url, **settings))
