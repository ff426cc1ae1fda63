"""A document as the body of a request: its kind is told by its bytes, its fields stand in the query."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.documents import making
from tests.support.api_support import TEXT, FakeWorker, is_problem

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n..."
SECRET = "s3cr3t77"
RAW = "/v1/extractions?schema=contact"


@pytest.mark.parametrize("given", [None, "application/pdf", "text/plain", "application/x-www-form-urlencoded", "a/b"])
async def test_bytes_are_the_document_whatever_they_are_called(
    api: httpx.AsyncClient, worker: FakeWorker, given: str | None
) -> None:
    headers = {} if given is None else {"Content-Type": given}
    response = await api.post(RAW + "&filename=a.txt&priority=bulk", content=PDF, headers=headers)
    assert response.status_code == 202, response.text
    job = response.json()
    assert job["document"] == {"filename": "a.txt", "media_type": "application/pdf", "bytes": len(PDF)}
    assert job["priority"] == "bulk"
    claim = worker.claim(job["id"])
    assert (claim.document, claim.form) == (PDF, "file")


async def test_fields_stand_in_the_query(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    params = {"json_schema": '{"type": "object"}', "options": '{"seed": 3, "text": true}', "metadata": '{"a": "b"}'}
    headers = {"Content-Type": "text/plain; charset=latin-1", "Idempotency-Key": "one"}
    response = await api.post("/v1/extractions", params=params, content="Größe".encode("latin-1"), headers=headers)
    assert response.status_code == 202, response.text
    job = response.json()
    assert (job["options"], job["metadata"]) == ({"seed": 3, "text": True}, {"a": "b"})
    assert job["document"]["media_type"] == "text/plain; charset=latin-1"
    again = await api.post("/v1/extractions", params=params, content="Größe".encode("latin-1"), headers=headers)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (job["id"], "true")
    assert worker.claim(job["id"]).form == "plain"


@pytest.mark.parametrize(
    ("query", "content", "status", "code", "pointer"),
    [
        ("schema=nobody", TEXT, 422, "unknown_schema", "/query/schema"),
        ("schema=contact&speed=1", TEXT, 422, "invalid_request", "/query/speed"),
        ("schema=contact&password=x", TEXT, 422, "invalid_request", "/query/password"),
        ("schema=contact&schema=invoice", TEXT, 422, "invalid_request", "/query/schema"),
        ("schema=contact&options={", TEXT, 400, "invalid_json", "/query/options"),
        ("schema=contact&options={%22seed%22:-1}", TEXT, 422, "invalid_request", "/query/options/seed"),
        ("schema=contact", "", 422, "empty_document", ""),
        ("schema=contact", b"\0" + bytes(range(1, 9)) * 20, 422, "binary_document", ""),
        ("schema=contact", b"PK\x05\x06" + bytes(18), 415, "unsupported_media_type", ""),
        ("schema=contact", "x" * 2001, 413, "document_too_large", ""),
        ("", TEXT, 415, "unsupported_media_type", "/header/Content-Type"),
    ],
)
async def test_what_is_wrong_is_told_where_it_stands(
    api: httpx.AsyncClient, query: str, content: str | bytes, status: int, code: str, pointer: str
) -> None:
    response = await api.post(f"/v1/extractions?{query}", content=content, headers={"Content-Type": "a/b"})
    is_problem(response, status, code, pointer)


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))


@pytest.mark.parametrize("document", [PDF + bytes(range(256)), PNG], ids=["a PDF", "a picture"])
async def test_a_file_that_curl_took_the_line_ends_out_of(api: httpx.AsyncClient, document: bytes) -> None:
    """As `curl -d @FILE` does."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = document.translate(None, b"\r\n\0")
    for headers, problem in ((form, True), ({"Content-Type": "application/pdf"}, False)):
        response = await api.post("/v1/extractions?schema=contact", content=sent, headers=headers)
        assert ("--data-binary @FILE" in response.text) is problem
    whole = await api.post("/v1/extractions?schema=contact", content=document, headers=form)
    text = await api.post("/v1/extractions?schema=contact", content="no line ends " * 9, headers=form)
    assert (whole.status_code, text.status_code) == (202, 202)


async def test_a_wait_in_the_query_is_answered_with_the_header(api: httpx.AsyncClient) -> None:
    problem = is_problem(
        await api.post("/v1/extractions?schema=contact&wait=9", content=TEXT, headers={"Content-Type": "a/b"}),
        422, "invalid_request", "/query/wait",
    )  # fmt: skip
    assert "send the header Prefer: wait=20" in problem["detail"]
    assert "schema, priority, filename" in problem["detail"]


async def test_a_body_without_a_length_is_cut_off_at_the_limit(api: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    problem = is_problem(await api.post(RAW, content=endless()), 413, "document_too_large")
    assert problem["limit"] == {"name": "max_document_bytes", "value": 2000}
    assert sent < 10_000


@pytest.mark.parametrize("how", ["json", "form"])
async def test_a_password_goes_to_the_worker_and_to_nobody_else(
    api: httpx.AsyncClient, worker: FakeWorker, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent: dict[str, Any] = {"files": {"file": PDF}, "data": {"schema": "contact", "password": SECRET}}
    if how == "json":
        document = {"content": base64.b64encode(PDF).decode(), "password": SECRET}
        sent = {"json": {"schema": "contact", "document": document}}
    response = await api.post("/v1/extractions", **sent)
    assert response.status_code == 202, response.text
    job_id = response.json()["id"]
    claim = worker.claim(job_id)
    assert claim.password == SECRET
    answers = [response, await api.get(f"/v1/extractions/{job_id}"), await api.get("/v1/extractions")]
    assert SECRET not in "".join(one.text for one in answers) + caplog.text + repr(claim)
    assert worker.ledger.run(
        worker.ledger.jobs.fail("default", job_id, claim.attempt, {"code": "x", "detail": "y", "retryable": False})
    )
    left = worker.ledger._redis.dump(f"extractor:{{default}}:job:{job_id}")
    assert SECRET.encode() not in left  # nor is it kept any longer than the document


async def test_what_is_made_of_lines_takes_every_format(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    files = {"a": PDF, "b": making.docx(making.p("Total"))[:1900], "c": b"a;b\n1;2\n"}
    lines = b"".join(
        b'{"custom_id": "%s", "document": {"content": "%s", "filename": "a.csv"}}\n'
        % (name.encode(), base64.b64encode(content))
        for name, content in files.items()
    )
    headers = {"Content-Type": "application/x-ndjson"}
    batch = await api.post("/v1/batches?schema=contact", content=lines, headers=headers)
    assert batch.json()["refused"] == 0, batch.text
    found = (await api.get("/v1/extractions", params={"batch": batch.json()["id"]})).json()["data"]
    assert [job["document"]["media_type"] for job in reversed(found)] == ["application/pdf", making.DOCX, "text/csv"]
    assert [worker.claim(job["id"]).form for job in found] == ["file"] * 3
