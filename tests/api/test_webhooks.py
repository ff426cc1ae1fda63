"""Webhooks, with a real receiver: who is told of what, how it is signed, what is tried again, and where none goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from api.config import ApiSettings
from api.webhooks import deliverer
from api.webhooks.public_network import NO_TLS, NOT_PUBLIC, Forbidden, PublicNetwork, is_public
from tests.support.api_support import BODY, FakeWorker, client, is_problem, running
from tests.support.webhook_receiver import Receiver

pytest_plugins = ["tests.support.api_fixtures"]
INSIDE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 192.0.2.1
198.18.0.1 ::1 fe80::1 fc00::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: 2001:0:1:2::
"""
pytestmark = [pytest.mark.anyio, pytest.mark.process]


@pytest.fixture
async def api(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Of a service that may reach this machine, and tries again soon."""
    settings = ApiSettings(redis_url=redis_url, webhook_allow="127.0.0.0/8", webhook_retry_s=0.3, webhook_timeout_s=2)
    async with running(settings) as app, client(app) as one:
        yield one


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def secret_of(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/webhook/secret")
    assert answer.status_code == 201
    return str(answer.json()["secret"])


async def submitted(api: httpx.AsyncClient, **more: Any) -> str:
    answer = await api.post("/v1/extractions", json={**BODY, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def test_who_names_one_is_told_with_a_signature(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    secret = await secret_of(api)
    with Receiver() as receiver:
        id = await submitted(api, webhook={"url": f"{receiver.url}?a=1", "result": True}, metadata={"mine": "17"})
        quiet = await submitted(api)
        await asyncio.to_thread(worker.succeed, quiet)
        await asyncio.to_thread(worker.succeed, id)
        await until(lambda: receiver.received)
        (one,) = receiver.received
        message = one.verified(secret)
    assert (one.path, one.id, one.headers["content-type"]) == ("/hooks?a=1", f"msg_{id}", "application/json")
    assert message["type"] == "extraction.succeeded"
    assert message["data"] == (await api.get(f"/v1/extractions/{id}")).json()
    assert message["timestamp"] == message["data"]["finished_at"]
    with pytest.raises(WebhookVerificationError):
        one.verified("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    await until_quiet(api)
    assert len(receiver.received) == 1


async def until_quiet(api: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (await api.get("/v1/webhook")).json()["waiting"]:
            await asyncio.sleep(0.05)


async def test_the_tenants_own_is_told_of_all_and_without_results(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    is_problem(await api.put("/v1/webhook", json={"url": "https://x.example/"}), 409, "webhook_secret_missing")
    secret = await secret_of(api)
    with Receiver() as receiver:
        shown = await api.put("/v1/webhook", json={"url": receiver.url})
        assert (shown.json()["url"], shown.json()["result"]) == (receiver.url, False)
        failed, cancelled = await submitted(api), await submitted(api)
        error = {"code": "invalid_output", "detail": "no", "retryable": False, "errors": []}
        await asyncio.to_thread(worker.fail, failed, error)
        await api.post(f"/v1/extractions/{cancelled}/cancel")
        await until(lambda: len(receiver.received) == 2)
        told = {one.message["data"]["id"]: one.verified(secret) for one in receiver.received}
        assert told[failed]["type"] == "extraction.failed"
        assert told[failed]["data"]["error_code"] == "invalid_output"
        assert "result" not in told[failed]["data"]
        assert told[cancelled]["type"] == "extraction.cancelled"
        await until_quiet(api)
        assert (await api.delete("/v1/webhook")).status_code == 204
        await asyncio.to_thread(worker.succeed, await submitted(api))
        assert (await api.get("/v1/webhook")).json()["waiting"] == 0
    assert len(receiver.received) == 2


async def test_a_batch_is_told_once_at_its_end(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    secret = await secret_of(api)
    lines = '{"custom_id": "a", "document": {"text": "x"}}\n{"custom_id": "b", "document": {"text": "y"}}\n'
    about = {"headers": {"Content-Type": "application/x-ndjson"}, "content": lines}
    with Receiver() as receiver:
        named = await api.post("/v1/batches", params={"schema": "contact", "webhook": receiver.url}, **about)
        assert named.status_code == 202, named.text
        jobs = (await api.get("/v1/extractions", params={"batch": named.json()["id"]})).json()["data"]
        await asyncio.to_thread(worker.succeed, jobs[0]["id"])
        await asyncio.to_thread(worker.succeed, jobs[1]["id"])
        await until(lambda: receiver.received)
        await until_quiet(api)
        (one,) = receiver.received
        message = one.verified(secret)
        assert (message["type"], message["data"]["id"]) == ("batch.completed", named.json()["id"])
        assert message["data"]["counts"]["succeeded"] == 2
    wrong = await api.post("/v1/batches", params={"schema": "contact", "webhook": "ftp://x"}, **about)
    is_problem(wrong, 422, "invalid_request", "/query/webhook")


async def test_what_fails_is_tried_again_under_the_same_id(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    secret = await secret_of(api)
    with Receiver(500, 302, 429, headers={"Location": "http://127.0.0.1:1/", "Retry-After": "1"}) as receiver:
        id = await submitted(api, webhook={"url": receiver.url})
        await asyncio.to_thread(worker.succeed, id)
        await until(lambda: len(receiver.received) == 4)
        await until_quiet(api)
    assert {one.id for one in receiver.received} == {f"msg_{id}"}, "no redirect was followed, and a receiver can tell"
    assert all(one.verified(secret) for one in receiver.received)
    times = [int(one.headers["webhook-timestamp"]) for one in receiver.received]
    assert times[3] - times[2] >= 1, "as long as it asked to be left alone"


async def test_what_cannot_be_made_is_tried_with_pauses_as_well(
    api: httpx.AsyncClient, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not once in each lease for as long as the extraction is there."""
    await secret_of(api)
    monkeypatch.setattr(deliverer, "headers", broken := Mock(side_effect=ZeroDivisionError))
    monkeypatch.setattr(deliverer, "_FOR_S", 1.0)
    with Receiver() as receiver:
        id = await submitted(api, webhook={"url": receiver.url})
        await asyncio.to_thread(worker.succeed, id)
        async with asyncio.timeout(30):
            while not (listed := (await api.get("/v1/webhook/undelivered")).json()["data"]):
                await asyncio.sleep(0.05)
    assert (listed[0]["id"], listed[0]["fault"]) == (id, "the service failed to send it")
    assert listed[0]["tries"] == broken.call_count


async def test_what_nobody_takes_for_a_day_is_listed(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    await secret_of(api)
    with Receiver(500, 500) as receiver:
        id = await submitted(api, webhook={"url": receiver.url})
        await asyncio.to_thread(worker.succeed, id)
        await until(lambda: receiver.received)
        hooks, ledger = worker.ledger.hooks, worker.ledger
        await asyncio.to_thread(ledger.run, hooks.failed("default", id, "answered 500", None))
        (one,) = (await api.get("/v1/webhook/undelivered")).json()["data"]
        assert (one["id"], one["fault"]) == (id, "answered 500")
        assert datetime.fromisoformat(one["since"])
        assert (await api.get("/v1/webhook")).json()["undelivered"] == 1
        assert (await api.post(f"/v1/webhook/undelivered/{id}/retry")).status_code == 204
        await until(lambda: len(receiver.received) >= 2)
        is_problem(await api.post(f"/v1/webhook/undelivered/{id}/retry"), 404, "webhook_not_found")
    assert (await api.get("/v1/webhook/undelivered")).json()["data"] == []


async def test_secrets_rotate(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    old = await secret_of(api)
    fresh = await api.post("/v1/webhook/secret")
    assert fresh.json()["old_secret_until"] is not None
    with Receiver() as receiver:
        await asyncio.to_thread(worker.succeed, await submitted(api, webhook={"url": receiver.url}))
        await until(lambda: receiver.received)
        assert receiver.received[0].verified(old) == receiver.received[0].verified(fresh.json()["secret"])
        newest = await secret_of(api)
        await asyncio.to_thread(worker.succeed, await submitted(api, webhook={"url": receiver.url}))
        await until(lambda: len(receiver.received) == 2)
    with pytest.raises(WebhookVerificationError):
        receiver.received[1].verified(old)
    assert receiver.received[1].verified(newest)


async def test_what_is_erased_is_not_told(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    await secret_of(api)
    id = await submitted(api, webhook={"url": "http://127.0.0.1:1/"})
    await asyncio.to_thread(worker.succeed, id)
    assert (await api.get("/v1/webhook")).json()["waiting"] == 1
    await api.delete(f"/v1/extractions/{id}")
    assert (await api.get("/v1/webhook")).json() | {"url": None} == {
        "url": None, "result": False, "has_secret": True, "old_secret_until": None, "waiting": 0, "undelivered": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "https://", "https://me:pw@x.example/", "https://x.example/#a", "https://x .example",
            "x", "https://x.example:0/", "https://x.example:99999/", "https://bücher.example/", "https://x.example/\n"],
)  # fmt: skip
async def test_what_is_no_address(api: httpx.AsyncClient, url: str) -> None:
    await secret_of(api)
    for answer in (
        await api.put("/v1/webhook", json={"url": url}),
        await api.post("/v1/extractions", json={**BODY, "webhook": {"url": url}}),
    ):
        problem = is_problem(answer, 422, "invalid_request")
        assert problem["errors"][0]["pointer"] in ("/url", "/webhook/url")


async def test_a_webhook_needs_a_secret(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/extractions", json={**BODY, "webhook": {"url": "https://x.example/"}})
    is_problem(answer, 409, "webhook_secret_missing", "/webhook")


@pytest.mark.parametrize(
    ("url", "why"),
    [("http://receiver.example/", NO_TLS), ("http://93.184.215.14/", NO_TLS), ("https://10.1.2.3/", NOT_PUBLIC),
     ("http://10.1.2.3/", NOT_PUBLIC), ("https://[::1]:8443/", NOT_PUBLIC)],
)  # fmt: skip
async def test_an_address_that_is_never_called_is_refused_at_once(redis_url: str, url: str, why: str) -> None:
    async with running(ApiSettings(redis_url=redis_url)) as app, client(app) as api:
        await secret_of(api)
        for answer, pointer in (
            (await api.put("/v1/webhook", json={"url": url}), "/url"),
            (await api.post("/v1/extractions", json={**BODY, "webhook": {"url": url}}), "/webhook/url"),
            (await api.post("/v1/batches", params={"webhook": url}, content=b"{}"), "/query/webhook"),
        ):
            (error,) = is_problem(answer, 422, "invalid_request")["errors"]
            assert error == {"pointer": pointer, "detail": why}
        assert (await api.get("/v1/webhook")).json()["url"] is None


@pytest.mark.parametrize("url", ["http://10.1.2.3/", "http://receiver.example/", "https://93.184.215.14/"])
def test_what_may_be_called_is_not_refused(url: str) -> None:
    """A name that leads to an allowed network is known only when it has been looked up."""
    assert PublicNetwork([ip_network("10.1.0.0/16")]).never_reached(url) is None


async def test_an_address_of_the_network_is_not_reached(redis_url: str, worker: FakeWorker) -> None:
    """Nor one that only its name leads to."""
    with Receiver() as receiver:
        settings = ApiSettings(redis_url=redis_url, webhook_retry_s=0.2, webhook_allow="10.1.0.0/16")
        async with running(settings) as app, client(app) as api:
            await secret_of(api)
            id = await submitted(api, webhook={"url": receiver.url.replace("127.0.0.1", "localhost")})
            await asyncio.to_thread(worker.succeed, id)
            fault = ""
            async with asyncio.timeout(30):
                while not fault:
                    with worker.ledger._redis.client() as store:
                        fault = (store.hget(f"extractor:{{default}}:job:{id}", "hook_fault") or b"").decode()
                    await asyncio.sleep(0.05)
            assert fault == "its address is not public"
    assert receiver.received == []


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True), ("::ffff:93.184.215.14", True)]
    + [(inside, False) for inside in INSIDE.split()],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433", "::1", "169.254.169.254"])
async def test_names_and_spellings_that_lead_inside(host: str) -> None:
    with pytest.raises(Forbidden):
        await PublicNetwork(()).addresses(host, 443)
    allowed = [ip_network(one) for one in ("127.0.0.0/8", "::/0", "169.254.0.0/16")]
    assert await PublicNetwork(allowed).addresses(host, 443)


async def test_the_connection_goes_to_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers otherwise the second time is asked once."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "93.184.215.14"
        return [(2, 1, 6, "", (address, port))]

    reached: list[str] = []

    async def connect(_: object, host: str, *__: Any, **___: Any) -> None:
        reached.append(host)

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    await PublicNetwork(()).connect_tcp("changes.example", 443)
    assert (asked, reached) == (["changes.example"], ["93.184.215.14"])
