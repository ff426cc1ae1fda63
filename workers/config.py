"""The settings of the ledger, the queue and the worker: one frozen object, read from `EXTRACTOR_*` at the edge.
Knows no Redis and no model (the model's own settings are `extractor.config`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "EXTRACTOR_"
_SLIPS, _LONG = (1.01, 2.01), 12  # so many slips of the pen, two in a long name; a test holds that no other is so near
_WEIGHT, _LEAST_WEIGHT, _MOST_WEIGHT = re.compile(r"\d+(\.\d+)?"), 0.01, 100
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
    """Variables whose names are nearly those of these settings, each with the setting that was probably meant. Names
    that resemble none of them are left alone: they may be settings of another process."""
    settings = {name.upper() for kind in kinds for name in kind.model_fields}
    named = {name: name.upper().removeprefix(PREFIX) for name in sorted(environ) if name.upper().startswith(PREFIX)}
    near = {
        name: difflib.get_close_matches(bare, settings, n=1, cutoff=1 - _SLIPS[len(bare) >= _LONG] / max(2, len(bare)))
        for name, bare in named.items()
        if bare not in settings | _THEIRS
    }
    return {name: PREFIX + found[0] for name, found in near.items() if found}


def _redis_url(value: str) -> str:
    """Its errors do not quote the URL, because a password may stand in it."""
    scheme = urlsplit(value).scheme
    if scheme not in ("redis", "rediss", "unix"):
        raise ValueError("is a URL such as redis://127.0.0.1:6379/0 (or rediss://, unix:///path/of/socket)")
    if scheme == "unix" and urlsplit(value).path in ("", "/"):
        raise ValueError("has no path of a socket: unix:///path/of/socket?db=0")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("has no number for a port (in a password / is written as %2F)") from None
    database = _database(urlsplit(value))
    if database and not (database.isascii() and database.isdigit()):  # one client would take 0, the other break
        raise ValueError("has no number for a database: redis://127.0.0.1:6379/0, unix:///path/of/socket?db=0")
    return value


def _database(url: SplitResult) -> str:
    """As it is written; empty: the first one."""
    return parse_qs(url.query).get("db", [""])[0] if url.scheme == "unix" else url.path.removeprefix("/")


RedisUrl = Annotated[str, AfterValidator(_redis_url)]


def weights(text: str) -> tuple[tuple[str, str], ...]:
    """(tenant, its weight) of `acme:3,globex:0.5`. Raises ValueError."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    pairs = tuple((tenant.strip(), weight.strip()) for tenant, _, weight in (entry.partition(":") for entry in entries))
    for tenant, weight in pairs:
        if not (tenant and _WEIGHT.fullmatch(weight) and _LEAST_WEIGHT <= float(weight) <= _MOST_WEIGHT):
            wants = f"is tenants with numbers from {_LEAST_WEIGHT} to {_MOST_WEIGHT}, such as acme:3,globex:0.5"
            raise ValueError(f"{wants}; {tenant}:{weight} is none")
    if len({tenant for tenant, _ in pairs}) < len(pairs):
        raise ValueError("names a tenant twice")
    return pairs


def _weights(text: str) -> str:
    weights(text)
    return text


