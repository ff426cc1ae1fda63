"""The client against a scripted service behind httpx's own seam (a transport): every call sync and async, retries,
and typed errors."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.models.requests import OptionsIn
from extractor.client import (
    AsyncClient,
    Broken,
    Client,
    Conflict,
    ExtractionFailed,
    NotFound,
    Overloaded,
    Patience,
    Refused,
    ServiceError,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
    WaitTimeout,
    batches,
    blocking,
    flow,
)
from extractor.client.document import OPTIONS, document_body, max_bytes
from extractor.client.flow import Pause, Send
from extractor.errors import DocumentError, InputError, SchemaError
from schemas.types import fault

QUICK = Patience(total_s=1.0, first_s=0.001)
NAMED = {"/name": "Ada"}
Answer = httpx.Response | Exception


class Clock:
    """Time that passes while somebody sleeps, and only then."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FakeService(httpx.MockTransport):
    """Gives the scripted answers in turn, the last one for ever, and keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        super().__init__(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.TransportError):
            answer.request = request
        if isinstance(answer, Exception):
            raise answer
        return answer


def job(status: str = "queued", **more: Any) -> dict[str, Any]:
    return {"id": "j1", "status": status, "schema": "contact@1", "created_at": "2026-11-23T12:00:00Z", **more}


def ok(status: str = "queued", code: int = 200, **more: Any) -> httpx.Response:
    return httpx.Response(code, json=job(status, **more))


def succeeded(data: Any) -> httpx.Response:
    return ok("succeeded", result={"data": data, "usage": {}})


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    said = {"code": code, "retryable": status in (429, 503), "request_id": "r1"}
    body = {"title": "t", "detail": "what is wrong", **said, **more}
    return httpx.Response(status, json=body, headers=headers)


def client(service: FakeService, patience: Patience = QUICK) -> Client:
    return Client("http://service.test", "key-1", patience=patience, transport=service)


class Contact(BaseModel):
    name: str
    phone: str | None = None


def test_what_options_takes_is_what_the_service_takes() -> None:
    assert OptionsIn.model_fields.keys() == OPTIONS


def test_text_goes_as_text_with_its_schema_and_options() -> None:
    service = FakeService(ok(code=202))
    with client(service) as c:
        hook = {"url": "https://receiver.example/hooks"}
        made = c.submit("Ada", "contact", options={"seed": 9}, metadata={"a": "b"}, priority="bulk", webhook=hook)
    (request,) = service.requests
    assert made.id == "j1"
    assert not made.done
    assert (request.method, request.url.path) == ("POST", "/v1/extractions")
    assert request.headers["Authorization"] == "Bearer key-1"
    assert request.headers["Idempotency-Key"]
    assert json.loads(request.content) == {
        "document": {"text": "Ada"},
        "schema": "contact",
        "options": {"seed": 9},
        "metadata": {"a": "b"},
        "priority": "bulk",
        "webhook": hook,
    }


def test_a_file_goes_as_bytes_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_bytes(b"Ad\xe8le")
    body = document_body(file, {"media_type": "text/plain; charset=latin-1"})
    assert base64.b64decode(body["content"]) == b"Ad\xe8le"
    assert (body["filename"], body["media_type"]) == ("note.txt", "text/plain; charset=latin-1")
    with pytest.raises(DocumentError, match="absent"):
        document_body(tmp_path / "absent.txt", {})


def test_a_file_that_no_service_takes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "video.bin"
    with file.open("wb") as opened:
        opened.truncate(5 * 1024**3)
    with pytest.raises(DocumentError, match="5,368,709,120 bytes; 67,108,864 are sent at most") as caught:
        document_body(file, {})
    assert caught.value.code == "document_too_large"
    monkeypatch.setenv("EXTRACTOR_MAX_DOCUMENT_BYTES", str(10**9))
    assert max_bytes() == 10**9


def test_a_name_in_another_encoding_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.txt")
    file.write_text("x")
    assert document_body(file, {})["filename"] == "caf\ufffd.txt"


def test_the_name_of_a_file_as_text_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("hello")
    with pytest.warns(UserWarning, match=r"is sent as text; there is a file of that name, which Path\("):
        assert document_body(str(file), {}) == {"text": str(file)}
    with client(FakeService(ok(code=202))) as c, pytest.warns(UserWarning, match="is sent as text") as warned:
        c.submit(str(file), "contact")
    assert [one.filename for one in warned] == [__file__], "the line to mend"
    for text in (str(tmp_path), f"{file}\n", f"{file}.not", "x" * 5000, "\0", "", ".", "hello"):
        assert document_body(text, {}) == {"text": text}, "without a warning, which is an error here"


@pytest.mark.parametrize(
    "first",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        problem(503, "store_unavailable", {"Retry-After": "0"}),
        problem(429, "quota_exceeded", {"Retry-After": "0"}),
        httpx.Response(502, text="<html>bad gateway</html>"),
    ],
)
def test_a_repeated_post_carries_the_same_idempotency_key(first: Answer) -> None:
    service = FakeService(first, ok(code=202))
    with client(service) as c:
        c.submit("text", "contact")
    keys = {request.headers["Idempotency-Key"] for request in service.requests}
    assert len(service.requests) == 2
    assert len(keys) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"title": "Bad Request", "status": "400"}]},  # as JSON:API has it
        {"errors": ["bad"]},
        {"errors": {"name": ["bad"]}},
        {"errors": "bad"},
        {"errors": 1},
        "[" * 100_000,
    ],
    ids=lambda body: str(body)[:40],
)
def test_whatever_a_proxy_answers_is_a_clients_error(body: Any) -> None:
    service = FakeService(httpx.Response(400, content=body if isinstance(body, str) else json.dumps(body)))
    with client(service) as c, pytest.raises(Refused) as caught:
        c.get("a")
    assert caught.value.errors == ()
    assert caught.value.code == "http_error"


def test_retry_after_is_honoured_and_patience_ends() -> None:
    assert Patience().delay_s(0, problem(429, "quota_exceeded", {"Retry-After": "7"})) == 7.0
    assert Patience().delay_s(0, problem(422, "invalid_schema")) is None
    delays = [Patience(jitter=lambda: 1.0).delay_s(n, httpx.ConnectError("x")) for n in range(7)]
    assert delays == [0.5, 1, 2, 4, 8, 15, 15]
    service = FakeService(problem(429, "quota_exceeded", {"Retry-After": "60"}))
    with client(service) as c, pytest.raises(Overloaded) as caught:
        c.submit("text", "contact")
    assert caught.value.retry_after_s == 60.0
    assert len(service.requests) == 1, "60 s is past this client's patience: it says so at once"


def test_who_was_never_reached_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that has answered once is restarting; one that never did is not there. By a clock of its own."""
    patience = Patience(total_s=1.0, first_s=0.01, most_s=0.02, unreachable_s=0.1)
    clock = Clock()
    for module in (flow, blocking):
        monkeypatch.setattr(module, "time", clock)

    def tried_for(service: FakeService, *, after_an_answer: bool) -> float:
        with client(service, patience) as c:
            if after_an_answer:
                c.get("j1")
            began = clock.now
            with pytest.raises(Unreachable):
                c.get("j1")
            return clock.now - began

    assert Patience().unreachable_s == 3.0
    away = httpx.ConnectError("refused")
    assert tried_for(FakeService(away), after_an_answer=False) <= 0.1
    assert tried_for(FakeService(ok(), away), after_an_answer=True) > 0.9, "one client's knowledge is not another's"
    assert tried_for(FakeService(away), after_an_answer=False) <= 0.1
    assert tried_for(FakeService(httpx.ReadError("cut")), after_an_answer=False) > 0.9, "somebody was there"
    few = Patience(total_s=0.0, unreachable_s=9.0)
    assert few.limit_s(away) == 0.0


