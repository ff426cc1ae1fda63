"""Whatever is wrong with a request is one problem that says what and where, and nothing reaches the ledger."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import random
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.config import ApiSettings
from tests.support.api_support import BODY, FakeWorker, Published, client, is_problem, running

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
GARBAGE = random.Random(7).randbytes(1000)


ZIP = b"PK\x05\x06" + bytes(18)


def b64(content: bytes, media_type: str | None = None) -> dict[str, Any]:
    document = {"content": base64.b64encode(content).decode()}
    return {"schema": "contact", "document": document | ({"media_type": media_type} if media_type else {})}


def with_schema(json_schema: Any) -> dict[str, Any]:
    return {"json_schema": json_schema, "document": {"text": "x"}}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


WRONG: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("unknown schema", BODY | {"schema": "invoce"}, 422, "unknown_schema", "/schema"),
    ("unknown version", BODY | {"schema": "invoice@99"}, 422, "unknown_schema", "/schema"),
    ("both schemas", BODY | {"json_schema": {"type": "object"}}, 422, "invalid_request", "/json_schema"),
    ("no schema", {"document": {"text": "x"}}, 422, "invalid_request", "/schema"),
    ("invalid JSON Schema", with_schema({"type": "objekt"}), 422, "invalid_schema", "/json_schema/type"),
    ("JSON Schema of no object", with_schema([]), 422, "invalid_request", "/json_schema"),
    (
        "remote reference",
        with_schema({"$ref": "https://example.com/s"}),
        422,
        "unsupported_keyword",
        "/json_schema/$ref",
    ),
    (
        "huge integer",
        with_schema({"type": "object", "properties": {"a": {"type": "integer", "maximum": 10**30}}}),
        422,
        "invalid_schema",
        "/json_schema",
    ),
    ("schema too deep", with_schema(nested(60)), 422, "schema_too_large", ""),
    (
        "enum too large",
        with_schema({"type": "object", "properties": {"a": {"enum": list(range(2000))}}}),
        422,
        "schema_too_large",
        "/json_schema/properties/a/enum",
    ),
    ("no document", {"schema": "contact"}, 422, "invalid_request", "/document"),
    ("empty document", {"schema": "contact", "document": {"text": ""}}, 422, "empty_document", "/document/text"),
    ("blank document", b64(b" \n\t "), 422, "empty_document", "/document/content"),
    ("text and content", BODY | {"document": {"text": "a", "content": "YQ=="}}, 422, "invalid_request", "/document"),
    ("neither", BODY | {"document": {"filename": "a.txt"}}, 422, "invalid_request", "/document"),
    ("text over the limit", BODY | {"document": {"text": "x" * 2001}}, 413, "document_too_large", "/document/text"),
    ("bytes over the limit", b64(b"x" * 2001), 413, "document_too_large", "/document/content"),
    ("binary garbage", b64(GARBAGE, "text/plain"), 422, "binary_document", "/document/content"),
    ("NUL in text", BODY | {"document": {"text": "a\0b"}}, 422, "binary_document", "/document/text"),
    ("an archive", b64(b"Rar!\x1a\x07\x01\x00"), 415, "unsupported_media_type", "/document/content"),
    ("an archive that is called text", b64(ZIP, "text/plain"), 415, "unsupported_media_type", "/document/content"),
    ("no charset", b64(b"abc", "text/plain; charset=x"), 415, "unsupported_media_type", "/document/media_type"),
    ("no password", BODY | {"document": {"text": "a", "password": ""}}, 422, "invalid_request", "/document/password"),
    (
        "not the charset",
        b64(b"\xff\xe9", "text/plain; charset=utf-8"),
        422,
        "undecodable_document",
        "/document/content",
    ),
    ("not base64", BODY | {"document": {"content": "a$b="}}, 422, "invalid_base64", "/document/content"),
    ("base64 without padding", BODY | {"document": {"content": "YQ"}}, 422, "invalid_base64", "/document/content"),
    ("unknown field", BODY | {"schemas": 1}, 422, "invalid_request", "/schemas"),
    ("unknown option", BODY | {"options": {"sped": 1}}, 422, "invalid_request", "/options/sped"),
    (
        "too many tokens",
        BODY | {"options": {"max_output_tokens": 10**6}},
        422,
        "invalid_request",
        "/options/max_output_tokens",
    ),
    ("no tokens", BODY | {"options": {"max_output_tokens": 0}}, 422, "invalid_request", "/options/max_output_tokens"),
    ("a boolean for a number", BODY | {"options": {"seed": True}}, 422, "invalid_request", "/options/seed"),
    ("no yes and no no", BODY | {"options": {"fields": "no"}}, 422, "invalid_request", "/options/fields"),
    ("unknown drafter", BODY | {"options": {"drafters": ["copy", "x"]}}, 422, "invalid_request", "/options/drafters/1"),
    ("drafter twice", BODY | {"options": {"drafters": ["mtp", "mtp"]}}, 422, "invalid_request", "/options/drafters"),
    ("hot", BODY | {"options": {"temperature": 2.5}}, 422, "invalid_request", "/options/temperature"),
    ("no time", BODY | {"options": {"timeout_s": 0}}, 422, "invalid_request", "/options/timeout_s"),
    ("too much time", BODY | {"options": {"timeout_s": 1e9}}, 422, "invalid_request", "/options/timeout_s"),
    ("priority", BODY | {"priority": "now"}, 422, "invalid_request", "/priority"),
    ("metadata of objects", BODY | {"metadata": {"a": {}}}, 422, "invalid_request", "/metadata/a"),
    ("much metadata", BODY | {"metadata": {str(n): "" for n in range(17)}}, 422, "invalid_request", "/metadata"),
    ("long metadata", BODY | {"metadata": {"a/b": "x" * 513}}, 422, "invalid_request", "/metadata/a~1b"),
    ("many fields", {str(n): 0 for n in range(5000)}, 422, "invalid_request", ""),
    ("many options", BODY | {"options": {str(n): 0 for n in range(100)}}, 422, "invalid_request", "/options"),
    ("long key", BODY | {"metadata": {"k" * 65: ""}}, 422, "invalid_request", "/metadata/" + "k" * 65),
]


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
async def test_a_wrong_submission(
    api: httpx.AsyncClient, worker: FakeWorker, published: Published,
    body: dict[str, Any], status: int, code: str, pointer: str,
) -> None:  # fmt: skip
    problem = is_problem(await api.post("/v1/extractions", json=body), status, code)
    assert any(error["pointer"].startswith(pointer) for error in problem["errors"]), problem
    assert not problem["retryable"]
    assert published == []
    assert worker.ledger.run(worker.ledger.jobs.counts("default"))["accepted"] == 0


async def test_every_fault_is_told_at_once(api: httpx.AsyncClient) -> None:
    body = BODY | {"options": {"seed": -1, "speed": 1}, "priority": 3}
    problem = is_problem(await api.post("/v1/extractions", json=body), 422, "invalid_request")
    assert {error["pointer"] for error in problem["errors"]} == {"/options/seed", "/options/speed", "/priority"}


async def test_fields_without_end_are_one_fault(api: httpx.AsyncClient) -> None:
    body = BODY | {"document": {str(n): 0 for n in range(5000)}}
    problem = is_problem(await api.post("/v1/extractions", json=body), 422, "invalid_request")
    assert problem["errors"] == [{"pointer": "/document", "detail": "has 5000 fields"}]


async def test_near_names_and_limits_are_in_the_problem(api: httpx.AsyncClient) -> None:
    problem = is_problem(await api.post("/v1/extractions", json=BODY | {"schema": "invoce"}), 422, "unknown_schema")
    assert problem["near"] == ["invoice"]
    large = await api.post("/v1/extractions", json=BODY | {"document": {"text": "x" * 2001}})
    assert large.json()["limit"] == {"name": "max_document_bytes", "value": 2000}
    wrong = await api.post("/v1/extractions", json=b64(ZIP))
    assert {"text/plain", "application/pdf"} <= set(wrong.json()["accepted"])


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        (BODY | {"options": {"max_output_tokens": 70_000}}, "output_tokens_limit", 65_536),
        (BODY | {"options": {"timeout_s": 1000}}, "max_timeout_s", 300),
        (BODY | {"metadata": {str(n): "" for n in range(17)}}, "max_length", 16),
        (BODY | {"metadata": {"a": "x" * 513}}, "max_length", 512),
        (BODY | {"options": {str(n): 0 for n in range(100)}}, "max_fields", 64),
        (with_schema(nested(60)), "max_depth", 64),
        (with_schema({"type": "object", "properties": {"a": {"enum": list(range(2000))}}}), "max_enum", 1000),
    ],
)
async def test_a_limit_that_was_crossed_is_named(
    api: httpx.AsyncClient, body: dict[str, Any], name: str, value: int
) -> None:
    response = await api.post("/v1/extractions", json=body)
    assert response.json()["limit"] == {"name": name, "value": value}
    lines = json.dumps(body | {"custom_id": "a"})
    batch = await api.post("/v1/batches", content=lines, headers={"Content-Type": "application/x-ndjson"})
    (entry,) = (await api.get(f"/v1/batches/{batch.json()['id']}/errors")).text.splitlines()
    assert json.loads(entry)["error"]["limit"] == {"name": name, "value": value}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"schema": "contact",}',
        b'{"schema": NaN}',
        b'{"document": {"text": "\\ud800"}}',
        b'\xff\xfe{"a": 1}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"json_schema": ' + b'{"a":' * 500 + b"1" + b"}" * 501,
    ],
)
async def test_what_is_not_json(api: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    problem = is_problem(await api.post("/v1/extractions", content=body, headers=headers), 400, "invalid_json")
    assert "line" in problem["detail"]
    assert "JSON is not JSON" not in problem["detail"]


async def test_a_byte_order_mark_before_json_is_passed_over(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    body = b"\xef\xbb\xbf" + json.dumps(BODY).encode()
    assert (await api.post("/v1/extractions", content=body, headers=headers)).status_code == 202


@pytest.mark.parametrize("body", ["", " \n"])
async def test_an_empty_body_is_called_that(api: httpx.AsyncClient, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    problem = is_problem(await api.post("/v1/extractions", content=body, headers=headers), 400, "invalid_json")
    assert problem["detail"] == "There is nothing where JSON has to be"


async def test_json_of_something_else(api: httpx.AsyncClient) -> None:
    is_problem(await api.post("/v1/extractions", json=[BODY]), 422, "invalid_request")


@pytest.mark.parametrize(
    ("headers", "pointer", "says"),
    [
        ({}, "/header/Content-Type", "has no Content-Type. Accepted: "),
        ({"Content-Type": "text/plain"}, "/header/Content-Type", "text/plain is not accepted here. Accepted: "),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "/header/Content-Type", "which curl sends unless"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "/header/Content-Encoding", "compressed"),
    ],
)
async def test_another_kind_of_body(api: httpx.AsyncClient, headers: dict[str, str], pointer: str, says: str) -> None:
    response = await api.post("/v1/extractions", content=json.dumps(BODY), headers=headers)
    detail = is_problem(response, 415, "unsupported_media_type", pointer)["detail"]
    assert says in detail
    if pointer == "/header/Content-Type":
        assert "application/json, multipart/form-data, and of any other type the document itself" in detail
        assert "curl -H 'Content-Type: application/json' -d" in detail


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("/v1/schemas/check", "-H 'Content-Type: application/json' -d"),
        ("/v1/batches", "-H 'Content-Type: application/x-ndjson' --data-binary @"),
    ],
)
async def test_another_kind_of_body_is_answered_with_an_example(
    api: httpx.AsyncClient, path: str, example: str
) -> None:
    problem = is_problem(await api.post(path, content=b"{}"), 415, "unsupported_media_type", "/header/Content-Type")
    assert example in problem["detail"]


FILE = {"file": ("a.txt", b"abc", "text/plain")}
FORMS: list[tuple[str, dict[str, Any], dict[str, str], int, str, str]] = [
    ("no schema", FILE, {}, 422, "invalid_request", "/schema"),
    ("unknown field", FILE, {"schema": "contact", "x": "1"}, 422, "invalid_request", "/x"),
    ("options are no JSON", FILE, {"schema": "contact", "options": "{"}, 400, "invalid_json", "/options"),
    ("unknown option", FILE, {"schema": "contact", "options": '{"a": 1}'}, 422, "invalid_request", "/options/a"),
    ("file as field", {"schema": (None, "contact")}, {"file": "abc"}, 422, "invalid_request", "/file"),
    ("another file field", {"doc": FILE["file"]}, {"schema": "contact"}, 422, "invalid_request", "/doc"),
    ("empty file", {"file": ("a.txt", b"", "text/plain")}, {"schema": "contact"}, 422, "empty_document", "/file"),
    (
        "garbage",
        {"file": ("a.txt", GARBAGE, "text/plain")},
        {"schema": "contact"},
        422,
        "binary_document",
        "/file",
    ),
    (
        "an archive",
        {"file": ("a.pdf", ZIP, "application/pdf")},
        {"schema": "contact"},
        415,
        "unsupported_media_type",
        "/file",
    ),
    ("over the limit", {"file": ("a.txt", b"x" * 2001)}, {"schema": "contact"}, 413, "document_too_large", "/file"),
]


@pytest.mark.parametrize(
    ("files", "data", "status", "code", "pointer"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS]
)
async def test_a_wrong_form(
    api: httpx.AsyncClient, published: Published,
    files: dict[str, Any], data: dict[str, str], status: int, code: str, pointer: str,
) -> None:  # fmt: skip
    is_problem(await api.post("/v1/extractions", files=files, data=data), status, code, pointer)
    assert published == []


_NOTE = b'--x\r\nContent-Disposition: form-data; name="schema"\r\n\r\n'
_OPTIONS = b'--x\r\nContent-Disposition: form-data; name="options"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"abc"),
        ("multipart/form-data; boundary=x; charset=undefined", _NOTE + b"caf\xe9\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x; charset=unicode_escape", _OPTIONS + b'{"a": "\\ud800"}\r\n--x--\r\n'),
        ("multipart/form-data; boundary=x", b"no boundary here"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n"),
    ],
)
async def test_a_broken_form_is_a_problem(api: httpx.AsyncClient, content_type: str, body: bytes) -> None:
    response = await api.post("/v1/extractions", content=body, headers={"Content-Type": content_type})
    assert response.status_code in (400, 422), response.text
    is_problem(response, response.status_code, response.json()["code"])


async def test_a_form_that_was_cut_is_told_so(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc'
    for cut in (file, _NOTE + b"contact\r\n" + file, _NOTE + b"cont"):
        problem = is_problem(await api.post("/v1/extractions", content=cut, headers=headers), 400, "invalid_multipart")
        assert "closing boundary" in problem["detail"]
    whole = _NOTE + b"contact\r\n" + file + b"\r\n--x--"
    assert (await api.post("/v1/extractions", content=whole, headers=headers)).status_code == 202


class Flood:
    """A body that could go on for ever and counts what was taken of it."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.first:
            yield self.first
        while self.sent < 1 << 30:
            self.sent += 65536
            yield b" " * 65536


