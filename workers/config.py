"""The settings of the ledger, the queue and the worker: one frozen object, read from `EXTRACTOR_*` at the edge.
Knows no Redis and no model (the model's own settings are `extractor.config`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "EXTRACTOR_"
_SLIPS, _LONG = (1.01, 2.01), 12  # so many slips of the pen, two in a long name; a test holds that no other is so near
_THEIRS = frozenset({"API_KEY", "API_KEYS"})  # the client's and the API's, a letter from one another


def faults_of(error: ValidationError) -> str:
    """What is wrong with a settings object, by the variables of the environment it was read from."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        "".join(f"{PREFIX}{str(part).upper()}: " for part in fault["loc"][:1])
        + fault["msg"].removeprefix("Value error, ")
        for fault in faults
    )


def misspelled(environ: Iterable[str], *kinds: type[BaseSettings]) -> dict[str, str]:
    """Variables that are nearly one of these settings and none, with the one they are nearly. For a process that does
    not know the settings of the others: what resembles none of its own may be theirs."""
    known = {name.upper() for kind in kinds for name in kind.model_fields}
    named = {name: name.upper().removeprefix(PREFIX) for name in sorted(environ) if name.upper().startswith(PREFIX)}
    near = {
        name: difflib.get_close_matches(bare, known, n=1, cutoff=1 - _SLIPS[len(bare) >= _LONG] / max(2, len(bare)))
        for name, bare in named.items()
        if bare not in known | _THEIRS
    }
    return {name: PREFIX + found[0] for name, found in near.items() if found}


def _redis_url(value: str) -> str:
    """No message quotes it: a password may stand in it."""
    scheme = urlsplit(value).scheme
    if scheme not in ("redis", "rediss", "unix"):
        raise ValueError("is a URL such as redis://127.0.0.1:6379/0 (or rediss://, unix:///path/of/socket)")
    if scheme == "unix" and urlsplit(value).path in ("", "/"):
        raise ValueError("has no path of a socket: unix:///path/of/socket?db=0")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("has no number for a port (in a password / is written as %2F)") from None
    return value


RedisUrl = Annotated[str, AfterValidator(_redis_url)]


class WorkerSettings(BaseSettings):
    """What every process that touches the ledger or the queue is told; the API uses the first two groups only."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    # Redis: refused, frozen or full is StoreUnavailable, in time.
    redis_url: RedisUrl = Field("redis://127.0.0.1:6379/0", description="Where the ledger is; the queue too by default")
    broker_url: str = Field("", description="Where the Celery queue is; empty: redis_url")
    redis_timeout_s: float = Field(5.0, gt=0, description="No answer from Redis after this is StoreUnavailable")
    redis_connect_timeout_s: float = Field(2.5, gt=0, description="No connection to Redis after this")
    redis_connections: int = Field(256, ge=1, description="The most connections one process opens for the ledger")
    wait_tick_s: float = Field(
        2.0,
        gt=0,
        description="How soon a change is noticed whose notification was lost; later where many wait",
    )

    # The ledger: what is kept, how long, and how much of it one tenant may have open.
    result_ttl_s: float = Field(86_400.0, gt=0, description="A finished job and its result are erased after this")
    erase_within_s: float = Field(
        3600.0,
        ge=1,
        description="What is erased, or has expired, is gone from Redis' append-only file too after this; "
        "it is asked to rewrite that at half of it",
    )
    open_ttl_s: float = Field(604_800.0, gt=0, description="A job still open after this is failed with `expired`")
    idempotency_ttl_s: float = Field(86_400.0, gt=0, description="How long an Idempotency-Key is remembered")
    quota_jobs: int = Field(250_000, ge=1, description="Queued and running jobs one tenant may have")
    quota_bytes: int = Field(
        1_073_741_824, ge=1, description="Bytes of documents and inline schemas one tenant may have queued or running"
    )
    quota_kept_bytes: int = Field(
        4_294_967_296,
        ge=1,
        description="Bytes one tenant may keep until they are erased or expire: results, errors, metadata, keys",
    )
    quota_share: float = Field(
        1.0, ge=0, description="A tenant holds at most so many times what the store has free (of maxmemory); 0: any"
    )
    quota_rate_per_minute: int = Field(0, ge=0, description="Documents a minute one tenant may bring; 0: any number")
    max_attempts: int = Field(3, ge=1, description="Claims of one job before it is `failed` with `poison`")

    # The worker.
    slots: int = Field(4, ge=1, description="Documents one worker process has in flight; the engine batches them")
    interactive_slots: int = Field(
        1, ge=0, description="Of a worker's slots so many are kept from bulk documents, which get one at least"
    )
    extractor_factory: str = Field(
        "workers.worker.extraction:make", description="`module:callable` that builds the extractor"
    )
    lease_s: float = Field(30.0, gt=0, description="A running job whose lease was not renewed for this is recovered")
    pulse_s: float = Field(2.0, gt=0, description="How often a worker renews its leases, hears of cancels, and beats")
    trial_s: float = Field(15.0, gt=0, le=60, description="The longest trial of an inline schema")
    picture_readers: int = Field(1, ge=1, le=64, description="Pages that are pictures a worker reads at a time")
    readers_nice: int = Field(5, ge=0, le=19, description="Added to the niceness of what reads documents in a worker")
    reading_timeout_s: float = Field(
        1800.0, gt=0, description="The longest reading of a document whose options say no timeout_s"
    )
    retry_delay_s: float = Field(1.0, ge=0, description="Pause before a job is tried again after an engine error")
    store_patience_s: float = Field(120.0, gt=0, description="How long a finished result waits for Redis to come back")
    shutdown_s: float = Field(20.0, gt=0, description="On SIGTERM running jobs may finish for this long, then released")
    abort_s: float = Field(5.0, gt=0, description="Released work that does not stop within this is abandoned")
    heartbeat_ttl_s: float = Field(10.0, gt=0, description="A worker silent for this is gone")
    heartbeat_file: str = Field(
        "", description="Where a process tells its probe that it moves, and which it is; `extractor up` names its own"
    )
    worker_silent_s: float = Field(
        20.0, ge=2, description="A worker that has not moved for this is killed and started again"
    )
    warm_up: bool = Field(True, description="A tiny extraction before a worker is ready, and after an engine error")

    # The reconciler, a thread of every worker, one at a time.
    reconcile_s: float = Field(5.0, gt=0, description="How often the ledger is looked over")
    republish_after_s: float = Field(20.0, gt=0, description="A queued job may be without a live message for this long")
    reconcile_batch: int = Field(200, ge=1, description="The most jobs of one tenant handled in one script call")

    @model_validator(mode="after")
    def _known_broker(self) -> Self:
        if not self.broker.startswith(("redis://", "rediss://", "unix://")):
            kind = self.broker.partition(":")[0]
            raise ValueError(f"EXTRACTOR_BROKER_URL is redis://, rediss:// or unix://, not {kind}://")
        return self

    @property
    def beat_good_for_s(self) -> float:
        """How long a beat in `heartbeat_file` is to be believed: never shorter than a store that is away holds the
        next one up."""
        return max(self.worker_silent_s, self.pulse_s + 2 * (self.redis_timeout_s + self.redis_connect_timeout_s))

    @property
    def broker(self) -> str:
        return self.broker_url or self.redis_url
