"""What a tenant says of its webhooks, checked. Knows the ledger's; knows no route and sends nothing."""

from __future__ import annotations

import orjson

from api.models.requests import webhook_url
from api.problems import Problem
from api.services import Services
from api.submission.validation import invalid


async def require_secret(service: Services, tenant: str, at: str) -> None:
    """A message is signed, so there has to be a secret. Raises Problem."""
    store = service.store
    if not (await store.run(store.ledger.hooks.show(tenant))).has_secret:
        detail = "Make a secret first, with POST /v1/webhook/secret: messages are signed with it"
        raise Problem("webhook_secret_missing", detail, errors=[(at, "there is no secret yet")])


async def of_batch(service: Services, tenant: str, url: str | None) -> str:
    """As the ledger keeps it; empty for none. Raises Problem."""
    if url is None:
        return ""
    try:
        webhook_url(url)
    except ValueError as error:
        raise invalid([("/query/webhook", str(error))]) from None
    await require_secret(service, tenant, "/query/webhook")
    return orjson.dumps({"url": url, "result": False}).decode()