_FORM_START = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'


@pytest.mark.parametrize(
    ("path", "content_type", "first"),
    [
        ("/v1/extractions", "application/json", b"{"),
        ("/v1/extractions", "multipart/form-data; boundary=x", _FORM_START),
        ("/v1/schemas/check", "application/json", b"{"),
    ],
)
async def test_an_endless_body_is_cut_before_it_is_read(
    app: FastAPI, path: str, content_type: str, first: bytes
) -> None:
    flood = Flood(first)
    async with client(app) as api:
        response = await api.post(path, content=flood, headers={"Content-Type": content_type})
    problem = is_problem(response, 413, "body_too_large")
    assert flood.sent <= problem["limit"]["value"] + 2 * 65536


async def test_a_long_content_length_is_refused_unread(app: FastAPI) -> None:
    flood = Flood()
    async with client(app) as api:
        headers = {"Content-Type": "application/json", "Content-Length": str(1 << 40)}
        is_problem(await api.post("/v1/extractions", content=flood, headers=headers), 413, "body_too_large")
    assert flood.sent == 0


async def test_a_body_that_trickles_is_given_up(redis_url: str) -> None:
    class Trickle:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.05)
                yield b" "

    async with running(ApiSettings(redis_url=redis_url, body_timeout_s=0.2)) as app, client(app) as api:
        headers = {"Content-Type": "application/json"}
        problem = is_problem(await api.post("/v1/extractions", content=Trickle(), headers=headers), 408, "body_timeout")
        assert problem["retryable"]


