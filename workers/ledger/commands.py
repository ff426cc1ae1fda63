"""Every operation of the ledger as a `Call`: which script, which arguments, how its answer is read. One home for what
the sync and the async ledger have in common, which is all but the waiting. Knows no connection and no thread."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from workers.config import WorkerSettings
from workers.errors import IdempotencyConflict, OverQuota, QuotaExceeded
from workers.ledger.jobs import (
    PRIORITIES,
    STATUSES,
    Claim,
    Created,
    Depth,
    Job,
    NewJob,
    Page,
    Priority,
    Renewal,
    Rewrite,
    Survey,
    Token,
    WorkerInfo,
    decode_claim,
    decode_job,
    moment,
    pairs,
)
from workers.ledger.scripts import Arg, Call, script

ROOT = "extractor:"
ALONE = "alone"
_TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_LIST_READS = 2_000  # the most hashes one page may read
_STALE_LOOKS = 10  # asking after a message costs a tenth of what a transition does


def prefix(tenant: str) -> str:
    """All keys of a tenant begin with this. Raises ValueError for a name that could reach into another's keys."""
    if not _TENANT.fullmatch(tenant):
        raise ValueError("a tenant's name has 1 to 64 letters, digits, dots, dashes and underscores")
    return f"{ROOT}{{{tenant}}}:"


def is_job_id(text: str) -> bool:
    return _JOB_ID.fullmatch(text) is not None


def ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def over_quota(outcome: str, figures: str, settings: WorkerSettings) -> QuotaExceeded:
    """What a script says of a quota: which one, and the figures that belong to it (lua/shared/quota.lua; of the rate
    the ms to wait)."""
    current, *rest = (int(figure) for figure in figures.split())
    match outcome:
        case "quota_jobs":
            return QuotaExceeded("quota_jobs", settings.quota_jobs, current)
        case "quota_bytes":
            return QuotaExceeded("quota_bytes", settings.quota_bytes, current)
        case "quota_kept_bytes":
            return QuotaExceeded("quota_kept_bytes", settings.quota_kept_bytes, current)
        case "quota_share":
            return QuotaExceeded("quota_share", rest[0], current)
        case _:
            return QuotaExceeded("quota_rate_per_minute", settings.quota_rate_per_minute, 0, current / 1000)


def quotas(settings: WorkerSettings) -> tuple[Arg, ...]:
    """As the scripts that create take them."""
    s = settings
    return s.quota_jobs, s.quota_bytes, s.quota_kept_bytes, str(s.quota_share), s.quota_rate_per_minute


def check_weight(job: NewJob, settings: WorkerSettings) -> None:
    """Raises OverQuota for what would have no room even if there were nothing else: waiting would not help it."""
    if job.weight() > settings.quota_bytes:
        raise OverQuota("quota_bytes", job.weight(), settings.quota_bytes)
    if job.kept() > settings.quota_kept_bytes:
        raise OverQuota("quota_kept_bytes", job.kept(), settings.quota_kept_bytes)


