"""A worker process with the scripted extractor, over a store of its own, for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fleet import Fleet
from tests.support.valkey import Valkey


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with Valkey(folder / "valkey") as valkey, Fleet(valkey, folder) as started:
        started.start()
        yield started
