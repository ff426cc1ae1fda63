"""`POST /v1/pages`: pages of a document as pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from api.config import ApiSettings
from tests.support.api_support import client, is_problem, running
from tests.support.valkey import Valkey

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = [pytest.mark.anyio, pytest.mark.process]
SAMPLES = Path(__file__).parents[2] / "extractor" / "samples"


async def drawn(api: httpx.AsyncClient, data: bytes, **query: int) -> dict[int, tuple[int, int]]:
    """The size of each picture, by its page's number."""
    headers = {"Content-Type": "application/octet-stream"}
    answer = await api.post("/v1/pages", content=data, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    sizes = {}
    for page in answer.json()["data"]:
        assert page["media_type"] == "image/png"
        sizes[page["number"]] = Image.open(io.BytesIO(base64.b64decode(page["content"]))).size
    return sizes


@pytest.fixture
async def api(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with running(ApiSettings(redis_url=redis_url, max_document_bytes=100_000)) as app, client(app) as one:
        yield one


async def test_pages_of_what_has_pictures(api: httpx.AsyncClient) -> None:
    (size,) = (await drawn(api, (SAMPLES / "invoice-3.pdf").read_bytes())).values()
    assert size[1] > size[0] > 500, "a sheet of paper, upright"
    assert list(await drawn(api, (SAMPLES / "receipt-2.jpg").read_bytes(), first=1, count=4)) == [1]
    assert await drawn(api, (SAMPLES / "invoice-3.pdf").read_bytes(), first=2) == {}, "it has no second page"
    assert await drawn(api, b"plain text has no picture") == {}


async def test_a_file_within_a_mail(api: httpx.AsyncClient) -> None:
    """The numbers are those that a result has."""
    assert list(await drawn(api, (SAMPLES / "purchase_order-2.eml").read_bytes(), first=1, count=4)) == [2]


async def test_what_cannot_be_drawn_is_told(api: httpx.AsyncClient) -> None:
    pdf = (SAMPLES / "invoice-3.pdf").read_bytes()
    is_problem(await api.post("/v1/pages", content=pdf[:900]), 422, "unreadable_document")
    is_problem(await api.post("/v1/pages", content=b" "), 422, "empty_document")
    is_problem(await api.post("/v1/pages", content=b"x" * 100_001), 413, "document_too_large")
    is_problem(await api.post("/v1/pages", content=pdf, params={"count": 5}), 422, "invalid_request", "/query/count")
    is_problem(await api.post("/v1/pages", content=pdf, params={"first": 0}), 422, "invalid_request", "/query/first")


async def test_it_needs_a_key_where_keys_are_set(api_valkey: Valkey) -> None:
    settings = ApiSettings(redis_url=api_valkey.url, api_keys=f"acme:{'0' * 64}")
    async with running(settings) as app, client(app) as one:
        is_problem(await one.post("/v1/pages", content=b"x"), 401, "unauthorized")
