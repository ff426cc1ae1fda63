"""Schemas that strangers send: checked in a sandbox, so that the API answers whatever they cost, and dies of none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from typing import Any

import httpx
import pytest

from api.config import ApiSettings
from api.problems import Problem
from api.submission.schema_check import SchemaChecker
from extractor.sandbox import SandboxLimits
from tests.schemas.test_hostile import APPLICATORS, LONG_KEYS, PATTERNS, REPORTS, doubling
from tests.support.api_support import BODY, Published, client, is_problem, running
from tests.support.small_schemas import fields

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio


def texts(*patterns: str) -> dict[str, Any]:
    return fields(a={"anyOf": [{"type": "string", "pattern": one} for one in patterns]})


COMPLEX = {
    "a letter twenty before the end": texts("^.*a.{20}$"),
    "many letters": texts(*(f"^.*{letter}.{{30}}$" for letter in "abcdefgh")),
    "a hundred that begin anyhow": texts(*(f".*b{at}.*c" for at in range(100))),
    "a hundred that begin alike": texts(*(rf"^[\w-]{{1,63}}x{at}$" for at in range(100))),
    "a hundred lengths": fields(
        a={"anyOf": [{"type": "string", "minLength": at, "maxLength": 4_000 - at} for at in range(100)]}
    ),
}
CANNOT_BE_BUILT = {
    "patterns at once": fields(a={"allOf": [{"type": "string", "pattern": f"^.*b{at}.*c.*$"} for at in range(4)]}),
    "options at once": fields(
        a={"allOf": [{"anyOf": [fields(**{f"k{i}{j}": {}}) for j in range(4)]} for i in range(5)]}
    ),
    "names that overlap": {"type": "object", "patternProperties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
    "formats at once": fields(a={"allOf": [{"type": "string", "format": name} for name in ("email", "uri")]}),
}
FINE = {
    "primes": fields(a={"allOf": [{"type": "integer", "multipleOf": 3001}, {"type": "integer", "multipleOf": 2999}]}),
    "a large prime": fields(a={"type": "integer", "multipleOf": 999_983}),
    "a thousand values": fields(a={"enum": [f"value {at}" for at in range(1_000)]}),
    "two hundred optional fields": fields(**{f"f{at}": {"type": "integer"} for at in range(200)}),
    "a thousand required": {
        **fields(**{f"f{at}": {"type": "string"} for at in range(1_000)}),
        "required": [f"f{at}" for at in range(1_000)],
    },
}


async def check(api: httpx.AsyncClient, schema: Any) -> dict[str, Any]:
    response = await api.post("/v1/schemas/check", json={"json_schema": schema})
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


@pytest.mark.parametrize("name", [*COMPLEX, *CANNOT_BE_BUILT])
async def test_what_the_check_passes_decodes(api: httpx.AsyncClient, published: Published, name: str) -> None:
    schema, code = (
        (COMPLEX[name], "schema_too_complex") if name in COMPLEX else (CANNOT_BE_BUILT[name], "invalid_schema")
    )
    report = await check(api, schema)
    assert not report["ok"]
    (refusal,) = report["refused"]
    problem = is_problem(await api.post("/v1/extractions", json=body_of(schema)), 422, code)
    assert [(e["pointer"], e["detail"]) for e in problem["errors"]] == [
        ("/json_schema" + refusal["pointer"], refusal["detail"])
    ]
    lines = json.dumps(body_of(schema) | {"custom_id": "a"})
    batch = (await api.post("/v1/batches", content=lines, headers={"Content-Type": "application/x-ndjson"})).json()
    (entry,) = (await api.get(f"/v1/batches/{batch['id']}/errors")).text.splitlines()
    assert json.loads(entry)["error"]["code"] == code
    assert published == []


@pytest.mark.parametrize("name", FINE)
async def test_what_is_only_large_is_taken(api: httpx.AsyncClient, name: str) -> None:
    assert (await check(api, FINE[name]))["ok"]
    assert (await api.post("/v1/extractions", json=body_of(FINE[name]))).status_code == 202


def body_of(schema: Any) -> dict[str, Any]:
    return {"document": BODY["document"], "json_schema": schema}


HOSTILE = {
    **{f"expansion: {key}": doubling(key, value) for key, value in list(APPLICATORS.items())[:4]},
    **{f"keys: {name}": schema for name, schema in LONG_KEYS.items()},
    **{f"reports: {name}": schema for name, schema in REPORTS.items()},
    **{f"patterns: {name}": texts(*patterns) for name, patterns in PATTERNS.items()},
    **COMPLEX,
    **CANNOT_BE_BUILT,
    **FINE,
}


async def test_the_service_answers_whatever_is_checked(redis_url: str) -> None:
    """All at once, as documents and to be checked, while others ask whether it lives and send documents."""
    async with running(ApiSettings(redis_url=redis_url)) as app, client(app, timeout=60) as api:
        await check(api, fields(warm={}))
        slowest = {"healthz": 0.0, "neighbour": 0.0}
        done = asyncio.Event()

        async def neighbour(name: str, ask: Any) -> None:
            while not done.is_set():
                began = time.monotonic()
                assert (await ask()).status_code in (200, 202)
                slowest[name] = max(slowest[name], time.monotonic() - began)
                await asyncio.sleep(0.02)

        others = asyncio.gather(
            neighbour("healthz", lambda: api.get("/healthz")),
            neighbour("neighbour", lambda: api.post("/v1/extractions", json=BODY)),
        )
        calls = [
            api.post("/v1/extractions", json=body_of(schema))
            if at % 2
            else api.post("/v1/schemas/check", json={"json_schema": schema})
            for at, schema in enumerate(HOSTILE.values())
        ]
        began = time.monotonic()
        answers = await asyncio.gather(*calls)
        took = time.monotonic() - began
        done.set()
        await others
        assert {answer.status_code for answer in answers} <= {200, 202, 422, 503}
        assert all(answer.json()["code"] == "schema_check_busy" for answer in answers if answer.status_code == 503)
        assert max(len(answer.content) for answer in answers) < 400_000
        assert slowest["healthz"] < took / 3, "all of it happens elsewhere"


@pytest.mark.parametrize(
    ("limits", "code"),
    [(SandboxLimits(cpu_s=0.01, wall_s=30), "schema_too_complex"), (SandboxLimits(wall_s=0.001), "schema_check_busy")],
)
async def test_a_schema_that_takes_all_it_may(limits: SandboxLimits, code: str) -> None:
    """The limits are low instead of the schema costly: what is costly today a release may make cheap."""
    checker = SchemaChecker(limits)
    slow = texts(*(rf"^[\p{{L}} ]{{1,20}}{at}$" for at in range(60)))
    try:
        with pytest.raises(Problem) as caught:
            await checker.require("a", slow)
        assert caught.value.code == code
        assert caught.value.kind.retryable == (code == "schema_check_busy")
    finally:
        checker.close()


async def test_a_verdict_is_kept_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = SchemaChecker()
    asked = []
    call = checker._sandbox.call
    monkeypatch.setattr(checker._sandbox, "call", lambda *given, **more: asked.append(given) or call(*given, **more))
    try:
        await asyncio.gather(*(checker.require("a", fields(a={"type": "string"})) for _ in range(20)))
        await checker.require("b", fields(a={"type": "string"}))
        assert len(asked) == 1
        for _ in range(2):
            with pytest.raises(Problem):
                await checker.require("a", fields(a={"type": "strin"}))
        assert len(asked) == 2
        await checker.require("a", {"properties": {"a": {"type": "string"}}, "type": "object"})
        assert len(asked) == 3  # the order of keys is part of it
    finally:
        checker.close()


async def test_a_checker_that_died_is_made_again() -> None:
    checker = SchemaChecker()
    try:
        await checker.require("a", fields(a={}))
        (zygote,) = checker._sandbox.pids()
        os.kill(zygote, signal.SIGKILL)
        for at in range(5):
            with contextlib.suppress(Problem):  # at worst: not just now
                await checker.require("a", fields(**{f"b{at}": {}}))
        assert checker._sandbox.pids()
        assert checker._sandbox.pids() != [zygote]
        await checker.require("a", fields(c={}))
    finally:
        checker.close()


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e309"])
@pytest.mark.parametrize("place", ['{"enum": [N, 2]}', '{"const": {"a": N}}', '{"maximum": N}'])
async def test_a_number_beyond_a_double_is_no_null(api: httpx.AsyncClient, number: str, place: str) -> None:
    schema = '{"type": "object", "properties": {"n": P}}'.replace("P", place).replace("N", number)
    headers = {"content-type": "application/json"}
    for path in ("/v1/extractions", "/v1/schemas/check"):
        document = "" if path.endswith("check") else ', "document": {"text": "n: 2"}'
        answer = await api.post(path, content=f'{{"json_schema": {schema}{document}}}'.encode(), headers=headers)
        is_problem(answer, 422, "invalid_schema", "/json_schema")
