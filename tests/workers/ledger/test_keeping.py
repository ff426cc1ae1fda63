"""A store that may lose what it has acknowledged is warned of."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.ledger_support import open_ledger
from tests.support.valkey import Valkey
from workers.worker.keeping import Keeping, risks


def warned(keeping: Keeping) -> list[str]:
    with capture_logs() as lines:
        keeping.look()
    assert all(line["log_level"] == "warning" for line in lines)
    return [str(line["detail"]) for line in lines]


def test_a_store_that_forgets_or_evicts_is_warned_of_once(tmp_path: Path) -> None:
    with Valkey(tmp_path, aof=True) as valkey, open_ledger(valkey) as ledger, valkey.client() as client:
        keeping = Keeping(ledger)
        assert warned(keeping) == [], "as the embedded store is set"
        client.config_set("maxmemory-policy", "allkeys-lru")
        (evicts,) = warned(keeping)
        assert "allkeys-lru" in evicts
        client.config_set("appendonly", "no")
        (forgets,) = warned(keeping)
        assert "appendonly is no" in forgets
        assert warned(keeping) == []


@pytest.mark.parametrize(
    ("policy", "file", "count"),
    [("noeviction", "1", 0), ("volatile-lru", "1", 0), ("", "", 0), ("allkeys-random", "0", 2)],
)
def test_what_is_a_risk(policy: str, file: str, count: int) -> None:
    assert len(list(risks(policy, file))) == count
