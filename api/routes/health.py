"""`/healthz`, `/readyz`, `/metrics`: for probes and scrapers, open without a key; they name no tenant and no id."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.access import Service
from api.app_version import package_version
from api.metrics import CONTENT_TYPE
from api.models import Health, Ready
from api.openapi import problems
from api.problems import Problem

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Health)
async def healthz() -> dict[str, Any]:
    """This process answers. Says nothing of Redis or workers: restarting the API cures neither."""
    return {"status": "ok", "version": package_version()}


@router.get("/readyz", response_model=Ready, responses=problems(503))
async def readyz(service: Service) -> dict[str, Any]:
    """The store answers, and at least one worker with a loaded model has been heard of lately."""
    workers = await service.store.workers()
    if not any(worker.ready for worker in workers):
        seen = f"{len(workers)} known, none with a loaded model" if workers else "none has been heard of"
        raise Problem("not_ready", f"No worker is ready: {seen}", headers={"Retry-After": "2"})
    shown = ("id", "pid", "ready", "state", "slots", "busy", "age_s")
    return {
        "status": "ready",
        "store": "ok",
        "workers": [{name: getattr(worker, name) for name in shown} for worker in workers],
    }


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(service: Service) -> Response:
    """Prometheus text: this process's requests, and the jobs of the ledger."""
    try:
        jobs = await service.store.counts()
        ready = sum(worker.ready for worker in await service.store.workers())
        service.metrics.store(jobs, ready)
    except Problem:
        service.metrics.store(None)
    return Response(service.metrics.render(), media_type=CONTENT_TYPE)