@pytest.mark.parametrize("answer", [problem(413, "document_too_large"), problem(429, "quota", retryable=False)])
def test_what_can_never_fit_is_not_asked_again(answer: httpx.Response) -> None:
    service = FakeService(answer)
    with client(service, Patience()) as c:
        for call in (lambda: c.submit("text", "contact"), lambda: c.submit_batch(lambda: [b"line"], "contact")):
            service.requests.clear()
            with pytest.raises(Refused):
                call()
            assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(422, "invalid_request", errors=[{"pointer": "/document", "detail": "missing"}]), Refused),
        (problem(401, "unauthorized"), Unauthorized),
        (problem(404, "extraction_not_found"), NotFound),
        (problem(409, "already_finished"), Conflict),
        (problem(500, "internal_error"), Broken),
        (httpx.Response(200, text="hello"), UnexpectedAnswer),
        (httpx.Response(200, json={"id": "j1"}), UnexpectedAnswer),
        (httpx.ConnectError("refused"), Unreachable),
    ],
)
def test_each_failure_has_its_class(answer: Answer, error: type[Exception]) -> None:
    patience = Patience(total_s=0.0)
    with client(FakeService(answer), patience) as c, pytest.raises(error) as caught:
        c.get("j1")
    if error is Refused:
        assert "/document: missing" in str(caught.value)
        assert caught.value.request_id == "r1"  # type: ignore[attr-defined]


