"""The API as a process of its own: `python -m api`. Knows uvicorn; whoever needs only the application takes
`api.app.create_app`."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from api import logs
from api.access import Services
from api.app import create_app
from api.config import ApiSettings
from workers.config import faults_of

_DRAIN_S = 8  # what has not ended by then is cut; no call but a long-poll or a stream takes that long


def serve(settings: ApiSettings | None = None) -> None:
    """Listen until SIGINT or SIGTERM. Raises KeyConfigError before listening when keys are missing or malformed."""
    settings = settings or ApiSettings()
    app = create_app(settings)
    _Server(app, configured(app, settings)).run()


class _Server(uvicorn.Server):
    """Ends the long-polls before it waits for what is in flight."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        services: Services | None = getattr(self._app.state, "services", None)
        if services is not None:
            services.store.stopping.set()
        await super().shutdown(sockets)


def configured(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    """How uvicorn is to run this application: no `Server` header, no access log beside our own (its lines hold query
    strings), no client address from a header nobody vouches for. Logging is the caller's."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        server_header=False,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
        log_config=None,
    )


def main() -> None:
    logs.configure()
    try:
        serve()
    except ValidationError as error:
        raise SystemExit(f"extractor api: {faults_of(error)}") from None
    except ValueError as error:  # keys; a traceback would tell an operator nothing more
        raise SystemExit(f"extractor api: {error}") from None
