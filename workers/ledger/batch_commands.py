"""Every operation on batches as a `Call` (see scripts.py): which script, which arguments, how its answer is read. Knows
how lines are handed to the scripts; knows no connection."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import orjson

from workers.config import WorkerSettings
from workers.errors import BatchClosed, IdempotencyConflict
from workers.ledger.batches import Added, BatchRecord, DecidedLine, Opened, Order, Results, decode_batch, is_batch_id
from workers.ledger.jobs import decode_job, pairs
from workers.ledger.keyspace import ms, prefix
from workers.ledger.new_job import NewJob
from workers.ledger.quota import check_weight, quota_args, quota_exceeded
from workers.ledger.scripts import Arg, Call, script

PAGE_JOBS = 100
PAGE_BYTES = 1024 * 1024


class BatchCommands:
    """Under one set of settings. Each method touches nothing; an id that is none has the answer of an unknown one."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings

    def open(
        self,
        tenant: str,
        key: str | None,
        parameters: str,
        schema: str | None,
        request_id: str = "",
        trace: str = "",
        webhook: str = "",
    ) -> Call[Opened]:
        """`parameters`: those of the upload, so that others under the same key are noticed. Raises IdempotencyConflict,
        BatchClosed, QuotaExceeded."""
        s = self._settings

        def decode(reply: Sequence[bytes]) -> Opened:
            outcome, batch_id = reply[0].decode(), reply[1].decode()
            if outcome.startswith("quota"):
                raise quota_exceeded(outcome, batch_id, s)
            if outcome == "conflict":
                raise IdempotencyConflict(batch_id)
            if outcome == "cancelled":
                raise BatchClosed("cancelled", batch_id)
            return Opened(batch_id, int(reply[2]), int(reply[3]), reply[4].decode(), outcome == "received")

        digest = hashlib.sha256(f"batch\0{key}".encode()).hexdigest() if key else ""
        args = (
            secrets.token_hex(6), digest, hashlib.sha256(parameters.encode()).hexdigest(), ms(s.idempotency_ttl_s),
            ms(s.result_ttl_s), tenant, schema or "", request_id, trace, s.quota_kept_bytes, str(s.quota_share),
            webhook,
        )  # fmt: skip
        return Call(script("batch_open"), prefix(tenant), args, decode)

    def check(self, job: NewJob) -> None:
        """Raises OverQuota for a line that no quota would ever have room for."""
        check_weight(job, self._settings)

    def add(self, tenant: str, opened: Opened, lines: Iterable[DecidedLine]) -> Call[Added]:
        """Lines after those the batch has, in their order; all or none of them are in it afterwards, but for a quota.
        Raises BatchClosed."""
        s = self._settings

        def decode(reply: Sequence[bytes]) -> Added:
            outcome = reply[0].decode()
            if len(reply) == 1:
                raise BatchClosed(outcome, opened.batch_id)
            refused = quota_exceeded(outcome, reply[1].decode(), s) if outcome.startswith("quota") else None
            return Added(tuple(job_id.decode() for job_id in reply[3:]), int(reply[2]), refused)

        schemas: dict[str, bytes] = {}
        flat: list[Arg] = []
        for line in lines:
            flat += (line.number, line.digest)
            flat += _flat(line.content, schemas) if isinstance(line.content, NewJob) else ("error", line.content)
        args: list[Arg] = [
            opened.batch_id, opened.upload, *quota_args(s), ms(s.open_ttl_s), len(schemas),
            *(part for name_and_schema in schemas.items() for part in name_and_schema), *flat,
        ]  # fmt: skip
        return Call(script("batch_add"), prefix(tenant), tuple(args), decode)

    def seal(self, tenant: str, opened: Opened) -> Call[None]:
        """The upload is whole. Raises BatchClosed."""

        def decode(reply: bytes) -> None:
            if reply != b"received":
                raise BatchClosed(reply.decode(), opened.batch_id)

        return Call(script("batch_seal"), prefix(tenant), (opened.batch_id, opened.upload), decode)

    def get(self, tenant: str, batch_id: str) -> Call[BatchRecord | None]:
        if not is_batch_id(batch_id):
            return Call.answered(None)
        args = (batch_id, ms(self._settings.heartbeat_ttl_s))
        return Call(script("batch_get"), prefix(tenant), args, lambda reply: decode_batch(reply) if reply else None)

    def ids(self, tenant: str, cursor: str | None, limit: int) -> Call[list[str]]:
        """Newest first, after the cursor (an id)."""
        args = (cursor or "", limit)
        return Call(script("batch_list"), prefix(tenant), args, lambda reply: [batch_id.decode() for batch_id in reply])

    def results(self, tenant: str, batch_id: str, order: Order, after: int) -> Call[Results]:
        """A page; `after` is a line for the order `input` and a number of jobs for `finished`."""

        def decode(reply: Sequence[Any]) -> Results:
            jobs = tuple(decode_job(tenant, pairs(flat)) for flat in reply[1:])
            return Results(jobs, int(reply[0]) if reply[0] else None)

        args = (batch_id, order, after, PAGE_JOBS, PAGE_BYTES)
        return Call(script("batch_results"), prefix(tenant), args, decode)

    def errors(self, tenant: str, batch_id: str, after: int) -> Call[list[tuple[int, bytes]]]:
        """(line, what is wrong with it as JSON) after the line `after`, a page of them."""

        def decode(reply: Sequence[bytes]) -> list[tuple[int, bytes]]:
            return [(int(float(line)), error) for error, line in zip(reply[::2], reply[1::2], strict=True)]

        return Call(script("batch_errors"), prefix(tenant), (batch_id, after, 1000), decode)

    def end(self, tenant: str, batch_id: str, how: Literal["cancel", "erase"], reason: str) -> Call[str | None]:
        """From here on none of its jobs is started; None, `finished` (too late) or `ending`. `sweep` does the
        rest."""
        if not is_batch_id(batch_id):
            return Call.answered(None)
        args = (batch_id, how, reason)
        return Call(script("batch_end"), prefix(tenant), args, lambda reply: reply.decode() if reply else None)

    def sweep(self, tenant: str, batch_id: str | None) -> Call[bool]:
        """A slice of the work on a batch that ends (or of the first that is due): whether there may be more."""
        args = (batch_id or "", self._settings.reconcile_batch)
        return Call(script("batch_sweep"), prefix(tenant), args, bool)


def _flat(job: NewJob, schemas: dict[str, bytes]) -> list[Arg]:
    """As batch_add reads a job. Its JSON Schema is kept once for the batch, under its name."""
    if job.schema_ref not in schemas:
        schemas[job.schema_ref] = orjson.dumps(job.json_schema) if job.json_schema is not None else b""
    more = job.fields(shared_schema=True)
    head: list[Arg] = [
        "job",
        job.custom_id or "",
        job.schema_ref,
        len(job.document),
        job.stored,
        job.priority,
        job.weight(shared_schema=True),
        job.kept(),
        len(more),
    ]
    return [*head, *more]
