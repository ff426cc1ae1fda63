"""Bodies in memory: a tenant has as much as is still free, and no more than a part of the whole ever waits in it."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.keys.keys import new_key
from api.problems import Problem
from api.submission.memory_budget import SMALL_BYTES, BodyMemory, MemoryBudget
from tests.support.served import Api
from tests.support.valkey import Valkey

MIB = 1024 * 1024


def asynchronous(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@asynchronous
async def test_whoever_has_nothing_finds_room_whatever_another_wants() -> None:
    budget = MemoryBudget(400)
    for _ in range(2):
        await budget.acquire("a", 100, 1)
    with pytest.raises(Problem, match="too_many_bodies"):
        await budget.acquire("a", 1, 0.01)
    await budget.acquire("b", 100, 0.01)
    with pytest.raises(Problem):
        await budget.acquire("b", 1, 0.01)
    await budget.acquire("c", 100, 0.01)


@asynchronous
async def test_who_waits_is_next_and_holds_up_nobody_else() -> None:
    budget = MemoryBudget(400)
    await budget.acquire("a", 200, 1)
    large = asyncio.create_task(budget.acquire("a", 150, 5))
    small = asyncio.create_task(budget.acquire("a", 1, 5))
    await asyncio.sleep(0)
    await budget.acquire("b", 10, 0.01)
    assert (large.done(), small.done()) == (False, False), "of one tenant the first is served first"
    budget.release("a", 200)
    await asyncio.gather(large, small)
    with pytest.raises(Problem):
        await budget.acquire("a", 100, 0.01)
    budget.release("a", 151)
    budget.release("b", 10)
    await budget.acquire("c", 200, 0.01)


@asynchronous
async def test_who_gives_up_leaves_nothing_behind() -> None:
    budget = MemoryBudget(400)
    await budget.acquire("a", 200, 1)
    waiting = [asyncio.create_task(budget.acquire("a", 100, 5)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    budget.release(
        "a", 200
    )  # granted to the second and the third, which is told at the same moment that it is not wanted
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    budget.release("a", 100)
    await budget.acquire("b", 200, 0.01)


@asynchronous
async def test_many_may_wait_and_not_more() -> None:
    budget = MemoryBudget(4)
    await budget.acquire("a", 2, 1)
    waiting = [asyncio.create_task(budget.acquire("a", 1, 5)) for _ in range(64)]
    await asyncio.sleep(0)
    with pytest.raises(Problem):
        await budget.acquire("a", 1, 5)
    for one in waiting:
        one.cancel()


@asynchronous
async def test_a_large_body_keeps_no_small_one_waiting_and_is_worked_on_alone() -> None:
    memory = BodyMemory(MIB, 0.01)
    with (
        memory.reservation("a") as one,
        memory.reservation("b") as two,
        memory.reservation("a") as three,
        memory.reservation("a") as small,
    ):
        for reservation in (one, two):
            await reservation.reserve(MIB)
        with pytest.raises(Problem):
            await three.reserve(MIB)
        await small.reserve(SMALL_BYTES)
        await one.start_work()
        working = asyncio.create_task(two.start_work())
        await small.start_work()
        await asyncio.sleep(0)
        assert not working.done()
        one.end_work()
        await working
    with memory.reservation("a") as one, memory.reservation("a") as two:
        for reservation in (one, two):
            await reservation.reserve(MIB // 2)


TENANTS = new_key("attacker"), new_key("neighbour")


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    keys = ",".join(key.entry for key in TENANTS)
    with (
        Valkey(tmp_path_factory.mktemp("valkey")) as valkey,
        Api(valkey, tmp_path_factory.mktemp("api"), api_keys=keys, body_timeout_s=20) as one,
    ):
        yield one


def unfinished(api: Api, path: str, type_: str, body: bytes) -> socket.socket:
    """All of a body but its end, or as much as is read."""
    address = httpx.URL(api.url)
    one = socket.create_connection((address.host, address.port or 80), 2)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TENANTS[0].key}\r\nContent-Type: {type_}\r\n"
    with suppress(OSError):
        one.sendall(f"{head}Content-Length: {len(body) + 10}\r\n\r\n".encode() + body)
    return one


@pytest.mark.timeout(120)
def test_large_bodies_wait_outside_and_a_neighbour_notices_nothing(api: Api) -> None:
    """Twenty of 20 MB, of three forms, all but whole; the neighbour brings one of his own meanwhile."""
    text = b'{"schema": "contact", "document": {"text": "' + b"a" * 20_000_000
    line = b'{"custom_id": "a", "schema": "contact", "document": {"text": "' + b"a" * 20_000_000
    raw = b"%PDF-1.7" + b"a" * 20_000_000
    forms = [
        ("/v1/extractions", "application/json", text),
        ("/v1/batches", "application/jsonl", line),
        ("/v1/extractions?schema=contact", "application/pdf", raw),
    ] * 7
    with ThreadPoolExecutor(21) as pool:
        sockets = list(pool.map(lambda form: unfinished(api, *form), forms))
    try:
        document: dict[str, Any] = {"schema": "contact", "document": {"text": "b" * 9_000_000}}
        headers = {"Authorization": f"Bearer {TENANTS[1].key}"}
        with httpx.Client(base_url=api.url, headers=headers, timeout=60, trust_env=False) as neighbour:
            assert neighbour.post("/v1/extractions", json=document).status_code == 202
            document["document"]["text"] = "Ann"
            assert neighbour.post("/v1/extractions", json=document).status_code == 202
        assert api.memory_bytes() < 300 * MIB
    finally:
        for one in sockets:
            one.close()


@pytest.mark.timeout(600)
def test_documents_as_large_as_may_be_come_one_after_the_other(api: Api) -> None:
    """Twelve of 32 MB at once, in three forms and of two tenants. One that waited for its turn for too long is sent
    again, as its 429 says. What the process took at most is told by the kernel."""
    document = b"%PDF-1.7" + bytes(range(256)) * (32 * MIB // 256 - 1)
    encoded = b'{"schema": "contact", "document": {"content": "%s"}}' % base64.b64encode(document)
    form = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    parts = form % (b"schema", b"contact") + form % (b'file"; filename="a.pdf', document) + b"--x--\r\n"
    forms = [
        ("/v1/extractions?schema=contact", "application/pdf", document),
        ("/v1/extractions", "application/json", encoded),
        ("/v1/extractions", "multipart/form-data; boundary=x", parts),
    ]

    def post(number: int) -> int:
        path, type_, body = forms[number % 3]
        headers = {"Authorization": f"Bearer {TENANTS[number % 2].key}", "Content-Type": type_}
        while True:
            answer = httpx.post(api.url + path, content=body, headers=headers, timeout=300, trust_env=False)
            if answer.status_code != 429:
                return answer.status_code
            time.sleep(float(answer.headers["Retry-After"]))

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(post, range(12))) == [202] * 12
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{api.pid}/status").read_text())
    assert int(peak) * 1024 < 300 * MIB
