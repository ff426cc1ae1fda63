"""What a tenant says of its webhooks, checked. Knows the ledger's; knows no route and sends nothing."""

from __future__ import annotations

import orjson

from api.models.requests import webhook_url
from api.problems import Problem
from api.services import Services
from api.submission.validation import invalid
from api.webhooks.public_network import PublicNetwork


async def require_usable(service: Services, tenant: str, url: str, at: str) -> None:
    """An address that is never called is refused before a day of tries. A message is signed, so there has to be a
    secret. Raises Problem, with the pointer `at` of what names the address."""
    if why := PublicNetwork(service.settings.webhook_networks).never_reached(url):
        raise invalid([(at, why)])
    store = service.store
    if not (await store.run(store.ledger.hooks.show(tenant))).has_secret:
        detail = "Make a secret first, with POST /v1/webhook/secret: messages are signed with it"
        raise Problem("webhook_secret_missing", detail, errors=[(at.removesuffix("/url"), "there is no secret yet")])


async def of_batch(service: Services, tenant: str, url: str | None) -> str:
    """As the ledger keeps it; empty for none. Raises Problem."""
    if url is None:
        return ""
    try:
        webhook_url(url)
    except ValueError as error:
        raise invalid([("/query/webhook", str(error))]) from None
    await require_usable(service, tenant, url, "/query/webhook")
    return orjson.dumps({"url": url, "result": False}).decode()
