"""The API as a process of its own: `python -m api`. Knows uvicorn; whoever needs only the application takes
`api.app.create_app`."""

from __future__ import annotations

import logging

import uvicorn

from api.app import create_app
from api.config import ApiSettings

_DRAIN_S = 10  # long-polls and streams that have not ended by then are cut


def serve(settings: ApiSettings | None = None) -> None:
    """Listen until SIGINT or SIGTERM. Raises KeyConfigError before listening when keys are missing or malformed."""
    uvicorn.Server(configured(settings or ApiSettings())).run()


def configured(settings: ApiSettings) -> uvicorn.Config:
    """How uvicorn is to run this application: no `Server` header, no access log beside our own (its lines hold query
    strings), no client address from a header nobody vouches for. Logging is the caller's."""
    return uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        server_header=False,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
        log_config=None,
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        serve()
    except ValueError as error:  # settings or keys; a traceback would tell an operator nothing more
        raise SystemExit(f"extractor api: {error}") from None