def test_wait_polls_until_the_end_and_stops_at_its_time() -> None:
    service = FakeService(ok("queued"), ok("running"), succeeded({"name": "Ada"}))
    with client(service) as c:
        assert c.wait("j1").data == {"name": "Ada"}
    assert [request.url.params["wait"] for request in service.requests] == ["20"] * 3
    with client(FakeService(ok("running"))) as c, pytest.raises(WaitTimeout) as caught:
        c.wait("j1", timeout_s=0.05)
    assert caught.value.job.status == "running"


def test_extract_gives_an_instance_of_the_callers_class() -> None:
    service = FakeService(ok(code=202), succeeded({"name": "Ada", "phone": None}))
    with client(service) as c:
        assert c.extract("Ada", Contact) == Contact(name="Ada")
    assert b'"json_schema"' in service.requests[0].content


class Bill(BaseModel):
    model_config = ConfigDict(strict=True)

    total: Decimal
    issued: date

    @model_validator(mode="after")
    def _total(self) -> Bill:
        if self.total < 0:
            raise fault("/total", "is negative")
        return self


def test_a_class_validates_here_as_it_would_in_the_service() -> None:
    """A strict one takes its dates from JSON; a check keeps its pointer; what is refused has failed like any job."""
    with client(FakeService(ok(code=202), succeeded({"total": 12.5, "issued": "2026-10-05"}))) as c:
        assert c.extract("bill", Bill) == Bill(total=Decimal("12.5"), issued=date(2026, 10, 5))
    refused: list[tuple[dict[str, Any], set[str]]] = [
        ({"total": -12.5, "issued": "2026-10-05"}, {"/total"}),
        ({"total": "much"}, {"", "/total"}),
    ]
    for data, places in refused:
        with client(FakeService(ok(code=202), succeeded(data))) as c, pytest.raises(ExtractionFailed) as caught:
            c.extract("bill", Bill)
        assert (caught.value.code, {error.pointer for error in caught.value.errors}) == ("invalid_output", places)
        failed = caught.value.job
        assert (failed.status, failed.data) == ("failed", None)
        assert json.loads((failed.error or {})["last"]) == data


def test_what_is_no_schema_is_said() -> None:
    class Odd(BaseModel):
        pattern: str = Field(json_schema_extra={"$ref": "http://elsewhere/x"})

    with client(FakeService(ok())) as c:
        with pytest.raises(SchemaError, match=r"Odd: .*outside the document"):
            c.submit("text", Odd)
        with pytest.raises(TypeError, match="a name, a JSON Schema or a pydantic class, not NoneType"):
            c.submit("text", None)  # type: ignore[arg-type]


def test_extract_raises_what_the_job_failed_of() -> None:
    error = {"code": "poison", "detail": "gave up", "retryable": False, "errors": [], "last": "{"}
    with client(FakeService(ok(code=202), ok("failed", error=error))) as c, pytest.raises(ExtractionFailed) as caught:
        c.extract("text", "contact")
    assert (caught.value.code, caught.value.detail) == ("poison", "gave up")
    assert caught.value.job.error == error


