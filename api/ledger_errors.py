"""What the ledger raises, as problems of the API."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator

from api.problems import Problem, limited, unavailable
from workers.ledger.ledger import BatchClosed, IdempotencyConflict, OverQuota, QuotaExceeded, StoreUnavailable
from workers.observability.repeated import Repeated

log = logging.getLogger("extractor.api")
_STORE_AWAY = Repeated()
_RETRY_AFTER_S = {"quota_jobs": 10, "quota_bytes": 10, "quota_kept_bytes": 60, "quota_share": 60}
_CLOSED = {
    "superseded": "A later upload with the same Idempotency-Key goes on with this batch",
    "cancelled": "The batch has been cancelled",
    "gone": "The batch has been erased",
}
_QUOTAS = {
    "quota_jobs": "At most {} queued and running documents; {} are open",
    "quota_bytes": "At most {} bytes of queued and running documents and their schemas; {} are open",
    "quota_kept_bytes": "At most {} bytes of results, metadata and other things that are kept until they are erased; "
    "{} are. Erase what is no longer needed (DELETE), or wait until it expires",
    "quota_share": "At most {} bytes just now, for the store is filling up; {} are held. Erase what is no longer "
    "needed (DELETE), or wait until it expires",
    "quota_rate_per_minute": "At most {} documents a minute",
}


@contextlib.contextmanager
def ledger_errors_as_problems() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        if (unlogged := _STORE_AWAY.unlogged(str(error))) is not None:
            log.warning("store unavailable", extra={"reason": str(error), "untold": unlogged})
        raise unavailable() from None
    except QuotaExceeded as error:
        raise Problem(
            "quota_exceeded",
            _QUOTAS[error.limit].format(error.allowed, error.current),
            headers={"Retry-After": str(math.ceil(error.retry_after_s or _RETRY_AFTER_S[error.limit]))},
            extra=limited(error.limit, error.allowed),
        ) from None
    except OverQuota as error:
        detail = "A document with its schema and metadata may take {} bytes; this one takes {}"
        raise Problem(
            "document_too_large",
            detail.format(error.allowed, error.size),
            errors=[("/document", f"over the limit of {error.allowed} bytes")],
            extra=limited(error.limit, error.allowed),
        ) from None
    except BatchClosed as error:
        raise Problem("batch_closed", _CLOSED[error.why], extra={"batch": error.batch_id}) from None
    except IdempotencyConflict:
        detail = "This Idempotency-Key came before with another request"
        raise Problem("idempotency_key_reused", detail, errors=[("/header/Idempotency-Key", detail)]) from None