class Calls:
    """The operations under one set of settings. Each method checks its input and touches nothing."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._result_ttl = ms(settings.result_ttl_s)
        self._lease = ms(settings.lease_s)
        self._grace = ms(settings.republish_after_s)
        self._silent = ms(settings.heartbeat_ttl_s)

    # ---- callers ----

    def create(self, tenant: str, job: NewJob, idempotency_key: str | None, request_hash: str | None) -> Call[Created]:
        """Raises OverQuota here, IdempotencyConflict and QuotaExceeded with the answer."""
        s = self._settings
        check_weight(job, s)

        def decode(reply: Sequence[bytes]) -> Created:
            outcome, said = reply[0].decode(), reply[1].decode()
            if outcome == "conflict":
                raise IdempotencyConflict(said)
            if outcome.startswith("quota"):
                raise over_quota(outcome, said, s)
            return Created(said, outcome == "existing", moment(reply[2]) if len(reply) > 2 else None)

        key = hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else ""
        digest = hashlib.sha256((request_hash or "").encode()).hexdigest()
        return Call(
            script("create"),
            prefix(tenant),
            (
                secrets.token_hex(10),
                job.stored,
                len(job.document),
                key,
                digest,
                ms(s.idempotency_ttl_s),
                *quotas(s),
                self._grace,
                ms(s.open_ttl_s),
                tenant,
                job.schema_ref,
                job.batch or "",
                job.priority,
                job.weight(),
                job.kept(),
                *job.fields(),
            ),
            decode,
        )

    def get(self, tenant: str, job_id: str) -> Call[Job | None]:
        def decode(reply: Sequence[bytes]) -> Job | None:
            return decode_job(tenant, pairs(reply)) if reply else None

        return Call(script("get"), prefix(tenant), (job_id, self._silent), decode)

    def list(
        self, tenant: str, status: str | None, schema: str | None, batch: str | None, cursor: str | None, limit: int
    ) -> Call[Page]:
        def decode(reply: Sequence[Any]) -> Page:
            return Page([decode_job(tenant, pairs(flat)) for flat in reply[1:]], reply[0].decode() or None)

        after = cursor if cursor and is_job_id(cursor) else ""
        args = (after, limit, max(_LIST_READS, limit + 1), status or "", schema or "", batch or "", self._silent)
        return Call(script("list"), prefix(tenant), args, decode)

    def cancel(self, tenant: str, job_id: str, reason: str) -> Call[str | None]:
        return Call(script("cancel"), prefix(tenant), (job_id, self._result_ttl, reason), _text)

    def delete(self, tenant: str, job_id: str) -> Call[bool]:
        return Call(script("delete"), prefix(tenant), (job_id,), bool)

    def counts(self, tenant: str) -> Call[dict[str, int]]:
        def decode(reply: Sequence[bytes]) -> dict[str, int]:
            names = ("accepted", "queued", "running", "succeeded", "failed", "cancelled", "bytes", "kept")
            held = pairs(reply)
            return {name: int(held.get(name, 0)) for name in names}

        return Call(script("counts"), prefix(tenant), (), decode)

    # ---- workers ----

    def claim(self, tenant: str, job_id: str, worker: str, alone: bool, pictures: bool) -> Call[Claim | str | None]:
        def decode(reply: Any) -> Claim | str | None:
            if reply is None or isinstance(reply, bytes):
                return _text(reply)
            return decode_claim(tenant, pairs(reply[0]), reply[1] or b"", reply[2] or b"")

        s = self._settings
        share = str(s.quota_share)
        args = (job_id, worker, self._lease, s.max_attempts, int(alone), share, self._grace, int(not pictures))
        return Call(script("claim"), prefix(tenant), args, decode)

    def renew(self, tenant: str, job_id: str, attempt: int) -> Call[Renewal]:
        def decode(reply: bytes) -> Renewal:
            return Renewal(reply != b"lost", reply == b"cancel")

        return Call(script("renew"), prefix(tenant), (job_id, attempt, self._lease), decode)

    def read(self, tenant: str, job_id: str, attempt: int, read: bytes, requeue: bool) -> Call[str | None]:
        args = (job_id, attempt, read, int(requeue), self._grace, self._result_ttl)
        return Call(script("read"), prefix(tenant), args, _text)

    def park(self, tenant: str, job_id: str, attempt: int, parked: bool) -> Call[bool]:
        return Call(script("park"), prefix(tenant), (job_id, attempt, int(parked)), bool)

    def finish(self, tenant: str, job_id: str, attempt: int, status: str, fields: dict[str, Any]) -> Call[bool]:
        flat = [
            part
            for name, value in fields.items()
            for part in (name, value if isinstance(value, str | bytes) else orjson.dumps(value))
        ]
        return Call(script("finish"), prefix(tenant), (job_id, attempt, status, self._result_ttl, *flat), bool)

    def release(
        self, tenant: str, job_id: str, attempt: int, delay_s: float, detail: str, counts: bool, behind: bool
    ) -> Call[str | None]:
        args = (
            job_id,
            attempt,
            round(delay_s * 1000),
            int(not counts),
            self._settings.max_attempts,
            detail,
            self._result_ttl,
            self._grace,
            int(behind),
        )
        return Call(script("release"), prefix(tenant), args, _text)

    def beat(self, info: WorkerInfo) -> Call[bool]:
        said = asdict(info)
        del said["age_s"]
        return Call(script("beat"), ROOT, (info.id, orjson.dumps(said, default=str), int(info.ready)), bool)

    def leave(self, worker: str) -> Call[bool]:
        return Call(script("beat"), ROOT, (worker, "", 0), bool)

    def workers(self) -> Call[tuple[WorkerInfo, ...]]:
        def decode(reply: Sequence[bytes]) -> tuple[WorkerInfo, ...]:
            return tuple(
                WorkerInfo.of(orjson.loads(said), int(age) / 1000)
                for age, said in zip(reply[::2], reply[1::2], strict=True)
            )

        return Call(script("workers"), ROOT, (self._silent,), decode)

    # ---- what is known of schemas ----

    def verdict(self, key: str) -> Call[bytes | None]:
        return Call(script("verdict_get"), ROOT, (key,), lambda reply: reply)

    def keep_verdict(self, key: str, said: bytes, ttl_s: float) -> Call[bool]:
        return Call(script("verdict_put"), ROOT, (key, said, ms(ttl_s)), bool)

    # ---- who looks on ----

    def survey(self, tenants: Sequence[str]) -> Call[tuple[Survey, ...]]:
        def decode(reply: Sequence[Sequence[Any]]) -> tuple[Survey, ...]:
            return tuple(_survey(tenant, row) for tenant, row in zip(tenants, reply, strict=True))

        return Call(script("survey"), ROOT, tuple(tenants), decode)

    def tallies(self) -> Call[dict[str, int]]:
        def decode(reply: Sequence[bytes]) -> dict[str, int]:
            return {name: int(count) for name, count in pairs(reply).items()}

        return Call(script("tallies"), ROOT, (), decode)

    def erasing(self) -> Call[float]:
        return Call(script("erasing"), ROOT, (), lambda reply: int(reply) / 1000)

    # ---- the reconciler ----

    def rewrite(self) -> Call[Rewrite]:
        def decode(reply: Sequence[bytes]) -> Rewrite:
            return Rewrite(reply[0].decode(), int(reply[1]) / 1000)

        return Call(script("rewrite"), ROOT, (ms(self._settings.erase_within_s),), decode)

    def refused(self) -> Call[bool]:
        return Call(script("refused"), ROOT, (), bool)

    def lead(self, worker: str, lease_s: float) -> Call[bool]:
        return Call(script("lead"), ROOT, (worker, ms(lease_s)), bool)

    def tenants(self) -> Call[tuple[str, ...]]:
        return Call(script("tenants"), ROOT, (), lambda reply: tuple(sorted(name.decode() for name in reply)))

    def recover(self, tenant: str) -> Call[tuple[tuple[Token, str], ...]]:
        def decode(reply: Sequence[bytes]) -> tuple[tuple[Token, str], ...]:
            each = [part.decode() for part in reply]
            return tuple(
                (Token(tenant, job_id, _priority(priority), request or None), outcome)
                for job_id, outcome, priority, request in zip(
                    each[::4], each[1::4], each[2::4], each[3::4], strict=True
                )
            )

        s = self._settings
        args = (s.reconcile_batch, s.max_attempts, self._result_ttl, self._grace)
        return Call(script("recover"), prefix(tenant), args, decode)

    def stale(self, tenant: str, waiting: dict[Priority, int]) -> Call[tuple[Token, ...]]:
        def decode(reply: Sequence[bytes]) -> tuple[Token, ...]:
            each = [part.decode() for part in reply]
            found = zip(each[::3], each[1::3], each[2::3], strict=True)
            return tuple(Token(tenant, job, _priority(p), request or None) for job, p, request in found)

        depths = [part for pair in waiting.items() for part in pair]
        looks = _STALE_LOOKS * self._settings.reconcile_batch
        return Call(script("stale"), prefix(tenant), (looks, self._grace, *depths), decode)

    def expire(self, tenant: str) -> Call[tuple[int, ...]]:
        args = (self._settings.reconcile_batch, self._result_ttl)
        return Call(script("expire"), prefix(tenant), args, lambda reply: tuple(int(count) for count in reply))


def _survey(tenant: str, row: Sequence[Any]) -> Survey:
    jobs = {status: int(count) for status, count in zip(STATUSES, row, strict=False)}
    waiting = {
        priority: Depth(int(count), int(first) / 1000 if first else None)
        for priority, count, first in zip(PRIORITIES, row[6::2], row[7::2], strict=True)
    }
    return Survey(tenant, jobs, int(row[5]), waiting)


def _text(reply: bytes | None) -> str | None:
    return None if reply is None else reply.decode()


def _priority(text: str) -> Priority:
    return "interactive" if text == "interactive" else "bulk"
