"""Redis as the ledger uses it: its faults as one error, and connections with short timeouts. Knows no key and no
script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers.config import WorkerSettings
from workers.errors import StoreUnavailable

# Answers of a Redis that is there but cannot serve: they pass, and the same call may work later. redis-py has types
# for some (LOADING is a ConnectionError) and leaves the first word of the others.
_PASSING = (OutOfMemoryError, ReadOnlyError, MasterDownError)
_PASSING_WORDS = ("OOM", "MISCONF", "BUSY", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN")


@contextmanager
def faults() -> Iterator[None]:
    """Turns what is wrong with Redis into StoreUnavailable; a fault of ours (a bad script) stays what it is."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, TimeoutError, OSError) as error:
        raise StoreUnavailable(f"Redis does not answer ({_in_words(error)})") from error
    except ResponseError as error:
        if isinstance(error, _PASSING) or str(error).startswith(_PASSING_WORDS):
            raise StoreUnavailable(f"Redis cannot serve now: {error}") from error
        raise


def _in_words(error: Exception) -> str:
    """With what it says of itself: a wrong password and a wrong port are mended in different places."""
    reason = str(error).strip().rstrip(".")[:200]
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


def client_options(settings: WorkerSettings, url: str) -> dict[str, Any]:
    """Options for the sync and the async client of `url`. Both are made without retries."""
    network = {"socket_connect_timeout": settings.redis_connect_timeout_s, "socket_keepalive": True}
    return {
        "socket_timeout": settings.redis_timeout_s,
        "max_connections": settings.redis_connections,
        **({} if url.startswith("unix://") else network),  # connecting to a socket file waits for nobody
    }
