"""Quotas of a tenant: how they are handed to the scripts, and how their refusals are read (lua/shared/quota.lua). Knows
no connection."""

from __future__ import annotations

from workers.config import WorkerSettings
from workers.errors import OverQuota, QuotaExceeded
from workers.ledger.new_job import NewJob
from workers.ledger.scripts import Arg


def quota_exceeded(outcome: str, counts: str, settings: WorkerSettings) -> QuotaExceeded:
    """`outcome` is the quota that a script names, `counts` what it says of it: how much is held, of a share also how
    much is allowed, of the rate how many ms to wait."""
    current, *rest = (int(count) for count in counts.split())
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


def quota_args(settings: WorkerSettings) -> tuple[Arg, ...]:
    """As the scripts that create take them."""
    s = settings
    return s.quota_jobs, s.quota_bytes, s.quota_kept_bytes, str(s.quota_share), s.quota_rate_per_minute


def check_weight(job: NewJob, settings: WorkerSettings) -> None:
    """Raises OverQuota for what would have no room even if there were nothing else: waiting would not help it."""
    if job.weight() > settings.quota_bytes:
        raise OverQuota("quota_bytes", job.weight(), settings.quota_bytes)
    if job.kept() > settings.quota_kept_bytes:
        raise OverQuota("quota_kept_bytes", job.kept(), settings.quota_kept_bytes)
