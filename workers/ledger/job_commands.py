"""Every operation on a job as a `Call` (see scripts.py): which script, which arguments, how its answer is read. Knows
no connection and no thread."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from schemas.jsontext import written
from workers.config import WorkerSettings, weights
from workers.errors import IdempotencyConflict
from workers.ledger.jobs import Claim, Created, Job, JobPage, Renewal, decode_claim, decode_job, moment, pairs
from workers.ledger.keyspace import is_job_id, ms, prefix
from workers.ledger.new_job import NewJob, Priority
from workers.ledger.progress import ReadingProgress
from workers.ledger.quota import check_weight, quota_args, quota_exceeded
from workers.ledger.scripts import Arg, Call, script
from workers.ledger.wait_reason import Behind

ALONE = "alone"
_COUNTS = ("accepted", "queued", "running", "succeeded", "failed", "cancelled", "bytes", "kept")
_LIST_READS = 2_000  # the most hashes one page may read


class JobCommands:
    """Under one set of settings. Each method checks its input and touches nothing. An id that is malformed, unknown or
    another tenant's has the answer None (or False): nobody can tell which."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._result_ttl = ms(settings.result_ttl_s)
        self._lease = ms(settings.lease_s)
        self._grace = ms(settings.republish_after_s)
        self._silent = ms(settings.heartbeat_ttl_s)
        self._weights = tuple(part for one in weights(settings.tenant_weights) for part in one)

    # ---- callers ----

    def create(
        self, tenant: str, job: NewJob, idempotency_key: str | None = None, request_hash: str | None = None
    ) -> Call[Created]:
        """Job and document are kept from here on. Publish afterwards; if that fails the reconciler does it. Raises
        OverQuota here, IdempotencyConflict and QuotaExceeded with the answer."""
        s = self._settings
        check_weight(job, s)

        def decode(reply: Sequence[bytes]) -> Created:
            outcome, detail = reply[0].decode(), reply[1].decode()
            if outcome == "conflict":
                raise IdempotencyConflict(detail)
            if outcome.startswith("quota"):
                raise quota_exceeded(outcome, detail, s)
            return Created(detail, outcome == "existing", moment(reply[2]) if len(reply) > 2 else None)

        key = hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else ""
        digest = hashlib.sha256((request_hash or "").encode()).hexdigest()
        args = (
            secrets.token_hex(10), job.stored, len(job.document), key, digest, ms(s.idempotency_ttl_s), *quota_args(s),
            ms(s.open_ttl_s), tenant, job.schema_ref, job.batch or "", job.priority, job.weight(),
            job.kept(), *job.fields(),
        )  # fmt: skip
        return Call(script("create"), prefix(tenant), args, decode)

    def get(self, tenant: str, job_id: str) -> Call[Job | None]:
        def decode(reply: Sequence[bytes]) -> Job | None:
            return decode_job(tenant, pairs(reply)) if reply else None

        if not is_job_id(job_id):
            return Call.answered(None)
        return Call(script("get"), prefix(tenant), (job_id, self._silent), decode)

    def list(
        self,
        tenant: str,
        *,
        status: str | None = None,
        schema: str | None = None,
        batch: str | None = None,
        review: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Call[JobPage]:
        """`review`: `open` (something is marked or did not stand, and nobody has looked) or `done`."""

        def decode(reply: Sequence[Any]) -> JobPage:
            return JobPage([decode_job(tenant, pairs(flat)) for flat in reply[1:]], reply[0].decode() or None)

        after = cursor if cursor and is_job_id(cursor) else ""
        reads, filters = max(_LIST_READS, limit + 1), (status or "", schema or "", batch or "")
        args = (after, limit, reads, *filters, self._silent, review or "")
        return Call(script("list"), prefix(tenant), args, decode)

    def cancel(self, tenant: str, job_id: str, reason: str = "requested") -> Call[str | None]:
        """The status the job has now: `cancelled` at once when it was queued; `running` until its worker stops."""
        if not is_job_id(job_id):
            return Call.answered(None)
        return Call(script("cancel"), prefix(tenant), (job_id, self._result_ttl, reason), _text)

    def delete(self, tenant: str, job_id: str) -> Call[bool]:
        """Erases job, document and result, also while it runs."""
        if not is_job_id(job_id):
            return Call.answered(False)
        return Call(script("delete"), prefix(tenant), (job_id,), bool)

    def review(self, tenant: str, job_id: str, found: dict[str, Any]) -> Call[str | None]:
        """Keeps what a person found of an extraction that has ended, in the place of what was kept before: `kept`, or
        the status of one that has not ended. Raises QuotaExceeded with the answer."""

        def decode(reply: Sequence[bytes] | None) -> str | None:
            if reply is None:
                return None
            outcome = reply[0].decode()
            if outcome.startswith("quota"):
                raise quota_exceeded(outcome, reply[1].decode(), self._settings)
            return outcome

        if not is_job_id(job_id):
            return Call.answered(None)
        args = (job_id, written(found), *quota_args(self._settings)[:4])
        return Call(script("review"), prefix(tenant), args, decode)

    def counts(self, tenant: str) -> Call[dict[str, int]]:
        """accepted = succeeded + failed + cancelled (ever) + queued + running (now); and what is held, as quotas
        count: `bytes` until its documents end, `kept` until it is erased."""

        def decode(reply: Sequence[bytes]) -> dict[str, int]:
            held = pairs(reply)
            return {name: int(held.get(name, 0)) for name in _COUNTS}

        return Call(script("counts"), prefix(tenant), (), decode)

    # ---- a worker ----

    def turn(self, tenant: str, priority: Priority) -> Call[tuple[str, str] | None]:
        """Whose turn it is, when a message of this priority has been taken: the tenant and the job, to be claimed now.
        None: there is nothing to do. `tenant` is the message's; the job may be anybody's."""

        def decode(reply: Sequence[bytes] | None) -> tuple[str, str] | None:
            return (reply[0].decode(), reply[1].decode()) if reply else None

        return Call(script("turn"), prefix(tenant), (priority, self._grace, *self._weights), decode)

    def claim(
        self, tenant: str, job_id: str, worker: str, *, alone: bool = False, pictures: bool = True
    ) -> Call[Claim | str | None]:
        """A lease and a counted attempt, or None when there is nothing to claim, or ALONE when this is the job's last
        attempt after others died: call again with `alone=True` once nothing else runs in this process. Without
        `pictures` a document that is known to be pictures is put off."""

        def decode(reply: Any) -> Claim | str | None:
            if reply is None or isinstance(reply, bytes):
                return _text(reply)
            return decode_claim(tenant, pairs(reply[0]), reply[1] or b"", reply[2] or b"")

        if not is_job_id(job_id):
            return Call.answered(None)
        s = self._settings
        share = str(s.quota_share)
        args = (job_id, worker, self._lease, s.max_attempts, int(alone), share, self._grace, int(not pictures))
        return Call(script("claim"), prefix(tenant), args, decode)

    def renew(self, tenant: str, job_id: str, attempt: int) -> Call[Renewal]:
        def decode(reply: bytes) -> Renewal:
            return Renewal(reply != b"lost", reply == b"cancel")

        return Call(script("renew"), prefix(tenant), (job_id, attempt, self._lease), decode)

    def keep_read(
        self, tenant: str, job_id: str, attempt: int, read: bytes, *, requeue: bool = False
    ) -> Call[str | None]:
        """Keeps what was read of a document in its place, whatever is full. With `requeue` the job goes back to the
        queue, and the attempt is not counted against it. The status it has now: `running`, `queued` (publish it) or
        `cancelled`; None when the job is not this attempt's."""
        args = (job_id, attempt, read, int(requeue), self._result_ttl)
        return Call(script("read"), prefix(tenant), args, _text)

    def park(self, tenant: str, job_id: str, attempt: int, *, parked: bool) -> Call[bool]:
        """The job only waits in this worker, or no longer does: while it does, the death of the worker does not count
        against it. False when it is not this attempt's."""
        return Call(script("park"), prefix(tenant), (job_id, attempt, int(parked)), bool)

    def progress(self, tenant: str, job_id: str, attempt: int, progress: ReadingProgress) -> Call[bool]:
        """How far its reading is, until this attempt ends. False when it is not this attempt's."""
        return Call(script("progress"), prefix(tenant), (job_id, attempt, progress.written()), bool)

    def succeed(
        self, tenant: str, job_id: str, attempt: int, result: dict[str, Any] | bytes, *, marked: bool = False
    ) -> Call[bool]:
        """`result` may be JSON already; `marked`: something of it is to be looked at. False when the attempt is no
        longer the job's: the result is dropped."""
        return self._finish(tenant, job_id, attempt, "succeeded", {"result": result} | _marked(marked))

    def fail(self, tenant: str, job_id: str, attempt: int, error: dict[str, Any]) -> Call[bool]:
        """One that has some of an answer all the same is to be looked at."""
        fields = {"error": error, "reason": str(error["code"])} | _marked(bool(error.get("data")))
        return self._finish(tenant, job_id, attempt, "failed", fields)

    def cancelled(self, tenant: str, job_id: str, attempt: int, reason: str = "requested") -> Call[bool]:
        """The worker has stopped a running job that was to be cancelled."""
        return self._finish(tenant, job_id, attempt, "cancelled", {"reason": reason})

    def _finish(self, tenant: str, job_id: str, attempt: int, status: str, fields: dict[str, Any]) -> Call[bool]:
        flat: tuple[Arg, ...] = tuple(
            part
            for name, value in fields.items()
            for part in (name, value if isinstance(value, str | bytes) else written(value))
        )
        return Call(script("finish"), prefix(tenant), (job_id, attempt, status, self._result_ttl, *flat), bool)

    def release(
        self,
        tenant: str,
        job_id: str,
        attempt: int,
        *,
        detail: str,
        delay_s: float = 0.0,
        counts: bool = True,
        behind: Behind | None = None,
    ) -> Call[str | None]:
        """Gives a running job back: `queued` (publish it when there is no delay; the reconciler does it otherwise),
        `failed` as poison when that was the last attempt, `cancelled` when that was asked; None when not ours.
        `counts=False`: the job is not to blame, and the attempt is not counted against it. `behind`: its document is
        pictures, or to be read in windows, and waits behind others that are; of pictures it is still the file itself
        that is kept, and it is known from now on what that is."""
        args = (
            job_id, attempt, round(delay_s * 1000), int(not counts), self._settings.max_attempts, detail,
            self._result_ttl, behind or "",
        )  # fmt: skip
        return Call(script("release"), prefix(tenant), args, _text)


def _marked(marked: bool) -> dict[str, str]:
    return {"marked": "1"} if marked else {}


def _text(reply: bytes | None) -> str | None:
    return None if reply is None else reply.decode()
