"""The ledger's fixtures: one Valkey a module, empty for every test, and a ledger on it with short leases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ledger_fixtures import server, valkey
from tests.support.ledger_support import open_ledger
from tests.support.valkey import Valkey
from workers.ledger.ledger import Ledger

__all__ = ["server", "valkey"]


@pytest.fixture
def ledger(valkey: Valkey, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """Its leases are of the module's `LEASE_S` seconds."""
    with open_ledger(valkey, lease_s=getattr(request.module, "LEASE_S", 0.2)) as opened:
        yield opened
