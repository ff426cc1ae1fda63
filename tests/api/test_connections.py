"""Connections of those who mean no good, and of those who forget: each has a place and a time, and keeps nobody out."""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import cast

import h11
import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from api.config import ApiSettings
from api.observability.metrics import Metrics
from api.server.connection import Connection, SharedContext
from api.server.connection_limits import ConnectionLimiter
from api.server.http_parser import HttpParser
from api.server.proxies import TrustedProxies, address_group, parse_networks
from api.server.round_robin import RoundRobin
from api.server.server import uvicorn_config
from tests.support.served import Api
from tests.support.sockets import Raw
from tests.support.valkey import Valkey

LOCAL = "Host: 127.0.0.1\r\n"
POST = f"POST /v1/extractions HTTP/1.1\r\n{LOCAL}Content-Type: application/json\r\n"
LATE_S = 25.0  # what a busy machine may take beyond a limit of a second


@pytest.fixture(scope="module")
def api(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Impatient."""
    limits = {"header_timeout_s": 1, "idle_timeout_s": 1, "stall_timeout_s": 1, "body_timeout_s": 3}
    with Api(valkey, tmp_path_factory.mktemp("api"), **limits) as one:
        yield one


@pytest.fixture(scope="module")
def small(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with Api(valkey, tmp_path_factory.mktemp("api"), max_connections_per_address=20) as one:
        yield one


def figure(api: Api, name: str) -> float:
    text = httpx.get(f"{api.url}/metrics", trust_env=False).text
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE))


def ended(api: Api, reason: str) -> float:
    return figure(api, f'extractor_http_hung_up_total{{reason="{reason}"}}')


SMUGGLED = {
    "a length beside chunks": f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks beside a length": f"{POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": f"{POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
    "the same length twice": f"{POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}",
    "a list of lengths": f"{POST}Content-Length: 2, 2\r\n\r\n{{}}",
    "a signed length": f"{POST}Content-Length: +2\r\n\r\n{{}}",
    "a hexadecimal length": f"{POST}Content-Length: 0x2\r\n\r\n{{}}",
    "an empty length": f"{POST}Content-Length:\r\n\r\n{{}}",
    "a length with a space within": f"{POST}Content-Length: 1 2\r\n\r\n{{}}",
    "bare line feeds": f"GET /healthz HTTP/1.1\n{LOCAL}\n".replace("\r", ""),
    "one bare line feed": f"GET /healthz HTTP/1.1\r\nX: a\n{LOCAL}\r\n",
    "a bare line feed before the end": f"GET /healthz HTTP/1.1\r\n{LOCAL}\n",
    "a bare carriage return": f"GET /healthz HTTP/1.1\r\nX: a\rY: b\r\n{LOCAL}\r\n",
    "a folded line": f"GET /healthz HTTP/1.1\r\nX: a\r\n b\r\n{LOCAL}\r\n",
    "a fold in a length": f"{POST}Content-Length:\r\n 2\r\n\r\n{{}}",
    "a space before the colon": f"{POST}Content-Length : 2\r\n\r\n{{}}",
    "a line that begins with a space": f"GET /healthz HTTP/1.1\r\n Host: 127.0.0.1\r\n{LOCAL}\r\n",
    "a NUL": f"GET /healthz HTTP/1.1\r\nX: a\0b\r\n{LOCAL}\r\n",
    "a control character": f"GET /healthz HTTP/1.1\r\nX: a\x0bb\r\n{LOCAL}\r\n",
    "two hosts": f"GET /healthz HTTP/1.1\r\n{LOCAL}Host: other\r\n\r\n",
    "no host": "GET /healthz HTTP/1.1\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no version": "GET /healthz\r\n\r\n",
    "a header that is none": f"GET /healthz HTTP/1.1\r\n{LOCAL}nonsense\r\n\r\n",
    "a space in the name": f"GET /healthz HTTP/1.1\r\n{LOCAL}X Y: 1\r\n\r\n",
    "an empty line first": f"\r\nGET /healthz HTTP/1.1\r\n{LOCAL}\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "anything": "nonsense\r\n\r\n",
    "a host that is none": "GET /healthz HTTP/1.1\r\nHost: a b/@\r\n\r\n",
    "a URL without a host": f"GET http:///healthz HTTP/1.1\r\n{LOCAL}\r\n",
    "a URL with a user": f"GET http://127.0.0.1@evil/healthz HTTP/1.1\r\n{LOCAL}\r\n",
}
OTHER = {
    "another coding": (f"{POST}Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "a coding that looks like chunks": (f"{POST}Transfer-Encoding: xchunked\r\n\r\n", 501),
    "two codings": (f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 501),
    "another version": (f"GET /healthz HTTP/2.0\r\n{LOCAL}\r\n", 505),
    "an old version": (f"GET /healthz HTTP/0.9\r\n{LOCAL}\r\n", 505),
}
_CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n\r\n"
BODIES = {
    "a chunk's size that is none": f"{_CHUNKED}xyz\r\n",
    "a signed size": f"{_CHUNKED}+5\r\nabcde\r\n",
    "a size with 0x": f"{_CHUNKED}0x5\r\nabcde\r\n",
    "a size that is too large": f"{_CHUNKED}{'f' * 30}\r\n",
    "a bare line feed after a size": f"{_CHUNKED}5\nabcde\r\n0\r\n\r\n",
    "nothing but bare line feeds": f"{_CHUNKED}5\nabcde\n0\n\n",
    "a carriage return in an extension": f"{_CHUNKED}5;a\rb\r\nabcde\r\n",
    "a chunk longer than its size": f"{_CHUNKED}1\r\nab\r\n0\r\n\r\n",
    "bare line feeds in a trailer": f"{_CHUNKED}0\r\nX: a\nY: b\r\n\r\n",
}


@pytest.mark.parametrize("what", SMUGGLED)
def test_what_two_servers_could_read_in_two_ways_is_refused(api: Api, what: str) -> None:
    """Also when something that is a request follows: nobody answers it."""
    with Raw(api.url) as raw:
        answer = raw.send(SMUGGLED[what].encode("latin-1") + f"GET /healthz HTTP/1.1\r\n{LOCAL}\r\n".encode()).read()
        assert (answer.status, answer.problem["code"]) == (400, "invalid_http"), answer
        assert answer.headers["connection"] == "close"
        raw.socket.shutdown(1)
        raw.ended()
        assert raw._rest == b"", "one answer and no more"


@pytest.mark.parametrize("what", OTHER)
def test_what_is_not_spoken_here(api: Api, what: str) -> None:
    sent, status = OTHER[what]
    with Raw(api.url) as raw:
        answer = raw.send(sent.encode()).read()
        assert (answer.status, answer.problem["code"]) == (status, "invalid_http")


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_none_ends_its_request(api: Api, what: str) -> None:
    with Raw(api.url) as raw:
        answer = raw.send(BODIES[what].encode()).read()
        assert (answer.status, answer.problem["code"]) == (400, "invalid_http")
        raw.ended()


def test_a_byte_at_a_time_is_no_way_around(api: Api) -> None:
    with Raw(api.url) as raw:
        for byte in SMUGGLED["one bare line feed"].encode():
            raw.send(bytes([byte]))
        assert raw.read().problem["code"] == "invalid_http"


@pytest.mark.parametrize(
    "head", [f"X: {'a' * 17_000}\r\n", "".join(f"X{n}: 1\r\n" for n in range(101))], ids=["long", "many"]
)
def test_a_head_has_a_size(api: Api, head: str) -> None:
    with Raw(api.url) as raw:
        answer = raw.get("/healthz", head).read()
        assert (answer.status, answer.problem["code"]) == (431, "headers_too_large")


def test_what_follows_a_good_request_is_looked_at_too(api: Api) -> None:
    with Raw(api.url) as raw:
        raw.send(f"GET /healthz HTTP/1.1\r\n{LOCAL}\r\nGET /healthz HTTP/1.1\nHost: x\n\n".encode())
        assert raw.read().status == 200
        assert raw.read().problem["code"] == "invalid_http"


def test_good_http_is_taken(api: Api) -> None:
    """Two requests at once, chunks with an extension and a trailer, HTTP/1.0, a request to speak another protocol."""
    with Raw(api.url) as raw:
        raw.send((f"GET /healthz HTTP/1.1\r\n{LOCAL}\r\n" * 2).encode())
        assert [raw.read().status, raw.read().status] == [200, 200]
        raw.send(f"{_CHUNKED}2;a=b\r\n{{}}\r\n0\r\nX-Sum: 1\r\n\r\n".encode())
        assert raw.read().problem["code"] == "invalid_request"
        for byte in f"{_CHUNKED}2\r\n{{}}\r\n0\r\n\r\n".encode():
            raw.send(bytes([byte]))
        assert raw.read().problem["code"] == "invalid_request"
        raw.get("/healthz", "Connection: Upgrade\r\nUpgrade: websocket\r\n")
        assert raw.read().status == 200
        raw.send(f"GET /healthz HTTP/1.0\r\n{LOCAL}\r\n".encode())
        assert raw.read().status == 200
        raw.ended()


def test_a_body_in_the_smallest_chunks_is_read_whole_and_what_follows_it_too(api: Api) -> None:
    """Some turns' worth of it comes at once, before and after the answer."""
    body = "".join(f"1\r\n{character}\r\n" for character in '{"a": ' + " " * 5000 + "1}") + "0\r\n\r\n"
    get = f"GET /healthz HTTP/1.1\r\n{LOCAL}\r\n"
    with Raw(api.url) as raw:
        raw.send(f"{_CHUNKED}{body}{get}{_CHUNKED}{body}{get}".encode())
        for _ in range(2):
            answer = raw.read()
            assert (answer.status, answer.problem["code"]) == (422, "invalid_request"), "the JSON was whole"
            assert raw.read().status == 200
        unread = f"POST /nowhere HTTP/1.1\r\n{LOCAL}Transfer-Encoding: chunked\r\n\r\n"
        raw.send(f"{unread}{body}{get}".encode())
        assert [raw.read().status, raw.read().status] == [404, 200]


def test_no_more_is_parsed_in_one_go_than_a_turn() -> None:
    chunks = b"1\r\n \r\n" * 1000
    parser = HttpParser()
    parser.receive_data(_CHUNKED.encode() + chunks)
    turns, events = 0, 0
    while True:
        parser.renew_budget()
        seen = 0
        while parser.next_event() is not h11.NEED_DATA:
            seen += 1
        turns, events = turns + 1, events + seen
        assert seen <= 128
        if not parser.budget_spent:
            break
    assert events == 1 + 1000
    assert turns >= 8


def test_whoever_waits_for_a_turn_gets_it_before_another_has_two() -> None:
    done: list[str] = []

    async def run() -> None:
        turns = RoundRobin()

        def piece(name: str, left: int) -> None:
            done.append(name)
            if left:
                turns.schedule(partial(piece, name, left - 1))

        turns.schedule(partial(piece, "a", 3))
        turns.schedule(partial(piece, "b", 1))
        asyncio.get_running_loop().call_soon(done.append, "somebody else")
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(run())
    assert done == ["a", "somebody else", "b", "a", "b", "a", "a"]


def test_requests_that_come_at_once_are_begun_in_turn() -> None:
    """Five clients send twenty requests each without waiting for answers: after the first of each one request is begun
    in a turn of the loop, whoever's it is, so that others have theirs."""
    begun: Counter[int] = Counter()
    turn = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        if scope["path"] != "/0":
            begun[turn] += 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def run() -> None:
        nonlocal turn
        settings = ApiSettings()
        config = uvicorn_config(cast("FastAPI", app), settings)
        config.load()
        shared = SharedContext(
            ConnectionLimiter(9, 9), settings.trusted_proxies, Metrics(), header_timeout_s=60, stall_timeout_s=60
        )
        loop, clients = asyncio.get_running_loop(), []
        for _ in range(5):
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            await loop.connect_accepted_socket(lambda: Connection(config, ServerState(), {}, shared), theirs)
            clients.append(ours)
        for one in clients:
            one.sendall("".join(f"GET /{n} HTTP/1.1\r\n{LOCAL}\r\n" for n in range(20)).encode())
        while begun.total() < 5 * 19:
            await asyncio.sleep(0)
            turn += 1
        for one in clients:
            one.close()

    asyncio.run(run())
    assert set(begun.values()) == {1}


def test_head_and_options(api: Api) -> None:
    with Raw(api.url) as raw:
        for path in ("/healthz", "/v1/schemas", "/docs", "/openapi.json"):
            raw.get(path)
            got = raw.read()
            raw.send(f"HEAD {path} HTTP/1.1\r\n{LOCAL}\r\n".encode())
            head = raw.head()
            assert (head.status, head.headers["content-length"]) == (200, got.headers["content-length"])
        raw.send(f"HEAD /v1/cancel HTTP/1.1\r\n{LOCAL}\r\n".encode())
        assert raw.head().status == 404
        raw.send(f"OPTIONS /v1/extractions/abc HTTP/1.1\r\n{LOCAL}\r\n".encode())
        assert raw.read().headers["allow"] == "GET, HEAD, DELETE, OPTIONS"
        raw.send(f"TRACE /v1/batches HTTP/1.1\r\n{LOCAL}\r\n".encode())
        answer = raw.read()
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")


def test_a_target_may_be_a_whole_url(api: Api) -> None:
    """As clients write it that take the service for their proxy."""
    with Raw(api.url) as raw:
        for url in ("http://127.0.0.1/healthz", "HTTP://[::1]:8000/healthz?x=1", "https://other.example:443/healthz"):
            raw.send(f"GET {url} HTTP/1.1\r\n{LOCAL}\r\n".encode())
            assert raw.read().status == 200, url
        raw.send(f"GET http://127.0.0.1?x=1 HTTP/1.1\r\n{LOCAL}\r\n".encode())
        assert raw.read().headers["content-type"].startswith("text/html"), "the page is at /"
        raw.send(f"GET ftp://127.0.0.1/healthz HTTP/1.1\r\n{LOCAL}\r\n".encode())
        assert raw.read().problem["code"] == "not_found"
        for target in ("*", "http://127.0.0.1"):
            raw.send(f"OPTIONS {target} HTTP/1.1\r\n{LOCAL}\r\n".encode())
            assert raw.read().headers["allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS"


def test_a_head_of_a_stream_ends_with_its_head(api: Api) -> None:
    created = httpx.post(
        f"{api.url}/v1/extractions", json={"schema": "contact", "document": {"text": "x"}}, trust_env=False
    )
    with Raw(api.url) as raw:
        raw.send(f"HEAD {created.headers['location']}/events HTTP/1.1\r\n{LOCAL}\r\n".encode())
        assert raw.head().headers["content-type"].startswith("text/event-stream")
        raw.get("/healthz")
        assert raw.read().status == 200, "the connection goes on"


def says_nothing(api: Api) -> None:
    with Raw(api.url) as raw:
        assert 0.5 < raw.ended(LATE_S) < LATE_S


def slow_head(api: Api) -> None:
    """However busily it goes on."""
    with Raw(api.url) as raw:
        raw.send(b"GET /healthz HTTP/1.1\r\n")
        until_hung_up(raw, b"X: y\r\n")
        answer = raw.read()
        assert (answer.status, answer.problem["code"]) == (408, "header_timeout")


def kept(api: Api) -> None:
    with Raw(api.url) as raw:
        raw.get("/healthz").read()
        assert raw.ended(LATE_S) < LATE_S


def kept_and_begun(api: Api) -> None:
    """A byte of the next request buys a head's time and no more."""
    with Raw(api.url) as raw:
        raw.get("/healthz").read()
        raw.send(b"G")
        assert raw.read().problem["code"] == "header_timeout"


def begun_at_once(api: Api) -> None:
    with Raw(api.url) as raw:
        raw.send(f"GET /healthz HTTP/1.1\r\n{LOCAL}\r\nG".encode())
        assert raw.read().status == 200
        assert raw.ended(LATE_S) < LATE_S


def silent_body(api: Api, path: str, type_: str) -> None:
    with Raw(api.url) as raw:
        head = f"POST /v1/{path} HTTP/1.1\r\n{LOCAL}Content-Type: {type_}\r\nContent-Length: 9000\r\n\r\n--x"
        answer = raw.send(head.encode()).read()
        assert (answer.status, answer.problem["code"]) == (408, "body_timeout")
        assert raw.ended(LATE_S) < LATE_S


def trickling_body(api: Api, path: str, type_: str) -> None:
    with Raw(api.url) as raw:
        raw.send(f"POST /v1/{path} HTTP/1.1\r\n{LOCAL}Content-Type: {type_}\r\nContent-Length: 90000\r\n\r\n".encode())
        until_hung_up(raw, b" ")
        assert raw.read().problem["code"] == "body_timeout"


def body_nobody_reads(api: Api) -> None:
    with Raw(api.url) as raw:
        raw.send(f"POST /nowhere HTTP/1.1\r\n{LOCAL}Content-Length: 1000000\r\n\r\n".encode())
        assert raw.read().status == 404
        until_hung_up(raw, b" ")


def answer_nobody_takes(api: Api) -> None:
    """One after another is asked for and none is read, until the server's buffers are full."""
    before = ended(api, "stalled")
    with Raw(api.url) as raw:
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.socket.settimeout(0.5)
        deadline = time.monotonic() + LATE_S
        while ended(api, "stalled") == before and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError, ConnectionError):
                raw.get("/openapi.json")
    assert ended(api, "stalled") > before


def half_closed(api: Api) -> None:
    """A client that shuts its side leaves nothing behind."""
    for _ in range(10):
        with Raw(api.url) as raw:
            raw.send(b"GET /heal")
            raw.socket.shutdown(socket.SHUT_WR)
            assert raw.ended(LATE_S) < LATE_S


def until_hung_up(raw: Raw, data: bytes) -> None:
    deadline = time.monotonic() + LATE_S
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < deadline:
            raw.send(data)
            time.sleep(0.2)
        raise AssertionError("it goes on for ever")


FORM = "multipart/form-data; boundary=x"
SLOW: dict[str, Callable[[Api], None]] = {
    "says nothing": says_nothing,
    "a slow head": slow_head,
    "kept for nothing": kept,
    "kept, and a byte of the next": kept_and_begun,
    "a byte of the next at once": begun_at_once,
    "a body that stops": partial(silent_body, path="extractions", type_="application/json"),
    "a form that stops": partial(silent_body, path="extractions", type_=FORM),
    "lines that stop": partial(silent_body, path="batches", type_="application/x-ndjson"),
    "lines in a form that stop": partial(silent_body, path="batches", type_=FORM),
    "a body that trickles": partial(trickling_body, path="extractions", type_="application/json"),
    "lines that trickle": partial(trickling_body, path="batches", type_="application/x-ndjson"),
    "a body nobody reads": body_nobody_reads,
    "an answer nobody takes": answer_nobody_takes,
    "half closed": half_closed,
}


@pytest.fixture(scope="module")
def slowly(api: Api) -> Iterator[dict[str, Future[None]]]:
    """All of them at once, for each waits for a limit of a second or more."""
    with ThreadPoolExecutor(len(SLOW)) as threads:
        yield {name: threads.submit(story, api) for name, story in SLOW.items()}


@pytest.mark.parametrize("what", SLOW)
def test_who_is_slow_is_hung_up_on(slowly: dict[str, Future[None]], what: str) -> None:
    slowly[what].result(4 * LATE_S)


def test_idle_connections_give_way_to_new_ones(small: Api) -> None:
    idle = [Raw(small.url) for _ in range(60)]  # three times what this address may have
    try:
        for _ in range(5):
            assert httpx.get(f"{small.url}/healthz", trust_env=False).status_code == 200
        assert ended(small, "dismissed") >= 40
    finally:
        for raw in idle:
            raw.close()


def waiting(api: Api, number: int, headers: str = "") -> list[Raw]:
    """Long-polls that are being served."""
    created = httpx.post(
        f"{api.url}/v1/extractions", json={"schema": "contact", "document": {"text": "x"}}, trust_env=False
    )
    begun = [Raw(api.url).get(f"{created.headers['location']}?wait=50", headers) for _ in range(number)]
    deadline = time.monotonic() + LATE_S
    with Raw(api.url, source="127.0.0.9") as other:
        while time.monotonic() < deadline:
            text = other.get("/metrics").read().body.decode()
            if float(re.findall(r"^extractor_http_connections (\S+)$", text, re.MULTILINE)[0]) >= number:
                break
            time.sleep(0.2)
    return begun


def test_an_address_has_so_many_connections_that_are_served(small: Api) -> None:
    served = waiting(small, 20)
    try:
        with Raw(small.url) as raw:
            answer = raw.read()
            assert (answer.status, answer.problem["code"]) == (429, "too_many_connections")
            assert answer.problem["retryable"]
            assert int(answer.headers["retry-after"]) >= 1
            raw.ended(LATE_S)
        with Raw(small.url, source="127.0.0.2") as other:
            assert other.get("/healthz").read().status == 200, "others are none the worse"
    finally:
        for raw in served:
            raw.close()


def test_a_server_has_so_many_connections_that_are_served(valkey: Valkey, tmp_path: Path) -> None:
    """And one that is idle goes first, whosever it is."""
    with Api(valkey, tmp_path, max_connections=16) as api, Raw(api.url, source="127.0.0.3") as idle:
        served = waiting(api, 8)
        path = httpx.get(f"{api.url}/v1/extractions", trust_env=False).json()["data"][0]["id"]
        try:
            for number in range(8):
                served.append(Raw(api.url, source=f"127.0.0.{5 + number % 2}").get(f"/v1/extractions/{path}?wait=50"))
            assert idle.ended(LATE_S) < LATE_S
            with Raw(api.url, source="127.0.0.4") as raw:
                answer = raw.read()
                assert (answer.status, answer.problem["code"]) == (503, "overloaded")
        finally:
            for raw in served:
                raw.close()


def test_behind_a_proxy_requests_are_counted_by_whose_they_are(valkey: Valkey, tmp_path: Path) -> None:
    with Api(valkey, tmp_path, max_connections_per_address=3, proxies="127.0.0.0/29") as api:
        served = waiting(api, 3, "X-Forwarded-For: 10.9.9.9, 10.0.0.1\r\nX-Forwarded-For: 127.0.0.2\r\n")
        try:
            with Raw(api.url) as raw:
                answer = raw.get("/healthz", "X-Forwarded-For: 10.0.0.1\r\n").read()
                assert (answer.status, answer.problem["code"]) == (429, "too_many_connections")
            for other in ("10.0.0.2", "10.0.0.1, 10.9.9.9"):
                with Raw(api.url) as raw:
                    assert raw.get("/healthz", f"X-Forwarded-For: {other}\r\n").read().status == 200
        finally:
            for raw in served:
                raw.close()


def test_few_descriptors_and_thousands_of_connections(valkey: Valkey, tmp_path: Path) -> None:
    """Whoever asks is served, nothing spins, and the log stays short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(3000, soft - 200)
    with Api(valkey, tmp_path, open_files=96) as api:
        idle: list[Raw] = []
        try:
            for number in range(many):
                idle.append(Raw(api.url))
                if number % 500 == 0:
                    answer = httpx.get(f"{api.url}/readyz", trust_env=False, timeout=LATE_S)
                    assert answer.json()["code"] == "not_ready", "the store is reached too"
            before = api.cpu_s()
            time.sleep(1.0)
            assert api.cpu_s() - before < 0.8, "it does not spin"
            assert httpx.get(f"{api.url}/healthz", trust_env=False, timeout=LATE_S).status_code == 200
            assert len(api.log().splitlines()) < 40
        finally:
            for raw in idle:
                raw.close()
    assert hard >= soft


class FakeClient:
    def __init__(self, address: str | None) -> None:
        self.address = address
        self.gone = False

    def evict(self) -> None:
        self.gone = True


def test_who_has_been_idle_longest_goes_first() -> None:
    limiter = ConnectionLimiter(3, 2)
    a, b, c, d, e = FakeClient("a"), FakeClient("a"), FakeClient("b"), FakeClient("a"), FakeClient(None)
    assert [limiter.admit(one) for one in (a, b, c)] == [None, None, None]
    limiter.mark_busy(a)
    assert limiter.admit(d) is None, "of its own address one was idle"
    assert [one.gone for one in (a, b, c, d)] == [False, True, False, False]
    limiter.mark_busy(d)
    assert limiter.admit(FakeClient("a")) == "address"
    limiter.mark_idle(a)
    assert limiter.admit(e) is None
    assert [one.gone for one in (a, c)] == [False, True], "c had been idle for longer"
    limiter.release(e)
    limiter.release(e)
    assert len(limiter) == 2
    limiter.mark_busy(a)
    assert limiter.admit(FakeClient("b")) is None
    assert len(limiter) == 3


def test_what_is_one_address() -> None:
    assert address_group("::ffff:10.0.0.1") == address_group("10.0.0.1") == "10.0.0.1"
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:2") != address_group("2001:db8:0:1::1")
    proxies = TrustedProxies(parse_networks("10.0.0.0/8, ::1"))
    assert "::ffff:10.1.1.1" in proxies
    assert "11.0.0.1" not in proxies
    assert "nonsense" not in proxies
    assert proxies.client_address(["8.8.8.8, 9.9.9.9:1234", "10.0.0.2"]) == "9.9.9.9"
    assert proxies.client_address(["[2001:db8::7]:80"]) == "2001:db8::7"
    assert proxies.client_address(["10.0.0.1"]) is None
    assert proxies.client_address([]) is None


def test_a_wrong_proxy_is_named() -> None:
    with pytest.raises(ValueError, match="proxies"):
        ApiSettings(proxies="10.0.0.0/33")
