"""`/healthz`, `/readyz`, `/metrics`: for probes and scrapers, open without a key; to whoever has none they
name no tenant and no id."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.app_version import package_version
from api.models.health import Health, Ready
from api.observability.metrics import CONTENT_TYPE
from api.openapi import problem_responses
from api.problems import Problem
from api.readiness import why_not_ready
from api.services import Service

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Health)
async def healthz() -> dict[str, Any]:
    """This process answers. Says nothing of Redis or workers: restarting the API cures neither."""
    return {"status": "ok", "version": package_version()}


@router.get("/readyz", response_model=Ready, responses=problem_responses(503))
async def readyz(service: Service) -> dict[str, Any]:
    """The store answers, and at least one worker with a loaded model has sent a heartbeat lately, and has not ended
    since as far as this machine can tell. If not, the problem's detail says what the known workers do, or why they are
    down."""
    workers = await service.store.workers()
    if not any(worker.ready for worker in workers):
        detail = f"No worker is ready: {why_not_ready(workers, service.settings.heartbeats)}"
        raise Problem("not_ready", detail, headers={"Retry-After": "2"})
    shown = ("id", "pid", "ready", "state", "slots", "busy", "age_s")
    return {
        "status": "ready",
        "store": "ok",
        "workers": [{name: getattr(worker, name) for name in shown} for worker in workers],
    }


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **problem_responses(401)}
)
async def metrics(request: Request, service: Service) -> Response:
    """Prometheus text: this process's requests; jobs, batches and workers of the whole service. With
    `metrics_token` set, for its bearer only. Tenants are named to its bearer, and where there are no API keys."""
    named_tenants = service.settings.metrics_tenants if _may_name(request, service) else None
    try:
        snapshot = await service.store.snapshot(named_tenants)
    except Problem:
        snapshot = None
    return Response(service.metrics.render(snapshot), media_type=CONTENT_TYPE)


def _may_name(request: Request, service: Service) -> bool:
    """Raises Problem 401."""
    expected = service.settings.metrics_token.strip().lower()
    if not expected:
        return not service.authenticator.keys_required
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    presented = hashlib.sha256(token.strip().encode()).hexdigest()
    if scheme.lower() == "bearer" and hmac.compare_digest(presented, expected):
        return True
    detail = "Send the token of /metrics, as Authorization: Bearer TOKEN"
    raise Problem("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
