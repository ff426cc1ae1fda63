"""Takes over the keys of the file whenever it changes, and logs what it says."""

from __future__ import annotations

import asyncio
import logging

import anyio

from api.keys.authenticator import Authenticator
from api.keys.key_file import KeyFile
from api.keys.keys import ApiKeys
from api.observability.logs import error_location
from api.observability.metrics import Metrics

log = logging.getLogger("extractor.api")
_POLL_S = 0.25  # and what is found counts from the second poll on


class KeyFileWatcher:
    """`run` it until it is cancelled."""

    def __init__(self, file: KeyFile, authenticator: Authenticator, metrics: Metrics) -> None:
        self._file = file
        self._authenticator = authenticator
        self._metrics = metrics
        self._logged_fault = ""

    async def run(self) -> None:
        """The file is looked at in a thread of its own, for its file system may hang."""
        thread = anyio.CapacityLimiter(1)
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                keys = await anyio.to_thread.run_sync(self._file.poll, abandon_on_cancel=True, limiter=thread)
            except Exception as error:  # whatever it is: a watcher that stops would never revoke a key again
                log.error("the file of API keys cannot be looked at", extra=error_location(error))
                continue
            if keys is not None:
                self._replace(keys)
            self._log_fault()
            self._metrics.keys(len(self._authenticator.keys.entries), stale=bool(self._file.fault))

    def _replace(self, keys: ApiKeys) -> None:
        before, now = set(self._authenticator.keys.entries), set(keys.entries)
        ended = self._authenticator.replace(keys)
        about = {"keys": len(now), "added": len(now - before), "revoked": len(before - now), "ended": ended}
        log.warning("API keys changed", extra=about)

    def _log_fault(self) -> None:
        """Once, for as long as it stays the same."""
        fault = self._file.fault
        if fault == self._logged_fault:
            return
        self._logged_fault = fault
        if fault:
            about = {"file": str(self._file.path), "reason": fault}
            log.error("the file of API keys cannot be used; the keys from before stay", extra=about)
        else:
            log.warning("the file of API keys can be used again", extra={"file": str(self._file.path)})
