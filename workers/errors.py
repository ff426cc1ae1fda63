"""What the ledger can refuse, in one tree. No message holds document text or a foreign tenant's anything.

LedgerError
├── StoreUnavailable      Redis refused, did not answer in time, is full, loading or read-only; try again later
├── IdempotencyConflict   the key was used before with another request
├── QuotaExceeded         the tenant has too much open or kept already, or brings too much a minute
├── OverQuota             the document alone is more than the tenant may ever have
└── BatchClosed           a batch takes no lines from this upload (any more)
"""

from __future__ import annotations

from typing import Literal

Quota = Literal["quota_jobs", "quota_bytes", "quota_kept_bytes", "quota_share", "quota_rate_per_minute"]


class LedgerError(Exception):
    """Base of the tree."""


class StoreUnavailable(LedgerError):
    """Whether the operation took effect is unknown when Redis fell silent in the middle of it."""


class IdempotencyConflict(LedgerError):
    def __init__(self, job_id: str) -> None:
        super().__init__("the idempotency key was used before with another request")
        self.job_id = job_id


class QuotaExceeded(LedgerError):
    """`limit` names the setting, `allowed` its value (of a share: what it comes to now), `current` what counts towards
    it now. Of a rate, `current` is 0 and `retry_after_s` says when there is room again; when a document ends nobody
    knows, so the others have none."""

    def __init__(
        self,
        limit: Quota,
        allowed: int,
        current: int,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{limit}: {current} held, {allowed} allowed")
        self.limit = limit
        self.allowed = allowed
        self.current = current
        self.retry_after_s = retry_after_s


class OverQuota(LedgerError):
    """`size` counts as the quota does, and is over it (`allowed`) with nothing else there."""

    def __init__(self, limit: Quota, size: int, allowed: int) -> None:
        super().__init__(f"{limit}: {size} for one document, {allowed} allowed")
        self.limit = limit
        self.size = size
        self.allowed = allowed


class BatchClosed(LedgerError):
    """`why`: `superseded` (a later upload under the same key goes on with it), `cancelled` or `gone`."""

    def __init__(self, why: str, batch_id: str) -> None:
        super().__init__(f"batch {batch_id}: {why}")
        self.why = why
        self.batch_id = batch_id
