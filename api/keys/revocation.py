"""Requests end when their key is revoked: by a problem, or by cutting an answer that has begun."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.keys.authenticator import AuthenticatedRequest, Authenticator
from api.problems import Problem, ResponseBroken


class RevocationMiddleware:
    """ASGI: puts an AuthenticatedRequest into `scope["state"]`, and answers for one that ends before its time."""

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator) -> None:
        self.app = app
        self.authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        timeout = asyncio.timeout(None)
        try:
            async with timeout:
                request = scope["state"]["authenticated"] = AuthenticatedRequest(timeout)
                try:
                    await self.app(scope, receive, send_on)
                finally:
                    self.authenticator.end(request)
        except TimeoutError:
            if not timeout.expired():
                raise
            if begun:
                raise ResponseBroken("its key was revoked") from None
            # what is left of a body is not read, so the connection cannot carry another request
            problem = unauthorized("This API key has been revoked", {"Connection": "close"})
            await problem.response(scope["state"]["request_id"])(scope, receive, send)


def unauthorized(detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    realm = {"WWW-Authenticate": 'Bearer realm="extractor"'}
    return Problem("unauthorized", detail, headers={**realm, **(headers or {})})
