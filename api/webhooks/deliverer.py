"""Tells who wants to know what has ended: from the ledger, at least once, with longer and longer pauses for a day.

Every API process has one. Each takes what is due for a while, so that what one had when it died another takes again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from datetime import UTC, datetime

import httpcore

from api.app_version import package_version
from api.config import ApiSettings
from api.job_store import JobStore
from api.problems import Problem
from api.webhooks.message import WebhookMessage, headers, of_batch, of_extraction
from api.webhooks.public_network import NO_TLS, Forbidden, PublicNetwork
from workers.ledger.batches import is_batch_id
from workers.ledger.hooks import Delivery

log = logging.getLogger("extractor.api")
_EVERY_S = 1.0
_AT_ONCE, _AT_ONCE_OF_TENANT = 32, 4
_LEDGER_S = 10.0  # that asking the ledger before and after may take; else it is told twice
_LONGEST_PAUSE_S = 3600.0
_FOR_S = 86_400.0


class WebhookDeliverer:
    """`run` it as long as the service lives."""

    def __init__(self, settings: ApiSettings, store: JobStore) -> None:
        self._settings, self._store = settings, store
        self.network = PublicNetwork(settings.webhook_networks)
        self._active: Counter[str] = Counter()

    async def run(self) -> None:
        pool = httpcore.AsyncConnectionPool(
            network_backend=self.network, max_connections=_AT_ONCE, max_keepalive_connections=0
        )
        async with pool, asyncio.TaskGroup() as tasks:
            while True:
                for tenant, id in await self._due():
                    self._active[tenant] += 1
                    tasks.create_task(self._deliver(pool, tenant, id))
                await asyncio.sleep(_EVERY_S)

    async def _due(self) -> list[tuple[str, str]]:
        room = _AT_ONCE - self._active.total()
        if room < 1:
            return []
        busy = [tenant for tenant, count in self._active.items() if count >= _AT_ONCE_OF_TENANT]
        lease_s = self._settings.webhook_timeout_s + _LEDGER_S
        try:
            return await self._store.run(self._store.ledger.hooks.due(room, _AT_ONCE_OF_TENANT, lease_s, busy))
        except Problem:  # the store is away: what is due stays so
            return []
        except Exception as error:  # whatever it is, the next look may find what is due
            log.error("webhooks cannot be looked for", extra={"error": type(error).__name__})
            return []

    async def _deliver(self, pool: httpcore.AsyncConnectionPool, tenant: str, id: str) -> None:
        try:
            delivery = await self._store.run(self._store.ledger.hooks.get(tenant, id))
            if delivery is not None:
                await self._tell(pool, delivery)
        except Problem:
            pass  # the store is away: it is told again after the lease
        except Exception as error:  # a fault of ours costs this delivery, and no other
            log.error("webhook broke", extra={"job": id, "tenant": tenant, "error": type(error).__name__})
        finally:
            self._active[tenant] -= 1
            if not self._active[tenant]:
                del self._active[tenant]

    async def _tell(self, pool: httpcore.AsyncConnectionPool, delivery: Delivery) -> None:
        """And notes how that went. Raises Problem."""
        tenant, id, hooks = delivery.tenant, delivery.id, self._store.ledger.hooks
        try:
            message = await self._message(delivery)
            if message is None:
                return
            fault, pause_s = await self._post(pool, delivery, message)
        except Problem:
            raise
        except Exception as error:  # a fault of ours: tried again with pauses too, and not for ever
            log.error("webhook broke", extra={"job": id, "tenant": tenant, "error": type(error).__name__})
            fault, pause_s = "the service failed to send it", None
        if fault is None:
            await self._store.run(hooks.delivered(tenant, id))
        else:
            await self._store.run(hooks.failed(tenant, id, fault, self._pause(delivery, pause_s)))
        log.info("webhook", extra={"job": id, "tenant": tenant, "tries": delivery.tries + 1, "fault": fault})

    async def _message(self, delivery: Delivery) -> WebhookMessage | None:
        """None where it is gone."""
        if is_batch_id(delivery.id):
            batch = await self._store.run(self._store.ledger.batches.get(delivery.tenant, delivery.id))
            return of_batch(batch) if batch is not None else None
        job = await self._store.get(delivery.tenant, delivery.id)
        return of_extraction(job, result=delivery.result) if job is not None else None

    async def _post(
        self, pool: httpcore.AsyncConnectionPool, delivery: Delivery, message: WebhookMessage
    ) -> tuple[str | None, float | None]:
        """What went wrong (None: nothing), and how long the receiver asks to be left alone."""
        about = {
            **headers(message, delivery.secrets, datetime.now(UTC)),
            "user-agent": f"extractor/{package_version()}",
            "content-length": str(len(message.body)),
            "accept": "*/*",
        }
        sent = [(name.encode(), value.encode()) for name, value in about.items()]
        try:
            host = httpcore.URL(delivery.url)
            sent.insert(0, (b"host", host.host + (b":%d" % host.port if host.port else b"")))
            async with asyncio.timeout(self._settings.webhook_timeout_s):
                if host.scheme != b"https":
                    await self._check_plain(host)
                async with pool.stream("POST", host, headers=sent, content=message.body) as response:
                    return _verdict(response.status), _retry_after(response)
        except TimeoutError:
            return f"no answer within {self._settings.webhook_timeout_s:g} s", None
        except Forbidden as error:
            return str(error), None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return f"{type(error).__name__}: {str(error)[:100]}" if str(error) else type(error).__name__, None
        except (httpcore.UnsupportedProtocol, ValueError, OSError) as error:
            return type(error).__name__, None

    async def _check_plain(self, url: httpcore.URL) -> None:
        """HTTP without TLS goes to networks that the operator has named, and to no other."""
        for address in await self.network.addresses(url.host.decode(), url.port or 80):
            if not self.network.is_allowed(address):
                raise Forbidden(NO_TLS)

    def _pause(self, delivery: Delivery, asked_s: float | None) -> float | None:
        """Until the next try, each time twice as long; None where a day is over."""
        pause_s = min(self._settings.webhook_retry_s * 2.0 ** min(delivery.tries, 20), _LONGEST_PAUSE_S)
        pause_s = max(pause_s * random.uniform(0.75, 1.0), min(asked_s or 0.0, _LONGEST_PAUSE_S))
        return None if delivery.failing_s + pause_s > _FOR_S else pause_s


def _verdict(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return f"{status}: redirects are not followed" if 300 <= status < 400 else f"answered {status}"


def _retry_after(response: httpcore.Response) -> float | None:
    value = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    return float(value) if value.isdigit() else None
