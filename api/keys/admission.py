"""Whom the API lets in by key, and for how long: a request ends when the key that let it in is no longer known, however
far it has come. Keys come from a file while the service runs (key_file.py), or from the environment once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.keys.key_file import KeyFile
from api.keys.keys import Entry, Keys
from api.observability.logs import place
from api.observability.metrics import Metrics
from api.problems import Problem, ResponseBroken

log = logging.getLogger("extractor.api")
_LOOK_EVERY_S = 0.25  # and what is found counts from the second look on


@dataclass(eq=False)
class Visit:
    """A request, for as long as it takes."""

    limit: asyncio.Timeout  # without an end, unless it is given one


@dataclass(eq=False)
class Admission:
    """`keyed`: nobody is let in without a key. That is decided once: a file that loses its keys opens nothing."""

    keys: Keys
    keyed: bool = field(init=False)
    _inside: dict[Visit, Entry] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.keyed = bool(self.keys)

    def enter(self, key: str, visit: Visit) -> Entry | None:
        """None: this key is not known."""
        found = self.keys.find(key)
        if found is not None:
            self._inside[visit] = found
        return found

    def leave(self, visit: Visit) -> None:
        self._inside.pop(visit, None)

    def replace(self, keys: Keys) -> int:
        """From now on these. Returns how many requests end by it, which they do in the loop's next turn."""
        self.keys = keys
        known = set(keys.entries)
        ended = [visit for visit, entry in self._inside.items() if entry not in known]
        for visit in ended:
            del self._inside[visit]
            visit.limit.reschedule(asyncio.get_running_loop().time())
        return len(ended)


class Visits:
    """ASGI: makes of each request a Visit in `scope["state"]`, and answers for one that is ended: by a problem, or by
    cutting what has begun."""

    def __init__(self, app: ASGIApp, *, admission: Admission) -> None:
        self.app = app
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        limit = asyncio.timeout(None)
        try:
            async with limit:
                visit = scope["state"]["visit"] = Visit(limit)
                try:
                    await self.app(scope, receive, send_on)
                finally:
                    self.admission.leave(visit)
        except TimeoutError:
            if not limit.expired():
                raise
            if begun:
                raise ResponseBroken("its key was revoked") from None
            # what is left of a body is not read, so the connection cannot carry another request
            problem = unauthorized("This API key has been revoked", {"Connection": "close"})
            await problem.response(scope["state"]["request_id"])(scope, receive, send)


def unauthorized(detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    realm = {"WWW-Authenticate": 'Bearer realm="extractor"'}
    return Problem("unauthorized", detail, headers={**realm, **(headers or {})})


class Following:
    """The file of keys, and what it says to whom, until `run` is cancelled."""

    def __init__(self, file: KeyFile, admission: Admission, metrics: Metrics) -> None:
        self._file = file
        self._admission = admission
        self._metrics = metrics
        self._told = ""

    async def run(self) -> None:
        """The file is looked at in a thread of its own, for its file system may hang."""
        thread = anyio.CapacityLimiter(1)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                keys = await anyio.to_thread.run_sync(self._file.look, abandon_on_cancel=True, limiter=thread)
            except Exception as error:  # whatever it is: who stops looking would never revoke a key again
                log.error("the file of API keys cannot be looked at", extra=place(error))
                continue
            if keys is not None:
                self._change(keys)
            self._tell_fault()
            self._metrics.keys(len(self._admission.keys.entries), stale=bool(self._file.fault))

    def _change(self, keys: Keys) -> None:
        before, now = set(self._admission.keys.entries), set(keys.entries)
        ended = self._admission.replace(keys)
        about = {"keys": len(now), "added": len(now - before), "revoked": len(before - now), "ended": ended}
        log.warning("API keys changed", extra=about)

    def _tell_fault(self) -> None:
        """Once, for as long as it stays the same."""
        fault = self._file.fault
        if fault == self._told:
            return
        self._told = fault
        if fault:
            about = {"file": str(self._file.path), "reason": fault}
            log.error("the file of API keys cannot be used; the keys from before stay", extra=about)
        else:
            log.warning("the file of API keys can be used again", extra={"file": str(self._file.path)})
