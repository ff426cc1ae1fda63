"""What holds for every test: no setting of the developer's shell, no hub; and what tests of several rooms share."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

for _name in [name for name in os.environ if name.startswith("EXTRACTOR_")]:
    del os.environ[_name]
os.environ["HF_HUB_OFFLINE"] = "1"
# The processes that share the test files have a core each, and small models are twice as fast on one thread of torch.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell has what it starts in the background ignore Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # until the tests are found: importing them leaves no garbage


def pytest_runtestloop() -> None:
    gc.freeze()  # what is loaded by now stays, and is not looked through again
    gc.enable()


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One server for a module. The ledger's tests have one of their own, empty for each of them."""
    from tests.support.valkey import Valkey  # here and below: nothing of the project is imported before the above

    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def tok() -> Any:
    """The tokenizer of scripted models."""
    from tests.support.scripted import tokenizer

    return tokenizer()