async def test_a_problem_names_the_places_it_counts(api: httpx.AsyncClient) -> None:
    async def detail(options: dict[str, Any]) -> str:
        answer = await api.post("/v1/extractions", json=BODY | {"options": options})
        problem = is_problem(answer, 422, "invalid_request")
        assert len(problem["errors"]) == len(options)
        return str(problem["detail"])

    assert (await detail({"speed": 1})).startswith("One place in the request is wrong: /options/speed: ")
    two = await detail({"temperature": 3, "speed": 1})
    assert two.startswith("2 places")
    assert "/options/temperature: " in two
    assert "; /options/speed: " in two
    five = await detail(dict.fromkeys("abcde", 1))
    assert "/options/c: " in five
    assert five.endswith("; and 2 more")


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "101"}, "/query/limit"),
        ({"limit": "x"}, "/query/limit"),
        ({"status": "done"}, "/query/status"),
    ],
)
async def test_wrong_queries_of_a_list(api: httpx.AsyncClient, params: dict[str, str], pointer: str) -> None:
    is_problem(await api.get("/v1/extractions", params=params), 422, "invalid_request", pointer)


async def test_a_cursor_nobody_gave(api: httpx.AsyncClient) -> None:
    is_problem(await api.get("/v1/extractions", params={"cursor": "abc"}), 422, "invalid_cursor", "/query/cursor")


