"""The schemas over HTTP: what there is, what is broken, and the report on one of one's own."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from api.config import ApiSettings
from tests.support.api_support import Published, client, is_problem, running

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
SCHEMA = "from pydantic import BaseModel\nclass One(BaseModel):\n    n: int\n"


@pytest.mark.process
async def test_the_built_in_schemas(api: httpx.AsyncClient) -> None:
    listed = (await api.get("/v1/schemas")).json()
    names = [schema["name"] for schema in listed["data"]]
    assert {"invoice", "receipt", "contact", "resume", "shipping_notice", "support_ticket"} <= set(names)
    assert listed["problems"] == []
    for info in listed["data"]:
        detail = (await api.get(f"/v1/schemas/{info['name']}")).json()
        assert detail == (await api.get(f"/v1/schemas/{info['ref']}")).json()
        assert detail["json_schema"]["type"] == "object"
        assert len(detail["sha256"]) == 64
        assert detail["examples"], "every built-in schema has an example"


@pytest.mark.process
async def test_an_unknown_schema(api: httpx.AsyncClient) -> None:
    problem = is_problem(await api.get("/v1/schemas/recipt"), 404, "schema_not_found", "/path/name")
    assert problem["near"] == ["receipt"]
    is_problem(await api.get("/v1/schemas/receipt@99"), 404, "schema_not_found")


@pytest.mark.process
async def test_a_broken_file_is_listed_and_the_rest_works(redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "lease.py").write_text("from pydantic import BaseModel\nclass Lease(BaseModel):\n    tenant: str\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    async with running(ApiSettings(redis_url=redis_url, schemas=str(tmp_path))) as app, client(app) as api:
        listed = (await api.get("/v1/schemas")).json()
        assert "lease" in [schema["name"] for schema in listed["data"]]
        (problem,) = listed["problems"]
        assert problem["file"] == "broken.py"
        assert "SyntaxError" in problem["detail"]
        response = await api.post("/v1/extractions", json={"schema": "lease", "document": {"text": "x"}})
        assert response.status_code == 202
        asked = await api.post("/v1/extractions", json={"schema": "broken", "document": {"text": "x"}})
        assert "broken.py: SyntaxError" in is_problem(asked, 422, "unknown_schema", "/schema")["detail"]


@pytest.mark.process
async def test_check_reports_each_keyword(api: httpx.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}}
    report = (await api.post("/v1/schemas/check", json={"json_schema": schema})).json()
    assert report["ok"]
    assert "/properties/tags/uniqueItems" in [note["pointer"] for note in report["validated"]]
    assert "/type" in [note["pointer"] for note in report["enforced"]]


@pytest.mark.process
async def test_check_says_what_is_refused(api: httpx.AsyncClient) -> None:
    report = await api.post(
        "/v1/schemas/check", json={"json_schema": {"type": "object", "properties": {"a": {"$ref": "http://x/y"}}}}
    )
    assert report.status_code == 200
    assert not report.json()["ok"]
    assert [note["pointer"] for note in report.json()["refused"]] == ["/properties/a/$ref"]


@pytest.mark.process
async def test_check_of_something_else(api: httpx.AsyncClient) -> None:
    is_problem(await api.post("/v1/schemas/check", json={"schema": {}}), 422, "invalid_request", "/json_schema")
    is_problem(await api.post("/v1/schemas/check", json={"json_schema": 3}), 422, "invalid_request", "/json_schema")
    headers = {"Content-Type": "application/json"}
    is_problem(await api.post("/v1/schemas/check", content=b"[" * 9999, headers=headers), 400, "invalid_json")


@pytest.mark.process
async def test_a_file_that_comes_later_needs_no_restart(redis_url: str, tmp_path: Path) -> None:
    """Asked for by its name, in the list, and by a document."""
    async with running(ApiSettings(redis_url=redis_url, schemas=str(tmp_path)), Published()) as app, client(app) as api:
        assert (await api.get("/v1/schemas/later")).status_code == 404
        (tmp_path / "later.py").write_text(SCHEMA)
        body = {"schema": "later", "document": {"text": "one"}}
        assert (await api.post("/v1/extractions", json=body)).status_code == 202
        (tmp_path / "latest.py").write_text(SCHEMA)
        names = [one["name"] for one in (await api.get("/v1/schemas")).json()["data"]]
        assert {"later", "latest"} <= set(names)
        assert (await api.get("/v1/schemas/later@1")).json()["json_schema"]["properties"] == {"n": {"type": "integer"}}
