"""Two small header grammars: `Prefer` (RFC 7240, only `wait`) and `Idempotency-Key`. Pure text in, values out."""

from __future__ import annotations

import re

from api.problems import Problem

_WAIT = re.compile(r'wait\s*=\s*"?0*(\d{1,9})\d*"?')  # of a longer number its beginning: 3 years are as good as more
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def wait_of(prefer: list[str]) -> int | None:
    """The seconds of the first `wait` in the Prefer headers, or None. What is not understood is ignored, as
    section 2 of the RFC demands."""
    for header in prefer:
        for preference in header.split(","):
            match = _WAIT.fullmatch(preference.partition(";")[0].strip().lower())
            if match:
                return int(match[1])
    return None


def idempotency_key(header: str | None) -> str | None:
    """The key as sent, 1 to 255 visible ASCII characters. Raises Problem."""
    if header is None or _KEY.fullmatch(header):
        return header
    detail = "An Idempotency-Key is 1 to 255 visible ASCII characters without spaces"
    raise Problem("invalid_idempotency_key", detail, errors=[("/header/Idempotency-Key", detail)])