async def test_a_wrong_query_is_told_in_plain_words(app: FastAPI, api: httpx.AsyncClient) -> None:
    queries = [
        (path.replace("{id}", "0" * 32), parameter["name"])
        for path, calls in app.openapi()["paths"].items()
        for parameter in calls.get("get", {}).get("parameters", [])
        if parameter["in"] == "query"
    ]
    told = set()
    for path, name in queries:
        for value in ("x" * 3000, "-1", "1e400", "1.5", "99999999999999999999", ""):
            answer = await api.get(path, params={name: value})
            told |= {one["detail"] for one in answer.json().get("errors", []) if answer.status_code == 422}
    assert len(told) > 8
    foreign = re.compile("Input|[Ss]hould|valid |parse|instance|, not text")
    assert not [detail for detail in told if foreign.search(detail)], told
    assert "has to be at least 1" in told


@pytest.mark.parametrize("wait", ["-1", "x", "nan", "inf"])
async def test_wrong_waits(api: httpx.AsyncClient, wait: str) -> None:
    path = f"/v1/extractions/{'0' * 32}"
    is_problem(await api.get(path, params={"wait": wait}), 422, "invalid_request", "/query/wait")


async def test_a_longer_wait_is_as_long_as_a_wait_may_be(redis_url: str) -> None:
    async with running(ApiSettings(redis_url=redis_url, max_wait_s=0.1), Published()) as app, client(app) as api:
        created = await api.post("/v1/extractions", json=BODY, headers={"Prefer": "wait=99999999999999999999"})
        assert (created.status_code, created.headers["Preference-Applied"]) == (202, "wait=0")
        waited = await api.get(created.headers["Location"], params={"wait": 10**30})
        assert (waited.status_code, waited.json()["status"]) == (200, "queued")


