"""The bytes of a request's body as they come, which they have to: who sends nothing, or a byte now and then, holds a
connection and memory for as long as he likes. Knows no form of a body."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator

from starlette.requests import Request

from api.config import ApiSettings
from api.problems import Problem
from api.submission.document_check import check_document_size
from api.submission.room import SMALL_BYTES, Held

UPLOAD_PACE_BYTES = 64 * 1024


async def submission(request: Request, settings: ApiSettings, held: Held) -> AsyncGenerator[bytes, None]:
    """A body that is kept in memory until it is whole; `held` covers it before it comes. Raises Problem 408, 429."""
    async for chunk in _whole(request, settings, held, settings.max_body_bytes):
        yield chunk


async def document(request: Request, settings: ApiSettings, held: Held) -> AsyncGenerator[bytes, None]:
    """The same of a body that is a document itself. Raises Problem 413 too, before more has come than may."""
    limit, came = settings.max_document_bytes, 0
    if int(request.headers.get("content-length", 0)) > limit:
        check_document_size(None, limit, "")
    async for chunk in _whole(request, settings, held, limit):
        came += len(chunk)
        if came > limit:
            check_document_size(None, limit, "")
        yield chunk


async def _whole(request: Request, settings: ApiSettings, held: Held, most: int) -> AsyncGenerator[bytes, None]:
    declared = int(request.headers.get("content-length", SMALL_BYTES))
    if declared <= most:  # else it is refused when it is read
        await held.cover(declared)
    silence_s, came = min(settings.stall_timeout_s, settings.body_timeout_s), 0
    async for chunk in _chunks(request, silence_s=silence_s, window_s=settings.body_timeout_s, pace_bytes=math.inf):
        came += len(chunk)
        if came > declared:
            await held.cover(most)
        yield chunk


def upload(request: Request, settings: ApiSettings) -> AsyncGenerator[bytes, None]:
    """A body that is worked on while it comes, and may come for as long as it keeps a pace. Raises Problem 408."""
    window_s = settings.body_timeout_s
    return _chunks(request, silence_s=window_s, window_s=window_s, pace_bytes=UPLOAD_PACE_BYTES)


async def _chunks(
    request: Request, *, silence_s: float, window_s: float, pace_bytes: float
) -> AsyncGenerator[bytes, None]:
    """The chunks, of which none is waited for longer than `silence_s`, and for `pace_bytes` of them (or the end) no
    longer than `window_s`. What the reader does with a chunk takes none of that time."""
    loop = asyncio.get_running_loop()
    stream = request.stream()
    waited, came = 0.0, 0
    while True:
        limit_s = min(silence_s, max(0.0, window_s - waited))
        began = loop.time()
        try:
            async with asyncio.timeout(limit_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _late(silence_s if limit_s == silence_s else window_s, came, silent=limit_s == silence_s) from None
        waited, came = waited + loop.time() - began, came + len(chunk)
        if came >= pace_bytes:
            waited, came = 0.0, 0
        if chunk:
            yield chunk


def _late(seconds: float, came: int, *, silent: bool) -> Problem:
    detail = f"Nothing of the body arrived for {seconds:g} s"
    if not silent:
        detail = f"Of the body {came} bytes arrived in {seconds:g} s, and it is not whole"
    return Problem("body_timeout", detail, errors=[("", detail)], headers={"Connection": "close"})