class WorkerSettings(BaseSettings):
    """What every process that touches the ledger or the queue reads; the API uses the first two groups only."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    # Redis: refused, frozen or full is StoreUnavailable, in time.
    redis_url: RedisUrl = Field(
        "redis://127.0.0.1:6379/0",
        description="Redis that holds the ledger, and the queue unless EXTRACTOR_BROKER_URL names another",
    )
    broker_url: str = Field("", description="Redis that holds the Celery queue; empty: the ledger's")
    redis_timeout_s: float = Field(
        5.0, gt=0, description="Seconds a worker waits for an answer from Redis before it treats the store as away"
    )
    redis_connect_timeout_s: float = Field(
        2.5, gt=0, description="Seconds to connect to Redis before the store is treated as away"
    )
    redis_connections: int = Field(256, ge=1, description="Most connections to the ledger that one process opens")
    wait_tick_s: float = Field(
        2.0,
        gt=0,
        description="Seconds between looks at a job somebody waits for, in case its notification "
        "was lost; more where many wait",
    )

    # The ledger: what is kept, how long, and how much of it one tenant may have open.
    result_ttl_s: float = Field(86_400.0, gt=0, description="Seconds that a finished job and its result are kept")
    erase_within_s: float = Field(
        3600.0,
        ge=1,
        description="Seconds after which what was erased or has expired is also gone from Redis' append-only file",
    )
    open_ttl_s: float = Field(
        604_800.0, gt=0, description="Seconds after which a job that has not ended is failed with `expired`"
    )
    idempotency_ttl_s: float = Field(86_400.0, gt=0, description="Seconds that an Idempotency-Key is remembered")
    quota_jobs: int = Field(250_000, ge=1, description="Most queued and running jobs of one tenant")
    quota_bytes: int = Field(
        1_073_741_824,
        ge=1,
        description="Most bytes of documents and inline schemas that one tenant has queued or running",
    )
    quota_kept_bytes: int = Field(
        4_294_967_296,
        ge=1,
        description="Most bytes that one tenant keeps until they are erased or expire: results, errors, metadata, keys",
    )
    quota_share: float = Field(
        1.0,
        ge=0,
        description="Most that one tenant keeps, as a multiple of what Redis has free below its "
        "maxmemory; 0: no such limit",
    )
    quota_rate_per_minute: int = Field(
        0, ge=0, description="Most documents that one tenant submits in a minute; 0: no limit"
    )
    max_attempts: int = Field(3, ge=1, description="Attempts at one job before it is failed with `poison`")

    # Read before all else, for what is wrong with the rest is logged (extractor/processes/log_lines.py).
    log_format: Literal["auto", "text", "json"] = Field(
        "auto",
        description="How API, workers and `extractor up` log: `json`, `text`, or `auto`: text on a terminal",
    )

    tenant_weights: Annotated[str, AfterValidator(_weights)] = Field(
        "",
        description="Turns of a tenant for each turn of one that is not named, where both have documents waiting, "
        "such as `acme:3,globex:0.5`",
    )

    # The worker.
    slots: int = Field(4, ge=1, description="Documents that one engine decodes at the same time")
    interactive_slots: int = Field(
        1, ge=0, description="Slots of a worker that bulk documents may not take; at least one is left to them"
    )
    extractor_factory: str = Field(
        "workers.worker.extraction:make", description="`module:callable` that builds a worker's extractor"
    )
    lease_s: float = Field(
        30.0, gt=0, description="Seconds without a renewed lease after which a running job is queued again"
    )
    pulse_s: float = Field(
        2.0, gt=0, description="Seconds between a worker's heartbeats, which renew leases and pick up cancellations"
    )
    trial_s: float = Field(
        15.0, gt=0, le=60, description="Most seconds a worker spends on the trial of an inline schema"
    )
    picture_readers: int = Field(1, ge=1, le=64, description="Pages that one worker reads by OCR at the same time")
    readers_nice: int = Field(
        5, ge=0, le=19, description="Niceness that a worker gives the processes that read documents"
    )
    reading_timeout_s: float = Field(
        1800.0, gt=0, description="Most seconds to read a document (PDF, OCR, Office) whose request sets no `timeout_s`"
    )
    retry_delay_s: float = Field(
        1.0, ge=0, description="Seconds before a job is tried again after an error of the engine"
    )
    store_patience_s: float = Field(
        120.0, gt=0, description="Seconds a worker keeps a finished result while Redis is away"
    )
    shutdown_s: float = Field(
        20.0, gt=0, description="Seconds that running jobs have to finish after SIGTERM; then they go back to the queue"
    )
    abort_s: float = Field(
        5.0, gt=0, description="Seconds that released work has to stop in; then the worker ends without it"
    )
    heartbeat_ttl_s: float = Field(
        10.0, gt=0, description="Seconds without a heartbeat in Redis after which a worker counts as gone"
    )
    heartbeat_file: str = Field(
        "",
        description="File in which this process writes its heartbeat for a probe; `extractor up` sets it; empty: none",
    )
    worker_silent_s: float = Field(
        20.0,
        ge=2,
        description="Seconds without a sign of life after which `extractor up`, or a container's "
        "probe, has a worker killed and started again",
    )
    warm_up: bool = Field(
        True, description="Run a tiny extraction before a worker is ready, and after an error of the engine"
    )

    # The reconciler, a thread of every worker, one at a time.
    reconcile_s: float = Field(5.0, gt=0, description="Seconds between the reconciler's passes over the ledger")
    republish_after_s: float = Field(
        20.0, gt=0, description="Seconds that a queued job may be without a message before it is published again"
    )
    reconcile_batch: int = Field(
        200, ge=1, description="Most jobs of one tenant that the reconciler handles in one script call"
    )

    @model_validator(mode="after")
    def _known_broker(self) -> Self:
        if not self.broker.startswith(("redis://", "rediss://", "unix://")):
            kind = self.broker.partition(":")[0]
            raise ValueError(f"EXTRACTOR_BROKER_URL is redis://, rediss:// or unix://, not {kind}://")
        return self

    @property
    def beat_good_for_s(self) -> float:
        """For how long a beat in `heartbeat_file` is to be believed. It is longer than a store that is away can delay
        the next beat."""
        return max(self.worker_silent_s, self.pulse_s + 2 * (self.redis_timeout_s + self.redis_connect_timeout_s))

    @property
    def broker(self) -> str:
        return self.broker_url or self.redis_url
