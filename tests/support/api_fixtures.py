"""The API's fixtures. A test module takes them by `pytest_plugins = ["tests.support.api_fixtures"]`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from api.config import ApiSettings
from tests.support.api_support import FakeWorker, Published, client, running
from tests.support.valkey import Valkey


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def api_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("api-valkey")) as server:
        yield server


@pytest.fixture(scope="module")
async def module_app(api_valkey: Valkey) -> AsyncIterator[tuple[FastAPI, Published]]:
    published = Published()
    async with running(ApiSettings(redis_url=api_valkey.url, max_document_bytes=2000), published) as one:
        yield one, published


@pytest.fixture
def redis_url(api_valkey: Valkey) -> str:
    """Of an empty store."""
    api_valkey.flush()
    return api_valkey.url


@pytest.fixture
def worker(redis_url: str) -> Iterator[FakeWorker]:
    one = FakeWorker(redis_url)
    yield one
    one.ledger.close()


@pytest.fixture
def app(module_app: tuple[FastAPI, Published], redis_url: str) -> FastAPI:  # noqa: ARG001
    return module_app[0]


@pytest.fixture
def published(module_app: tuple[FastAPI, Published]) -> Published:
    """What the application has published in this test."""
    module_app[1].clear()
    return module_app[1]


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app) as one:
        yield one
