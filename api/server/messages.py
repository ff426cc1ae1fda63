"""ASGI messages on their way: a body is limited as it comes, split as it goes; a HEAD becomes the GET it asks about."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.problems import Problem, limited

_PIECE_BYTES = 64 * 1024


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
