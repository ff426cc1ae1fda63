"""The API's settings: one frozen object, read from `EXTRACTOR_*` at the edge. Knows no route and no Redis."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.server.proxies import Network, TrustedProxies, parse_networks
from workers.config import RedisUrl

SENT_SCHEMA_BYTES = 1024 * 1024  # an inline schema as sent; its own limit is of its compact form (schemas/limits.py)


def _networks(value: str) -> str:
    parse_networks(value)
    return value


Networks = Annotated[str, AfterValidator(_networks)]


class ApiSettings(BaseSettings):
    """The settings of the API. Every limit here is stated in docs/errors.md and named by the problem that
    answers whoever crosses it."""

    model_config = SettingsConfigDict(env_prefix="EXTRACTOR_", frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field(
        "127.0.0.1", description="Address the API listens on; any other than loopback needs EXTRACTOR_API_KEYS"
    )
    port: int = Field(8000, ge=0, le=65535, description="Port the API listens on; 0: any free one")
    redis_url: RedisUrl = Field(
        "redis://127.0.0.1:6379/0",
        description="Redis that holds the ledger, and the queue unless EXTRACTOR_BROKER_URL names another",
    )
    api_keys: str = Field(
        "",
        description="Accepted keys: `tenant:sha256hex,…`, or the path of a file with one such entry "
        "a line, read again when it changes",
    )
    schemas: str = Field("", description="Folders, files or modules with more schemas, separated by `:` or `,`")

    max_document_bytes: int = Field(32 * 1024 * 1024, ge=1, description="Most bytes of one document, decoded")
    max_batch_lines: int = Field(200_000, ge=1, description="Most lines of one batch")
    max_batch_bytes: int = Field(
        2 * 1024**3, ge=1, description="Most bytes of the upload of one batch, compressed and uncompressed"
    )
    max_batch_ratio: int = Field(200, ge=1, description="Most times its size to which a gzip upload may unpack")
    output_tokens_limit: int = Field(
        65_536, ge=1, description="Highest `options.max_output_tokens` that a request may ask for"
    )
    max_timeout_s: float = Field(
        300.0,
        gt=0,
        description="Highest `options.timeout_s` in seconds that the API accepts; "
        "EXTRACTOR_REQUEST_TIMEOUT_S of the workers limits it too",
    )
    max_wait_s: float = Field(
        60.0, gt=0, description="Longest wait in seconds of `?wait=` and `Prefer: wait=`; longer ones are cut to it"
    )
    max_events_s: float = Field(
        900.0, gt=0, description="Seconds after which an event stream is closed; the client connects again"
    )
    body_timeout_s: float = Field(
        60.0, gt=0, description="Seconds within which a request's body must arrive; of a batch: each next 64 KiB"
    )
    header_timeout_s: float = Field(10.0, gt=0, description="Seconds within which a request's head must arrive")
    idle_timeout_s: float = Field(
        15.0, gt=0, description="Seconds after which a connection without a request is closed"
    )
    stall_timeout_s: float = Field(
        20.0,
        gt=0,
        description="Seconds without progress after which a half-sent body or an answer nobody takes is given up",
    )
    max_connections: int = Field(
        4096, ge=1, description="Most connections that the API serves at once; fewer under a low `ulimit -n`"
    )
    max_connections_per_address: int = Field(
        2560,
        ge=1,
        description="Most connections of one address (of IPv6: one /64); of one client behind "
        "EXTRACTOR_PROXIES: most requests",
    )
    proxies: Networks = Field(
        "", description="Addresses or networks of reverse proxies, with commas, whose X-Forwarded-For names the client"
    )
    store_timeout_s: float = Field(
        4.0, gt=0, description="Seconds the API waits for an answer from Redis; half a second later it answers 503"
    )
    publish_timeout_s: float = Field(
        1.0,
        gt=0,
        description="Seconds an answer waits for its job to be published; publishing then goes on in the background",
    )
    heartbeat_file: str = Field(
        "",
        description="File in which this process writes its heartbeat for a probe; `extractor up` sets it; empty: none",
    )
    heartbeats: str = Field(
        "",
        description="Folder with the workers' heartbeat files, set by `extractor up`, from which "
        "/readyz says who is down",
    )
    metrics_tenants: int = Field(20, ge=0, description="Tenants named in /metrics; the others are summed as `other`")
    metrics_token: str = Field(
        "",
        description="SHA-256 (hex) of the bearer token that /metrics requires; empty: open, without "
        "tenants' names where keys are set",
    )
    webhook_allow: Networks = Field(
        "",
        description="Addresses or networks, with commas, that webhooks may reach although they are not public; only "
        "these also without TLS",
    )
    webhook_timeout_s: float = Field(10.0, gt=0, description="Seconds in which a webhook's receiver has to answer")
    webhook_retry_s: float = Field(
        10.0,
        gt=0,
        description="Seconds until a webhook that failed is tried again; each further pause is twice as long, up to an "
        "hour, for a day",
    )
    webhook_old_secret_s: float = Field(
        86_400.0,
        gt=0,
        description="Seconds for which messages are also signed with the old webhook secret, after a new one was made",
    )
    retry_after_s: int = Field(2, ge=1, description="Seconds in the `Retry-After` of a 202: when to poll again")

    @property
    def max_body_bytes(self) -> int:
        """The largest request body: a document as base64 with its line breaks, beside an inline schema and the rest of
        the request. A text whose letters are all written as escapes may be a third or a half as long."""
        return self.max_document_bytes * 7 // 5 + SENT_SCHEMA_BYTES + 64 * 1024

    @property
    def trusted_proxies(self) -> TrustedProxies:
        return TrustedProxies(parse_networks(self.proxies))

    @property
    def webhook_networks(self) -> tuple[Network, ...]:
        return parse_networks(self.webhook_allow)

    @property
    def schema_sources(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in re.split("[:,]", self.schemas) if part.strip())


def is_loopback(host: str) -> bool:
    """True for an address or name that only this machine can reach."""
    name = host.strip().strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
