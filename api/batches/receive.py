"""An upload is received: read as it comes, within memory and in turn with others, and given up where it breaks and
nobody can go on with it. Knows no route."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect

from api.batches import batches
from api.batches.batch_upload import BatchUpload
from api.batches.upload_body import UploadBody
from api.ledger_errors import ledger_errors_as_problems
from api.problems import Problem
from api.services import Services
from api.submission.memory_budget import SMALL_BYTES, BodyReservation

_GIVE_UP_TRIES = 20
_GIVE_UP_EVERY_S = 3.0
_GZIP_STEP_BYTES = 4096  # which gzip unpacks to 4 MiB at most
_ANOTHER_UPLOAD = frozenset({"batch_closed", "idempotency_key_reused"})  # the batch belongs to it
_FINAL = frozenset({"batch_too_large", "body_too_large"})  # this upload will never be whole


async def receive(
    service: Services,
    tenant: str,
    key: str | None,
    default: dict[str, Any],
    body: UploadBody,
    ids: dict[str, str],
    **origin: str,
) -> BatchUpload:
    """The whole upload, into the ledger. Raises Problem; then what was received is cancelled where nobody can go on
    with it: without a key, or over a limit. The batch's id is put into `ids`; `origin`: by which request."""
    reservation = BodyReservation(service.body_memory, tenant)
    upload = _upload(service, tenant, key, default, body.gzip, reservation, origin)
    try:
        with ledger_errors_as_problems():
            await _read(service, body, upload, reservation)
    except Problem as problem:
        if upload.batch_id is not None:
            problem.extra["batch"] = upload.batch_id
        if problem.code not in _ANOTHER_UPLOAD and (not key or problem.code in _FINAL) and not upload.replayed:
            await _give_up_after(service, tenant, upload, problem)
        raise
    except ClientDisconnect:
        if not key:
            await _give_up(service, tenant, upload)
        raise
    except asyncio.CancelledError:  # the key is no longer known; whoever cancels a request does not wait
        if not key:
            service.store.run_in_background(_give_up(service, tenant, upload))
        raise
    finally:
        reservation.release()
        if upload.batch_id is not None:
            ids["batch"] = upload.batch_id
    return upload


def _upload(
    service: Services,
    tenant: str,
    key: str | None,
    default: dict[str, Any],
    gzip: bool,
    reservation: BodyReservation,
    origin: dict[str, str],
) -> BatchUpload:
    async def check_schema(json_schema: dict[str, Any]) -> None:
        reservation.end_work()  # others' turn: it may take a while, and costs no memory
        await service.schema_checker.require(tenant, json_schema)
        await reservation.start_work(service.body_memory.upload_lock)

    return BatchUpload(
        tenant, key, default, gzip=gzip, ledger=service.store.ledger,
        publish=partial(service.store.publish_bulk, tenant), in_thread=service.threads.upload,
        schemas=service.schemas, settings=service.settings, check_schema=check_schema, origin=origin,
    )  # fmt: skip


async def _read(service: Services, body: UploadBody, upload: BatchUpload, reservation: BodyReservation) -> None:
    async for chunk in body.chunks:
        step = _GZIP_STEP_BYTES if upload.packed else max(1, len(chunk))
        for at in range(0, len(chunk), step):
            await reservation.start_work(service.body_memory.upload_lock)
            await upload.feed(chunk[at : at + step])
            reservation.end_work()
            if upload.unfinished <= SMALL_BYTES:
                reservation.release()
            else:  # a line that is long by now may be as long as a body
                await reservation.reserve(service.body_memory.max_body_bytes)
    await upload.end()


async def _give_up_after(service: Services, tenant: str, upload: BatchUpload, problem: Problem) -> None:
    if problem.code == "store_unavailable":  # the answer does not wait for the store to come back
        service.store.run_in_background(_give_up(service, tenant, upload))
    else:
        await _give_up(service, tenant, upload)


async def _give_up(service: Services, tenant: str, upload: BatchUpload) -> None:
    """Cancels the batch, again and again for a while where the store is away; after that its documents run, and it
    expires."""
    if upload.batch_id is None:
        return
    for _ in range(_GIVE_UP_TRIES):
        try:
            await batches.stop(service, tenant, upload.batch_id, "cancel", "upload_broken")
        except Problem as problem:
            if problem.code != "store_unavailable":
                return
            await asyncio.sleep(_GIVE_UP_EVERY_S)
        else:
            return
