"""Who asks, and with what: the tenant behind a request, and the collaborators a route is given.

Without keys every caller is the tenant `default`, so the door then opens to this machine only: the peer has to be on
loopback, and the names in Host and Origin too, or a web page anywhere could reach the service through a visitor's
browser (DNS rebinding, cross-site forms).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.config import ApiSettings, is_loopback
from api.keys.admission import Admission, unauthorized
from api.keys.keys import DEFAULT_TENANT
from api.observability.metrics import Metrics
from api.offload import Offload
from api.problems import Problem
from api.store import Store
from api.submission.judge import Judge
from api.submission.room import Rooms
from schemas import Registry

_bearer = HTTPBearer(auto_error=False, description="An API key")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key, in a header of its own")


@dataclass(frozen=True)
class Services:
    """What the lifespan made; one of each a process."""

    settings: ApiSettings
    admission: Admission
    schemas: Registry
    store: Store
    metrics: Metrics
    rooms: Rooms
    judge: Judge
    offload: Offload = field(default_factory=Offload)


async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


async def tenant(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> str:
    """The tenant this request acts for. Raises Problem 401 or 403."""
    admission = (await services(request)).admission
    if not admission.keyed:
        _must_be_local(request)
        return DEFAULT_TENANT
    presented = bearer.credentials if bearer is not None else header
    found = admission.enter(presented, request.state.visit) if presented else None
    if found is None:
        missing = "Send an API key, as Authorization: Bearer KEY or as X-API-Key"
        raise unauthorized("This API key is not known" if presented else missing)
    return found.tenant


def _must_be_local(request: Request) -> None:
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


Service = Annotated[Services, Depends(services)]
Tenant = Annotated[str, Depends(tenant)]
