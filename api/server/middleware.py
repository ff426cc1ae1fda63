"""What every request goes through: an id, a cap on its body, a count, and a last net for what breaks. A HEAD becomes
the GET it asks about.

Pure ASGI, so a stream stays a stream. Knows no route. Logs the route's template, the status, the time and the
request's id; of an exception only its type and where it came from, because a message may quote a document.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.observability.logs import error_location
from api.observability.metrics import Metrics
from api.problems import Problem, ResponseBroken, limited, too_many_connections
from api.server.connection_limits import ConnectionLimiter, LimitReached
from api.server.proxies import TrustedProxies, address_group

log = logging.getLogger("extractor.api")
_LEDGER_ID = re.compile(r"[0-9a-f]{32}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_PIECE_BYTES = 64 * 1024
_CLIENT_CLOSED = 499  # nginx's number for "the client went away before the answer"


class RequestContext:
    """`body_limit_of` names and gives the cap of a request's body. `scope["state"]["request_id"]` is set for everything
    inside; `X-Request-ID` answers it. A route puts the ids of what it makes into `scope["state"]["ids"]`, so that the
    line about a request names them."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        body_limit_of: Callable[[Scope], tuple[str, int]],
        request_limiter: ProxiedRequestLimiter,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.body_limit_of = body_limit_of
        self.request_limiter = request_limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"]
        request_id = request_id_of(Headers(scope=scope).get("x-request-id"))
        if method == "HEAD":
            scope, receive, send = as_get(scope, receive, send)
        scope.setdefault("state", {}).update(request_id=request_id, ids={})
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            for part in split_body(message):
                await send(part)

        try:
            with (
                structlog.contextvars.bound_contextvars(request_id=request_id),
                self.request_limiter.counted(scope) as full,
            ):
                if full is not None:
                    await too_many_connections(full).response(request_id)(scope, receive, send_with_headers)
                else:
                    await self.app(scope, limit_body(scope, receive, *self.body_limit_of(scope)), send_with_headers)
        except ClientDisconnect:
            status = status or _CLIENT_CLOSED
        except ResponseBroken as error:
            log.warning("answer cut", extra={"request_id": request_id, "reason": str(error)})
            raise
        except Exception as error:
            log.error("request broke", extra={"request_id": request_id, **error_location(error)})
            if status:
                raise ResponseBroken(f"request_id={request_id}") from None
            problem = Problem("internal_error", "The request could not be completed; report it with its request_id")
            await problem.response(request_id)(scope, receive, send_with_headers)
        finally:
            self._record(scope, method, status or _CLIENT_CLOSED, time.perf_counter() - started, request_id)

    def _record(self, scope: Scope, method: str, status: int, seconds: float, request_id: str) -> None:
        """Probes are counted and not logged, unless for debugging: they come every second, and say nothing of anybody's
        document."""
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.request(method, route, status, seconds)
        about = {"method": method, "route": route, "status": status, "duration_s": round(seconds, 4)}
        ids = {**_ids_in_path(scope), **scope["state"]["ids"], "request_id": request_id}
        log.log(logging.DEBUG if route in _PROBES else logging.INFO, "request", extra={**about, **ids})


@dataclass(eq=False)
class _Request:
    """One that a proxy hands on: the connection is the proxy's, so the request is what is counted."""

    address: str | None

    def evict(self) -> None:
        raise AssertionError("a request is never idle")


class ProxiedRequestLimiter:
    """So many requests at once of each client behind a proxy; a client's own connection is counted in connection.py."""

    def __init__(self, max_per_address: int, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._limiter = ConnectionLimiter(sys.maxsize, max_per_address)

    @contextlib.contextmanager
    def counted(self, scope: Scope) -> Iterator[LimitReached | None]:
        """The limit that is reached, if any is."""
        peer = (scope.get("client") or ("",))[0]
        forwarded = Headers(scope=scope).getlist("x-forwarded-for") if peer in self._proxies else []
        caller = self._proxies.client_address(forwarded)
        if caller is None:
            yield None
            return
        request = _Request(address_group(caller))
        full = self._limiter.admit(request)
        self._limiter.mark_busy(request)
        try:
            yield full
        finally:
            self._limiter.release(request)


def as_get(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """The GET that a HEAD asks about, which is over as soon as its head is sent: of a stream, nothing is waited for."""
    over = False

    async def send_head(message: Message) -> None:
        nonlocal over
        if message["type"] == "http.response.start":
            await send(message)
            over = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive_no_more() -> Message:
        return {"type": "http.disconnect"} if over else await receive()

    return {**scope, "method": "GET"}, receive_no_more, send_head


def _ids_in_path(scope: Scope) -> dict[str, str]:
    """The job or batch in the path, where it is an id and not just any text."""
    given = scope.get("path_params", {}).get("id", "")
    return {"batch" if given.endswith("00000000") else "job": given} if _LEDGER_ID.fullmatch(given) else {}


def split_body(message: Message) -> Iterator[Message]:
    """A long body in parts, each sent when the client has taken most of the ones before: the rest is not copied for
    whoever reads slowly."""
    body = message.get("body", b"") if message["type"] == "http.response.body" else b""
    if len(body) <= _PIECE_BYTES:
        yield message
        return
    for at in range(0, len(body), _PIECE_BYTES):
        more = at + _PIECE_BYTES < len(body) or message.get("more_body", False)
        yield {**message, "body": body[at : at + _PIECE_BYTES], "more_body": more}


def request_id_of(given: str | None) -> str:
    """The client's id where it is short and plain enough to be logged as it is, else a new one."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def limit_body(scope: Scope, receive: Receive, name: str, limit: int) -> Receive:
    """`receive`, raising a 413 Problem as soon as the body is known to be over `limit` bytes: by its
    Content-Length before a byte is read, or while a chunked body streams in."""
    declared = Headers(scope=scope).get("content-length", "")
    too_long = declared.isdecimal() and int(declared[:20]) > limit
    total = 0

    async def receive_limited() -> Message:
        nonlocal total
        if too_long:
            raise body_too_large(name, limit)
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > limit:
                raise body_too_large(name, limit)
        return message

    return receive_limited


def body_too_large(name: str, limit: int) -> Problem:
    # the rest of the body is not read, so the connection cannot carry another request
    return Problem(
        "body_too_large",
        f"A request body may have {limit} bytes",
        errors=[("", f"over the limit of {limit} bytes")],
        headers={"Connection": "close"},
        extra=limited(name, limit),
    )
