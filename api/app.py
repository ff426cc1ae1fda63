"""The composition of the API: settings in, an ASGI application out. `uvicorn api.app:create_app --factory`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import Scope

from api import openapi
from api.app_version import package_version
from api.config import ApiSettings
from api.keys import access
from api.keys.admission import Admission, Following, Visits
from api.keys.key_file import KeyFile
from api.keys.keys import Keys, check_exposure
from api.observability.metrics import Metrics
from api.problems import Problem, pointer
from api.routes import batches, extractions, health, schemas, workers
from api.server.middleware import ProxiedRequestLimiter, RequestContext
from api.store import Publish, Store
from api.submission import submission
from api.submission.judge import Judge
from api.submission.room import Rooms
from schemas import Registry
from workers.config import WorkerSettings
from workers.observability import tracing

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(settings: ApiSettings | None = None, publish: Publish | None = None) -> FastAPI:
    """The application; `publish` stands in for the Celery queue where given.

    Raises ValidationError for a wrong setting and KeyConfigError when it would be reachable from elsewhere without
    keys. Nothing is connected before the lifespan starts, and everything is closed when it ends.
    """
    settings = settings or ApiSettings()
    file = KeyFile.named_by(settings.api_keys)
    admission = Admission(Keys.load(settings.api_keys) if file is None else file.keys)
    check_exposure(settings, admission.keys)
    # Read before the lifespan: what is wrong with it ends the start, and is told without a traceback.
    stored_at = WorkerSettings(redis_url=settings.redis_url, redis_timeout_s=settings.store_timeout_s)
    metrics = Metrics()
    metrics.keys(len(admission.keys.entries), stale=False)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tracing.start("extractor-api")
        judge = Judge()
        following = asyncio.create_task(Following(file, admission, metrics).run()) if file is not None else None
        try:
            async with Store.open(settings, stored_at, metrics, publish) as store:
                registry = Registry.discover(settings.schema_sources)
                rooms = Rooms(settings.max_body_bytes, settings.body_timeout_s)
                app.state.services = access.Services(settings, admission, registry, store, metrics, rooms, judge)
                yield
        finally:
            if following is not None:
                following.cancel()
            await run_in_threadpool(judge.close)
            await run_in_threadpool(tracing.stop)

    app = FastAPIOffline(  # /docs from this process: a machine that holds documents may reach no CDN
        title="Extractor",
        version=package_version(),
        lifespan=lifespan,
        redoc_url=None,
        static_url="/docs/static",
        redirect_slashes=False,  # its redirects quote the Host header
        telemetry=_NO_TELEMETRY,  # FastAPI's records exception messages, and those may quote a document
    )
    app.state.metrics = metrics
    limiter = ProxiedRequestLimiter(settings.max_connections_per_address, settings.trusted_proxies)
    app.add_middleware(Visits, admission=admission)
    app.add_middleware(
        RequestContext, metrics=metrics, body_limit_of=partial(_body_limit_of, settings), request_limiter=limiter
    )
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(RequestValidationError, _invalid_parameters)
    locked = [Depends(access.tenant)]
    app.include_router(extractions.router, dependencies=locked)
    app.include_router(batches.router, dependencies=locked)
    app.include_router(schemas.router, dependencies=locked)
    app.include_router(workers.router, dependencies=locked)
    app.include_router(health.router)
    openapi.install(app, (extractions.router, batches.router, schemas.router, workers.router, health.router))
    return app


def _body_limit_of(settings: ApiSettings, scope: Scope) -> tuple[str, int]:
    """A batch is never held in memory, so it may be large."""
    if (scope["method"], scope["path"]) == ("POST", "/v1/batches"):
        return "max_batch_bytes", settings.max_batch_bytes
    return "max_body_bytes", settings.max_body_bytes


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response(request.state.request_id)


async def _framework_error(request: Request, error: Exception) -> Response:
    """What the framework refuses: an unknown path, a wrong method. OPTIONS is answered here, for every path."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "http_error")
    detail, headers = error.detail, dict(error.headers or {})
    if error.status_code == 405:
        detail = f"{request.method} is not allowed here"
        headers["Allow"] = ", ".join(_allowed(request))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    if error.status_code == 404 and (request.method, request.scope["path"]) == ("OPTIONS", "*"):
        return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, DELETE, OPTIONS"})  # of the server at all
    if error.status_code == 404:
        detail = "No call of this API has this path; see /docs"
    if error.status_code >= 500:
        detail = HTTPStatus(error.status_code).phrase
    problem = Problem(code, detail, status=error.status_code, headers=headers)
    return problem.response(request.state.request_id)


def _allowed(request: Request) -> Iterator[str]:
    """Every method some call has at this path; the framework names those of the first call only."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(
            route.matches(scope)[0] is Match.FULL and (method == "GET" or not isinstance(route, Mount))  # of files
            for route in request.app.routes
        ):
            yield from ("GET", "HEAD") if method == "GET" else (method,)
    yield "OPTIONS"


async def _invalid_parameters(request: Request, error: Exception) -> Response:
    """Wrong query parameters, the only input FastAPI parses here."""
    assert isinstance(error, RequestValidationError)
    faults = [(pointer(*(str(part)[:100] for part in fault["loc"])), fault["msg"]) for fault in error.errors()]
    return submission.invalid(faults).response(request.state.request_id)
