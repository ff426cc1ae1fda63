"""`workers` of the client, sync and async, and the command of that name, against a service that is a script."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.models.workers import EXAMPLE
from extractor.cli import workers as command
from extractor.cli.app import app
from extractor.client import AsyncClient, Client, UnexpectedAnswer, Worker

URL = "http://service"
SENT = [Worker.model_validate(one) for one in EXAMPLE["data"]]


def service(answer: Any) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("GET", "/v1/workers")
        assert request.headers["authorization"] == "Bearer k"
        return httpx.Response(200, json=answer)

    return httpx.MockTransport(handle)


def test_both_clients_give_typed_workers() -> None:
    with Client(URL, "k", transport=service(EXAMPLE)) as client:
        found = client.workers()
    assert [(one.id, one.ready, one.tokens_per_s) for one in found] == [
        ("gpu-1-4242-9f1c3e", True, 1843.5),
        ("gpu-2-731-03be77", False, 0.0),
    ]
    assert list(found) == SENT
    assert [Worker.model_validate(one.as_json()) for one in found] == SENT

    async def asked() -> tuple[Worker, ...]:
        async with AsyncClient(URL, "k", transport=service(EXAMPLE)) as client:
            return await client.workers()

    assert asyncio.run(asked()) == found


def test_something_else_than_workers_is_said() -> None:
    with Client(URL, "k", transport=service({"data": [{"id": 1}]})) as client, pytest.raises(UnexpectedAnswer):
        client.workers()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(answer: Any, *args: str) -> Any:
        monkeypatch.setattr(command, "connect", lambda url, key: Client(url, key, transport=service(answer)))
        return CliRunner().invoke(app, ["workers", "--url", URL, "--api-key", "k", *args])

    return run


@pytest.mark.process
def test_the_command_shows_a_table_or_json(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    shown = run(EXAMPLE).stdout
    assert "gpu-1-4242-9f1c3e" in shown
    assert "12/16" in shown
    assert "1,843.5" in shown
    lines = run(EXAMPLE, "--json").stdout.splitlines()
    assert [Worker.model_validate(json.loads(line)) for line in lines] == SENT
    nobody = run({"data": []})
    assert (nobody.exit_code, nobody.stdout) == (0, "")
