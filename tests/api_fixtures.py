"""The API's fixtures. A test module takes them by `pytest_plugins = ["tests.api_fixtures"]`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from api.config import ApiSettings
from tests.api_support import FakeWorker, Published, client, running
from tests.valkey import Valkey


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def api_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("api-valkey")) as server:
        yield server


@pytest.fixture
def redis_url(api_valkey: Valkey) -> Iterator[str]:
    """An empty store."""
    api_valkey.flush()
    yield api_valkey.url


@pytest.fixture
def worker(redis_url: str) -> Iterator[FakeWorker]:
    one = FakeWorker(redis_url)
    yield one
    one.ledger.close()


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
async def app(redis_url: str, published: Published) -> AsyncIterator[FastAPI]:
    async with running(ApiSettings(redis_url=redis_url, max_document_bytes=2000), published) as one:
        yield one


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app) as one:
        yield one