def test_what_a_person_should_look_at_is_told_and_given(caplog: pytest.LogCaptureFixture) -> None:
    """`extract` gives the data alone, so it logs that something is doubtful, and no text of the document."""
    marks = [{"pointer": "/name", "code": "missed", "detail": "prints 'Ada'", "severity": "high"}] * 2
    marked = lambda: ok("succeeded", needs_review=True, result={"data": {"name": "Ada"}, "review": marks})  # noqa: E731
    with client(FakeService(ok(code=202), marked())) as c:
        assert c.extract("Ada", Contact) == Contact(name="Ada")
    assert [record.name for record in caplog.records] == ["extractor.client"]
    assert "j1 needs a review: missed (2)" in caplog.text
    assert "Ada" not in caplog.text
    caplog.clear()
    with client(FakeService(ok(code=202), marked())) as c:
        value, job = c.extract_with_job("Ada", Contact)
    assert (value, job.review) == (Contact(name="Ada"), marks)

    async def awaited() -> tuple[Contact, list[Any]]:
        service = FakeService(ok(code=202), marked())
        async with AsyncClient("http://service.test", patience=QUICK, transport=service) as c:
            value, job = await c.extract_with_job("Ada", Contact)
            return value, [*job.review]

    assert asyncio.run(awaited()) == (value, marks)
    assert not caplog.records, "who has the job is told nothing twice"


def test_a_list_follows_its_cursor() -> None:
    first = httpx.Response(200, json={"data": [job()], "next_cursor": "c2"})
    service = FakeService(first, httpx.Response(200, json={"data": [job("failed", error_code="poison")]}))
    with client(service) as c:
        assert [each.status for each in c.list(status="queued")] == ["queued", "failed"]
    assert service.requests[1].url.params["cursor"] == "c2"
    assert service.requests[1].url.params["status"] == "queued"


def test_an_id_cannot_leave_its_path() -> None:
    service = FakeService(httpx.Response(204))
    with client(service) as c:
        c.delete("../schemas?x=1")
    assert service.requests[0].url.raw_path == b"/v1/extractions/..%2Fschemas%3Fx%3D1"


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8000", "http://"])
def test_an_address_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="must be a URL"):
        Client(url)


def test_the_async_client_makes_the_same_requests() -> None:
    answers: Callable[[], tuple[Answer, ...]] = lambda: (  # noqa: E731
        httpx.ConnectError("refused"), ok(code=202), ok("running"), succeeded({"name": "Ada"}),
        ok("cancelled"), ok("succeeded"), httpx.Response(204), httpx.Response(200, json={"data": [job()]}),
        httpx.Response(200, json={}),
    )  # fmt: skip
    blocking, awaited = FakeService(*answers()), FakeService(*answers())
    with client(blocking) as c:
        one: list[Any] = [c.extract("Ada", Contact), c.cancel("j1"), c.review("j1", NAMED, ["/email"])]
        c.delete("j1")
        one += [list(c.list()), c.fetch("/readyz")]

    async def calls() -> list[Any]:
        async with AsyncClient("http://service.test", "key-1", patience=QUICK, transport=awaited) as c:
            two: list[Any] = [await c.extract("Ada", Contact), await c.cancel("j1")]
            two.append(await c.review("j1", NAMED, ["/email"]))
            await c.delete("j1")
            return [*two, [each async for each in c.list()], await c.fetch("/readyz")]

    assert asyncio.run(calls()) == one
    sent = [[(r.method, r.url, r.content) for r in service.requests] for service in (blocking, awaited)]
    assert sent[0] == sent[1]
    review = next(r for r in blocking.requests if r.method == "PUT")
    assert review.url.path == "/v1/extractions/j1/review"
    assert json.loads(review.content) == {"corrections": NAMED, "confirmed": ["/email"]}


@pytest.mark.process
def test_the_client_loads_no_torch_and_no_service() -> None:
    code = "import sys, extractor.client; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "celery", "redis", "fastapi"} & set(loaded)


def test_an_upload_waits_for_a_full_quota_and_is_sent_again_whole() -> None:
    """However long: the patience of a call is for a service that is away."""
    problem = {"code": "quota_exceeded", "detail": "full"}
    upload = batches.submit(lambda: iter([b"line"]), "contact", None, None, Patience(total_s=0, first_s=0.001))
    send = next(upload)
    for _ in range(3):
        assert isinstance(send, Send)
        assert b"".join(send.content() if send.content else ()) == b"line"
        assert send.headers["Idempotency-Key"]
        pause = upload.send(httpx.Response(429, json=problem, headers={"Retry-After": "10"}))
        assert pause == Pause(10)
        send = next(upload)
    answer = {
        "id": "b", "status": "running", "created_at": "2026-11-23T12:00:00Z", "lines": 1, "refused": 0, "counts": {}
    }  # fmt: skip
    with pytest.raises(StopIteration) as end:
        upload.send(httpx.Response(202, json=answer))
    assert end.value.value.id == "b"


