"""Webhooks in the ledger, as `Call`s: whom to tell that something has ended, and until when it is tried. Knows no
HTTP."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from workers.ledger.keyspace import ROOT, is_job_id, ms, prefix
from workers.ledger.scripts import Call, script

_SECRET_BYTES = 24  # of the 24 to 64 that Standard Webhooks asks for


@dataclass(frozen=True)
class Webhook:
    """A tenant's own, without its secrets. `waiting` and `undelivered` count what has ended and was not told yet, and
    what is told of no more."""

    url: str | None
    result: bool
    has_secret: bool
    old_secret_until: datetime | None
    waiting: int
    undelivered: int


@dataclass(frozen=True)
class Delivery:
    """Whom to tell that `id` has ended. Every one of `secrets` signs. `tries` that failed, the first of them so many
    seconds ago."""

    tenant: str
    id: str
    url: str
    result: bool
    secrets: tuple[str, ...] = field(repr=False)
    tries: int
    failing_s: float


@dataclass(frozen=True)
class Undelivered:
    id: str
    since: datetime
    tries: int
    fault: str


class HookCommands:
    def due(
        self, most: int, most_of_tenant: int, lease_s: float, without: Iterable[str] = ()
    ) -> Call[list[tuple[str, str]]]:
        """(tenant, id) of what has ended and is to be told now, tenants in turn; each comes again after the lease."""

        def decode(reply: Sequence[bytes]) -> list[tuple[str, str]]:
            names = [part.decode() for part in reply]
            return list(zip(names[::2], names[1::2], strict=True))

        return Call(script("hooks_due"), ROOT, (most, most_of_tenant, ms(lease_s), *without), decode)

    def get(self, tenant: str, id: str) -> Call[Delivery | None]:
        """None where nobody is to be told (any more)."""

        def decode(reply: Sequence[bytes] | None) -> Delivery | None:
            if reply is None:
                return None
            url, result, secret, before, tries, failing_ms = (part.decode() for part in reply)
            keys = tuple(one for one in (secret, before) if one)
            return Delivery(tenant, id, url, result == "1", keys, int(tries), int(failing_ms) / 1000)

        return Call(script("hook_get"), prefix(tenant), (id,), decode)

    def delivered(self, tenant: str, id: str) -> Call[None]:
        return Call(script("hook_done"), prefix(tenant), (id, "", ""), _nothing)

    def failed(self, tenant: str, id: str, fault: str, again_s: float | None) -> Call[None]:
        """`again_s`: None where it is given up, and listed as undelivered."""
        return Call(script("hook_done"), prefix(tenant), (id, fault, "" if again_s is None else ms(again_s)), _nothing)

    def set(self, tenant: str, url: str | None, *, result: bool = False) -> Call[bool]:
        """False where the tenant has no secret yet: then nothing was set."""
        return Call(script("hook_set"), prefix(tenant), (url or "", "1" if result else "", tenant), bool)

    def new_secret(self, tenant: str, old_holds_s: float) -> tuple[str, Call[bool]]:
        """A secret, and the call that makes it the tenant's; the one it takes the place of signs too for so long."""
        secret = f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
        return secret, Call(script("hook_secret"), prefix(tenant), (secret, ms(old_holds_s)), bool)

    def show(self, tenant: str) -> Call[Webhook]:
        def decode(reply: Sequence[bytes]) -> Webhook:
            url, result, secret, until = (part.decode() for part in reply[:4])
            return Webhook(url or None, result == "1", secret == "1", _moment(until), int(reply[4]), int(reply[5]))

        return Call(script("hook_show"), prefix(tenant), (), decode)

    def undelivered(self, tenant: str, most: int) -> Call[list[Undelivered]]:
        def decode(reply: Sequence[bytes]) -> list[Undelivered]:
            parts = [part.decode() for part in reply]
            found = zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True)
            return [Undelivered(id, _at(since), int(tries), fault) for id, since, tries, fault in found]

        return Call(script("hook_undelivered"), prefix(tenant), (most,), decode)

    def again(self, tenant: str, id: str) -> Call[bool]:
        """False where it is none that was given up."""
        if not is_job_id(id):
            return Call.answered(False)
        return Call(script("hook_again"), prefix(tenant), (id,), bool)


def _nothing(_: object) -> None:
    return None


def _moment(ms_text: str) -> datetime | None:
    return _at(ms_text) if ms_text else None


def _at(ms_text: str) -> datetime:
    return datetime.fromtimestamp(int(float(ms_text)) / 1000, UTC)
