"""What every request goes through: an id, a cap on its body, a count, and a last net for what breaks.

Pure ASGI, so a stream stays a stream. Knows no route. Logs the route's template, the status, the time and the
request's id; of an exception only its type and where it came from, because a message may quote a document.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import place
from api.metrics import Metrics
from api.problems import Problem, limited

log = logging.getLogger("extractor.api")
_LEDGER_ID = re.compile(r"[0-9a-f]{32}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_CLIENT_CLOSED = 499  # nginx's number for "the client went away before the answer"


class ResponseBroken(RuntimeError):
    """An answer broke after its first byte; all that is left is to close the connection."""


class RequestContext:
    """`limit_of` names and gives the cap of a request's body. `scope["state"]["request_id"]` is set for everything
    inside; `X-Request-ID` answers it. A route puts the ids of what it makes into `scope["state"]["ids"]`, so that the
    line about a request names them."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, limit_of: Callable[[Scope], tuple[str, int]]) -> None:
        self.app = app
        self.metrics = metrics
        self.limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request_id_of(Headers(scope=scope).get("x-request-id"))
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
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self.app(scope, capped(scope, receive, *self.limit_of(scope)), send_with_headers)
        except ClientDisconnect:
            status = status or _CLIENT_CLOSED
        except Exception as error:
            log.error("request broke", extra={"request_id": request_id, **place(error)})
            if status:
                raise ResponseBroken(f"request_id={request_id}") from None
            problem = Problem("internal_error", "The request could not be completed; report it with its request_id")
            await problem.response(request_id)(scope, receive, send_with_headers)
        finally:
            self._record(scope, status or _CLIENT_CLOSED, time.perf_counter() - started, request_id)

    def _record(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.request(scope["method"], route, status, seconds)
        about = {"method": scope["method"], "route": route, "status": status, "duration_s": round(seconds, 4)}
        log.info("request", extra={**about, **_asked_for(scope), **scope["state"]["ids"], "request_id": request_id})


def _asked_for(scope: Scope) -> dict[str, str]:
    """The job or batch in the path, where it is an id and not just any text."""
    given = scope.get("path_params", {}).get("id", "")
    return {"batch" if given.endswith("00000000") else "job": given} if _LEDGER_ID.fullmatch(given) else {}


def request_id_of(given: str | None) -> str:
    """The client's id where it is short and plain enough to be logged as it is, else a new one."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def capped(scope: Scope, receive: Receive, name: str, limit: int) -> Receive:
    """`receive`, raising a 413 Problem as soon as the body is known to be over `limit` bytes: by its
    Content-Length before a byte is read, or while a chunked body streams in."""
    declared = Headers(scope=scope).get("content-length", "")
    too_long = declared.isdecimal() and int(declared[:20]) > limit
    total = 0

    async def receive_capped() -> Message:
        nonlocal total
        if too_long:
            raise body_too_large(name, limit)
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > limit:
                raise body_too_large(name, limit)
        return message

    return receive_capped


def body_too_large(name: str, limit: int) -> Problem:
    # the rest of the body is not read, so the connection cannot carry another request
    return Problem(
        "body_too_large",
        f"A request body may have {limit} bytes",
        errors=[("", f"over the limit of {limit} bytes")],
        headers={"Connection": "close"},
        extra=limited(name, limit),
    )