@pytest.mark.parametrize("job_id", ["0" * 32, "x", "a" * 5000, "%00", "*"])
async def test_an_unknown_id(api: httpx.AsyncClient, job_id: str) -> None:
    is_problem(await api.get(f"/v1/extractions/{job_id}"), 404, "extraction_not_found")
    is_problem(await api.get(f"/v1/extractions/{job_id}/events"), 404, "extraction_not_found")


async def test_the_frameworks_errors_are_problems_too(api: httpx.AsyncClient) -> None:
    is_problem(await api.get("/v2/nothing"), 404, "not_found")
    response = await api.put("/v1/extractions", json={})
    is_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_a_request_id_is_kept_when_it_is_plain(api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz", headers={"X-Request-ID": "abc-1.2"})).headers["x-request-id"] == "abc-1.2"
    for bad in ("a b", "x" * 129, "é", "<script>"):
        headers = httpx.Headers({"X-Request-ID": bad}, encoding="latin-1")
        given = (await api.get("/healthz", headers=headers)).headers["x-request-id"]
        assert len(given) == 32
        int(given, 16)


async def test_what_breaks_is_a_500_that_tells_and_logs_nothing(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise RuntimeError("the document says hunter2")

    caplog.set_level(logging.DEBUG)
    async with running(ApiSettings(redis_url=redis_url)) as app, client(app) as api:
        app.add_api_route("/broken", broken)
        response = await api.get("/broken", headers={"X-Request-ID": "find-me"})
    problem = is_problem(response, 500, "internal_error")
    assert problem["request_id"] == "find-me"
    assert "hunter2" not in response.text + caplog.text
    (broke,) = [vars(record) for record in caplog.records if record.msg == "request broke"]
    assert (broke["error"], broke["request_id"]) == ("builtins.RuntimeError", "find-me")
    assert broke["at"].startswith("broken:")


async def test_no_document_text_in_the_log(api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    marked = {"text": "hunter2 hunter2"}
    await api.post("/v1/extractions", json=BODY | {"document": marked})
    await api.post("/v1/extractions", json=BODY | {"document": marked, "options": {"seed": "hunter2"}})
    await api.post("/v1/extractions", content=b'{"hunter2": hunter2}', headers={"Content-Type": "application/json"})
    assert "hunter2" not in caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert [vars(record)["status"] for record in caplog.records if record.msg == "request"] == [202, 422, 400]
