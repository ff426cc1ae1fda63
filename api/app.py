"""The composition of the API: settings in, an ASGI application out. `uvicorn api.app:create_app --factory`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from api import error_handlers, openapi
from api.app_version import package_version
from api.config import ApiSettings
from api.drawing import PageDrawer
from api.job_store import JobStore, Publish
from api.keys.authentication import tenant
from api.keys.authenticator import Authenticator
from api.keys.key_file import KeyFile
from api.keys.key_file_watcher import KeyFileWatcher
from api.keys.keys import ApiKeys, check_exposure
from api.keys.revocation import RevocationMiddleware
from api.observability.metrics import Metrics
from api.routes import batches, extractions, health, pages, review, schemas, webhook, webpage, workers
from api.server.middleware import RequestContext
from api.server.proxied_requests import ProxiedRequestLimiter
from api.services import Services
from api.submission.memory_budget import BodyMemory
from api.submission.schema_check import SchemaChecker
from api.webhooks.deliverer import WebhookDeliverer
from schemas import Registry
from workers.config import WorkerSettings
from workers.observability import tracing

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
    key_file = KeyFile.of_setting(settings.api_keys)
    authenticator = Authenticator(ApiKeys.load(settings.api_keys) if key_file is None else key_file.keys)
    check_exposure(settings, authenticator.keys)
    metrics = Metrics()
    metrics.keys(len(authenticator.keys.entries), stale=False)
    app = FastAPIOffline(  # /docs from this process: a machine that holds documents may reach no CDN
        title="Extractor",
        version=package_version(),
        lifespan=_lifespan(settings, authenticator, key_file, metrics, publish),
        redoc_url=None,
        static_url="/docs/static",
        redirect_slashes=False,  # its redirects quote the Host header
        telemetry=_NO_TELEMETRY,  # FastAPI's records exception messages, and those may quote a document
    )
    app.state.metrics = metrics
    limiter = ProxiedRequestLimiter(settings.max_connections_per_address, settings.trusted_proxies)
    app.add_middleware(RevocationMiddleware, authenticator=authenticator)
    app.add_middleware(
        RequestContext, metrics=metrics, body_limit_of=partial(_body_limit_of, settings), request_limiter=limiter
    )
    error_handlers.install(app)
    _add_routes(app)
    return app


def _lifespan(
    settings: ApiSettings,
    authenticator: Authenticator,
    key_file: KeyFile | None,
    metrics: Metrics,
    publish: Publish | None,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    # Read before the lifespan: what is wrong with it ends the start, and is told without a traceback.
    redis_settings = WorkerSettings(redis_url=settings.redis_url, redis_timeout_s=settings.store_timeout_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tracing.start("extractor-api")
        checker, drawer = SchemaChecker(), PageDrawer()
        watching = None
        if key_file is not None:
            watching = asyncio.create_task(KeyFileWatcher(key_file, authenticator, metrics).run())
        try:
            async with JobStore.open(settings, redis_settings, metrics, publish) as store:
                registry = Registry.discover(settings.schema_sources)
                memory = BodyMemory(settings.max_body_bytes, settings.body_timeout_s)
                app.state.services = Services(
                    settings, authenticator, registry, store, metrics, memory, checker, drawer
                )
                delivering = asyncio.create_task(WebhookDeliverer(settings, store).run())
                try:
                    yield
                finally:
                    await _end(delivering)  # before the store that it asks is closed
        finally:
            if watching is not None:
                watching.cancel()
            await run_in_threadpool(checker.close)
            await run_in_threadpool(drawer.close)
            await run_in_threadpool(tracing.stop)

    return lifespan


async def _end(task: asyncio.Task[None]) -> None:
    """Cancels it until it has ended: redis-py swallows a cancellation that meets it while it connects."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)


def _add_routes(app: FastAPI) -> None:
    for_tenants = (
        extractions.router, review.router, pages.router, batches.router, webhook.router, schemas.router, workers.router,
    )  # fmt: skip
    for router in for_tenants:
        app.include_router(router, dependencies=[Depends(tenant)])
    app.include_router(health.router)
    app.include_router(webpage.router)
    openapi.install(app, (*for_tenants, health.router))


def _body_limit_of(settings: ApiSettings, scope: Scope) -> tuple[str, int]:
    """A batch is never held in memory, so it may be large."""
    if (scope["method"], scope["path"]) == ("POST", "/v1/batches"):
        return "max_batch_bytes", settings.max_batch_bytes
    return "max_body_bytes", settings.max_body_bytes
