"""The API's settings: one frozen object, read from `EXTRACTOR_*` at the edge. Knows no route and no Redis."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.server import crowd
from workers.config import RedisUrl

SCHEMA_ROOM_BYTES = 1024 * 1024  # an inline schema as sent; its own limit is of its compact form (schemas/limits.py)


def _networks(value: str) -> str:
    crowd.networks_of(value)
    return value


Networks = Annotated[str, AfterValidator(_networks)]


class ApiSettings(BaseSettings):
    """What the HTTP door is told. Every limit here is stated in docs/api.md and named by the problem that
    answers whoever crosses it."""

    model_config = SettingsConfigDict(env_prefix="EXTRACTOR_", frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on; any but loopback needs api_keys")
    port: int = Field(8000, ge=0, le=65535, description="Where to listen; 0 takes a free port")
    redis_url: RedisUrl = Field("redis://127.0.0.1:6379/0", description="Where the ledger and the queue are")
    api_keys: str = Field(
        "", description="`tenant:sha256hex,…`, or the path of a file with one such entry a line, which is followed"
    )
    schemas: str = Field("", description="Folders, files or modules with more schemas, separated by : or ,")

    max_document_bytes: int = Field(32 * 1024 * 1024, ge=1, description="One document, decoded")
    max_batch_lines: int = Field(200_000, ge=1, description="One batch")
    max_batch_bytes: int = Field(2 * 1024**3, ge=1, description="The upload of a batch, packed and unpacked")
    max_batch_ratio: int = Field(200, ge=1, description="gzip may unpack to so many times its size")
    output_tokens_limit: int = Field(65_536, ge=1, description="The most `options.max_output_tokens` may ask for")
    max_timeout_s: float = Field(
        300.0, gt=0, description="The most `options.timeout_s` may ask for; workers have theirs"
    )
    max_wait_s: float = Field(60.0, gt=0, description="A longer `?wait=` or `Prefer: wait=` waits this long")
    max_events_s: float = Field(900.0, gt=0, description="An event stream is closed after this; clients reconnect")
    body_timeout_s: float = Field(60.0, gt=0, description="A body must have arrived after this; a batch's next chunk")
    header_timeout_s: float = Field(10.0, gt=0, description="A request's head must have arrived after this")
    idle_timeout_s: float = Field(15.0, gt=0, description="A connection without a request is closed after this")
    stall_timeout_s: float = Field(
        20.0,
        gt=0,
        description="A body of which nothing more comes, or an answer that is not taken, is given up after this",
    )
    max_connections: int = Field(
        4096, ge=1, description="Connections at once; fewer where the process may have fewer files open (ulimit -n)"
    )
    max_connections_per_address: int = Field(
        2560, ge=1, description="Of one address, of IPv6 of one /64; behind a proxy: requests at once"
    )
    proxies: Networks = Field(
        "", description="Addresses or networks of reverse proxies, separated by commas: X-Forwarded-For says who asks"
    )
    store_timeout_s: float = Field(4.0, gt=0, description="No answer from Redis after this (and 0.5 s) is a 503")
    publish_timeout_s: float = Field(1.0, gt=0, description="A publish that takes longer goes on behind the answer")
    heartbeat_file: str = Field(
        "", description="Where a process tells its probe that it moves, and which it is; `extractor up` names its own"
    )
    heartbeats: str = Field(
        "", description="Folder of the workers' heartbeats, set by `extractor up`: /readyz says from it who is down"
    )
    metrics_tenants: int = Field(20, ge=0, description="So many tenants are named in /metrics, the rest are `other`")
    metrics_token: str = Field(
        "", description="SHA-256 (hex) of the token /metrics then needs; with api_keys no tenant is named without"
    )
    retry_after_s: int = Field(2, ge=1, description="`Retry-After` of a 202: when to poll again")

    @property
    def max_body_bytes(self) -> int:
        """The largest request body: a document as base64 with its line breaks, beside an inline schema and the rest of
        the request. A text whose letters are all written as escapes may be a third or a half as long."""
        return self.max_document_bytes * 7 // 5 + SCHEMA_ROOM_BYTES + 64 * 1024

    @property
    def trusted_proxies(self) -> crowd.Proxies:
        return crowd.Proxies(crowd.networks_of(self.proxies))

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
