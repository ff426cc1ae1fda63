"""What is asked of a batch: its state, its results and errors, that it stops. Receiving one is receive.py. Knows the
ledger's batches; knows no route."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Literal

from api import serializers
from api.problems import Problem
from api.services import Services
from api.submission.validation import invalid, unknown_schema
from schemas import UnknownSchema
from workers.ledger.batches import BatchRecord, Order, is_batch_id

_SWEEP_S = 5.0  # what is not stopped or erased by then a worker's reconciler does


async def check_default(service: Services, tenant: str, fields: dict[str, Any]) -> None:
    """The schema of lines that name none: a mistake in it ends the upload before its first line. Raises Problem."""
    if len(fields) > 1:
        raise invalid([("/json_schema", "give either schema or json_schema, not both")])
    try:
        if "schema" in fields:
            service.schemas.get(fields["schema"])
        elif "json_schema" in fields:
            await service.schema_checker.require(tenant, fields["json_schema"])
    except UnknownSchema as error:
        raise unknown_schema(error, fields["schema"], service.schemas) from None


async def get(service: Services, tenant: str, batch_id: str) -> BatchRecord:
    """Raises Problem 404."""
    store = service.store
    batch = await store.run(store.ledger.batches.get(tenant, batch_id))
    if batch is None:
        raise unknown()
    return batch


async def page(service: Services, tenant: str, cursor: str | None, limit: int) -> dict[str, Any]:
    if cursor and not is_batch_id(cursor):
        detail = "Give next_cursor of a page as it was"
        raise Problem("invalid_cursor", detail, errors=[("/query/cursor", detail)])
    store = service.store
    ids = await store.run(store.ledger.batches.ids(tenant, cursor, limit + 1))
    found = [await store.run(store.ledger.batches.get(tenant, batch_id)) for batch_id in ids[:limit]]
    data = [serializers.batch(batch) for batch in found if batch is not None]
    return {"data": data, "next_cursor": ids[limit - 1] if len(ids) > limit else None}


async def results(
    service: Services, tenant: str, batch_id: str, order: Order, after: int, limit: int | None
) -> AsyncIterator[bytes]:
    """JSONL, a page at a time; empty pages too. Raises Problem 404 in place of an end where the batch was erased
    meanwhile: what has been given is not all of it."""
    store, place, left = service.store, after, limit or sys.maxsize
    while True:
        found = await store.run(store.ledger.batches.results(tenant, batch_id, order, place))
        jobs = found.jobs[:left]
        yield await service.threads.answer(partial(serializers.result_lines, jobs))
        left -= len(jobs)
        if found.after is None or not left:
            await get(service, tenant, batch_id)
            return
        place = found.after


async def errors(service: Services, tenant: str, batch_id: str, after: int, limit: int | None) -> AsyncIterator[bytes]:
    """Likewise."""
    store, left = service.store, limit or sys.maxsize
    while True:
        found = (await store.run(store.ledger.batches.errors(tenant, batch_id, after)))[:left]
        yield b"".join(error + b"\n" for _, error in found)
        left -= len(found)
        if not found or not left:
            await get(service, tenant, batch_id)
            return
        after = found[-1][0]


async def stop(service: Services, tenant: str, batch_id: str, how: Literal["cancel", "erase"], reason: str) -> None:
    """None of its documents is started any more. Raises Problem 404, 409."""
    store, batches = service.store, service.store.ledger.batches
    outcome = await store.run(batches.end(tenant, batch_id, how, reason))
    if outcome is None:
        raise unknown()
    if outcome == "finished":
        raise Problem("already_finished", "All documents of the batch have ended already")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SWEEP_S
    while loop.time() < deadline and await store.run(batches.sweep(tenant, batch_id)):
        pass


def unknown() -> Problem:
    return Problem("batch_not_found", "No batch has this id", errors=[("/path/id", "unknown")])
