"""A Valkey of each test's own, with an append-only file, and a ledger on it that erases soon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ledger_support import open_ledger
from tests.support.valkey import Valkey
from tests.workers.ledger.erasing.support import WITHIN_S
from workers.ledger.ledger import Ledger


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "store", aof=True) as started:
        yield started


@pytest.fixture
def ledger(valkey: Valkey) -> Iterator[Ledger]:
    with open_ledger(valkey, erase_within_s=WITHIN_S) as opened:
        yield opened
