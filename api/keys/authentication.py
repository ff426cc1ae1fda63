"""The tenant behind a request, by its API key.

Without keys every caller is the tenant `default`, so the API then answers this machine only: the peer has to be on
loopback, and the names in Host and Origin too, or a web page anywhere could reach the service through a visitor's
browser (DNS rebinding, cross-site forms).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.config import is_loopback
from api.keys.keys import DEFAULT_TENANT
from api.keys.revocation import unauthorized
from api.problems import Problem
from api.services import Service

_bearer = HTTPBearer(auto_error=False, description="An API key")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key, in a header of its own")


async def tenant(
    request: Request,
    service: Service,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> str:
    """The tenant this request acts for. Raises Problem 401 or 403."""
    authenticator = service.authenticator
    if not authenticator.keys_required:
        _check_is_local(request)
        return DEFAULT_TENANT
    key = bearer.credentials if bearer is not None else header
    entry = authenticator.begin(key, request.state.authenticated) if key else None
    if entry is None:
        missing = "Send an API key, as Authorization: Bearer KEY or as X-API-Key"
        raise unauthorized("This API key is not known" if key else missing)
    request.state.ids.update(tenant=entry.tenant, key=entry.id)
    return entry.tenant


def _check_is_local(request: Request) -> None:
    origin = request.headers.get("origin")
    peers = [request.client.host] if request.client else []  # no peer address: a Unix socket
    urls = [f"//{request.headers.get('host', 'localhost')}", *([origin] if origin is not None else [])]
    if not all(is_loopback(name) for name in (*peers, *map(_hostname, urls))):
        raise Problem("keys_required", "This service has no API keys and so answers only to http://127.0.0.1")


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


Tenant = Annotated[str, Depends(tenant)]
