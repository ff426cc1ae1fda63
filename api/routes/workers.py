"""`GET /v1/workers`: who does the work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import serializers
from api.models.workers import EXAMPLE, WorkerList
from api.openapi import answer, problem_responses
from api.services import Service
from workers.ledger.ledger import WorkerInfo

router = APIRouter(prefix="/v1", tags=["workers"])
_MISSED_S = 6.0  # three heartbeats


@router.get(
    "/workers",
    response_class=Response,
    responses={200: answer("Those whose heartbeat is not overdue", WorkerList, EXAMPLE), **problem_responses(401, 503)},
)
async def list_workers(service: Service) -> Response:
    """Every worker whose heartbeat is not overdue, the same for every tenant. A document of yours that waits
    says in its `reason` when no worker is the cause."""
    now = datetime.now(UTC)
    found = sorted(await service.store.workers(), key=lambda one: (one.host, one.started_at or 0.0, one.id))
    return serializers.json_response({"data": [_shown(one, now) for one in found]})


def _shown(one: WorkerInfo, now: datetime) -> dict[str, Any]:
    """models.workers.WorkerDetail."""
    model = {name: one.model.get(name) for name in ("model", "revision", "drafter", "device")}
    return {
        "id": one.id,
        "host": one.host,
        "pid": one.pid,
        "alive": one.age_s < _MISSED_S,
        "ready": one.ready,
        "state": one.state,
        **model,
        "slots": one.slots,
        "busy": one.busy,
        "rows": one.stats.get("engine", {}).get("running"),
        "tokens_per_s": one.tokens_per_s,
        "started_at": _time(one.started_at),
        "loaded_at": _time(one.loaded_at),
        "last_seen_at": serializers.time_text(now - timedelta(seconds=one.age_s)),
    }


def _time(at: float | None) -> str | None:
    return None if at is None else serializers.time_text(datetime.fromtimestamp(at, UTC))
