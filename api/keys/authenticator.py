"""Who is let in by key, and for how long: a request ends when its key is revoked, however far it has come. Keys come
from a file while the service runs (key_file.py), or from the environment once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from api.keys.keys import ApiKeys, Entry


@dataclass(eq=False)
class AuthenticatedRequest:
    """For as long as the request takes. `timeout` has no end, unless it is given one."""

    timeout: asyncio.Timeout


@dataclass(eq=False)
class Authenticator:
    """`keys_required`: nobody is let in without a key. That is decided once: a file that loses its keys opens
    nothing."""

    keys: ApiKeys
    keys_required: bool = field(init=False)
    _running: dict[AuthenticatedRequest, Entry] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.keys_required = bool(self.keys)

    def begin(self, key: str, request: AuthenticatedRequest) -> Entry | None:
        """None: this key is not known."""
        entry = self.keys.find(key)
        if entry is not None:
            self._running[request] = entry
        return entry

    def end(self, request: AuthenticatedRequest) -> None:
        self._running.pop(request, None)

    def replace(self, keys: ApiKeys) -> int:
        """Let in by these from now on. Returns how many requests end by it, which they do in the loop's next turn."""
        self.keys = keys
        valid = set(keys.entries)
        revoked = [request for request, entry in self._running.items() if entry not in valid]
        for request in revoked:
            del self._running[request]
            request.timeout.reschedule(asyncio.get_running_loop().time())
        return len(revoked)
