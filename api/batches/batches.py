"""What happens to a batch: it is received, read while it runs, stopped. Knows the ledger's batches and how an upload is
taken in; knows no route."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Literal

from starlette.requests import ClientDisconnect

from api import view
from api.batches.batch_upload import Ingest
from api.batches.stream import Upload
from api.keys.access import Services
from api.problems import Problem
from api.store import as_problems
from api.submission import submission
from api.submission.room import SMALL_BYTES, Held
from schemas import UnknownSchema
from workers.ledger.batches import Batch, Order, is_batch_id

_SWEEP_S = 5.0  # what is not stopped or erased by then a worker's reconciler does
_GIVE_UP_TRIES = 20
_GIVE_UP_EVERY_S = 3.0
_PACKED_STEP = 4096  # which gzip unpacks to 4 MiB at most
_KEPT = frozenset({"batch_closed", "idempotency_key_reused"})  # the batch is another upload's
_FINAL = frozenset({"batch_too_large", "body_too_large"})  # this upload will never be whole


async def receive(
    service: Services,
    tenant: str,
    key: str | None,
    default: dict[str, Any],
    upload: Upload,
    ids: dict[str, str],
    **came: str,
) -> Ingest:
    """The whole upload, into the ledger. Raises Problem; then what was received is cancelled where nobody can go on
    with it: without a key, or over a limit. `ids` is told the batch's id; `came`: by which request."""
    store, held = service.store, Held(service.rooms, tenant)

    async def judge(json_schema: dict[str, Any]) -> None:
        held.rest()  # others' turn: it may take a while, and costs no memory
        await service.judge.require(tenant, json_schema)
        await held.work(service.rooms.uploads)

    ingest = Ingest(
        tenant, key, default, gzip=upload.gzip, ledger=store.ledger, publish=partial(store.publish_bulk, tenant),
        in_thread=service.offload.upload, schemas=service.schemas, settings=service.settings,
        judge=judge, came=came,
    )  # fmt: skip
    try:
        with as_problems():
            async for chunk in upload.chunks:
                step = _PACKED_STEP if ingest.packed else max(1, len(chunk))
                for at in range(0, len(chunk), step):
                    await _feed(service, ingest, chunk[at : at + step], held)
            await ingest.end()
    except Problem as problem:
        if ingest.batch_id is not None:
            problem.extra["batch"] = ingest.batch_id
        if problem.code not in _KEPT and (not key or problem.code in _FINAL) and not ingest.replayed:
            giving_up = _give_up(service, tenant, ingest)
            if problem.code == "store_unavailable":  # the answer does not wait for the store to come back
                store.later(giving_up)
            else:
                await giving_up
        raise
    except ClientDisconnect:
        if not key:
            await _give_up(service, tenant, ingest)
        raise
    except asyncio.CancelledError:  # the key is no longer known; whoever cancels a request does not wait
        if not key:
            store.later(_give_up(service, tenant, ingest))
        raise
    finally:
        held.release()
        if ingest.batch_id is not None:
            ids["batch"] = ingest.batch_id
    return ingest


async def _feed(service: Services, ingest: Ingest, piece: bytes, held: Held) -> None:
    """A line that is long by now may be as long as a body."""
    await held.work(service.rooms.uploads)
    await ingest.feed(piece)
    held.rest()
    if ingest.unfinished <= SMALL_BYTES:
        held.release()
    else:
        await held.cover(service.rooms.largest)


async def _give_up(service: Services, tenant: str, ingest: Ingest) -> None:
    """For a while again and again, where the store is away; after that the batch's documents run, and it expires."""
    if ingest.batch_id is None:
        return
    for _ in range(_GIVE_UP_TRIES):
        try:
            await stop(service, tenant, ingest.batch_id, "cancel", "upload_broken")
        except Problem as problem:
            if problem.code != "store_unavailable":
                return
            await asyncio.sleep(_GIVE_UP_EVERY_S)
        else:
            return


async def check_default(service: Services, tenant: str, fields: dict[str, Any]) -> None:
    """The schema of lines that name none: a mistake in it ends the upload before its first line. Raises Problem."""
    if len(fields) > 1:
        raise submission.invalid([("/json_schema", "give either schema or json_schema, not both")])
    try:
        if "schema" in fields:
            service.schemas.get(fields["schema"])
        elif "json_schema" in fields:
            await service.judge.require(tenant, fields["json_schema"])
    except UnknownSchema as error:
        raise submission.unknown_schema(error, fields["schema"], service.schemas) from None


async def get(service: Services, tenant: str, batch_id: str) -> Batch:
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
    data = [view.batch(batch) for batch in found if batch is not None]
    return {"data": data, "next_cursor": ids[limit - 1] if len(ids) > limit else None}


async def results(
    service: Services, tenant: str, batch_id: str, order: Order, after: int, limit: int | None
) -> AsyncIterator[bytes]:
    """JSONL, a page at a time; empty pages too."""
    store, place, left = service.store, after, limit or sys.maxsize
    while True:
        found = await store.run(store.ledger.batches.results(tenant, batch_id, order, place))
        jobs = found.jobs[:left]
        yield await service.offload.answer(partial(view.result_lines, jobs))
        left -= len(jobs)
        if found.after is None or not left:
            return
        place = found.after


async def errors(service: Services, tenant: str, batch_id: str, after: int, limit: int | None) -> AsyncIterator[bytes]:
    store, left = service.store, limit or sys.maxsize
    while True:
        found = (await store.run(store.ledger.batches.errors(tenant, batch_id, after)))[:left]
        yield b"".join(said + b"\n" for _, said in found)
        left -= len(found)
        if not found or not left:
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
