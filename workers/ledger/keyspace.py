"""Names in the store as Python has them: how a tenant's keys begin, what a job's id looks like, how a time is written.
The keys themselves are in lua/shared/keys.lua."""

from __future__ import annotations

import re

ROOT = "extractor:"
_TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_JOB_ID = re.compile(r"[0-9a-f]{32}")


def prefix(tenant: str) -> str:
    """All keys of a tenant begin with this. Raises ValueError for a name that could reach into another's keys."""
    if not _TENANT.fullmatch(tenant):
        raise ValueError("a tenant's name has 1 to 64 letters, digits, dots, dashes and underscores")
    return f"{ROOT}{{{tenant}}}:"


def is_job_id(text: str) -> bool:
    return _JOB_ID.fullmatch(text) is not None


def ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
