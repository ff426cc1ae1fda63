"""How a flow's request becomes one of httpx's, sync or async, and where it goes. Knows no call of the service."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx

from extractor.client.flow import Send
from extractor.errors import InputError

DEFAULT_URL = "http://127.0.0.1:8000"
_CONNECT_S = 3.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def settings(url: str | None, api_key: str | None, timeout_s: float) -> dict[str, Any]:
    """What httpx's two clients are made with. Raises InputError for a URL or a key that is none."""
    base = httpx.URL("")
    key = api_key or os.environ.get("EXTRACTOR_API_KEY")
    with contextlib.suppress(httpx.InvalidURL):
        base = httpx.URL((url or os.environ.get("EXTRACTOR_URL") or DEFAULT_URL).rstrip("/"))
    if base.scheme not in ("http", "https") or not base.host:
        raise InputError("The service's address must be a URL such as http://127.0.0.1:8000", code="invalid_url")
    if key and not (key.isascii() and key.isprintable()):
        raise InputError("The API key holds a character that no key has", code="invalid_api_key")
    return {
        "base_url": base,
        "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)),
        "headers": {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {}),
        "trust_env": base.host not in _LOOPBACK,  # a proxy for the outside is not the way to this machine
    }


def request(http: httpx.Client | httpx.AsyncClient, send: Send) -> httpx.Request:
    """Raises InputError for a body, a name or a header that cannot be written: options, metadata, a schema that are no
    JSON, a key with a line break. Of a header httpx would say so as it says that nobody answers."""
    for name, value in send.headers.items():
        if value != value.strip() or not value.isprintable():
            raise InputError(
                f"The request cannot be written: {name} holds white space or a character that no header has"
            )
    read_s = (http.timeout.read or 0.0) + send.wait_s
    content: Any = send.content and send.content()
    if content is not None and isinstance(http, httpx.AsyncClient):
        content = _awaited(content)
    try:
        return http.build_request(
            send.method, send.path, params=dict(send.params), json=send.body, content=content,
            headers=dict(send.headers), timeout=httpx.Timeout(read_s, connect=http.timeout.connect),
        )  # fmt: skip
    except (TypeError, ValueError, httpx.InvalidURL) as error:  # they name places and types, and quote nothing
        raise InputError(f"The request cannot be written: {error}") from None


async def _awaited(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Files are read in the event loop, one at a time."""
    for part in parts:
        yield part
        await asyncio.sleep(0)
