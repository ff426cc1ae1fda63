"""The ledger's fixtures: one Valkey a module, empty for every test. A test module takes them by
`pytest_plugins = ["tests.support.ledger_fixtures"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.valkey import Valkey


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("valkey")) as valkey:
        yield valkey


@pytest.fixture
def valkey(server: Valkey) -> Valkey:
    server.flush()
    return server