@pytest.mark.parametrize("limit", ["quota_kept_bytes", "quota_share"])
def test_an_upload_does_not_wait_for_what_somebody_has_to_erase(limit: str) -> None:
    problem = {"code": "quota_exceeded", "detail": "erase", "limit": {"name": limit, "value": 1}}
    upload = batches.submit(lambda: iter([b"line"]), "contact", None, None, Patience(total_s=0))
    next(upload)
    with pytest.raises(Overloaded) as full:
        upload.send(httpx.Response(429, json=problem, headers={"Retry-After": "60"}))
    assert full.value.limit == limit


def test_an_upload_without_a_key_is_made_once() -> None:
    """The service cancels what broke: a second one would be another batch."""
    problem = {"code": "quota_exceeded", "detail": "full"}
    for answer in (httpx.Response(429, json=problem, headers={"Retry-After": "1"}), httpx.Response(503)):
        upload = batches.submit(lambda: iter([b"line"]), "contact", "", None, Patience())
        send = next(upload)
        assert isinstance(send, Send)
        assert "Idempotency-Key" not in send.headers
        with pytest.raises(ServiceError):
            upload.send(answer)


def test_an_upload_that_the_service_refuses_is_not_sent_again() -> None:
    upload = batches.submit(lambda: iter(()), {"type": "object"}, "key", None, QUICK)
    send = next(upload)
    assert isinstance(send, Send)
    assert send.headers["Content-Type"].startswith("multipart/form-data")
    with pytest.raises(Refused):
        upload.send(httpx.Response(422, json={"code": "empty_batch", "detail": "no line"}))


HALF = "\ud800"  # of a surrogate pair: no UTF-8 has it


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.submit(f"a {HALF}", "contact"),
        lambda c: c.submit("a", HALF),
        lambda c: c.submit("a", "contact", metadata={"a": HALF}),
        lambda c: c.submit("a", "contact", options={"a": float("nan")}),
        lambda c: c.submit("a", {"type": object()}),
        lambda c: c.submit("a", "contact", idempotency_key=HALF),
        lambda c: c.submit("a", "contact", idempotency_key="a line\n"),
        lambda c: c.submit_batch(lambda: [b"{}"], "contact", idempotency_key="a\0b"),
        lambda c: list(c.list(schema=HALF)),
        lambda c: c.get("x" * 100_000),
        lambda c: list(c.batch([(HALF, "a")], "contact")),
        lambda c: list(c.batch([f"a {HALF}"], "contact")),
        lambda c: list(c.batch(["a"], {"type": object()})),
        lambda c: list(c.batch(["a"], "contact", options={"a": object()})),
        lambda _: Client(api_key="caf\u00e9"),
    ],
)
def test_what_cannot_be_written_is_the_callers_input(call: Callable[[Client], object]) -> None:
    with client(FakeService(ok())) as c, pytest.raises(InputError):
        call(c)


def test_an_id_that_cannot_be_written_is_not_there() -> None:
    with client(FakeService(problem(404, "extraction_not_found"))) as c, pytest.raises(NotFound):
        c.get(HALF)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.submit("a", "contact", prioriti="bulk", optons={}), "optons, prioriti; there are options, "),
        (lambda c: c.submit("a", "contact", printed="all"), r"password; options={'printed': …} takes it$"),
        (lambda c: list(c.list(state="queued")), "state; there are status, schema, batch"),
        (lambda c: list(c.batch(["a"], "contact", priority="bulk")), "priority; there are options, "),
        (lambda c: c.submit(None, "contact"), "A document is text, bytes or a Path, not NoneType"),
    ],
)
def test_arguments_that_are_none_are_type_errors(call: Callable[[Client], object], said: str) -> None:
    service = FakeService(ok())
    with client(service) as c, pytest.raises(TypeError, match=said):
        call(c)
    assert not service.requests
