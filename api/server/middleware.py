"""What every request goes through: an id, a cap on its body, a count, and a last net for what breaks. A HEAD becomes
the GET it asks about.

Pure ASGI, so a stream stays a stream. Knows no route. Logs the route's template, the status, the time and the
request's id; of an exception only its type and where it came from, because a message may quote a document.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
import uuid
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.observability.logs import error_location
from api.observability.metrics import Metrics
from api.problems import Problem, ResponseBroken, too_many_connections
from api.server.messages import as_get, limit_body, split_body
from api.server.proxied_requests import ProxiedRequestLimiter

log = logging.getLogger("extractor.api")
_LEDGER_ID = re.compile(r"[0-9a-f]{32}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_CLIENT_CLOSED = 499  # nginx's number for "the client went away before the answer"


class RequestContext:
    """`body_limit_of` names and gives the cap of a request's body. `scope["state"]["request_id"]` is set for everything
    inside; `X-Request-ID` answers it. A route puts the ids of what it makes into `scope["state"]["ids"]`, and who
    lets a key in puts its tenant and its id there, so that the line about a request names them."""

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
        started, method = time.perf_counter(), scope["method"]
        request_id = request_id_of(Headers(scope=scope).get("x-request-id"))
        if method == "HEAD":
            scope, receive, send = as_get(scope, receive, send)
        scope.setdefault("state", {}).update(request_id=request_id, ids={})
        answer = _Answer(send, request_id)
        try:
            with contextlib.suppress(ClientDisconnect):
                await self._answered(scope, receive, answer)
        finally:
            self._record(scope, method, answer.status or _CLIENT_CLOSED, time.perf_counter() - started, request_id)

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        """Raises ResponseBroken where an answer that has begun cannot be ended, and ClientDisconnect."""
        request_id = answer.request_id
        try:
            with (
                structlog.contextvars.bound_contextvars(request_id=request_id),
                self.request_limiter.counted(scope) as full,
            ):
                if full is not None:
                    await too_many_connections(full).response(request_id)(scope, receive, answer.send)
                else:
                    await self.app(scope, limit_body(scope, receive, *self.body_limit_of(scope)), answer.send)
        except ClientDisconnect:
            raise
        except ResponseBroken as error:
            log.warning("answer cut", extra={"request_id": request_id, "reason": str(error)})
            raise
        except Exception as error:
            log.error("request broke", extra={"request_id": request_id, **error_location(error)})
            if answer.status:
                raise ResponseBroken(f"request_id={request_id}") from None
            problem = Problem("internal_error", "The request could not be completed; report it with its request_id")
            await problem.response(request_id)(scope, receive, answer.send)

    def _record(self, scope: Scope, method: str, status: int, seconds: float, request_id: str) -> None:
        """Probes are counted and not logged, unless for debugging: they come every second, and say nothing of anybody's
        document."""
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.request(method, route, status, seconds)
        about = {"method": method, "route": route, "status": status, "duration_s": round(seconds, 4)}
        ids = {**_ids_in_path(scope), **scope["state"]["ids"], "request_id": request_id}
        log.log(logging.DEBUG if route in _PROBES else logging.INFO, "request", extra={**about, **ids})


class _Answer:
    """On its way out: with the headers that every answer has, a long body in parts. `status` is 0 until it begins."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id, self.status = send, request_id, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")
        for part in split_body(message):
            await self._send(part)


def _ids_in_path(scope: Scope) -> dict[str, str]:
    """The job or batch in the path, where it is an id and not just any text."""
    given = scope.get("path_params", {}).get("id", "")
    return {"batch" if given.endswith("00000000") else "job": given} if _LEDGER_ID.fullmatch(given) else {}


def request_id_of(given: str | None) -> str:
    """The client's id where it is short and plain enough to be logged as it is, else a new one."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
