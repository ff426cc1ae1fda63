"""The bytes of a request's body as they come, with timeouts: a client that sends nothing, or a byte now and then, would
hold a connection and memory for as long as it likes. Knows no form of a body."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator

from starlette.requests import Request

from api.config import ApiSettings
from api.problems import Problem
from api.submission.document_check import check_document_size
from api.submission.memory_budget import SMALL_BYTES, BodyReservation

MIN_UPLOAD_BYTES = 64 * 1024  # that a batch has to bring in each window of time


async def submission_chunks(
    request: Request, settings: ApiSettings, reservation: BodyReservation
) -> AsyncGenerator[bytes, None]:
    """A body that is kept in memory until it is whole. Memory is reserved before it comes. Raises Problem 408, 429."""
    async for chunk in _reserved(request, settings, reservation, settings.max_body_bytes):
        yield chunk


async def document_chunks(
    request: Request, settings: ApiSettings, reservation: BodyReservation
) -> AsyncGenerator[bytes, None]:
    """The same of a body that is a document itself. Raises Problem 413 too, before more has come than may."""
    limit, received = settings.max_document_bytes, 0
    if int(request.headers.get("content-length", 0)) > limit:
        check_document_size(None, limit, "")
    async for chunk in _reserved(request, settings, reservation, limit):
        received += len(chunk)
        if received > limit:
            check_document_size(None, limit, "")
        yield chunk


def upload_chunks(request: Request, settings: ApiSettings) -> AsyncGenerator[bytes, None]:
    """A body that is worked on while it comes, and may come for as long as it keeps a minimum rate. Raises Problem
    408."""
    window_s = settings.body_timeout_s
    return _chunks(request, silence_s=window_s, window_s=window_s, min_bytes=MIN_UPLOAD_BYTES)


async def _reserved(
    request: Request, settings: ApiSettings, reservation: BodyReservation, max_bytes: int
) -> AsyncGenerator[bytes, None]:
    declared = int(request.headers.get("content-length", SMALL_BYTES))
    if declared <= max_bytes:  # else it is refused when it is read
        await reservation.reserve(declared)
    silence_s, received = min(settings.stall_timeout_s, settings.body_timeout_s), 0
    async for chunk in _chunks(request, silence_s=silence_s, window_s=settings.body_timeout_s, min_bytes=math.inf):
        received += len(chunk)
        if received > declared:
            await reservation.reserve(max_bytes)
        yield chunk


async def _chunks(
    request: Request, *, silence_s: float, window_s: float, min_bytes: float
) -> AsyncGenerator[bytes, None]:
    """The chunks, of which none is waited for longer than `silence_s`, and for `min_bytes` of them (or the end) no
    longer than `window_s`. What the reader does with a chunk takes none of that time."""
    loop = asyncio.get_running_loop()
    stream = request.stream()
    waited, received = 0.0, 0
    while True:
        limit_s = min(silence_s, max(0.0, window_s - waited))
        began = loop.time()
        try:
            async with asyncio.timeout(limit_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            silent = limit_s == silence_s
            raise _timed_out(silence_s if silent else window_s, received, silent=silent) from None
        waited, received = waited + loop.time() - began, received + len(chunk)
        if received >= min_bytes:
            waited, received = 0.0, 0
        if chunk:
            yield chunk


def _timed_out(seconds: float, received: int, *, silent: bool) -> Problem:
    detail = f"Nothing of the body arrived for {seconds:g} s"
    if not silent:
        detail = f"Of the body {received} bytes arrived in {seconds:g} s, and it is not whole"
    return Problem("body_timeout", detail, errors=[("", detail)], headers={"Connection": "close"})
