"""To the digit and in its order: what was sent, and what was answered."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import httpx
import pytest

from tests.support.api_support import BODY, FakeWorker, Published, is_problem

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio


def ordered(names: str, *, nested: bool = False) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in names}
    schema = {"type": "object", "properties": properties, "required": ["a"]}
    return {"type": "object", "properties": {"in": schema}} if nested else schema


def in_order(schema: dict[str, Any] | None) -> str:
    return json.dumps(schema)


@pytest.mark.parametrize("nested", [False, True])
async def test_lines_get_their_own_schema_in_its_own_order(
    api: httpx.AsyncClient, worker: FakeWorker, published: Published, nested: bool
) -> None:
    schemas = [ordered("".join(names), nested=nested) for names in permutations("abc")]
    schemas.append(dict(reversed(schemas[0].items())))
    lines = [
        json.dumps({"custom_id": str(n), "json_schema": s, "document": BODY["document"]}) for n, s in enumerate(schemas)
    ]
    content = "\n".join(lines).encode()
    response = await api.post("/v1/batches", content=content, headers={"Content-Type": "application/x-ndjson"})
    assert response.status_code == 202
    given = [worker.claim(job_id).json_schema for _, job_id, _ in published]
    assert [in_order(schema) for schema in given] == [in_order(schema) for schema in schemas]


async def test_another_order_is_another_request(api: httpx.AsyncClient) -> None:
    def body(names: str, metadata: dict[str, str] | None = None) -> dict[str, Any]:
        return {
            "json_schema": ordered(names),
            "document": BODY["document"],
            "metadata": metadata or {"x": "1", "y": "2"},
        }

    headers = {"Idempotency-Key": "order"}
    first = await api.post("/v1/extractions", json=body("ab"), headers=headers)
    assert first.status_code == 202
    is_problem(await api.post("/v1/extractions", json=body("ba"), headers=headers), 422, "idempotency_key_reused")
    for same in (body("ab"), dict(reversed(body("ab").items())), body("ab", {"y": "2", "x": "1"})):
        again = await api.post("/v1/extractions", json=same, headers=headers)
        assert again.json()["id"] == first.json()["id"], "the order of nothing else matters"


async def test_another_order_of_the_default_is_another_upload(api: httpx.AsyncClient) -> None:
    async def post(names: str) -> httpx.Response:
        files = {"file": ("a.jsonl", json.dumps({"document": BODY["document"]}).encode(), "application/x-ndjson")}
        form = {"json_schema": json.dumps(ordered(names))}
        return await api.post("/v1/batches", data=form, files=files, headers={"Idempotency-Key": "default"})

    assert (await post("ab")).status_code == 202
    is_problem(await post("ba"), 422, "idempotency_key_reused")
    assert (await post("ab")).status_code in (200, 202)
